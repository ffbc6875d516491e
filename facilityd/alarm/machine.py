"""A change becomes the next state. Everything that needs is in the change: replay is exact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from facilityd.alarm.clock_set import moved
from facilityd.model.alarm import AlarmCondition, AlarmState, Change, ChangeKind, Suppression, Suppressor


def apply(state: AlarmState, change: Change) -> AlarmState:
    """Return the state after a change."""
    return _NEXT[change.kind](state, change)


def _raise(state: AlarmState, change: Change) -> AlarmState:
    # From nothing but the key: an occurrence inherits no fact of the one before.
    fresh = AlarmState(state.device, state.rule, suppressors=state.suppressors)
    return replace(
        _because(fresh, change),
        condition=AlarmCondition.TRUE,
        acked=False,
        occurrence=change.occurrence,
        since=change.at,
        raised_at=change.at,
        extent=change.evidence.extent if change.evidence else (),
        returns=change.details.get("returns", 0),
        first_at=change.details.get("first_at"),
    )


def _subside(state: AlarmState, change: Change) -> AlarmState:
    return replace(
        state, condition=AlarmCondition.FALSE, well_since=change.at, well_until=change.details["until"]
    )


def _recur(state: AlarmState, change: Change) -> AlarmState:
    back = replace(state, condition=AlarmCondition.TRUE, returns=change.details.get("returns", 0))
    return _not_ending(back)


def _not_ending(state: AlarmState) -> AlarmState:
    """Forget since when it has been well: it goes on, or is over for good."""
    return replace(state, well_since=None, well_until=None)


def _because(state: AlarmState, change: Change) -> AlarmState:
    """Suppress by design what is only a consequence, and nothing else."""
    cause = change.evidence.cause if change.evidence else ""
    before = state.suppressed_by(Suppressor.BY_DESIGN)
    others = tuple(one for one in state.suppressors if one is not before)
    if not cause:
        return replace(state, cause="", suppressors=others)
    lasting = before if cause == state.cause else None
    fact = lasting or Suppression(Suppressor.BY_DESIGN, since=change.at)
    return replace(state, cause=cause, suppressors=(*others, fact))


def _suppress(state: AlarmState, change: Change) -> AlarmState:
    held = _not_ending(_because(state, change))
    return replace(held, condition=AlarmCondition.TRUE, since=change.at)


def _unsuppress(state: AlarmState, change: Change) -> AlarmState:
    more = change.evidence.extent if change.evidence else ()
    wider = replace(_because(state, change), extent=tuple(sorted({*state.extent, *more})))
    return replace(_not_ending(_unanswered(wider, change)), condition=AlarmCondition.TRUE)


def _unanswered(state: AlarmState, change: Change) -> AlarmState:
    """Let nobody have answered yet."""
    return replace(state, since=change.at, acked=False, acked_at=None, acked_by="")


def _acknowledge(state: AlarmState, change: Change) -> AlarmState:
    return replace(state, acked=True, since=change.at, acked_at=change.at, acked_by=change.person)


def _clear(state: AlarmState, change: Change) -> AlarmState:
    # what nobody was notified of needs nobody's acknowledgement.
    never_notified = bool(state.suppressors)
    shelf = state.suppressed_by(Suppressor.SHELVED)
    kept = _without(state, Suppressor.SHELVED) if shelf and shelf.once else state
    over = replace(_not_ending(kept), condition=AlarmCondition.FALSE, since=change.at, cleared_at=change.at)
    return replace(_because(over, replace(change, evidence=None)), acked=over.acked or never_notified)


def _latch(state: AlarmState, change: Change) -> AlarmState:
    return replace(_clear(state, change), latched=True)


def _reset(state: AlarmState, change: Change) -> AlarmState:
    return replace(state, latched=False, since=change.at)


def _realarm(state: AlarmState, change: Change) -> AlarmState:
    again = replace(state, realarms=state.realarms + 1, confirmed_at=None, confirmed_by="")
    return _unanswered(again, change)


def _lose(state: AlarmState, _: Change) -> AlarmState:
    return replace(state, condition=AlarmCondition.UNKNOWN)


def _regain(state: AlarmState, _: Change) -> AlarmState:
    return replace(_not_ending(state), condition=AlarmCondition.of(state.active), unwatched=False)


def _retire(state: AlarmState, change: Change) -> AlarmState:
    ended = change.at if state.active else state.cleared_at
    over = replace(state, condition=AlarmCondition.UNKNOWN, cleared_at=ended, cause="", suppressors=())
    return replace(_not_ending(over), acked=True, latched=False, since=change.at, unwatched=True)


def _confirm(state: AlarmState, change: Change) -> AlarmState:
    return replace(state, confirmed_at=change.at, confirmed_by=change.person)


def _without(state: AlarmState, kind: Suppressor) -> AlarmState:
    return replace(state, suppressors=tuple(one for one in state.suppressors if one.kind is not kind))


def _lay(state: AlarmState, change: Change, fact: Suppression) -> AlarmState:
    others = _without(state, fact.kind)
    return replace(others, suppressors=(*others.suppressors, fact), since=change.at)


def _until(kind: Suppressor, change: Change, **more: Any) -> Suppression:
    """Return what a person lays over an alarm, until when, and why."""
    return Suppression(kind, change.at, change.details["until"], change.person, change.comment, **more)


def _shelve(state: AlarmState, change: Change) -> AlarmState:
    return _lay(state, change, _until(Suppressor.SHELVED, change, once=change.details["once"]))


def _unshelve(state: AlarmState, change: Change) -> AlarmState:
    """The person who ends a shelf knows of the alarm: it waits for nobody."""
    left = replace(_without(state, Suppressor.SHELVED), since=change.at)
    return left if left.acked else _acknowledge(left, change)


def _shelf_over(state: AlarmState, change: Change) -> AlarmState:
    return _back(_without(state, Suppressor.SHELVED), change)


def _back(state: AlarmState, change: Change) -> AlarmState:
    """What goes on, or is latched, is nobody's yet; what is over is over."""
    if state.active or state.latched:
        return _unanswered(state, change)
    return replace(state, since=change.at, acked=True)


def _out_of_service(state: AlarmState, change: Change) -> AlarmState:
    return _lay(state, change, _until(Suppressor.OUT_OF_SERVICE, change, ticket=change.details["ticket"]))


def _return_to_service(state: AlarmState, change: Change) -> AlarmState:
    return _back(_without(state, Suppressor.OUT_OF_SERVICE), change)


def _state_begins(state: AlarmState, change: Change) -> AlarmState:
    return _lay(state, change, _until(Suppressor.BY_STATE, change, state=change.details["state"]))


def _state_over(state: AlarmState, change: Change) -> AlarmState:
    return _back(_without(state, Suppressor.BY_STATE), change)


def _review(state: AlarmState, _: Change) -> AlarmState:
    late = (replace(one, overdue=one.kind is Suppressor.OUT_OF_SERVICE) for one in state.suppressors)
    return replace(state, suppressors=tuple(late))


_NEXT: dict[ChangeKind, Callable[[AlarmState, Change], AlarmState]] = {
    ChangeKind.RAISE: _raise,
    ChangeKind.SUBSIDE: _subside,
    ChangeKind.RECUR: _recur,
    ChangeKind.ACKNOWLEDGE: _acknowledge,
    ChangeKind.CLEAR: _clear,
    ChangeKind.LATCH: _latch,
    ChangeKind.RESET: _reset,
    ChangeKind.REALARM: _realarm,
    ChangeKind.LOSE: _lose,
    ChangeKind.REGAIN: _regain,
    ChangeKind.SUPPRESS: _suppress,
    ChangeKind.UNSUPPRESS: _unsuppress,
    ChangeKind.WORSEN: _unsuppress,
    ChangeKind.RETIRE: _retire,
    ChangeKind.CONFIRM: _confirm,
    ChangeKind.SHELVE: _shelve,
    ChangeKind.UNSHELVE: _unshelve,
    ChangeKind.SHELF_OVER: _shelf_over,
    ChangeKind.OUT_OF_SERVICE: _out_of_service,
    ChangeKind.RETURN_TO_SERVICE: _return_to_service,
    ChangeKind.STATE_BEGINS: _state_begins,
    ChangeKind.STATE_OVER: _state_over,
    ChangeKind.REVIEW: _review,
    ChangeKind.CLOCK_SET: moved,
}
