"""Whether people were notified as was expected: what their channels took, and when."""

from __future__ import annotations

from collections.abc import Callable
from operator import eq, ge, le
from typing import Any

from facilityd.model.notice import Notice, Purpose
from facilityd.model.sample import NS
from facilityd.notify.plan import TELLING
from facilityd.scenario.load import LoadedScenario
from facilityd.scenario.people_expectations import (
    DigestReaches,
    Escalates,
    MessageCount,
    NobodyTold,
    PersonPaged,
    PersonTold,
)
from facilityd.scenario.run_log import AlarmOccurrence, RunLog, spell_span
from facilityd.store.batch import Delivery
from facilityd.store.rows import OutboxEntry

Answer = tuple[bool, str, tuple[tuple[str, str], ...], int | None]
SLACK = 60 * NS
"""An escalation may reach somebody so much later (ns) than it is due: channels are tried now and then."""
_HOW: dict[str, Callable[[int, int], bool]] = {"": eq, "at least": ge, "at most": le}
SHOWN = 8
"""Notices named in one message."""


def _taken(run_log: RunLog, recipient: str = "") -> list[OutboxEntry]:
    """Return what somebody's channels took, in that order; not the daily test."""
    mine = (one for one in run_log.outbox if recipient in ("", one.notice.recipient))
    taken = (one for one in mine if one.state is Delivery.ACCEPTED and one.notice.purpose is not Purpose.TEST)
    return sorted(taken, key=lambda one: (one.settled_at, one.id))


def _about(run_log: RunLog, notice: Notice, rule: str, device: str) -> bool:
    return not rule or (notice.device == device and notice.rule in run_log.rules(device, rule))


def _around(run_log: RunLog, rule: str, device: str) -> tuple[tuple[str, str], ...]:
    return run_log.inputs(device, rule) if rule else ()


def _listed(run_log: RunLog, entries: list[OutboxEntry]) -> str:
    shown = "; ".join(
        f"{n.recipient} {n.purpose} {n.subject!r} at {run_log.clock(one.settled_at)}"
        for one in entries[:SHOWN]
        for n in (one.notice,)
    )
    more = f" and {len(entries) - SHOWN} more" if len(entries) > SHOWN else ""
    return f"{shown}{more}" or "nothing"


def _within(
    script: LoadedScenario, run_log: RunLog, wanted: PersonPaged | PersonTold, purposes: tuple[Purpose, ...]
) -> Answer:
    """Whether somebody was told of an alarm for one of some purposes within a time."""
    since = script.start + (script.first_step if wanted.since is None else wanted.since)
    taken = _taken(run_log, wanted.recipient)
    mine = [
        one.settled_at
        for one in taken
        if one.notice.purpose in purposes and _about(run_log, one.notice, wanted.rule, wanted.device)
    ]
    around = _around(run_log, wanted.rule, wanted.device)
    first = next((at for at in mine if at >= since), None)
    if first is None:
        what = f"{wanted.recipient} was never told; what they got: {_listed(run_log, taken)}"
        return False, what, around, since + wanted.within
    return first - since <= wanted.within, f"told after {spell_span(first - since)}", around, first


def _paged(script: LoadedScenario, run_log: RunLog, wanted: PersonPaged) -> Answer:
    return _within(script, run_log, wanted, TELLING)


def _person_told(script: LoadedScenario, run_log: RunLog, wanted: PersonTold) -> Answer:
    return _within(script, run_log, wanted, (wanted.what,))


def _nobody(script: LoadedScenario, run_log: RunLog, wanted: NobodyTold) -> Answer:
    since = script.start + (wanted.since or 0)
    until = script.start + (script.scenario.duration if wanted.until is None else wanted.until)
    around = _around(run_log, wanted.rule, wanted.device)
    told = [
        one
        for one in _taken(run_log, wanted.recipient)
        if since <= one.settled_at <= until and _about(run_log, one.notice, wanted.rule, wanted.device)
    ]
    if told:
        return False, _listed(run_log, told), around, told[0].settled_at
    if not any(_stood(a, run_log, wanted, since, until) for a in run_log.alarms):
        return False, "there was no such alarm then, so this says nothing", around, None
    return True, "nothing was told", around, None


def _stood(alarm: AlarmOccurrence, run_log: RunLog, wanted: NobodyTold, since: int, until: int) -> bool:
    ended = alarm.cleared if alarm.cleared is not None else until
    there = alarm.raised <= until and ended >= since
    return there and (not wanted.rule or run_log.is_rule(alarm, wanted.device, wanted.rule))


def _escalates(_: LoadedScenario, run_log: RunLog, wanted: Escalates) -> Answer:
    around, found = _around(run_log, wanted.rule, wanted.device), list[int]()
    taken = _taken(run_log, wanted.recipient)
    for one in taken:
        notice = one.notice
        if notice.purpose is Purpose.ESCALATED and _about(run_log, notice, wanted.rule, wanted.device):
            found.append(one.settled_at - _began(run_log, notice))
    if any(wanted.after <= took <= wanted.after + SLACK for took in found):
        return True, f"after {', '.join(map(spell_span, found))}", around, None
    if found:
        return False, f"only after {', '.join(map(spell_span, found))}", around, None
    return False, f"it never did; what {wanted.recipient} got: {_listed(run_log, taken)}", around, None


def _began(run_log: RunLog, escalated: Notice) -> int:
    """Return when people were told of an alarm, before nobody answered it."""
    key = escalated.device, escalated.rule, escalated.occurrence
    told = (
        one.notice.at
        for one in run_log.outbox
        if (one.notice.device, one.notice.rule, one.notice.occurrence) == key
        and one.notice.purpose in TELLING
        and one.notice.purpose is not Purpose.ESCALATED
        and one.notice.at <= escalated.at
    )
    return max(told, default=escalated.at)


def _digest(script: LoadedScenario, run_log: RunLog, wanted: DigestReaches) -> Answer:
    since, taken = script.start + wanted.since, _taken(run_log, wanted.recipient)
    mine = (one.settled_at for one in taken if one.notice.purpose is wanted.kind)
    first = next((at for at in mine if at >= since), None)
    if first is None:
        return False, f"there was none; what they got: {_listed(run_log, taken)}", (), since + wanted.within
    return first - since <= wanted.within, f"after {spell_span(first - since)}", (), first


def _count(script: LoadedScenario, run_log: RunLog, wanted: MessageCount) -> Answer:
    since = script.start + (wanted.since or 0)
    until = script.start + (script.scenario.duration if wanted.until is None else wanted.until)
    taken = [one for one in _taken(run_log, wanted.recipient) if since <= one.settled_at <= until]
    ok = _HOW[wanted.how](len(taken), wanted.count)
    return ok, f"{len(taken)}: {_listed(run_log, taken)}", (), None


PEOPLE_CHECKS: dict[type, Callable[[LoadedScenario, RunLog, Any], Answer]] = {
    PersonPaged: _paged,
    PersonTold: _person_told,
    NobodyTold: _nobody,
    Escalates: _escalates,
    DigestReaches: _digest,
    MessageCount: _count,
}
