"""The simulated units behind one Modbus link: their answers, their faults, and a count of requests."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Mapping
from typing import Protocol

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from simulators.framing import Frame, Framing
from simulators.hazards import Hazard
from simulators.register_map import ILLEGAL_VALUE, RegisterMap, exception

READS = frozenset({1, 2, 3, 4})
_GATEWAY_TARGET = 0x0B
_LOG = 1000
_LONGEST_FRAME = 256


class Connection(Protocol):
    """One connection of a master, or the bus itself."""

    def send(self, data: bytes) -> None:
        """Put bytes on the line; quietly nothing where it is gone."""

    def close(self) -> None:
        """End it."""


class WireTime:
    """The time bytes take on a serial line, one exchange after the other."""

    def __init__(self, baudrate: int, character_bits: int = 11) -> None:
        self._character = character_bits / baudrate
        self._free_at = 0.0

    def delay(self, characters: int, now: float) -> float:
        """Return s from ``now`` until a question and its answer have passed, with two silences of 3.5."""
        start = max(now, self._free_at)
        self._free_at = start + (characters + 7) * self._character
        return self._free_at - now


class Endpoint(ABC):
    """Answers for every device id in ``register_maps``; ``witness`` counts each function code seen.

    A ``gateway`` answers exception 0x0B for units it does not know; others do not answer.
    ``log`` keeps the last questions as (device id, PDU).
    """

    def __init__(
        self,
        register_maps: Mapping[int, RegisterMap],
        framing: Framing,
        *,
        gateway: bool = False,
        wire: WireTime | None = None,
    ) -> None:
        self.register_maps = dict(register_maps)
        self.witness: Counter[int] = Counter()
        self.log: deque[tuple[int, bytes]] = deque(maxlen=_LOG)
        self.framing, self._gateway, self._wire = framing, gateway, wire
        self._hazards: dict[int | None, Hazard] = {}
        self._opened = False

    def open(self) -> None:
        """Begin to listen. Raises UsageError where the port cannot be had."""
        self._opened = True
        self._obey()

    def close(self) -> None:
        """Stop listening and hang up on everybody."""
        self._opened = False
        self._obey()

    @property
    @abstractmethod
    def address(self) -> str:
        """Where masters reach it: host:port or a path."""

    @property
    def writes(self) -> int:
        """Return how often anything but the four read functions was asked."""
        return sum(count for function, count in self.witness.items() if function not in READS)

    # --- questions -------------------------------------------------------------------------

    def serve(self, ask: Frame, line: Connection) -> None:
        """Answer one question in time, or as the hazard has it."""
        answer = self.answer(ask)
        hazard = self._hazard(ask.unit)
        if hazard is None:
            if answer is not None:
                self._send(line, self.framing.pack(answer), 0.0, len(ask.pdu))
            return
        spoilt = hazard.alter(answer) if answer is not None else None
        for delay, data in hazard.emit(self.framing.pack(spoilt)) if spoilt else ():
            self._send(line, data, delay, len(ask.pdu))
        if hazard.closes:
            line.close()

    def answer(self, ask: Frame) -> Frame | None:
        """Return what healthy units answer; None for silence."""
        pdu = ask.pdu
        function = pdu[0]
        self.witness[function] += 1
        self.log.append((ask.unit, pdu))
        if ask.unit in self.register_maps and function in READS and len(pdu) != 5:
            response = exception(function, ILLEGAL_VALUE)
        else:
            response = self._said(ask.unit, function, int.from_bytes(pdu[1:3]), int.from_bytes(pdu[3:5]))
        return Frame(ask.unit, response, ask.transaction) if response else None

    def pdu(self, unit: int, function: int, address: int, count: int) -> bytes:
        """Return what healthy units answer to a read, without frames; nothing for silence."""
        self.witness[function] += 1
        return self._said(unit, function, address, count)

    def _said(self, unit: int, function: int, address: int, count: int) -> bytes:
        register_map = self.register_maps.get(unit)
        if register_map is None:
            return exception(function, _GATEWAY_TARGET) if self._gateway else b""
        return register_map.pdu(function, address, count)

    def _send(self, line: Connection, data: bytes, delay: float, asked: int) -> None:
        if self._wire is not None:
            # Nonsense longer than a frame arrives at once: nobody wants to wait 20 minutes for it.
            characters = asked + 3 + min(len(data), _LONGEST_FRAME)
            delay += self._wire.delay(characters, asyncio.get_running_loop().time())
        if delay > 0:
            asyncio.get_running_loop().call_later(delay, line.send, data)
        else:
            line.send(data)

    # --- hazards ---------------------------------------------------------------------------

    def inject(self, device_id: int | None, hazard: Hazard | None) -> None:
        """Make one device id (None: all of them) misbehave, or behave again. Raises UsageError."""
        if device_id is not None and device_id not in self.register_maps:
            raise UsageError(
                Wording("scenario.no-simulated-unit-has-device", device_id=device_id), where=self.address
            )
        if hazard and hazard.framing not in ("", self.framing.name):
            raise UsageError(
                Wording("scenario.this-hazard-makes-sense-only", framing=hazard.framing), where=self.address
            )
        was_deaf = self.deaf
        if hazard is None:
            self._hazards.pop(device_id, None)
        else:
            self._hazards[device_id] = hazard
        for number, register_map in self.register_maps.items():
            own = self._hazard(number)
            register_map.distort(own.distortion if own else None)
        if was_deaf and not self.deaf:
            self._cut()  # a connection does not survive a unit's restart
        self._obey()

    @property
    def troubled(self) -> bool:
        """True while anything behind this link misbehaves."""
        return bool(self._hazards)

    def _hazard(self, device_id: int) -> Hazard | None:
        return self._hazards.get(device_id) or self._hazards.get(None)

    @property
    def deaf(self) -> bool:
        """True while nobody reads what masters send."""
        return any(hazard.deaf for hazard in self._hazards.values())

    def _obey(self) -> None:
        refusing = any(hazard.refuses for hazard in self._hazards.values())
        if self._opened and not refusing:
            self._start()
        else:
            self._stop()

    @abstractmethod
    def _start(self) -> None:
        """Listen, unless it does. Raises UsageError."""

    @abstractmethod
    def _stop(self) -> None:
        """Listen no more and hang up, unless it did."""

    @abstractmethod
    def _cut(self) -> None:
        """Hang up on every master."""
