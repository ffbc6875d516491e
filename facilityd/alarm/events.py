"""What can happen to an alarm, who brings it about, and what an arrow of the table is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from facilityd.model.alarm import AlarmStateName, ChangeKind, Suppressor


class AlarmEvent(StrEnum):
    """What can happen to an alarm."""

    TRUE = "condition true"
    FALSE = "condition false"
    SUBSIDES = "condition false, brief or not for the first time"
    RECURS = "condition true again before that had lasted"
    STAYED_WELL = "condition false for long enough"
    UNKNOWN = "condition unknown"
    ACKNOWLEDGE = "acknowledge"
    CONFIRM = "confirm"
    RESET = "reset"
    REALARM = "announce again"
    SHELVE = "shelve"
    UNSHELVE = "unshelve"
    SHELF_OVER = "time of the shelf is over"
    OUT_OF_SERVICE = "take out of service"
    RETURN_TO_SERVICE = "return to service"
    REVIEW_DUE = "review is due"
    STATE_BEGINS = "state of the device begins"
    STATE_OVER = "state of the device is over"
    EXPLAINED = "cause found"
    UNEXPLAINED = "cause over"
    WORSE = "more of it"
    UNWATCHED = "no longer watched"


class EventSource(StrEnum):
    """Who brings an event about."""

    RULE = "rule"
    PERSON = "person"
    TIME = "time"
    START = "start of the daemon"
    STATE = "state of the device"


SOURCES: dict[AlarmEvent, EventSource] = {
    AlarmEvent.TRUE: EventSource.RULE,
    AlarmEvent.FALSE: EventSource.RULE,
    AlarmEvent.SUBSIDES: EventSource.RULE,
    AlarmEvent.RECURS: EventSource.RULE,
    AlarmEvent.STAYED_WELL: EventSource.TIME,
    AlarmEvent.UNKNOWN: EventSource.RULE,
    AlarmEvent.ACKNOWLEDGE: EventSource.PERSON,
    AlarmEvent.CONFIRM: EventSource.PERSON,
    AlarmEvent.RESET: EventSource.PERSON,
    AlarmEvent.REALARM: EventSource.PERSON,
    AlarmEvent.SHELVE: EventSource.PERSON,
    AlarmEvent.UNSHELVE: EventSource.PERSON,
    AlarmEvent.SHELF_OVER: EventSource.TIME,
    AlarmEvent.OUT_OF_SERVICE: EventSource.PERSON,
    AlarmEvent.RETURN_TO_SERVICE: EventSource.PERSON,
    AlarmEvent.REVIEW_DUE: EventSource.TIME,
    AlarmEvent.STATE_BEGINS: EventSource.STATE,
    AlarmEvent.STATE_OVER: EventSource.STATE,
    AlarmEvent.EXPLAINED: EventSource.RULE,
    AlarmEvent.UNEXPLAINED: EventSource.RULE,
    AlarmEvent.WORSE: EventSource.RULE,
    AlarmEvent.UNWATCHED: EventSource.START,
}
"""An acknowledgement, too, expires by time alone: as a person would take it back.

Each of a person's has a command (``app.commands.ALARM_EVENTS``): tests/house walks the table."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One arrow of the life. ``number`` is the row of docs/reference/alarms.md §1.2.

    ``latching`` None: either kind of rule. ``lays`` and ``lifts``: the suppressor that comes or goes with it.
    ``suppressed`` True: only where one lies over the life; ``once``: only where that is a one-shot shelf.
    """

    number: int
    source: AlarmStateName
    event: AlarmEvent
    target: AlarmStateName
    kind: ChangeKind
    effect: str
    latching: bool | None = None
    lays: Suppressor | None = None
    lifts: Suppressor | None = None
    suppressed: bool | None = None
    once: bool = False


N, U, A, D = (
    AlarmStateName.NORMAL,
    AlarmStateName.UNACKNOWLEDGED,
    AlarmStateName.ACKNOWLEDGED,
    AlarmStateName.RETURNED,
)
LU, LA = AlarmStateName.LATCHED_UNACKNOWLEDGED, AlarmStateName.LATCHED_ACKNOWLEDGED
STATES = (N, U, A, D, LU, LA)
"""The states of the life itself; what is shelved, suppressed by design or out of service lies over them."""
