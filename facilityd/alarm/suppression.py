"""The rows of what lies over the life: shelved, suppressed by design, out of service.

The life goes on underneath: a condition is evaluated and its changes are recorded, and nobody is notified.
"""

from __future__ import annotations

from facilityd.alarm.events import LA, LU, STATES, A, AlarmEvent, D, N, Transition, U
from facilityd.model.alarm import AlarmStateName, ChangeKind, Suppressor

_SHELVED = "nobody is told until its time is over; refused beyond what the class of the alarm allows"
_KNOWN = "by hand: the person knows, so nobody is told"
_OVER = {
    True: "by its time: told as an alarm of its own where it goes on",
    False: "by its time: it is over, and nobody is told",
}
_ONCE = "a shelf for one occurrence ends with it"
_UNHEARD = "while suppressed: nobody was told, so nobody acknowledges"
_REMOVED = "nobody is told until it is returned; it bears a ticket and the date of its review"
_RETURNED = {
    True: "told as an alarm of its own where it goes on",
    False: "it is watched again as before",
}
_REVIEW = "stays out of service; everybody concerned is told that its review is overdue"
_EXPLAINED = "suppressed by design: another alarm is its cause, and that one is told"
_STATE = "suppressed by design: its device is in maintenance or the like, which always expires"
_UNEXPLAINED = "the cause is over and this goes on: told as an alarm of its own"

_BY_HAND = {U: A, A: A, N: N, D: N, LU: LA, LA: LA}
"""Where the life goes as a person ends a shelf (ISA-18.2-2016 11.7.3)."""
_BY_ITSELF = {U: U, A: U, N: N, D: N, LU: LU, LA: LU}
"""Where it goes as time ends a shelf, or as it returns to service: what goes on is nobody's yet."""


def _arrow(
    number: int, event: AlarmEvent, kind: ChangeKind, source: AlarmStateName, target: AlarmStateName,
    effect: str, *, lays: Suppressor | None = None, lifts: Suppressor | None = None,
) -> Transition:  # fmt: skip
    return Transition(number, source, event, target, kind, effect, lays=lays, lifts=lifts)


SUPPRESSION: tuple[Transition, ...] = (
    *(
        _arrow(12, AlarmEvent.SHELVE, ChangeKind.SHELVE, one, one, _SHELVED, lays=Suppressor.SHELVED)
        for one in STATES
    ),
    *(
        _arrow(13, AlarmEvent.UNSHELVE, ChangeKind.UNSHELVE, one, to, _KNOWN, lifts=Suppressor.SHELVED)
        for one, to in _BY_HAND.items()
    ),
    *(
        _arrow(
            14, AlarmEvent.SHELF_OVER, ChangeKind.SHELF_OVER, one, to, _OVER[to in (U, LU)],
            lifts=Suppressor.SHELVED,
        )
        for one, to in _BY_ITSELF.items()
    ),
    *(
        Transition(
            15, one, AlarmEvent.FALSE, LA if latching else N, kind, _ONCE, latching,
            lifts=Suppressor.SHELVED, once=True,
        )
        for one in (U, A)
        for latching, kind in ((False, ChangeKind.CLEAR), (True, ChangeKind.LATCH))
    ),
    Transition(
        4, U, AlarmEvent.FALSE, N, ChangeKind.CLEAR, _UNHEARD, latching=False, suppressed=True
    ),
    Transition(4, U, AlarmEvent.STAYED_WELL, N, ChangeKind.CLEAR, _UNHEARD, suppressed=True),
    *(
        Transition(
            15, one, AlarmEvent.STAYED_WELL, N, ChangeKind.CLEAR, _ONCE, lifts=Suppressor.SHELVED, once=True
        )
        for one in (U, A)
    ),
    Transition(
        8, U, AlarmEvent.FALSE, LA, ChangeKind.LATCH, _UNHEARD, latching=True, suppressed=True
    ),
    *(
        _arrow(
            16, AlarmEvent.EXPLAINED, ChangeKind.SUPPRESS, one, one, _EXPLAINED, lays=Suppressor.BY_DESIGN
        )
        for one in (U, A)
    ),
    *(
        _arrow(
            17, AlarmEvent.UNEXPLAINED, ChangeKind.UNSUPPRESS, one, U, _UNEXPLAINED,
            lifts=Suppressor.BY_DESIGN,
        )
        for one in (U, A)
    ),
    *(
        _arrow(
            16, AlarmEvent.STATE_BEGINS, ChangeKind.STATE_BEGINS, one, one, _STATE, lays=Suppressor.BY_STATE
        )
        for one in STATES
    ),
    *(
        _arrow(
            17, AlarmEvent.STATE_OVER, ChangeKind.STATE_OVER, one, to, _RETURNED[to in (U, LU)],
            lifts=Suppressor.BY_STATE,
        )
        for one, to in _BY_ITSELF.items()
    ),
    *(
        _arrow(
            18, AlarmEvent.OUT_OF_SERVICE, ChangeKind.OUT_OF_SERVICE, one, one, _REMOVED,
            lays=Suppressor.OUT_OF_SERVICE,
        )
        for one in STATES
    ),
    *(
        _arrow(
            18, AlarmEvent.RETURN_TO_SERVICE, ChangeKind.RETURN_TO_SERVICE, one, to,
            _RETURNED[to in (U, LU)], lifts=Suppressor.OUT_OF_SERVICE,
        )
        for one, to in _BY_ITSELF.items()
    ),
    *(
        Transition(18, one, AlarmEvent.REVIEW_DUE, one, ChangeKind.REVIEW, _REVIEW, suppressed=True)
        for one in STATES
    ),
    Transition(
        21, N, AlarmEvent.UNWATCHED, N, ChangeKind.RETIRE, "what lay over it ends with it", suppressed=True
    ),
)  # fmt: skip
