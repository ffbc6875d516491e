"""The alarm's life as a table (ISA-18.2-2016 / IEC 62682 / GB/T 41261-2022).

The source of each row stands in docs/reference/alarms.md §1.2.
``facilityd.alarm.machine`` runs it, the tests walk it, ``docs/alarm-states.md`` prints it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from facilityd.model.alarm import Kind, Life


class Event(StrEnum):
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


@dataclass(frozen=True, slots=True)
class Row:
    """One arrow. ``number`` is the row of docs/reference/alarms.md §1.2.

    ``latching`` None: either kind of rule.
    """

    number: int
    source: Life
    event: Event
    target: Life
    kind: Kind
    effect: str
    latching: bool | None = None


N, U, A, D = Life.NORMAL, Life.UNACKNOWLEDGED, Life.ACKNOWLEDGED, Life.RETURNED
LU, LA = Life.LATCHED_UNACKNOWLEDGED, Life.LATCHED_ACKNOWLEDGED
LIVES = (N, U, A, D, LU, LA)
"""The states of the life itself; suppressed by design lies over them, two more are reserved."""

_AGAIN = "the state is held; the condition is known again, nobody is told"
_LOST = "the state is held, the condition is unknown: never a raise, never a clear"
_EXPLAINED = "suppressed by design: another alarm of the device is its cause, and that one is told"
_WORSE = "of more signals or units than was told: told once more; an acknowledgement does not cover it"
_UNWATCHED = "ended with its reason, not as well; told to those who were told raised, where it still held"
_UNEXPLAINED = "the cause is over and this goes on: told as an alarm of its own"

ROWS: tuple[Row, ...] = (
    Row(1, N, Event.TRUE, U, Kind.RAISE, "a new occurrence; everybody concerned is told"),
    Row(2, U, Event.ACKNOWLEDGE, A, Kind.ACKNOWLEDGE, "the person takes this occurrence on"),
    Row(3, A, Event.FALSE, N, Kind.CLEAR, "cleared, told to those who were told raised", latching=False),
    Row(
        4,
        U,
        Event.FALSE,
        D,
        Kind.CLEAR,
        "cleared, but stays listed until somebody has looked",
        latching=False,
    ),
    Row(5, D, Event.ACKNOWLEDGE, N, Kind.ACKNOWLEDGE, "the occurrence is closed"),
    Row(6, D, Event.TRUE, U, Kind.RAISE, "a new occurrence; no earlier acknowledgement covers it"),
    Row(7, A, Event.REALARM, U, Kind.REALARM, "told again, as the acknowledgement is withdrawn or too old"),
    *(Row(7, life, Event.WORSE, U, Kind.WORSEN, _WORSE) for life in (U, A)),
    Row(8, U, Event.FALSE, LU, Kind.LATCH, "the condition is over, the alarm stays", latching=True),
    Row(
        8, A, Event.FALSE, LA, Kind.LATCH, "the condition is over, the alarm waits for a reset", latching=True
    ),
    Row(9, LU, Event.ACKNOWLEDGE, LA, Kind.ACKNOWLEDGE, "the person takes it on; it waits for a reset"),
    Row(10, LA, Event.RESET, N, Kind.RESET, "inspected; refused while the condition is not known to be over"),
    Row(11, LU, Event.TRUE, U, Kind.RAISE, "a new occurrence"),
    Row(11, LA, Event.TRUE, U, Kind.RAISE, "a new occurrence"),
    *(Row(16, life, Event.EXPLAINED, life, Kind.SUPPRESS, _EXPLAINED) for life in (U, A)),
    *(Row(17, life, Event.UNEXPLAINED, U, Kind.UNSUPPRESS, _UNEXPLAINED) for life in (U, A)),
    *(Row(19, life, Event.UNKNOWN, life, Kind.LOSE, _LOST) for life in LIVES),
    *(Row(19, life, Event.TRUE, life, Kind.REGAIN, _AGAIN) for life in (U, A)),
    *(Row(19, life, Event.FALSE, life, Kind.REGAIN, _AGAIN) for life in (N, D, LU, LA)),
    *(Row(21, life, Event.UNWATCHED, N, Kind.RETIRE, _UNWATCHED) for life in (U, A, D, LU, LA)),
)

REFUSALS: dict[tuple[Life, Event], tuple[str, str]] = {
    (N, Event.ACKNOWLEDGE): ("there is no alarm to acknowledge", "没有需要确认的报警"),
    (A, Event.ACKNOWLEDGE): ("it is already acknowledged", "报警已被确认"),
    (LA, Event.ACKNOWLEDGE): ("it is already acknowledged", "报警已被确认"),
    (N, Event.RESET): ("there is no alarm to reset", "没有需要复位的报警"),
    (U, Event.RESET): ("its condition still holds", "故障仍然存在，不能复位"),
    (A, Event.RESET): ("its condition still holds", "故障仍然存在，不能复位"),
    (D, Event.RESET): ("it is not latched; acknowledge it", "报警没有锁存，确认即可"),
    (LU, Event.RESET): ("acknowledge it before the reset", "请先确认，再复位"),
    (N, Event.REALARM): ("there is no alarm to announce again", "没有可以重新发出的报警"),
    (U, Event.REALARM): ("it is not acknowledged yet", "报警尚未确认"),
    (D, Event.REALARM): ("its condition is over", "故障已经消失"),
    (LU, Event.REALARM): ("its condition is over", "故障已经消失"),
    (LA, Event.REALARM): ("its condition is over", "故障已经消失"),
}
"""Why a person's request is refused, in English and Chinese. What a rule finds is never refused."""

RESERVED: dict[str, str] = {
    "12-15": "shelve and unshelve (搁置): a suppressor beside the life; the life goes on underneath",
    "18": "out of service (停用): likewise",
}

_INDEX = {(row.source, row.event, row.latching): row for row in ROWS}


def arrow(life: Life, event: Event, *, latching: bool) -> Row | None:
    """Return the arrow that leaves a state on an event, or None where there is none."""
    return _INDEX.get((life, event, None)) or _INDEX.get((life, event, latching))
