"""Whether a unit's answers to its identity probe are those of the model that its profile describes."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from devices.modbus.reader import GATEWAY
from devices.profile import IdentityCheck, ModbusProfile
from devices.register import WireType
from facilityd.model.quality import Reason
from facilityd.model.sample import Value

ABSURD = 20.0
"""How far beyond its range a number cannot be the quantity any more."""
FLOAT_MAX = 3.4e38
SAYS_NOT_WHO = frozenset({*GATEWAY, Reason.DEVICE_FAILURE, Reason.DEVICE_BUSY})
"""Refusals of the identity probe by which nobody is another model."""


Answer = tuple[IdentityCheck, Value | None, Reason | None]
"""A line of the probe, what it found, and why that is no value."""


def recognised(answers: Sequence[Answer], *, constants_only: bool) -> Answer | None:
    """Return the first line of the probe that does not hold, or None.

    Once recognised, constants are checked again as they are. A range (mains frequency, DC link) may
    rightly be left when the supply fails, and that must be seen, not hidden: only a number that no
    supply ever gave, such as one with its words swapped, is held against the unit. A line without a
    usable value (a wind sensor cut off, a reading beyond its range) leaves it to the others, if one holds.
    """
    mute, held = None, False
    for expect, value, reason in answers:
        excused = reason is Reason.NO_VALUE or (constants_only and reason is Reason.OUT_OF_RANGE)
        if excused and expect.between is not None:
            mute = mute or (expect, value, reason)
            continue
        if constants_only and expect.between is not None:
            wrong = value is None or (bool(value) and _absurd(abs(float(value)), *expect.between))
        else:
            wrong = value is None or not expect.holds(float(value))
        if wrong:
            return expect, value, reason
        held = True
    return None if held else mute


def _absurd(value: float, low: float, high: float) -> bool:
    """Return whether a number lies absurdly far beyond its range."""
    tiny = min(abs(low), abs(high)) / ABSURD if low * high > 0 else 0.0
    return value > ABSURD * max(abs(low), abs(high)) or value < tiny


def says_who(profile: ModbusProfile) -> bool:
    """Return whether a model can be told by its identity probe: registers full of zeros do not pass it."""
    points = profile.expanded
    nothing = (
        (one, 0.0 if points[one.point].is_bool else points[one.point].offset) for one in profile.identity
    )
    return not profile.nameless and not all(expect.holds(value) for expect, value in nothing)


def coincidence(profile: ModbusProfile) -> float:
    """Return how likely registers of any content pass a model's identity probe, 0 to 1.

    A code of its own is one word of 65,536; a range, such as a phase voltage in tenths, is passed by one
    unknown unit in forty.
    """
    found = 1.0
    for expect in profile.identity:
        point = profile.expanded[expect.point]
        codes = expect.one_of or ((expect.equals,) if expect.equals is not None else ())
        low, high = (value / point.scale for value in sorted(expect.between or (0.0, 0.0)))
        if point.is_bool:
            found *= 1.0 if expect.between else 0.5
        elif point.type in (WireType.F32, WireType.F64):
            found *= len(codes) / 2.0**32 if codes else _floats(low, high)
        else:
            least, most = point.raw
            wide = min(abs(high - low), most - least) + 1.0
            found *= min(1.0, (len(codes) or wide) / (most - least + 1.0))
    return found


def _floats(low: float, high: float) -> float:
    """Return which share of all patterns of 32 bits are numbers from ``low`` to ``high``."""
    signs = [(max(low, 0.0), high), (max(-high, 0.0), -low)]
    return sum(_pattern(end) - _pattern(begin) + 1 for begin, end in signs if end >= begin) / 2.0**32


def _pattern(value: float) -> int:
    """Return the bits of a positive float32; they grow with it."""
    return int.from_bytes(struct.pack(">f", min(value, FLOAT_MAX)), "big")
