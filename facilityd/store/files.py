"""The files beside the journal: the ballast, the lock of the one writer, damaged predecessors."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.regular import open_regular
from facilityd.model.sample import NS

_TRIES = 5
_HEADER = 100
"""Bytes of SQLite's own header; a shorter file was never a journal."""
_COMPANIONS = ("", "-wal", "-shm")
_MAGIC = b"SQLite format 3\0"
_ID_AT = 68
"""Where SQLite's header has the id of the application."""


def beside(path: Path, suffix: str) -> Path:
    """Return the journal's path with something appended."""
    return path.with_name(path.name + suffix)


def disk_free(path: Path) -> int:
    """Return the bytes that this process may still write beside ``path``."""
    status = os.statvfs(path.parent)
    return status.f_bavail * status.f_frsize


class ReserveFile:
    """Room kept in reserve: on a full disk SQLite needs some even to delete."""

    def __init__(self, journal: Path, size: int) -> None:
        self.path, self.size = beside(journal, ".ballast"), size

    @property
    def present(self) -> bool:
        """True while the reserve is there, or none is wanted."""
        return not self.size or self._stands()

    def release(self) -> None:
        """Give the room back. What is no file of ours (a folder, a link) is left alone; raises nothing."""
        if self._stands():
            with suppress(OSError):
                self.path.unlink(missing_ok=True)

    def restore(self) -> bool:
        """Take the room again, if there is plenty. Return whether it was taken now; raises nothing."""
        if self.present or disk_free(self.path) < 4 * self.size:
            return False
        try:
            # Never through a link: what it leads to is somebody's own.
            with self.path.open("xb") as file:
                os.posix_fallocate(file.fileno(), 0, self.size)
        except OSError:
            self.release()
        return self.present

    def _stands(self) -> bool:
        try:
            return stat.S_ISREG(self.path.lstat().st_mode)
        except OSError:
            return False


def check_regular(journal: Path, *, writes: bool = False) -> None:
    """Refuse a journal, log or lock that is no regular file: a named pipe would hold us up for ever.

    Whoever ``writes`` needs the place of the ballast too.

    Raises UsageError.
    """
    for suffix in (*_COMPANIONS, ".lock", *((".ballast",) if writes else ())):
        path = beside(journal, suffix)
        try:
            # The ballast is deleted and made anew, so a link in its place is none.
            sound = stat.S_ISREG((path.lstat() if suffix == ".ballast" else path.stat()).st_mode)
        except FileNotFoundError:
            continue
        except PermissionError as error:
            raise denied(journal) from error
        except OSError as error:
            raise UsageError(
                Wording("store.cannot-opened", strerror=error.strerror), where=str(path)
            ) from error
        if not sound:
            hint = Wording("store.take-away-or-give-another")
            raise UsageError(Wording("store.no-regular-file"), where=str(path), hint=hint)


def may_be_ours(journal: Path, application: int, held: IO[bytes]) -> bool:
    """Return whether a damaged file was ever a journal: by its beginning, its id, or the lock beside it.

    What was not, is somebody's own: a site file, a letter. It is never moved aside.
    """
    with journal.open("rb") as file:
        head = file.read(_HEADER)
    held.seek(0)
    ids = head[_ID_AT : _ID_AT + 4], application.to_bytes(4, "big")
    return not head or head.startswith(_MAGIC) or ids[0] == ids[1] or bool(held.read(1))


def lock(journal: Path) -> IO[bytes]:
    """Return the lock of the one writer, held until it is closed. Raises UsageError."""
    path = beside(journal, ".lock")
    try:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        file = os.fdopen(handle, "a+b")
    except OSError as error:
        raise UsageError(Wording("store.cannot-written", strerror=error.strerror), where=str(path)) from error
    try:
        _take(file)
    except BlockingIOError as error:
        file.close()
        hint = Wording("store.stop-first-or-give-this")
        raise UsageError(
            Wording("store.another-facilityd-writes-this-journal"), where=str(journal), hint=hint
        ) from error
    return file


def _take(file: IO[bytes]) -> None:
    """Take the lock. Raises BlockingIOError; somebody who only asks (``is_held``) holds it for a moment."""
    for _ in range(_TRIES):
        with suppress(BlockingIOError):
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(0.02)
    return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_held(journal: Path) -> bool:
    """Return whether a daemon holds the journal now."""
    try:
        with open_regular(beside(journal, ".lock")) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def closed_to_us(journal: Path) -> bool:
    """Return whether a journal cannot be read for want of the right to."""
    try:
        with open_regular(journal):
            return False
    except PermissionError:
        return True
    except OSError:
        return False


def denied(journal: Path) -> UsageError:
    """Return what is said to somebody who may not read a journal."""
    hint = Wording("store.run-as-daemon-user-or")
    return UsageError(Wording("store.you-may-not-read-this"), where=str(journal), hint=hint)


def mark_open(held: IO[bytes], *, is_open: bool) -> None:
    """Note in the lock whether the journal is in use: at the next start it says what must be there."""
    if held.closed:
        return
    with suppress(OSError):  # on a full disk; then less is known at the next start
        held.truncate(0)
        held.write(b"open\n" if is_open else b"closed\n")
        held.flush()


def missing(journal: Path, held: IO[bytes]) -> str:
    """Say what of an earlier journal is gone; nothing where there was none or all is there."""
    held.seek(0)
    before = held.read(16).strip()
    if not before:
        return ""
    if not journal.exists():
        return "the journal that was here is gone"
    if journal.stat().st_size < _HEADER:
        return "the journal that was here is empty"
    if before == b"open" and not beside(journal, "-wal").exists():
        return "the journal's log, with its newest commits, is gone"
    return ""


def move_aside(journal: Path, at: int, why: str = "damaged", *, keep: bool = False) -> Path:
    """Rename a journal and its log, ``why`` in their names; return where it is now. ``at`` in ns UTC.

    ``keep``: the journal, whose log must be empty, is under its own name too. Raises OSError.
    """
    stamp = datetime.fromtimestamp(at // NS, UTC).strftime("%Y%m%dT%H%M%SZ")
    target, number = beside(journal, f".{why}-{stamp}"), 1
    while target.exists():
        number += 1
        target = beside(journal, f".{why}-{stamp}-{number}")
    for companion in _COMPANIONS:
        source = beside(journal, companion)
        if not source.exists():
            continue
        if keep and not companion:
            beside(target, companion).hardlink_to(source)
        else:
            source.rename(beside(target, companion))
    return target
