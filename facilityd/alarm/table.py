"""The alarm's life as a table (ISA-18.2-2016 / IEC 62682 / GB/T 41261-2022).

The source of each row stands in docs/reference/alarms.md §1.2.
``facilityd.alarm.machine`` runs it, the tests walk it, ``docs/alarm-states.md`` prints it.
"""

from __future__ import annotations

from facilityd.alarm.events import (
    LA,
    LU,
    SOURCES,
    STATES,
    A,
    AlarmEvent,
    D,
    EventSource,
    N,
    Transition,
    U,
)
from facilityd.alarm.life import LIFE
from facilityd.alarm.suppression import SUPPRESSION
from facilityd.model.alarm import AlarmState, AlarmStateName, Suppressor

ROWS: tuple[Transition, ...] = tuple(sorted((*LIFE, *SUPPRESSION), key=lambda row: row.number))

REFUSALS: dict[tuple[AlarmStateName, AlarmEvent], tuple[str, str]] = {
    (N, AlarmEvent.ACKNOWLEDGE): ("there is no alarm to acknowledge", "没有需要确认的报警"),
    (A, AlarmEvent.ACKNOWLEDGE): ("it is already acknowledged", "报警已被确认"),
    (LA, AlarmEvent.ACKNOWLEDGE): ("it is already acknowledged", "报警已被确认"),
    (U, AlarmEvent.CONFIRM): ("acknowledge it before you confirm the repair", "请先确认报警，再确认修复"),
    (D, AlarmEvent.CONFIRM): ("acknowledge it before you confirm the repair", "请先确认报警，再确认修复"),
    (LU, AlarmEvent.CONFIRM): ("acknowledge it before you confirm the repair", "请先确认报警，再确认修复"),
    (N, AlarmEvent.RESET): ("there is no alarm to reset", "没有需要复位的报警"),
    (U, AlarmEvent.RESET): ("its condition still holds", "故障仍然存在，不能复位"),
    (A, AlarmEvent.RESET): ("its condition still holds", "故障仍然存在，不能复位"),
    (D, AlarmEvent.RESET): ("it is not latched; acknowledge it", "报警没有锁存，确认即可"),
    (LU, AlarmEvent.RESET): ("acknowledge it before the reset", "请先确认，再复位"),
    (N, AlarmEvent.REALARM): ("there is no alarm to announce again", "没有可以重新发出的报警"),
    (U, AlarmEvent.REALARM): ("it is not acknowledged yet", "报警尚未确认"),
    (D, AlarmEvent.REALARM): ("its condition is over", "故障已经消失"),
    (LU, AlarmEvent.REALARM): ("its condition is over", "故障已经消失"),
    (LA, AlarmEvent.REALARM): ("its condition is over", "故障已经消失"),
}
"""Why a person's request is refused, in English and Chinese. What a rule finds is never refused.

What depends on more than the state is refused by ``facilityd.alarm.guards``."""

_INDEX = {(row.source, row.event, row.latching, row.suppressed, row.once): row for row in ROWS}


def transition(
    state_name: AlarmStateName,
    event: AlarmEvent,
    *,
    latching: bool,
    suppressed: bool = False,
    once: bool = False,
) -> Transition | None:
    """Return the arrow that leaves a state of the life on an event, or None where there is none.

    ``suppressed``: something lies over the life; ``once``: that is a shelf for one occurrence.
    """
    wanted: list[tuple[bool | None, bool | None, bool]] = [(latching, None, True)] if once else []
    wanted += [(kind, True, False) for kind in (None, latching)] if suppressed else []
    wanted += [(kind, None, False) for kind in (None, latching)]
    found = (_INDEX.get((state_name, event, *key)) for key in wanted)
    return next((row for row in found if row), None)


def leaves(state: AlarmState, event: AlarmEvent, *, latching: bool) -> Transition | None:
    """Return the arrow that leaves an alarm's present state on an event, or None where there is none."""
    shelf = state.suppressed_by(Suppressor.SHELVED)
    return transition(
        state.unsuppressed, event, latching=latching, suppressed=bool(state.suppressors),
        once=bool(shelf and shelf.once),
    )  # fmt: skip


__all__ = [
    "REFUSALS",
    "ROWS",
    "SOURCES",
    "STATES",
    "AlarmEvent",
    "EventSource",
    "Transition",
    "leaves",
    "transition",
]
