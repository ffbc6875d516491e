"""Plays a script in a runtime: each act at its time, and at the end the question what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from facilityd.model.sample import NS
from facilityd.scenario import people_acts
from facilityd.scenario.checks import CheckResult, check
from facilityd.scenario.in_memory_site import NO_HAZARD
from facilityd.scenario.load import LoadedScenario
from facilityd.scenario.runtime import ScenarioRuntime
from facilityd.scenario.schema import Restart, ScenarioEvent
from facilityd.scenario.virtual_runtime import VirtualRuntime


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do at an instant in ns UTC. ``text`` says it for people."""

    at: int
    text: str
    do: Callable[[ScenarioRuntime], None]


@dataclass(frozen=True, slots=True)
class PlayResult:
    """What a story came to. ``took`` in s of real time."""

    script: LoadedScenario
    seed: int
    steps: tuple[Step, ...]
    check_results: tuple[CheckResult, ...]
    journal: Path
    took: float


def steps(script: LoadedScenario) -> list[Step]:
    """Return the acts of a script in order, those that end something included."""
    found = [step for event in script.scenario.timeline for step in _steps(event, script)]
    return sorted(found, key=lambda step: step.at)


def _steps(event: ScenarioEvent, script: LoadedScenario) -> Iterator[Step]:
    at = script.start + event.at
    yield Step(at, _text(event), lambda runtime: _do(event, runtime, script))
    if event.hazard and event.lasting is not None:
        end = at + event.lasting
        yield Step(
            end, f"hazard {event.hazard} on {event.on} ends", lambda t: _strike(t, event.on, NO_HAZARD)
        )


def _text(event: ScenarioEvent) -> str:
    what = {
        "fault": f"fault {event.fault} on {event.on}",
        "hazard": f"hazard {event.hazard} on {event.on}",
        "demand": f"{event.on} is asked to run {event.demand}",
        "clock": f"the clock moves by {(event.clock or 0) / NS:+g} s",
        "restart": "the daemon is restarted" + (f" after {_down(event):g} s" if _down(event) else ""),
        "people": f"who is told is as {event.people} has it",
        "done": f"{event.by} says that the repair of {event.done} on {event.on} is done",
    }
    return what.get(event.step) or people_acts.text_of(event)


def _strike(runtime: ScenarioRuntime, place: str, name: str, magnitude: float | None = None) -> None:
    """Let a unit, a link or, at ``DEVICE.SIGNAL``, a sensor misbehave."""
    strike = runtime.sensor_fault if "." in place else runtime.hazard
    strike(place, name, magnitude)


def _down(event: ScenarioEvent) -> float:
    """Return how long the daemon is away, in s."""
    return event.restart.down / NS if isinstance(event.restart, Restart) else 0.0


def _do(event: ScenarioEvent, runtime: ScenarioRuntime, script: LoadedScenario) -> None:
    if event.people is not None:
        runtime.reload(script.people[event.people])
    elif event.fault is not None:
        ramp, lasting = (None if ns is None else ns / NS for ns in (event.ramp, event.lasting))
        runtime.fault(event.on, event.fault, event.magnitude, ramp, lasting)
    elif event.hazard is not None:
        _strike(runtime, event.on, event.hazard, event.magnitude)
    elif event.demand is not None:
        runtime.demand(event.on, up=event.demand != "down")
    elif event.clock is not None:
        runtime.jump_clock(event.clock / NS)
    elif event.done is not None:
        runtime.finish(event.on, event.done, event.by)
    elif event.restart is not None:
        runtime.restart(_down(event))
    else:
        people_acts.carry_out(event, runtime)


Progress = Callable[[int], None]
"""Told the instant reached, in ns from the start."""
STRIDES = 50
"""How often in a story progress is told."""


def carry_out(script: LoadedScenario, runtime: ScenarioRuntime, progress: Progress) -> list[Step]:
    """Let the whole story happen; return its acts."""
    story, end = steps(script), script.start + script.scenario.duration
    stride = max(NS, script.scenario.duration // STRIDES)
    stops = sorted({step.at for step in story} | set(range(script.start + stride, end, stride)) | {end})
    pending = list(story)
    for stop in stops:
        runtime.until(stop)
        while pending and pending[0].at <= stop:
            pending.pop(0).do(runtime)
        progress(stop - script.start)
    return story


def runtime_of(*, real: bool) -> Callable[..., ScenarioRuntime]:
    """Return the kind of runtime: in real time or in virtual."""
    if not real:
        return VirtualRuntime
    from facilityd.scenario.real_runtime import RealRuntime  # noqa: PLC0415 - sockets and a broker only where asked for

    return RealRuntime


def play(
    script: LoadedScenario,
    make_runtime: Callable[..., ScenarioRuntime],
    folder: Path,
    seed: int | None,
    progress: Progress,
) -> PlayResult:
    """Play in a kind of runtime; the journal stays in ``folder``."""
    seed = script.scenario.seed if seed is None else seed
    began = perf_counter()
    more = {"forwarding": True} if script.forwards else {}
    with make_runtime(script.site, folder, start=script.start, seed=seed, **more) as runtime:
        # What is expected counts from when the story begins by the daemon's clock.
        played = replace(script, start=runtime.start)
        story = carry_out(played, runtime, progress)
    check_results = tuple(check(played, runtime.journal))
    return PlayResult(played, seed, tuple(story), check_results, runtime.journal, perf_counter() - began)
