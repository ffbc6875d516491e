"""Words and numbers: one codec for the adapter that decodes and the simulator that encodes."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

# struct letters by wire type; registers travel big-endian (Modbus V1.1b3, 4.2).
LETTERS = {"u16": "H", "s16": "h", "u32": "I", "s32": "i", "u64": "Q", "s64": "q", "f32": "f", "f64": "d"}
WORDS = {"u16": 1, "s16": 1, "u32": 2, "s32": 2, "u64": 4, "s64": 4, "f32": 2, "f64": 4}
LIMITS = {
    "u16": (0, 2**16 - 1), "s16": (-(2**15), 2**15 - 1), "u32": (0, 2**32 - 1), "s32": (-(2**31), 2**31 - 1),
    "u64": (0, 2**64 - 1), "s64": (-(2**63), 2**63 - 1),
}  # fmt: skip


BCD = {"bcd16": 4, "bcd32": 8}
"""Decimal digits of binary-coded decimal types, four bits each."""


def swapped(words: Sequence[int]) -> list[int]:
    """Return words with the two bytes of each exchanged."""
    return [(word & 0xFF) << 8 | word >> 8 for word in words]


def from_words(
    words: Sequence[int], wire_type: str, word_order: str = "big", byte_order: str = "big"
) -> int | float:
    """Return the raw number in one point's words; NaN where a decimal digit is none.

    ``word_order`` little = low word first, ``byte_order`` little = low byte first in each word.
    """
    ordered = words if word_order == "big" else words[::-1]
    ordered = ordered if byte_order == "big" else swapped(ordered)
    if wire_type in BCD:
        digits = "".join(f"{word:04x}" for word in ordered)
        return int(digits) if digits.isdecimal() else math.nan
    packed = struct.pack(f">{len(words)}H", *ordered)
    (raw,) = struct.unpack(f">{LETTERS[wire_type]}", packed)
    return raw  # type: ignore[no-any-return]


def to_words(raw: float, wire_type: str, word_order: str = "big", byte_order: str = "big") -> list[int]:
    """Return the words of a raw number; integers are rounded and clamped to the type."""
    words = _plain_words(raw, wire_type)
    words = words if byte_order == "big" else swapped(words)
    return words if word_order == "big" else words[::-1]


def _plain_words(raw: float, wire_type: str) -> list[int]:
    if wire_type in BCD:
        digits = f"{max(0, min(10 ** BCD[wire_type] - 1, round(raw))):0{BCD[wire_type]}d}"
        return [int(digits[n : n + 4], 16) for n in range(0, len(digits), 4)]
    if wire_type in LIMITS:
        low, high = LIMITS[wire_type]
        raw = max(low, min(high, round(raw)))
    packed = struct.pack(f">{LETTERS[wire_type]}", raw)
    return list(struct.unpack(f">{WORDS[wire_type]}H", packed))


UNKNOWN = "\N{REPLACEMENT CHARACTER}"


def text_of(raw: bytes, encoding: str) -> str | None:
    """Return the text in a string's bytes, made legible; None where there is none.

    It ends at its first NUL. What the encoding does not know becomes a replacement character.
    """
    if not raw.strip(b"\xff"):  # never written: flash that is empty
        return None
    return legible(raw.split(b"\0", 1)[0].decode(encoding, "replace"))


def legible(text: str) -> str | None:
    """Return a text without control characters and outer spaces; None where nothing legible is left."""
    clean = "".join(
        sign if sign.isprintable() else " " if sign.isspace() else UNKNOWN for sign in text.strip(" \0")
    ).strip()
    return clean if clean.strip(f"{UNKNOWN} ") else None


def string_bytes(words: Sequence[int], byte_order: str = "big") -> bytes:
    """Return the bytes of a string in the order they are read; it has no word order."""
    ordered = words if byte_order == "big" else swapped(words)
    return struct.pack(f">{len(ordered)}H", *ordered)


def string_words(text: str, length: int, encoding: str, byte_order: str = "big") -> list[int]:
    """Return the ``length`` words of a text, cut to fit between characters, filled up with NUL."""
    raw = text.encode(encoding, "replace")
    while len(raw) > 2 * length:
        text = text[:-1]
        raw = text.encode(encoding, "replace")
    words = list(struct.unpack(f">{length}H", raw.ljust(2 * length, b"\0")))
    return words if byte_order == "big" else swapped(words)


def bit_field(word: int, low: int, high: int) -> int:
    """Return bits low..high (inclusive, 0 = least significant) of a word."""
    return (word >> low) & ((1 << (high - low + 1)) - 1)


EXACT = 2**53
"""Whole numbers up to here have a float of their own; beyond it two of them share one."""


@dataclass(frozen=True, slots=True)
class Affine:
    """raw * scale + offset without the noise of binary fractions: 3 x 0.1 is 0.3.

    Kept as (raw * times + plus) / by with whole numbers. A whole number with a whole scale stays whole,
    whatever its size; any other result is the float next to the true value.
    """

    times: int
    plus: int
    by: int

    @classmethod
    def of(cls, *steps: tuple[float, float]) -> Affine:
        """Return (scale, offset) steps, one after another, as one; each number means what is written."""
        return cls(*_as_one(steps))

    @property
    def is_identity(self) -> bool:
        """True where nothing is converted."""
        return self.times == self.by and not self.plus

    def __call__(self, raw: float) -> int | float:
        """Return the value. Raises OverflowError where no float is that large."""
        top = raw * self.times + self.plus
        return top if self.by == 1 else top / self.by


@lru_cache(maxsize=1024)
def _as_one(steps: tuple[tuple[float, float], ...]) -> tuple[int, int, int]:
    """Return ``times``, ``plus`` and ``by``; a site has few scalings and thousands of points."""
    scale, offset = Fraction(1), Fraction(0)
    for times, plus in steps:
        factor = Fraction(repr(times))
        scale, offset = scale * factor, offset * factor + Fraction(repr(plus))
    by = math.lcm(scale.denominator, offset.denominator)
    return int(scale * by), int(offset * by), by


def fitting(raw: float, affine: Affine, *, whole: bool) -> int | float | None:
    """Return a raw number's value as a signal keeps it; None where it could be kept only by changing it.

    A float signal keeps no whole number beyond 2**53; a whole one no fraction that no conversion made.
    """
    if whole:
        if affine.is_identity and raw != raw // 1:
            return None
        value = affine(raw)
        return value if isinstance(value, int) else round(value)
    if isinstance(raw, int) and not -EXACT <= raw <= EXACT:
        return None
    return float(affine(raw))
