"""Whether what was expected came about, and if not: what did instead, with the signals around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facilityd.model.task import TaskEventKind
from facilityd.scenario.expectations import (
    AlarmCleared,
    AlarmRaised,
    AlarmSuppressed,
    HistoryGap,
    NoAlarm,
    NoticeCount,
    ReadinessIs,
    RuleUnknown,
    SignalIs,
    TaskCameTo,
)
from facilityd.scenario.load import LoadedScenario
from facilityd.scenario.people_checks import PEOPLE_CHECKS
from facilityd.scenario.people_expectations import Escalates, PersonPaged, PersonTold
from facilityd.scenario.run_log import AlarmOccurrence, RunLog, spell_span


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One expectation: the sentence, its place, whether it came about, and what happened.

    ``around``: (device, signal) pairs worth looking at; ``at``: the instant to look at, ns UTC.
    """

    sentence: str
    place: str
    ok: bool
    happened: str
    around: tuple[tuple[str, str], ...] = ()
    at: int | None = None


SHOWN = 10
"""Alarms named in one message."""
Answer = tuple[bool, str, tuple[tuple[str, str], ...], int | None]


def check(script: LoadedScenario, journal: Path) -> Iterator[CheckResult]:
    """Hold every expectation of a script against the journal that the story left."""
    with RunLog.open(script, journal) as run_log:
        for place, sentence, expectation in script.expectations:
            answer = _CHECKS[type(expectation)](script, run_log, expectation)
            yield CheckResult(sentence, place, *answer)


def _since(script: LoadedScenario, since: int | None) -> int:
    return script.start + (script.first_step if since is None else since)


def _raised(script: LoadedScenario, run_log: RunLog, wanted: AlarmRaised) -> Answer:
    since = _since(script, wanted.since)
    raised = [a for a in run_log.alarms if run_log.is_rule(a, wanted.device, wanted.rule)]
    notified = sorted(a.told for a in raised if a.told is not None and a.told >= since)
    around = run_log.inputs(wanted.device, wanted.rule)
    if notified and notified[0] - since <= wanted.within:
        return True, f"raised after {spell_span(notified[0] - since)}", around, notified[0]
    if notified:
        return False, f"it was raised only after {spell_span(notified[0] - since)}", around, notified[0]
    if hidden := [a for a in raised if a.raised >= since]:
        causes = ", ".join(sorted({cause for a in hidden for cause in a.suppressed_by}))
        return False, f"it was suppressed as a consequence of {causes}", around, hidden[0].raised
    finding = run_log.last_word(wanted.device, wanted.rule, since)
    others = ", ".join(
        f"{a.rule} on {a.device} after {spell_span(a.raised - since)}" for a in run_log.since(since)
    )
    return (
        False,
        f"it was never raised; {finding}; alarms instead: {others or 'none'}",
        around,
        since + wanted.within,
    )


def _suppressed(script: LoadedScenario, run_log: RunLog, wanted: AlarmSuppressed) -> Answer:
    since = _since(script, wanted.since)
    around = run_log.inputs(wanted.device, wanted.rule)
    causes = {*run_log.rules(wanted.device, wanted.cause)}
    mine = [a for a in run_log.alarms if run_log.is_rule(a, wanted.device, wanted.rule) and a.raised >= since]
    for alarm in mine:
        if causes.intersection(alarm.suppressed_by) and alarm.raised - since <= wanted.within:
            return True, f"suppressed after {spell_span(alarm.raised - since)}", around, alarm.raised
    state = (
        "it was told"
        if any(a.told is not None for a in mine)
        else run_log.last_word(wanted.device, wanted.rule, since)
    )
    return False, f"it was not suppressed because of {wanted.cause}; {state}", around, since + wanted.within


def _cleared(script: LoadedScenario, run_log: RunLog, wanted: AlarmCleared) -> Answer:
    since = script.start + wanted.since
    around = run_log.inputs(wanted.device, wanted.rule)
    mine = [a for a in run_log.alarms if run_log.is_rule(a, wanted.device, wanted.rule)]
    ends = [a.cleared for a in mine if a.cleared is not None and a.cleared >= since]
    if ends and ends[0] - since <= wanted.within:
        return True, f"cleared after {spell_span(ends[0] - since)}", around, ends[0]
    if ends:
        return False, f"it cleared only after {spell_span(ends[0] - since)}", around, ends[0]
    state = "it is still there" if mine and mine[-1].cleared is None else "it was over before, or never there"
    return False, f"it did not clear; {state}", around, since + wanted.within


def _none(script: LoadedScenario, run_log: RunLog, wanted: NoAlarm) -> Answer:
    expected = {(e.device, e.rule) for _, _, e in script.expectations if isinstance(e, _MEANT)}
    about = [
        a
        for a in run_log.alarms
        if (not wanted.device or a.device == wanted.device)
        and (not wanted.rule or run_log.is_rule(a, wanted.device, wanted.rule))
    ]
    notified = [a for a in about if a.told is not None]
    found = [
        a for a in notified if not (wanted.other and any(run_log.is_rule(a, *pair) for pair in expected))
    ]
    if not found and (unjudged := run_log.unjudged(wanted.device, wanted.rule)):
        return False, f"none was raised, which says nothing: {unjudged}", (), None
    if not found:
        hidden = suppressed(about)
        return True, f"none was told{f'; {hidden}' if hidden else ''}", (), None
    listed = "; ".join(f"{run_log.told_to(a)} at {run_log.clock(a.raised)}" for a in found[:SHOWN])
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    first: AlarmOccurrence = found[0]
    return False, f"raised: {listed}{more}", run_log.inputs(first.device, first.rule), first.raised


_MEANT = (AlarmRaised, AlarmCleared, PersonPaged, PersonTold, Escalates)
"""Sentences by which an alarm is one that was expected."""


def suppressed(alarms: Iterable[AlarmOccurrence]) -> str:
    """Say how many alarms were never told, and as the consequences of what; nothing if there are none."""
    hidden = [alarm for alarm in alarms if alarm.told is None]
    by_cause: dict[tuple[str, str], list[str]] = {}
    for alarm in hidden:
        causes = " and ".join(dict.fromkeys(alarm.suppressed_by))
        by_cause.setdefault((causes, alarm.device), []).append(alarm.rule)
    listed = "; ".join(
        f"{', '.join(dict.fromkeys(rules))} because of {causes} on {device}"
        for (causes, device), rules in by_cause.items()
    )
    return f"{len(hidden)} suppressed: {listed}" if hidden else ""


def worse(alarms: Iterable[AlarmOccurrence]) -> str:
    """Say which alarms were told once more as worse, and as what; nothing if there are none."""
    grown = dict.fromkeys(
        f"{one.worse_than} as {one.rule} on {one.device}" for one in alarms if one.worse_than and one.told
    )
    return f"told once more as worse: {', '.join(grown)}" if grown else ""


def _unknown(script: LoadedScenario, run_log: RunLog, wanted: RuleUnknown) -> Answer:
    since = _since(script, wanted.since)
    around = run_log.inputs(wanted.device, wanted.rule)
    for at, verdict in run_log.verdicts(wanted.device, wanted.rule):
        if verdict is None and since <= at <= since + wanted.within:
            return True, f"unknown after {spell_span(at - since)}", around, at
    finding = run_log.last_word(wanted.device, wanted.rule, since)
    return False, f"it was told all the time; {finding}", around, since + wanted.within


def _gap(_: LoadedScenario, run_log: RunLog, wanted: HistoryGap) -> Answer:
    around = ((wanted.device, wanted.signal),)
    if not any(value is not None for _, value in run_log.series(*around[0], run_log.start, run_log.end)):
        return wanted.present, "it never has a value", around, None
    gaps = run_log.gaps(wanted.device, wanted.signal)
    longest = max(gaps, key=lambda gap: gap.until - gap.since, default=None)
    if longest is None:
        return not wanted.present, "there is no gap", around, None
    length = longest.until - longest.since
    detail = f"the longest gap is {spell_span(length)} from {run_log.clock(longest.since)}"
    return wanted.present and length >= wanted.least, detail, around, longest.since


def _signal(script: LoadedScenario, run_log: RunLog, wanted: SignalIs) -> Answer:
    at = script.start + wanted.at
    value, reason = run_log.value(wanted.device, wanted.signal, at)
    around = ((wanted.device, wanted.signal),)
    detail = f"it is {value}" if reason is None else f"it is unknown ({reason})"
    if wanted.test == "unknown":
        return reason is not None, detail, around, at
    if value is None:
        return False, detail, around, at
    if isinstance(value, str):
        return wanted.test == "is" and value == wanted.value, detail, around, at
    if wanted.test == "is":
        literal: Any = {"true": True, "false": False}.get(wanted.value)
        same = value is literal if literal is not None else float(value) == float(wanted.value)
        return same, detail, around, at
    number, limit = float(value), float(wanted.value)
    beyond = number > limit if wanted.test == "above" else number < limit
    return beyond, detail, around, at


def _notices(_: LoadedScenario, run_log: RunLog, wanted: NoticeCount) -> Answer:
    count = run_log.notices(wanted.device, wanted.rule, wanted.recipient)
    ok = count == wanted.count if wanted.exact else count >= wanted.count
    detail = f"{count} {'reached ' + wanted.recipient if wanted.recipient else 'left'}"
    return ok, detail, run_log.inputs(wanted.device, wanted.rule), None


def _ready(script: LoadedScenario, run_log: RunLog, wanted: ReadinessIs) -> Answer:
    ready, reasons = run_log.readiness(wanted.device, script.start + wanted.at)
    detail = "it is ready" if ready else f"it is not ready because of {', '.join(reasons)}"
    named = not wanted.because or wanted.because in reasons
    return ready is wanted.ready and named, detail, (), script.start + wanted.at


_TASK = {
    "taken": TaskEventKind.TAKE,
    "verified": TaskEventKind.VERIFY,
    "overdue": TaskEventKind.OVERDUE,
    "reopened": TaskEventKind.REOPEN,
}


def _task(script: LoadedScenario, run_log: RunLog, wanted: TaskCameTo) -> Answer:
    since, around = script.start + (wanted.since or 0), run_log.inputs(wanted.device, wanted.rule)
    happened = run_log.task_events(wanted.device, wanted.rule)
    first = next((e.at for e in happened if e.kind is _TASK[wanted.kind] and e.at >= since), None)
    if first is not None:
        detail = f"it was {wanted.kind} after {spell_span(first - since)}"
        return wanted.within is None or first - since <= wanted.within, detail, around, first
    detail = ", ".join(f"{e.kind} at {run_log.clock(e.at)}" for e in happened) or "there was no task"
    return False, f"it was never {wanted.kind}: {detail}", around, since + (wanted.within or 0)


_CHECKS: dict[type, Callable[[LoadedScenario, RunLog, Any], Answer]] = {
    AlarmRaised: _raised,
    AlarmSuppressed: _suppressed,
    AlarmCleared: _cleared,
    NoAlarm: _none,
    RuleUnknown: _unknown,
    HistoryGap: _gap,
    SignalIs: _signal,
    NoticeCount: _notices,
    ReadinessIs: _ready,
    TaskCameTo: _task,
    **PEOPLE_CHECKS,
}
__all__ = ["CheckResult", "check", "suppressed"]
