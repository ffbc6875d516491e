"""What goes wrong on wires, one small object each (measured: docs/reference/reliability.md §5.1).

A hazard sees the frame a healthy unit would answer with, may alter it, and then decides
how its bytes reach the line. All times are in s.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from simulators.framing import Frame
from simulators.register_map import Distortion, exception

Alter = Callable[[Frame], Frame | None]
Emit = Callable[[bytes], Iterable[tuple[float, bytes]]]
"""Bytes of the answer to (delay after the answer is due, bytes on the line)."""


def _keep(answer: Frame) -> Frame:
    return answer


def _whole(data: bytes) -> Iterable[tuple[float, bytes]]:
    return ((0.0, data),)


def _nothing(_: Frame) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Hazard:
    """One way a unit or its line misbehaves.

    ``framing``: the only framing it makes sense on. ``closes``: the connection ends after
    each question. ``deaf``: connections are accepted and never read. ``refuses``: nothing
    listens. ``deaf`` and ``refuses`` strike the whole endpoint.
    """

    alter: Alter = _keep
    emit: Emit = _whole
    framing: str = ""
    closes: bool = False
    deaf: bool = False
    refuses: bool = False
    distortion: Distortion | None = None


def silent() -> Hazard:
    """The unit has no power."""
    return Hazard(alter=_nothing)


def flaky(share: float = 0.3, seed: int = 1) -> Hazard:
    """A loose terminal: a share of the answers is lost, by seeded chance."""
    chance = random.Random(seed)
    return Hazard(alter=lambda answer: None if chance.random() < share else answer)


def late(seconds: float = 0.3) -> Hazard:
    """Every answer comes late and is right otherwise."""
    return Hazard(emit=lambda data: ((seconds, data),))


def shifted() -> Hazard:
    """Each answer arrives when the next question is asked: every read gets the one before."""
    held: list[Frame] = []

    def swap(answer: Frame) -> Frame | None:
        held.append(answer)
        return held.pop(0) if len(held) > 1 else None

    return Hazard(alter=swap)


def wrong_unit(unit: int = 247) -> Hazard:
    """Somebody else answers."""
    return Hazard(alter=lambda answer: replace(answer, unit=unit))


def wrong_function() -> Hazard:
    """The answer claims to come from the neighbouring table: 03 for 04, 01 for 02."""
    other = {1: 2, 2: 1, 3: 4, 4: 3}

    def change(answer: Frame) -> Frame:
        function = answer.pdu[0]
        return replace(answer, pdu=bytes((other.get(function, function),)) + answer.pdu[1:])

    return Hazard(alter=change)


def transaction_zero() -> Hazard:
    """Every answer carries transaction id 0, as some gateways do."""
    return Hazard(alter=lambda answer: replace(answer, transaction=0), framing="mbap")


def transaction_wrong(off: int = 1) -> Hazard:
    """Every answer carries a transaction id that nobody asked with."""
    return Hazard(
        alter=lambda answer: replace(answer, transaction=(answer.transaction + off) & 0xFFFF),
        framing="mbap",
    )


def fewer_registers(registers: int = 1) -> Hazard:
    """Only the first registers come, in a well-formed frame."""

    def cut(answer: Frame) -> Frame:
        if answer.pdu[0] & 0x80:
            return answer
        data = answer.pdu[2 : 2 + 2 * registers]
        return replace(answer, pdu=bytes((answer.pdu[0], len(data))) + data)

    return Hazard(alter=cut)


def refuse(code: int = 0x04) -> Hazard:
    """The unit answers every question with an exception code."""
    return Hazard(alter=lambda answer: replace(answer, pdu=exception(answer.pdu[0] & 0x7F, code)))


def truncated(missing: int = 3, rest_after: float | None = None) -> Hazard:
    """The end of each frame is lost, or comes ``rest_after`` later."""

    def cut(data: bytes) -> Iterator[tuple[float, bytes]]:
        yield 0.0, data[:-missing]
        if rest_after is not None:
            yield rest_after, data[-missing:]

    return Hazard(emit=cut)


def noise(data: bytes = b"\x00\xfe\x55") -> Hazard:
    """Bytes from nowhere before each frame, as a badly biased RS-485 line gives."""
    return Hazard(emit=lambda frame: ((0.0, data + frame),))


def bad_crc() -> Hazard:
    """One bit of the CRC is wrong."""
    return Hazard(emit=lambda data: ((0.0, data[:-1] + bytes((data[-1] ^ 1,))),), framing="rtu")


def byte_by_byte(gap: float = 0.005) -> Hazard:
    """A slow converter: single bytes, ``gap`` apart."""
    return Hazard(emit=lambda data: ((n * gap, data[n : n + 1]) for n in range(len(data))))


def garbage(size: int = 1_000_000, seed: int = 1) -> Hazard:
    """Seeded nonsense instead of an answer."""
    return Hazard(emit=lambda _: ((0.0, random.Random(seed).randbytes(size)),))


def flapping(answers: bool = True) -> Hazard:
    """The connection closes after each question, answered or not."""
    return Hazard(alter=_keep if answers else _nothing, closes=True)


HAZARDS: dict[str, Callable[..., Hazard]] = {
    "silent": silent,
    "flaky": flaky,
    "late": late,
    "shifted": shifted,
    "wrong-unit": wrong_unit,
    "wrong-function": wrong_function,
    "transaction-zero": transaction_zero,
    "transaction-wrong": transaction_wrong,
    "fewer-registers": fewer_registers,
    "truncated": truncated,
    "noise": noise,
    "bad-crc": bad_crc,
    "byte-by-byte": byte_by_byte,
    "garbage": garbage,
    "exception": refuse,
    "device-failure": lambda: refuse(0x04),
    "device-busy": lambda: refuse(0x06),
    "gateway-path": lambda: refuse(0x0A),
    "gateway-target": lambda: refuse(0x0B),
    "half-open": lambda: Hazard(deaf=True),
    "refused": lambda: Hazard(refuses=True),
    "flapping": flapping,
    "no-value": lambda: Hazard(distortion=Distortion.NO_VALUE),
    "word-order": lambda: Hazard(distortion=Distortion.WORD_ORDER),
}


MAGNITUDES: dict[str, str] = {
    "flaky": "share",
    "late": "seconds",
    "wrong-unit": "unit",
    "transaction-wrong": "off",
    "fewer-registers": "registers",
    "truncated": "missing",
    "byte-by-byte": "gap",
    "garbage": "size",
    "exception": "code",
}
"""What a magnitude means, for the hazards that have one."""
_WHOLE = {"unit", "off", "registers", "missing", "size", "code"}


def sized(name: str, magnitude: float | None) -> Hazard:
    """Return a hazard of a given magnitude (``MAGNITUDES``). Raises UsageError where it has none."""
    if magnitude is None:
        return hazard(name)
    if name not in MAGNITUDES:
        raise UsageError(
            Wording("scenario.hazard-has-no-magnitude", name=name),
            hint=Wording("scenario.these-have", magnitudes=[*MAGNITUDES]),
        )
    parameter = MAGNITUDES[name]
    return hazard(name, **{parameter: int(magnitude) if parameter in _WHOLE else magnitude})


def hazard(name: str, **parameters: object) -> Hazard:
    """Return a new hazard by its name in ``HAZARDS``. Raises UsageError."""
    if name not in HAZARDS:
        raise UsageError(
            Wording("scenario.hazard-not-known", name=name),
            hint=Wording("scenario.known", hazards=[*HAZARDS]),
        )
    try:
        return HAZARDS[name](**parameters)
    except TypeError as error:
        raise UsageError(
            Wording("scenario.hazard-does-not-take", name=name, parameters=[*parameters])
        ) from error
