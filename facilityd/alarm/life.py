"""The rows of the life itself: raise, acknowledge, clear, latch, reset, and what holds them."""

from __future__ import annotations

from facilityd.alarm.events import LA, LU, STATES, A, AlarmEvent, D, N, Transition, U
from facilityd.model.alarm import ChangeKind

_AGAIN = "the state is held; the condition is known again, nobody is told"
_LOST = "the state is held, the condition is unknown: never a raise, never a clear"
_WORSE = "of more signals or units than was told: told once more; an acknowledgement does not cover it"
_SUBSIDED = "it was brief, or comes and goes: it stands, and nobody is told, until it has stayed well"
_RECURRED = "the same occurrence comes again, is counted, and nobody is told"
_CONFIRMED = "the repair is done, says a person; where the condition goes on, it is announced again in time"
_UNWATCHED = "ended with its reason, not as well; told to those who were told raised, where it still held"

LIFE: tuple[Transition, ...] = (
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
    *(
        Transition(23, state_name, AlarmEvent.SUBSIDES, state_name, ChangeKind.SUBSIDE, _SUBSIDED)
        for state_name in (U, A)
    ),
    *(
        Transition(24, state_name, AlarmEvent.RECURS, state_name, ChangeKind.RECUR, _RECURRED)
        for state_name in (U, A)
    ),
    Transition(
        3, A, AlarmEvent.STAYED_WELL, N, ChangeKind.CLEAR, "cleared, told to those who were told raised"
    ),
    Transition(
        4,
        U,
        AlarmEvent.STAYED_WELL,
        D,
        ChangeKind.CLEAR,
        "cleared, but stays listed until somebody has looked",
    ),
    *(
        Transition(22, state_name, AlarmEvent.CONFIRM, state_name, ChangeKind.CONFIRM, _CONFIRMED)
        for state_name in (A, N, LA)
    ),
)
