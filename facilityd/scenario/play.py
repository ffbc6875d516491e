"""Plays a script on a stage: each act at its time, and at the end the question what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from facilityd.model.sample import NS
from facilityd.scenario.field import NO_HAZARD
from facilityd.scenario.load import Script
from facilityd.scenario.schema import Event, Restart
from facilityd.scenario.stage import Stage
from facilityd.scenario.theatre import Theatre
from facilityd.scenario.verdict import Judgement, judge


@dataclass(frozen=True, slots=True)
class Act:
    """Something to do at an instant in ns UTC. ``text`` says it for people."""

    at: int
    text: str
    do: Callable[[Theatre], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a story came to. ``took`` in s of real time."""

    script: Script
    seed: int
    acts: tuple[Act, ...]
    judgements: tuple[Judgement, ...]
    journal: Path
    took: float


def acts(script: Script) -> list[Act]:
    """Return the acts of a script in order, those that end something included."""
    found = [act for event in script.scenario.timeline for act in _acts(event, script.start)]
    return sorted(found, key=lambda act: act.at)


def _acts(event: Event, start: int) -> Iterator[Act]:
    at = start + event.at
    yield Act(at, _text(event), lambda theatre: _do(event, theatre))
    if event.hazard and event.lasting is not None:
        end = at + event.lasting
        yield Act(end, f"hazard {event.hazard} on {event.on} ends", lambda t: t.hazard(event.on, NO_HAZARD))


def _text(event: Event) -> str:
    what = {
        "fault": f"fault {event.fault} on {event.on}",
        "hazard": f"hazard {event.hazard} on {event.on}",
        "demand": f"{event.on} is asked to run {event.demand}",
        "clock": f"the clock moves by {(event.clock or 0) / NS:+g} s",
        "restart": "the daemon is restarted" + (f" after {_down(event):g} s" if _down(event) else ""),
        "acknowledge": f"{event.by} acknowledges {event.acknowledge} on {event.on}",
    }
    return what[event.act]


def _down(event: Event) -> float:
    """Return how long the daemon is away, in s."""
    return event.restart.down / NS if isinstance(event.restart, Restart) else 0.0


def _do(event: Event, theatre: Theatre) -> None:
    if event.fault is not None:
        ramp, lasting = (None if ns is None else ns / NS for ns in (event.ramp, event.lasting))
        theatre.fault(event.on, event.fault, event.magnitude, ramp, lasting)
    elif event.hazard is not None:
        theatre.hazard(event.on, event.hazard, event.magnitude)
    elif event.demand is not None:
        theatre.demand(event.on, up=event.demand != "down")
    elif event.clock is not None:
        theatre.jump_clock(event.clock / NS)
    elif event.acknowledge is not None:
        theatre.acknowledge(event.on, event.acknowledge, event.by)
    else:
        theatre.restart(_down(event))


Progress = Callable[[int], None]
"""Told the instant reached, in ns from the start."""
STRIDES = 50
"""How often in a story progress is told."""


def act_out(script: Script, theatre: Theatre, progress: Progress) -> list[Act]:
    """Let the whole story happen; return its acts."""
    story, end = acts(script), script.start + script.scenario.duration
    stride = max(NS, script.scenario.duration // STRIDES)
    stops = sorted({act.at for act in story} | set(range(script.start + stride, end, stride)) | {end})
    pending = list(story)
    for stop in stops:
        theatre.until(stop)
        while pending and pending[0].at <= stop:
            pending.pop(0).do(theatre)
        progress(stop - script.start)
    return story


def stage_of(*, real: bool) -> Callable[..., Theatre]:
    """Return the kind of stage: in real time or in virtual."""
    if not real:
        return Stage
    from facilityd.scenario.real import RealStage  # noqa: PLC0415 - sockets and a broker only where asked for

    return RealStage


def play(
    script: Script,
    stage: Callable[..., Theatre],
    folder: Path,
    seed: int | None,
    progress: Progress,
) -> Outcome:
    """Play on a kind of stage; the journal stays in ``folder``."""
    seed = script.scenario.seed if seed is None else seed
    began = perf_counter()
    more = {"forwarding": True} if script.forwards else {}
    with stage(script.site, folder, start=script.start, seed=seed, **more) as theatre:
        # What is expected counts from when the story begins by the daemon's clock.
        played = replace(script, start=theatre.start)
        story = act_out(played, theatre, progress)
    judgements = tuple(judge(played, theatre.journal))
    return Outcome(played, seed, tuple(story), judgements, theatre.journal, perf_counter() - began)
