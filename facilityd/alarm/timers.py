"""What time alone will do to an alarm: an answer grows too old, a shelf ends, a review is due."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from facilityd.alarm.events import AlarmEvent
from facilityd.model.alarm import AlarmCondition, AlarmState, AlarmStateName
from facilityd.model.sample import NS
from facilityd.model.suppression import Suppressor

PROOF = 3600 * NS
"""So long after a repair was confirmed (ns) its condition must be over, or it is announced again."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """What happens at an instant in ns UTC, and what the change then says besides."""

    at: int
    event: AlarmEvent
    details: Mapping[str, Any] = field(default_factory=dict)


def due(state: AlarmState, expiry: int | None) -> Deadline | None:
    """Return what time does to an alarm first, None where nothing waits for a time.

    ``expiry``: after how many ns an acknowledgement is too old.
    """
    return min(_deadlines(state, expiry), key=lambda one: one.at, default=None)


def _deadlines(state: AlarmState, expiry: int | None) -> Iterator[Deadline]:
    if state.state_name is AlarmStateName.ACKNOWLEDGED and state.acked_at is not None:
        answered = {"acknowledged_by": state.acked_by, "acknowledged_at": state.acked_at}
        if expiry is not None:
            yield Deadline(state.acked_at + expiry, AlarmEvent.REALARM, {"expired": True, **answered})
        if state.confirmed_at is not None and state.condition is AlarmCondition.TRUE:
            repaired = {"confirmed_by": state.confirmed_by, "confirmed_at": state.confirmed_at}
            yield Deadline(state.confirmed_at + PROOF, AlarmEvent.REALARM, {"unproven": True, **repaired})
    if state.well_until is not None and state.condition is AlarmCondition.FALSE:
        yield Deadline(state.well_until, AlarmEvent.STAYED_WELL)
    shelf = state.suppressed_by(Suppressor.SHELVED)
    if shelf and shelf.until is not None:
        yield Deadline(shelf.until, AlarmEvent.SHELF_OVER)
    held = state.suppressed_by(Suppressor.BY_STATE)
    if held and held.until is not None:
        yield Deadline(held.until, AlarmEvent.STATE_OVER, {"state": held.state})
    removed = state.suppressed_by(Suppressor.OUT_OF_SERVICE)
    if removed and removed.until is not None and not removed.overdue:
        yield Deadline(removed.until, AlarmEvent.REVIEW_DUE)
