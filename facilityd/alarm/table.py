"""The alarm's life as a table (ISA-18.2-2016 / IEC 62682 / GB/T 41261-2022).

The source of each row stands in docs/reference/alarms.md §1.2.
``facilityd.alarm.machine`` runs it, the tests walk it, ``docs/alarm-states.md`` prints it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from facilityd.model.alarm import AlarmStateName, ChangeKind


class AlarmEvent(StrEnum):
    """What can happen to an alarm."""

    TRUE = "condition true"
    FALSE = "condition false"
    UNKNOWN = "condition unknown"
    ACKNOWLEDGE = "acknowledge"
    RESET = "reset"
    REALARM = "announce again"
    EXPLAINED = "cause found"
    UNEXPLAINED = "cause over"
    WORSE = "more of it"
    UNWATCHED = "no longer watched"


class EventSource(StrEnum):
    """Who brings an event about."""

    RULE = "rule"
    PERSON = "person"
    START = "start of the daemon"


SOURCES: dict[AlarmEvent, EventSource] = {
    AlarmEvent.TRUE: EventSource.RULE,
    AlarmEvent.FALSE: EventSource.RULE,
    AlarmEvent.UNKNOWN: EventSource.RULE,
    AlarmEvent.ACKNOWLEDGE: EventSource.PERSON,
    AlarmEvent.RESET: EventSource.PERSON,
    AlarmEvent.REALARM: EventSource.PERSON,
    AlarmEvent.EXPLAINED: EventSource.RULE,
    AlarmEvent.UNEXPLAINED: EventSource.RULE,
    AlarmEvent.WORSE: EventSource.RULE,
    AlarmEvent.UNWATCHED: EventSource.START,
}
"""What time brings about is one of these too: an acknowledgement expires as a person would take it back.

Each of a person's has a command (``app.commands.ALARM_EVENTS``): tests/house walks the table."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One arrow. ``number`` is the row of docs/reference/alarms.md §1.2.

    ``latching`` None: either kind of rule.
    """

    number: int
    source: AlarmStateName
    event: AlarmEvent
    target: AlarmStateName
    kind: ChangeKind
    effect: str
    latching: bool | None = None


N, U, A, D = (
    AlarmStateName.NORMAL,
    AlarmStateName.UNACKNOWLEDGED,
    AlarmStateName.ACKNOWLEDGED,
    AlarmStateName.RETURNED,
)
LU, LA = AlarmStateName.LATCHED_UNACKNOWLEDGED, AlarmStateName.LATCHED_ACKNOWLEDGED
STATES = (N, U, A, D, LU, LA)
"""The states of the life itself; suppressed by design lies over them, two more are reserved."""

_AGAIN = "the state is held; the condition is known again, nobody is told"
_LOST = "the state is held, the condition is unknown: never a raise, never a clear"
_EXPLAINED = "suppressed by design: another alarm of the device is its cause, and that one is told"
_WORSE = "of more signals or units than was told: told once more; an acknowledgement does not cover it"
_UNWATCHED = "ended with its reason, not as well; told to those who were told raised, where it still held"
_UNEXPLAINED = "the cause is over and this goes on: told as an alarm of its own"

ROWS: tuple[Transition, ...] = (
    Transition(1, N, AlarmEvent.TRUE, U, ChangeKind.RAISE, "a new occurrence; everybody concerned is told"),
    Transition(
        2, U, AlarmEvent.ACKNOWLEDGE, A, ChangeKind.ACKNOWLEDGE, "the person takes this occurrence on"
    ),
    Transition(
        3,
        A,
        AlarmEvent.FALSE,
        N,
        ChangeKind.CLEAR,
        "cleared, told to those who were told raised",
        latching=False,
    ),
    Transition(
        4,
        U,
        AlarmEvent.FALSE,
        D,
        ChangeKind.CLEAR,
        "cleared, but stays listed until somebody has looked",
        latching=False,
    ),
    Transition(5, D, AlarmEvent.ACKNOWLEDGE, N, ChangeKind.ACKNOWLEDGE, "the occurrence is closed"),
    Transition(
        6, D, AlarmEvent.TRUE, U, ChangeKind.RAISE, "a new occurrence; no earlier acknowledgement covers it"
    ),
    Transition(
        7,
        A,
        AlarmEvent.REALARM,
        U,
        ChangeKind.REALARM,
        "told again, as the acknowledgement is withdrawn or too old",
    ),
    *(Transition(7, state_name, AlarmEvent.WORSE, U, ChangeKind.WORSEN, _WORSE) for state_name in (U, A)),
    Transition(
        8, U, AlarmEvent.FALSE, LU, ChangeKind.LATCH, "the condition is over, the alarm stays", latching=True
    ),
    Transition(
        8,
        A,
        AlarmEvent.FALSE,
        LA,
        ChangeKind.LATCH,
        "the condition is over, the alarm waits for a reset",
        latching=True,
    ),
    Transition(
        9,
        LU,
        AlarmEvent.ACKNOWLEDGE,
        LA,
        ChangeKind.ACKNOWLEDGE,
        "the person takes it on; it waits for a reset",
    ),
    Transition(
        10,
        LA,
        AlarmEvent.RESET,
        N,
        ChangeKind.RESET,
        "inspected; refused while the condition is not known to be over",
    ),
    Transition(11, LU, AlarmEvent.TRUE, U, ChangeKind.RAISE, "a new occurrence"),
    Transition(11, LA, AlarmEvent.TRUE, U, ChangeKind.RAISE, "a new occurrence"),
    *(
        Transition(16, state_name, AlarmEvent.EXPLAINED, state_name, ChangeKind.SUPPRESS, _EXPLAINED)
        for state_name in (U, A)
    ),
    *(
        Transition(17, state_name, AlarmEvent.UNEXPLAINED, U, ChangeKind.UNSUPPRESS, _UNEXPLAINED)
        for state_name in (U, A)
    ),
    *(
        Transition(19, state_name, AlarmEvent.UNKNOWN, state_name, ChangeKind.LOSE, _LOST)
        for state_name in STATES
    ),
    *(
        Transition(19, state_name, AlarmEvent.TRUE, state_name, ChangeKind.REGAIN, _AGAIN)
        for state_name in (U, A)
    ),
    *(
        Transition(19, state_name, AlarmEvent.FALSE, state_name, ChangeKind.REGAIN, _AGAIN)
        for state_name in (N, D, LU, LA)
    ),
    *(
        Transition(21, state_name, AlarmEvent.UNWATCHED, N, ChangeKind.RETIRE, _UNWATCHED)
        for state_name in (U, A, D, LU, LA)
    ),
)

REFUSALS: dict[tuple[AlarmStateName, AlarmEvent], tuple[str, str]] = {
    (N, AlarmEvent.ACKNOWLEDGE): ("there is no alarm to acknowledge", "没有需要确认的报警"),
    (A, AlarmEvent.ACKNOWLEDGE): ("it is already acknowledged", "报警已被确认"),
    (LA, AlarmEvent.ACKNOWLEDGE): ("it is already acknowledged", "报警已被确认"),
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
"""Why a person's request is refused, in English and Chinese. What a rule finds is never refused."""

RESERVED: dict[str, str] = {
    "12-15": "shelve and unshelve (搁置): a suppressor beside the life; the life goes on underneath",
    "18": "out of service (停用): likewise",
}

_INDEX = {(row.source, row.event, row.latching): row for row in ROWS}


def transition(state_name: AlarmStateName, event: AlarmEvent, *, latching: bool) -> Transition | None:
    """Return the arrow that leaves a state on an event, or None where there is none."""
    return _INDEX.get((state_name, event, None)) or _INDEX.get((state_name, event, latching))
