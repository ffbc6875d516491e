"""A change becomes the next state. Everything that needs is in the change: replay is exact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

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
    )


def _worsen(state: AlarmState, change: Change) -> AlarmState:
    return replace(_unsuppress(state, change), condition=AlarmCondition.TRUE)


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
    return replace(_because(state, change), since=change.at)


def _unsuppress(state: AlarmState, change: Change) -> AlarmState:
    more = change.evidence.extent if change.evidence else ()
    wider = replace(_because(state, change), extent=tuple(sorted({*state.extent, *more})))
    return replace(wider, since=change.at, acked=False, acked_at=None, acked_by="")


def _acknowledge(state: AlarmState, change: Change) -> AlarmState:
    return replace(state, acked=True, since=change.at, acked_at=change.at, acked_by=change.person)


def _clear(state: AlarmState, change: Change) -> AlarmState:
    # What nobody was told of needs nobody's acknowledgement.
    unheard = state.suppressed_by(Suppressor.BY_DESIGN) is not None
    over = replace(state, condition=AlarmCondition.FALSE, since=change.at, cleared_at=change.at)
    return replace(_because(over, replace(change, evidence=None)), acked=over.acked or unheard)


def _latch(state: AlarmState, change: Change) -> AlarmState:
    return replace(_clear(state, change), latched=True)


def _reset(state: AlarmState, change: Change) -> AlarmState:
    return replace(state, latched=False, since=change.at)


def _realarm(state: AlarmState, change: Change) -> AlarmState:
    again = state.realarms + 1
    return replace(state, acked=False, since=change.at, acked_at=None, acked_by="", realarms=again)


def _lose(state: AlarmState, _: Change) -> AlarmState:
    return replace(state, condition=AlarmCondition.UNKNOWN)


def _regain(state: AlarmState, _: Change) -> AlarmState:
    return replace(state, condition=AlarmCondition.of(state.active), unwatched=False)


def _retire(state: AlarmState, change: Change) -> AlarmState:
    ended = change.at if state.active else state.cleared_at
    over = replace(
        _because(state, replace(change, evidence=None)), condition=AlarmCondition.UNKNOWN, cleared_at=ended
    )
    return replace(over, acked=True, latched=False, since=change.at, unwatched=True)


_NEXT: dict[ChangeKind, Callable[[AlarmState, Change], AlarmState]] = {
    ChangeKind.RAISE: _raise,
    ChangeKind.ACKNOWLEDGE: _acknowledge,
    ChangeKind.CLEAR: _clear,
    ChangeKind.LATCH: _latch,
    ChangeKind.RESET: _reset,
    ChangeKind.REALARM: _realarm,
    ChangeKind.LOSE: _lose,
    ChangeKind.REGAIN: _regain,
    ChangeKind.SUPPRESS: _suppress,
    ChangeKind.UNSUPPRESS: _unsuppress,
    ChangeKind.WORSEN: _worsen,
    ChangeKind.RETIRE: _retire,
}
