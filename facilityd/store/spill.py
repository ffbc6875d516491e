"""A small file beside the journal, of its full size from the start, for what a full disk does not take.

Its blocks are written over in place, which needs no room on file systems that do not copy on write. It has
two halves, written by turns, each with a number, a length and a checksum: a crash in the midst of one leaves
the other.
"""

from __future__ import annotations

import os
import stat
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facilityd.store.files import beside

SUFFIX = ".spill"
HALF = 256 * 1024
"""Bytes of one half, its head included."""
_HEAD, _CHECK = struct.Struct(">8sQI"), struct.Struct(">I")
_BEGIN = _HEAD.size + _CHECK.size
_MARK = b"fd-spill"
_LAST = 1 << 63
"""No half has a greater number: there must be room to go on counting."""
ROOM = HALF - _BEGIN
"""Bytes that one half holds."""


class Spill:
    """Synchronous, for one thread at a time. Nothing here raises: what cannot be kept is not kept."""

    def __init__(self, journal: Path) -> None:
        self.path = beside(journal, SUFFIX)
        self._number = 0

    def prepare(self) -> bool:
        """Take the room, if it is not taken yet; return whether it is there.

        Somebody else's file, folder, pipe or link in its place is left alone.
        """
        try:
            with self._open(os.O_RDWR | os.O_CREAT) as file:
                status = os.fstat(file)
                if not stat.S_ISREG(status.st_mode) or status.st_size > 2 * HALF:
                    return False
                if status.st_size < 2 * HALF:
                    if any(os.pread(file, HALF, 0)) or any(os.pread(file, HALF, HALF)):
                        return False
                    # Zeros and no hole: a hole would want its blocks when the disk is full.
                    os.pwrite(file, bytes(2 * HALF), 0)
                    os.fsync(file)
                return os.fstat(file).st_size == 2 * HALF
        except OSError:
            return False

    def write(self, data: bytes) -> bool:
        """Keep ``data`` instead of what was kept before; return whether that was possible."""
        if len(data) > ROOM:
            return False
        self._number += 1
        head = _HEAD.pack(_MARK, self._number, len(data))
        head += _CHECK.pack(zlib.crc32(data, zlib.crc32(head)))
        try:
            with self._open() as file:
                if os.fstat(file).st_size != 2 * HALF:
                    return False
                os.pwrite(file, head + data, (self._number % 2) * HALF)
                os.fsync(file)
        except OSError:
            return False
        return True

    def read(self) -> bytes:
        """Return what was kept last, empty where nothing was."""
        try:
            with self._open(os.O_RDONLY) as file:
                halves = [os.pread(file, HALF, at) for at in (0, HALF)]
        except OSError:
            return b""
        self._number, data = max(map(_sound, halves))
        return data

    @contextmanager
    def _open(self, how: int = os.O_RDWR) -> Iterator[int]:
        file = os.open(self.path, os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | how, 0o600)
        try:
            yield file
        finally:
            os.close(file)


def _sound(half: bytes) -> tuple[int, bytes]:
    """Return number and data of a half, (0, nothing) where it is not whole."""
    if len(half) < _BEGIN:
        return 0, b""
    mark, number, length = _HEAD.unpack_from(half)
    data = half[_BEGIN : _BEGIN + length]
    check = zlib.crc32(data, zlib.crc32(half[: _HEAD.size]))
    if number > _LAST:
        return 0, b""
    sound = (mark, len(data), _CHECK.pack(check)) == (_MARK, length, half[_HEAD.size : _BEGIN])
    return (number, data) if sound else (0, b"")
