"""What a rule depends on, as bits: while none of it has changed, its last look still holds.

Most polls of a resting device bring the values of the poll before. A rule whose verdict is false, with
no delay under way, says the same again; looking costs ten times as much as knowing that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum

from facilityd.detect.device_state import SignalState

ANY, QUALITY = 1, 2
"""Bits of no signal: one is set with every sample, one where a sample or the one before it has bad values."""


class VerdictScope(IntEnum):
    """How far the last verdict of a rule stands without looking again."""

    RUN = 0
    """Not at all: it counts readings, waits for a delay, or is true."""
    DISABLED = 1
    """While its operating modes and conditions stay as they are."""
    CLEAR = 2
    """While these and its own inputs stay as they are."""


Dependencies = tuple[int, int, int]
"""By ``VerdictScope``: the bits of the signals whose change, or change of quality, asks for a new look."""
ALWAYS: Dependencies = (-1, -1, -1)


def number(signal_states: Iterable[SignalState]) -> None:
    """Give each signal of a device its bit."""
    for index, signal_state in enumerate(signal_states, 2):
        signal_state.bit = 1 << index


def dependencies(
    enabling: Iterable[str], every: Iterable[str], signal_states: Mapping[str, SignalState]
) -> Dependencies:
    """Return the bits of the signals that enable a rule, and of all that it looks at."""
    enable = _bits(enabling, signal_states)
    return -1, enable, enable | _bits(every, signal_states)


def _bits(signals: Iterable[str], signal_states: Mapping[str, SignalState]) -> int:
    found = 0
    for signal in signals:
        if signal in signal_states:
            found |= signal_states[signal].bit
    return found
