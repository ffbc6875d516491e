"""The last check before the socket: only the four read functions pass.

pymodbus can write; facilityd must not be able to. The guard sits in pymodbus's packet
trace, which sees every frame after it is built and before it is sent. Our own connection
(devices.modbus.tcp) has one place that sends, and it asks here too.
"""

from __future__ import annotations

from typing import NamedTuple, NoReturn

from facilityd.errors import WriteRefused

READ_FUNCTIONS = frozenset({1, 2, 3, 4})
_MBAP = 7  # transaction 2, protocol 2, length 2, unit 1 (Modbus Messaging on TCP/IP V1.0b, 3.1.3)


class StrayAnswer(NamedTuple):
    """An answer to another question than the last one."""

    device_id: int
    asked: int
    answered: int


def refuse_write(function: int | None) -> NoReturn:
    """Raise WriteRefused: a frame that does not read was about to be sent."""
    raise WriteRefused(
        f"function code {function} was about to be sent",
        hint="facilityd only reads (function codes 1-4); this is a bug, please report it",
    )


class Guard:
    """Packet trace for one connection. ``garbage`` tells that bytes no reader asked for came in.

    ``stray`` is the device id of an answer that was meant for another question, and the transaction
    ids asked with and answered with (0 on a serial line); None where no such answer came. ``heard``: anything
    at all came since.
    """

    def __init__(self, *, rtu: bool) -> None:
        self._at = 1 if rtu else _MBAP
        self._rtu = rtu
        self.garbage = self.heard = False
        self.stray: StrayAnswer | None = None
        self._asked = (0, 0)

    def __call__(self, sending: bool, data: bytes) -> bytes:
        """Pass a frame on, or refuse it. Raises WriteRefused for anything but a read."""
        if sending:
            return self._outgoing(data)
        return self._incoming(data)

    def _outgoing(self, data: bytes) -> bytes:
        function = data[self._at] if len(data) > self._at else None
        if function not in READ_FUNCTIONS:
            refuse_write(function)
        self.garbage, self.heard, self.stray, self._asked = False, False, None, self._names(data)
        return data

    def _names(self, data: bytes) -> tuple[int, int]:
        """Return (transaction id, device id) of a frame."""
        return (0, data[0]) if self._rtu else (int.from_bytes(data[:2]), data[_MBAP - 1])

    def _incoming(self, data: bytes) -> bytes:
        self.heard = True
        if len(data) > self._at and (names := self._names(data)) != self._asked:
            self.stray = StrayAnswer(names[1], self._asked[0], names[0])
        # An unknown function code would raise inside pymodbus's receive path and tear the
        # connection down with a traceback; dropping the bytes ends in a plain timeout.
        if len(data) <= self._at or data[self._at] & 0x7F in READ_FUNCTIONS:
            return data
        self.garbage = True
        return data if self._rtu else b""
