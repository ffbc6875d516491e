"""A scenario file: a site, an instant, a story and what must come of it."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from facilityd.model.measure import DURATION_PATTERN, Duration, duration
from facilityd.model.message import Wording
from facilityd.model.text import Strict, Text

_START = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")
_SHIFT = re.compile(r"([+-])\s*(.+)")


def _start(text: object) -> str:
    if not isinstance(text, str) or not _START.fullmatch(text):
        raise ValueError(Wording("scenario.start-local-time-on-site"))
    return text


def _shift(text: object) -> int:
    found = _SHIFT.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise ValueError(Wording("scenario.shift-signed-duration-such-as"))
    return duration(found[2]) * (1 if found[1] == "+" else -1)


ShiftText = Annotated[str, Field(pattern=f"^[+-]{DURATION_PATTERN[1:]}")]
Shift = Annotated[int, BeforeValidator(_shift, json_schema_input_type=ShiftText)]
"""Signed ns, written as '+1h'."""
RULES = (
    "acknowledge", "take", "done", "confirm", "reset", "realarm", "shelve", "unshelve", "out_of_service",
    "return_to_service",
)  # fmt: skip
"""What a person does about a rule of a device."""
_ACTS = ("fault", "hazard", "demand", "clock", "restart", "maintenance", "people", *RULES)
_ON = ("fault", "hazard", "demand", "maintenance", *RULES)
"""Those that are about something."""
_LASTS = ("fault", "hazard", "shelve", "out_of_service", "maintenance")


def spelled(act: str) -> str:
    """Return an act as a file spells it."""
    return act.replace("_", "-")


class Restart(Strict):
    """The daemon is ended, away for a time, and started again."""

    down: Duration


class ScenarioEvent(Strict):
    """One thing that happens ``at`` a time after the start; exactly one of the acts.

    A ``fault`` (name or catalogue number) strikes a device, a ``hazard`` a unit, a link or facilityd;
    both end after ``for``, if given. A ``demand`` asks a hoist or pole for a run. ``clock`` moves the
    daemon's wall clock. ``restart`` ends the daemon and starts it again, after ``{down: 90s}`` if given.
    What people do names the rule; a shelf, what is out of service and a maintenance may last ``for`` a time.
    ``people`` is another file of recipients and rotas: somebody changes who is there.
    """

    at: Duration
    on: str = ""
    fault: str | None = None
    magnitude: float | None = None
    ramp: Duration | None = None
    lasting: Duration | None = Field(default=None, alias="for")
    hazard: str | None = None
    demand: Literal["up", "down", "run"] | None = None
    clock: Shift | None = None
    restart: Literal[True] | Restart | None = None
    acknowledge: str | None = Field(default=None, description="the rule")
    take: str | None = Field(default=None, description="the rule whose alarm somebody takes the repair of")
    done: str | None = Field(default=None, description="the rule whose repair somebody says is done")
    confirm: str | None = Field(default=None, description="the rule whose repair somebody says is done")
    reset: str | None = Field(default=None, description="the latched rule that somebody has inspected")
    realarm: str | None = Field(default=None, description="the rule whose acknowledgement is taken back")
    shelve: str | None = Field(default=None, description="the rule of which nobody is to be told for a time")
    unshelve: str | None = Field(default=None, description="the rule whose shelf somebody ends")
    out_of_service: str | None = Field(
        default=None, alias="out-of-service", description="the rule; reviewed after 'for'"
    )
    return_to_service: str | None = Field(default=None, alias="return-to-service", description="the rule")
    maintenance: bool | None = Field(default=None, description="true: it begins, for 'for'; false: it ends")
    people: str | None = Field(default=None, description="another file of people, as the scenario's")
    once: bool = Field(default=False, description="a shelf that ends with the alarm")
    by: str = "crew"

    @model_validator(mode="after")
    def _one_act(self) -> Self:
        steps = [step for step in _ACTS if getattr(self, step) is not None]
        if len(steps) != 1:
            raise ValueError(Wording("scenario.give-exactly-one", acts=[spelled(act) for act in _ACTS]))
        if steps[0] in _ON and not self.on:
            raise ValueError(Wording("scenario.needs-on", steps=spelled(steps[0])))
        if self.lasting is not None and steps[0] not in _LASTS:
            raise ValueError(Wording("scenario.only-fault-or-hazard-lasts"))
        if self.maintenance and self.lasting is None:
            raise ValueError(Wording("scenario.maintenance-needs-for"))
        if self.ramp is not None and steps[0] != "fault":
            raise ValueError(Wording("scenario.only-fault-grows-over-ramp"))
        if self.magnitude is not None and steps[0] not in ("fault", "hazard"):
            raise ValueError(Wording("scenario.only-fault-or-hazard-has"))
        return self

    @property
    def step(self) -> str:
        """Which of the acts it is."""
        return next(step for step in _ACTS if getattr(self, step) is not None)


class Scenario(Strict):
    """``site`` is 'square' for the demonstration site, or a path beside the scenario's file."""

    scenario: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    name: Text
    about: Text | None = Field(
        default=None,
        description="what a trainee sees and learns; stories that say it can be played on the page",
    )
    site: str = "square"
    people: str = Field(
        default="", description="recipients, rotas, …: a file beside this one, added to the site's"
    )
    only: tuple[str, ...] = Field(default=(), description="play these devices alone; none: the whole site")
    timetable: str = Field(default="", description="published times, a CSV beside the file, for the site's")
    seed: int = Field(default=1, ge=0)
    start: Annotated[str, BeforeValidator(_start)]
    duration: Duration
    timeline: tuple[ScenarioEvent, ...] = ()
    expect: tuple[str, ...] = Field(min_length=1, description="sentences, see docs/scenarios.md")
    plot: tuple[str, ...] = Field(default=(), description="device.signal to show in the report")
    tags: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _in_time(self) -> Self:
        for event in self.timeline:
            if event.at > self.duration:
                raise ValueError(Wording("scenario.event-lies-after-end-scenario"))
        return self
