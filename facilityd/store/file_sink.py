"""Line protocol in a file that is changed for a new one when it is full: for export, and to look at."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from facilityd.model.regular import NOT_REGULAR
from facilityd.model.settings import FileSinkSettings
from facilityd.model.whole_file import sync_folder
from facilityd.store.sink import TAKEN, WriteAction, WriteOutcome

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
_MODE = 0o640
_CHUNK = 65_536
_HELD = {
    errno.EACCES: "forbidden",
    errno.EPERM: "forbidden",
    errno.EROFS: "forbidden",
    errno.ENOENT: "not-found",
    errno.ENOTDIR: "not-found",
    errno.EISDIR: "unexpected-file",
    errno.ELOOP: "unexpected-file",
    errno.ENXIO: "unexpected-file",  # a named pipe that nobody reads
    errno.EINVAL: "unexpected-file",
}
"""Errors that a person has to mend, with the reason; all others may pass, as a full disk does."""


class FileSink:
    """Appends to ``path``; a full one becomes ``path.1``, that one ``path.2`` and so on; ``keep`` are kept.

    A portion is on the disk when it counts as taken. A crash before the cursor has moved writes it again,
    byte for byte: line protocol has one point for both. ``timeout`` in s for one write; ``sync`` makes a file
    durable.
    """

    def __init__(
        self, settings: FileSinkSettings, *, timeout: float = 30.0, sync: Callable[[int], None] = os.fsync
    ) -> None:
        self._path, self.max_size, self._keep = Path(settings.path), settings.max_size, settings.keep
        self._timeout, self._sync = timeout, sync
        self._begun: asyncio.Task[WriteOutcome] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._ended()

    async def write(self, lines: Sequence[bytes]) -> WriteOutcome:
        """Append once, in a thread: a disk that hangs delays nobody else."""
        body = b"".join(line + b"\n" for line in lines)
        if len(body) > self.max_size:
            return WriteOutcome(WriteAction.SPLIT, "too-large", f"more than {self.max_size} bytes")
        if await self._ended():  # two that append at once would mix their lines
            self._begun = asyncio.create_task(asyncio.to_thread(self._append, body))
            if await self._ended():
                return self._begun.result()
        return WriteOutcome(WriteAction.RETRY, "timeout", "the disk does not answer in time")

    async def _ended(self) -> bool:
        """Wait for what was begun; False where it has not ended in time."""
        return not self._begun or bool((await asyncio.wait({self._begun}, timeout=self._timeout))[0])

    def _append(self, body: bytes) -> WriteOutcome:
        try:
            file = self._open(len(body))
            try:
                self._write_whole(file, body)
            finally:
                os.close(file)
        except OSError as error:
            reason, told = _HELD.get(error.errno or 0), error.strerror or type(error).__name__
            if reason:
                return WriteOutcome(WriteAction.HELD, reason, told)
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            return WriteOutcome(WriteAction.RETRY, "disk-full" if full else "interrupted", told)
        return TAKEN

    def _open(self, more: int) -> int:
        """Return the file to append to, whole up to its last line and with room for ``more`` bytes."""
        file = self._open_regular()
        try:
            size = self._end_with_whole_line(file)
            if not size or size + more <= self.max_size:
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)
        self._rotate()
        return self._open_regular()

    def _open_regular(self) -> int:
        file = os.open(self._path, _FLAGS, _MODE)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise OSError(errno.EINVAL, NOT_REGULAR)
        return file

    def _end_with_whole_line(self, file: int) -> int:
        """Cut off the half line that a crash left, which comes again; return the size."""
        size = end = os.fstat(file).st_size
        while end:
            start = max(0, end - _CHUNK)
            if found := os.pread(file, end - start, start).rfind(b"\n") + 1:
                end = start + found
                break
            end = start
        if end < size:
            os.ftruncate(file, end)
        return end

    def _write_whole(self, file: int, body: bytes) -> None:
        """Write all of it durably, or leave the file as it was. Raises OSError."""
        before = os.fstat(file).st_size
        try:
            rest = memoryview(body)
            while rest:
                rest = rest[os.write(file, rest) :]
            self._sync(file)
            if not before:
                sync_folder(self._path.parent)
        except OSError:
            os.ftruncate(file, before)
            raise

    def _rotate(self) -> None:
        """Move every full file one on; the oldest goes."""
        names = [self._path, *(Path(f"{self._path}.{n}") for n in range(1, self._keep + 1))]
        for older, newer in zip(reversed(names), reversed(names[:-1]), strict=False):
            if newer.exists():
                newer.replace(older)
        sync_folder(self._path.parent)
