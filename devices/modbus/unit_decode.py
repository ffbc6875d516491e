"""One straight function per unit from the bytes of its reads to rows of values.

``devices.modbus.decode`` says what a word means, value by value, and stays the truth. This compiles the
usual case of it, a number within its bounds, into Python without a call per value; whatever is not that case
(a bad value, a code, a text, a sign elsewhere) is handed to the function that ``decode`` made for it. A
property test holds one against the other over every shipped profile.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import CodeType
from typing import Any

from devices.codec import EXACT, LIMITS
from devices.modbus.decode import TINY, BlockDecoder, RegisterBinding, Slot, ValueCheck
from devices.profile import WireType
from facilityd.model.quality import Reason
from facilityd.model.sample import SignalType, Stream, Value

Row = tuple[tuple[Value | None, ...], Mapping[int, Reason]]
"""A stream's values, and why those are missing that are."""
PollDecoder = Callable[[Sequence[bytes]], list[Row]]
NO_REASONS: Mapping[int, Reason] = {}
"""What good values share; nobody writes into it."""
_WRITTEN: dict[tuple[object, ...], tuple[list[BlockDecoder], PollDecoder]] = {}
"""By widths and ids of decoders, which are kept beside, so that no other object has their ids."""
MOST_WRITTEN = 256
_HUGE = 2**63
_GREATEST = sys.float_info.max


def compile_poll_decoder(
    streams: Sequence[Stream], blocks: Sequence[tuple[Sequence[RegisterBinding], BlockDecoder]]
) -> PollDecoder:
    """Return the function from the payloads of a unit's reads, one per block, to a row per stream.

    Units that share their decoders, and have streams of the same lengths, share it.
    """
    widths = tuple(len(stream.signals) for stream in streams)
    key = (widths, *(id(decoder) for _, decoder in blocks))
    if key not in _WRITTEN:
        writer = _Writer(widths)
        for number, (fields, decoder) in enumerate(blocks):
            writer.block(number, fields, decoder)
        if len(_WRITTEN) >= MOST_WRITTEN:
            _WRITTEN.clear()
        _WRITTEN[key] = [decoder for _, decoder in blocks], writer.function()
    return _WRITTEN[key][1]


class _Writer:
    """Writes the function's text; units of one kind have the same, compiled once for all of them."""

    def __init__(self, widths: Sequence[int]) -> None:
        self._widths = widths
        self._lines: list[str] = []
        self._names: dict[str, Any] = {"skipped": Reason.SKIPPED, "none": NO_REASONS}
        self._filled: set[Slot] = set()

    def block(self, number: int, fields: Sequence[RegisterBinding], decoder: BlockDecoder) -> None:
        """Add one read."""
        self._names[f"raw{number}"] = decoder.raw
        self._lines.append(f"r = raw{number}(payloads[{number}])")
        for field, (slot, index, check) in zip(fields, decoder.steps, strict=True):
            self._field(slot, index, field, check)

    def _field(self, slot: Slot, index: int, field: RegisterBinding, check: ValueCheck) -> None:
        stream, place = slot
        target, name = f"v{stream}_{place}", f"f{len(self._names)}"
        self._names[name] = check
        self._filled.add(slot)
        usual = _usual(field, f"r[{index}]", target)
        slow = [
            f"{target}, why = {name}(r[{index}], r)",
            "if why is not None:",
            f"    if not w{stream}: w{stream} = {{}}",
            f"    w{stream}[{place}] = why",
        ]
        if usual is None:
            self._lines += slow
            return
        lines, condition = usual
        self._lines += lines
        if condition:
            self._lines += [f"if not ({condition}):", *(f"    {line}" for line in slow)]

    def function(self) -> PollDecoder:
        """Return what was written, compiled."""
        head = ["def decode(payloads):"]
        body = [f"w{n} = none" for n in range(len(self._widths))] + self._lines
        rows = []
        for n, width in enumerate(self._widths):
            missing = [i for i in range(width) if (n, i) not in self._filled]
            if missing:  # what is never asked for says so
                body.append(f"w{n} = {{**w{n}, " + ", ".join(f"{i}: skipped" for i in missing) + "}")
            values = "".join(f"v{n}_{i}, " if (n, i) in self._filled else "None, " for i in range(width))
            rows.append(f"(({values}), w{n})")
        body.append(f"return [{', '.join(rows)}]")
        exec(_compiled("\n    ".join(head + body)), self._names)  # noqa: S102 - written above, from numbers alone
        return self._names["decode"]  # type: ignore[no-any-return]


@lru_cache(maxsize=512)
def _compiled(text: str) -> CodeType:
    return compile(text, "<unit>", "exec")


def _usual(field: RegisterBinding, raw: str, target: str) -> tuple[list[str], str] | None:
    """Return the lines that set a value, and the condition under which it is right; None: no usual case."""
    point = field.point
    if field.table.is_bits:
        return [f"{target} = ({raw} != 0) != {field.invert}"], ""
    if point.bit is not None and not point.no_value:
        return [f"{target} = ({raw} & {1 << point.bit} != 0) != {field.invert}"], ""
    number = point.type.value in (*LIMITS, WireType.F32.value, WireType.F64.value)
    plain = field.codes is None and point.sign is None and not point.bits and point.bit is None
    if not number or not plain or field.type in (SignalType.BOOL, SignalType.TEXT):
        return None
    whole = field.type in (SignalType.INT, SignalType.ENUM)
    decimal = point.type in (WireType.F32, WireType.F64)
    if whole and (decimal or not field.affine.is_identity):
        return None
    if not whole and _overflows(field):
        return None
    return _number(field, raw, target, whole=whole, decimal=decimal)


def _overflows(field: RegisterBinding) -> bool:
    """Return whether a conversion might raise, where the slow way tells of it."""
    affine = field.affine
    return affine.by > EXACT or max(abs(affine.times), abs(affine.plus)) > _HUGE


def _number(
    field: RegisterBinding, raw: str, target: str, *, whole: bool, decimal: bool
) -> tuple[list[str], str]:
    affine, tests = field.affine, []
    top = raw if affine.times == 1 else f"{raw} * {affine.times}"
    if affine.plus or decimal:  # -0.0 + 0 is 0.0
        top += f" + {affine.plus}"
    value = raw if whole else f"float({top})" if affine.by == 1 else f"({top}) / {affine.by}"
    low = f"{max(-_GREATEST, field.low)!r} <= " if decimal or math.isfinite(field.low) else ""
    high = f" <= {min(_GREATEST, field.high)!r}" if decimal or math.isfinite(field.high) else ""
    if low or high:
        tests.append(f"{low}{target}{high}")
    if decimal:
        tests.append(f"({raw} >= {TINY!r} or {raw} <= {-TINY!r} or not {raw})")
    if not whole and _whole_bits(field) > 32:  # noqa: PLR2004 - wider whole numbers may not fit a float
        tests.append(f"{-EXACT} <= {raw} <= {EXACT}")
    if field.point.no_value:
        tests.append(f"{raw} not in {tuple(field.point.no_value)!r}")
    return [f"{target} = {value}"], " and ".join(tests)


def _whole_bits(field: RegisterBinding) -> int:
    """Return how many bits a whole number of this binding has; 0 for a decimal one."""
    name = field.point.type.value
    return int(name[1:]) if name in LIMITS else 0


__all__ = ["NO_REASONS", "PollDecoder", "Row", "compile_poll_decoder"]
