"""Somebody sets the clock: what an alarm waits for comes after as long a time as before.

A shelf, an acknowledgement and a repair last for a time (docs/reference/alarms.md §1.2, rows 7, 12 and 14).
What was given a day stays on that day: a season, and the review of what is out of service.
"""

from __future__ import annotations

from dataclasses import replace

from facilityd.model.alarm import AlarmState, Change
from facilityd.model.sample import NS
from facilityd.model.suppression import SEASON, Suppression, Suppressor

STEP = 30 * NS
"""A smaller step of the clock (ns) moves nothing that a person would notice."""


def waits(state: AlarmState) -> bool:
    """Return whether anything of an alarm is counted from an instant that has passed."""
    return state.active or state.latched or not state.acked or bool(state.suppressors)


def moved(state: AlarmState, change: Change) -> AlarmState:
    """Return the state as the clock counts after it was put forward by ``by`` ns, or back."""
    by = change.details["by"]

    def later(at: int | None) -> int | None:
        return None if at is None else at + by

    return replace(
        state, since=state.since + by, acked_at=later(state.acked_at), confirmed_at=later(state.confirmed_at),
        well_since=later(state.well_since), well_until=later(state.well_until),
        first_at=later(state.first_at),
        clock_set=state.clock_set + by if state.active else state.clock_set,
        suppressors=tuple(_moved(one, by) for one in state.suppressors),
    )  # fmt: skip


def _moved(one: Suppression, by: int) -> Suppression:
    dated = one.kind is Suppressor.OUT_OF_SERVICE or one.person.startswith(SEASON)
    if dated or not one.since:
        return one
    return replace(one, since=one.since + by, until=None if one.until is None else one.until + by)
