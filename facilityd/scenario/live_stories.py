"""Stories of the library on a simulated site that is served: somebody asks for one on the page, and watches.

What is asked for is a story's name and nothing else; it acts on the physics of this process alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from facilityd.config.site import Site
from facilityd.errors import FacilitydError
from facilityd.model.sample import NS
from facilityd.scenario.load import LIBRARY
from facilityd.scenario.schema import Scenario, ScenarioEvent
from facilityd.supervise.story_folder import (
    BEAT,
    OfferedStory,
    PlayingStory,
    StoryBoard,
    StoryFolder,
    StoryRequest,
)
from facilityd.yaml_source import read, validate
from simulators.hazards import HAZARDS
from simulators.mqtt_hazards import MQTT_HAZARDS
from simulators.site import ServedSite
from simulators.square import Square

LOOK = 0.5
"""Seconds between two looks for requests and for what is due."""
ACTS = ("fault", "hazard", "demand")
"""What the simulated world does by itself; what people do in a story is left to whoever watches."""
Tell = Callable[..., None]


def live_stories(site: Site) -> dict[str, Scenario]:
    """Return the stories that can be played on a site: those with an ``about`` whose places it has."""
    found = {}
    for path in sorted(LIBRARY.rglob("*.yaml")):
        scenario, problems = validate(Scenario, read(path))
        if scenario and not problems and scenario.about and _fits(site, scenario):
            found[scenario.scenario] = scenario
    return found


def _fits(site: Site, scenario: Scenario) -> bool:
    acts = [one for one in scenario.timeline if one.step in ACTS]
    return bool(acts) and all(_there(site, one) for one in acts)


def _there(site: Site, event: ScenarioEvent) -> bool:
    if event.step == "hazard":
        return event.on in site.units and event.hazard in {*HAZARDS, *MQTT_HAZARDS}
    return event.on in site.devices


@dataclass(slots=True)
class _Step:
    """Something that is due at an instant of the monotonic clock, s."""

    due: float
    do: Callable[[], None]


@dataclass(slots=True)
class StoryPlayer:
    """Offers stories, and plays one at a time. ``tell`` says on the terminal what happens."""

    site: Site
    square: Square
    served: ServedSite
    tell: Tell
    stories: dict[str, Scenario] = field(init=False)
    playing: PlayingStory | None = None
    _folder: StoryFolder = field(init=False)
    _steps: list[_Step] = field(default_factory=list)
    _undo: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._folder = StoryFolder(self.site)
        self.stories = live_stories(self.site)

    async def run(self) -> None:
        """Offer and play until it is cancelled."""
        self._folder.clear()
        said = 0.0
        try:
            while True:
                taken = self._folder.take()
                for request in taken:
                    self.answer(request)
                self.go_on(time.monotonic())
                if taken or time.monotonic() - said >= BEAT:
                    self._offer()
                    said = time.monotonic()
                await asyncio.sleep(LOOK)
        finally:
            self._folder.clear()

    def answer(self, request: StoryRequest) -> None:
        """Begin a story that is offered, or end the one that is played; anything else is told and left."""
        scenario = self.stories.get(request.story)
        if request.act == "play" and scenario is None:
            self.tell("no such story", story=request.story, by=request.by)
            return
        self.end()
        if request.act == "play" and scenario is not None:
            self._begin(scenario, request.by)

    def _begin(self, scenario: Scenario, who: str) -> None:
        acts = [one for one in scenario.timeline if one.step in ACTS]
        begin, first = time.monotonic(), min(one.at for one in acts)
        for one in acts:
            self._add(one, begin + (one.at - first) / NS)
        self._steps.sort(key=lambda step: step.due)
        self.playing = PlayingStory(id=scenario.scenario, since=time.time_ns(), by=who)
        self.tell("story", name=scenario.scenario, by=who)

    def _add(self, event: ScenarioEvent, due: float) -> None:
        def begin() -> None:
            if event.fault is not None:
                model, ramp = self.square.model(event.on), event.ramp
                size, slope = event.magnitude, None if ramp is None else ramp / NS
                model.inject(event.fault, size, onset=self.square.world.now, ramp=slope)
                self._undo.append(end)
            elif event.hazard is not None:
                self.served.inject(event.on, event.hazard)
                self._undo.append(end)
            else:
                self.square.demand(event.on, up=event.demand != "down")
            self.tell(event.step, target=event.on, name=event.fault or event.hazard or event.demand)

        def end() -> None:
            if event.fault is not None:
                self.square.fault(event.on, event.fault, 0.0)
            else:
                self.served.inject(event.on, None)

        self._steps.append(_Step(due, begin))
        if event.lasting is not None:
            self._steps.append(_Step(due + event.lasting / NS, end))

    def go_on(self, now: float) -> None:
        """Do what is due at ``now``, s of the monotonic clock."""
        while self._steps and self._steps[0].due <= now:
            self._steps.pop(0).do()

    def end(self) -> None:
        """End what the story began, and the story."""
        for undo in self._undo:
            undo()
        if self.playing:
            self.tell("story ended", name=self.playing.id)
        self._undo.clear()
        self._steps.clear()
        self.playing = None

    def _offer(self) -> None:
        offered = tuple(
            OfferedStory(id=name, name=one.name, about=one.about)
            for name, one in self.stories.items()
            if one.about
        )
        try:
            self._folder.offer(StoryBoard(at=time.time_ns(), stories=offered, playing=self.playing))
        except FacilitydError as error:
            self.tell("stories cannot be offered", why=str(error))
