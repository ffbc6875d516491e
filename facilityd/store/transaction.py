"""One transaction at a time, all or nothing, with one more try where the disk is full."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import apsw

from facilityd.errors import FacilitydError, StoreFull
from facilityd.store.files import ReserveFile
from facilityd.store.meta import add_counts
from facilityd.store.retention import Retention

T = TypeVar("T")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_RESTORE_EVERY = 64
_PURGE_AT_LEAST = 1000
PATIENT_MS, IMPATIENT_MS = 5000, 50
"""How long another program that writes is waited for; and while it goes on keeping us waiting."""
WRITE_BACK_AT = 500
"""Pages in the log; on a full disk it must fit where the ballast was."""


class Transactions:
    """Runs work on the writing connection. ``forget`` is called after a rollback."""

    def __init__(
        self,
        path: Path,
        db: apsw.Connection,
        reserve: ReserveFile,
        retention: Retention,
        forget: Callable[[], None],
    ) -> None:
        self._path, self._db = path, db
        self._reserve, self._retention, self._forget = reserve, retention, forget
        self._commits = 0
        self._log_pages = 0
        self._kept_waiting = False
        db.wal_autocheckpoint(0)
        db.set_wal_hook(self._note_log)

    def run(self, work: Callable[[Counter[str]], T], rows: int = 0) -> T:
        """Return what ``work`` returns, once it is durable. Raises StoreFull, FacilitydError."""
        try:
            try:
                return self._attempt(work)
            except apsw.Error as error:
                if not self._is_full(error):
                    raise
                self._make_room(rows)
                return self._attempt(work)
        except apsw.Error as error:
            raise self._named(error) from error

    def _attempt(self, work: Callable[[Counter[str]], T]) -> T:
        counts: Counter[str] = Counter()
        self._begin()
        try:
            result = work(counts)
            add_counts(self._db, counts)
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self._forget()
            raise
        self._tidy()
        return result

    def _begin(self) -> None:
        """Begin, and wait for another program that writes; once it has kept us waiting, hardly any more.

        An alarm is several transactions: each would be late by the whole wait.
        """
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except apsw.BusyError:
            self._db.set_busy_timeout(IMPATIENT_MS)
            self._kept_waiting = True
            raise
        if self._kept_waiting:
            self._db.set_busy_timeout(PATIENT_MS)
            self._kept_waiting = False

    def _tidy(self) -> None:
        """Write a long log back. Not within COMMIT: an error here must not look like one there."""
        self._commits += 1
        if self._log_pages >= WRITE_BACK_AT:
            with suppress(apsw.Error):
                self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        if self._commits % _RESTORE_EVERY == 0 and self._reserve.restore():
            self._retention.lift_cap()

    def _note_log(self, _db: apsw.Connection, _name: str, pages: int) -> int:
        self._log_pages = pages
        return apsw.SQLITE_OK

    def _make_room(self, rows: int) -> None:
        """Give up the ballast, write the log back, stop growing, forget the oldest; as far as each goes."""
        self._reserve.release()
        with suppress(apsw.Error):
            self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        self._retention.cap_growth()
        with suppress(apsw.Error):
            self._attempt(lambda counts: self._retention.purge(max(_PURGE_AT_LEAST, 4 * rows), counts))

    def _is_full(self, error: apsw.Error) -> bool:
        if isinstance(error, apsw.IOError):
            return self._db.system_errno in _NO_ROOM
        return isinstance(error, apsw.FullError)

    def _named(self, error: apsw.Error) -> FacilitydError:
        where = str(self._path)
        if self._is_full(error):
            hint = "free some space on this disk; nothing that was stored is lost"
            return StoreFull("there is no room, even without the oldest history", where=where, hint=hint)
        if isinstance(error, apsw.BusyError):
            hint = "close it, be it a database browser or a script: until then nothing can be stored"
            return StoreFull("another program keeps the journal locked", where=where, hint=hint)
        hint = "check the disk; a damaged journal is moved aside at the next start"
        return FacilitydError(f"cannot be written: {error}", where=where, hint=hint)
