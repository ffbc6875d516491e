"""A checksum for each stored sample: a bit that flips on the disk makes a bad value, never a wrong one.

SQLite's own checks look at the structure of a page, not at what a row holds.
"""

from __future__ import annotations

from struct import Struct
from zlib import crc32

_WHERE = Struct("<qq")
NOTHING = bytes(4096)
"""A row without any value, whatever its layout."""
DAMAGED = "damaged"
"""Reason.DAMAGED as it is stored."""


def checksum(stream: int, at: int, data: bytes, reasons: str | None) -> int:
    """Return the CRC-32 of a row."""
    return _crc(stream, at, data, reasons.encode() if reasons else b"")


def _crc(stream: int, at: int, data: bytes, reasons: bytes) -> int:
    return crc32(reasons, crc32(data, crc32(_WHERE.pack(stream, at))))


def sound(
    stream: int, at: int, data: bytes, reasons: bytes | None, stored: int | None
) -> tuple[bytes, str | None]:
    """Return data and reasons as they were written; bad values where they are not any more.

    Reasons come as bytes: after a flipped bit they may be no text. Rows of journals before version 4 have
    no checksum and are taken as they are.
    """
    if stored is not None and _crc(stream, at, data, reasons or b"") != stored:
        return NOTHING, DAMAGED
    return data, reasons.decode(errors="replace") if reasons else None
