"""Modbus frames, byte by byte, as a unit sees them: MBAP (TCP) and RTU with CRC-16."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Protocol

_MBAP = struct.Struct(">HHHB")
_LONGEST_RTU = 256  # Modbus over Serial Line V1.02, 2.5.1
_LONGEST_PDU = 253


class FramingLost(Exception):
    """The bytes cannot be a frame and there is no way to find the next one."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A request or an answer; RTU frames have transaction 0."""

    unit: int
    pdu: bytes
    transaction: int = 0


class Framing(Protocol):
    """How frames lie in a stream of bytes."""

    name: str

    def take(self, buffer: bytearray) -> Frame | None:
        """Remove the first whole request. Raises FramingLost."""

    def pack(self, frame: Frame) -> bytes:
        """Return the bytes of a frame."""


class Mbap:
    """Modbus TCP (Modbus Messaging on TCP/IP V1.0b, 3.1.3)."""

    name = "mbap"

    def take(self, buffer: bytearray) -> Frame | None:
        """Remove the first whole request. Raises FramingLost."""
        if len(buffer) < _MBAP.size:
            return None
        transaction, protocol, length, unit = _MBAP.unpack_from(buffer)
        if protocol != 0 or not 2 <= length <= _LONGEST_PDU + 1:
            raise FramingLost
        if len(buffer) < 6 + length:
            return None
        pdu = bytes(buffer[7 : 6 + length])
        del buffer[: 6 + length]
        return Frame(unit, pdu, transaction)

    def pack(self, frame: Frame) -> bytes:
        """Return the bytes of a frame."""
        return _MBAP.pack(frame.transaction, 0, len(frame.pdu) + 1, frame.unit) + frame.pdu


class Rtu:
    """RTU on a serial line or in a TCP stream."""

    name = "rtu"

    def take(self, buffer: bytearray) -> Frame | None:
        """Remove the first whole request. Raises FramingLost: nothing is right until a silence."""
        length = request_length(buffer)
        if length is None:
            # A function code of unknown length: only a CRC over all there is can tell.
            length = len(buffer)
            if length < 4 or crc16(buffer):
                _give_up_if(length >= _LONGEST_RTU)
                return None
        if len(buffer) < length:
            return None
        _give_up_if(crc16(buffer[:length]) != 0)
        frame = Frame(buffer[0], bytes(buffer[1 : length - 2]))
        del buffer[:length]
        return frame

    def pack(self, frame: Frame) -> bytes:
        """Return the bytes of a frame."""
        body = bytes((frame.unit,)) + frame.pdu
        return body + crc16(body).to_bytes(2, "little")


MBAP, RTU = Mbap(), Rtu()


def _give_up_if(hopeless: bool) -> None:
    if hopeless:
        raise FramingLost


def request_length(buffer: bytearray) -> int | None:
    """Return the length of the RTU request that starts the buffer, or None where that is unknown."""
    if len(buffer) < 2:
        return _LONGEST_RTU
    function = buffer[1]
    if function <= 6:
        return 8
    if function in (0x0F, 0x10):
        return 9 + buffer[6] if len(buffer) > 6 else _LONGEST_RTU
    return None


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
        table.append(crc)
    return tuple(table)


_CRC = _crc_table()


def crc16(data: bytes | bytearray) -> int:
    """Return the Modbus CRC; 0 over a frame with its own CRC (Serial Line V1.02, 6.2.2)."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc
