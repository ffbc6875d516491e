"""A sample: what one unit said of one device at one instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from facilityd.model.quality import Reason

Number = float | int | bool
"""What rules evaluate."""
Value = Number | str
"""A good or uncertain value; its Python type follows the signal's type for ever."""
LONGEST_TEXT = 256
"""Characters of a text; adapters give none that is longer."""

NS = 1_000_000_000


class SignalType(StrEnum):
    """Fixed for the life of a signal: a field's type never changes in a store."""

    FLOAT = "float"
    INT = "int"
    BOOL = "bool"
    ENUM = "enum"  # an int code whose names stand in the family
    TEXT = "text"  # words of the device: a serial number, a version, a state; never evaluated


STALE_PERIODS = 3
"""Periods of its stream after which a value is too old, and a stream without a sample silent: everywhere."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One unit's part in one device. Every sample of a stream has the same layout.

    ``expected`` is the slowest period in ns that the unit is read at (or is expected to
    publish within); silence and staleness are evaluated against it.
    """

    device: str
    family: str
    unit: str
    link: str
    signals: tuple[str, ...]
    types: tuple[SignalType, ...]
    expected: int = 30 * NS

    def __hash__(self) -> int:
        return hash((self.device, self.unit))


@dataclass(frozen=True, slots=True)
class Sample:
    """Values in the stream's order; ``None`` where there is no number.

    ``at`` is the instant in ns UTC, a label. ``steady`` is ns on a clock that never jumps
    while the daemon runs; delays and ages are measured on it. ``reasons`` maps a signal's
    index to why it is not good; absent means good.
    """

    stream: Stream
    at: int
    steady: int
    values: tuple[Value | None, ...]
    reasons: Mapping[int, Reason] = field(default_factory=dict)


def void(stream: Stream, at: int, steady: int, reason: Reason) -> Sample:
    """A sample that says only why there are no values."""
    count = len(stream.signals)
    return Sample(stream, at, steady, (None,) * count, dict.fromkeys(range(count), reason))


class Intake(Protocol):
    """Where sources hand samples in: the one door into the daemon."""

    def offer(self, samples: list[Sample]) -> None:
        """Take samples without waiting. Raises nothing; overflow is counted."""

    async def commit(self, samples: list[Sample]) -> None:
        """Return only when the samples are durable. Raises StoreFull when they cannot be."""
