"""The journal: everything passes through it first, and what it has taken is durable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import apsw

from facilityd.errors import UsageError
from facilityd.model.clock import Clock
from facilityd.model.message import Wording
from facilityd.model.settings import RetentionSettings
from facilityd.store.batch import Batch, Receipt, WriteContext
from facilityd.store.cursors import set_sinks
from facilityd.store.dead_letters import set_aside
from facilityd.store.files import (
    ReserveFile,
    check_regular,
    disk_free,
    lock,
    mark_open,
    may_be_ours,
    missing,
    move_aside,
)
from facilityd.store.owner import claim
from facilityd.store.retention import Retention
from facilityd.store.samples import SampleTable
from facilityd.store.schema import APPLICATION, PAGE, ForeignFile, UnsoundFile, connect_writer
from facilityd.store.transaction import Transactions

MIB = 2**20
_SOME_SIZE = 4 * MIB


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """Bytes: used and allowed in the file, free on its disk; whether the ballast is in place."""

    used: int
    allowed: int
    disk_free: int
    reserve: bool


class Journal:
    """The one writer. Synchronous, for one thread at a time; made by ``Journal.open``.

    ``moved_aside`` is where a damaged predecessor is now, if there was one; ``set_aside`` counts records
    that could not be read; ``lost`` says what was there before and is gone.
    """

    def __init__(
        self,
        path: Path,
        db: apsw.Connection,
        held: IO[bytes],
        reserve: ReserveFile,
        max_bytes: int,
        max_age: int,
        retention: RetentionSettings,
    ) -> None:
        self.path = path
        self.moved_aside: Path | None = None
        self.set_aside = 0
        self.lost = ""
        self._db, self._held, self._reserve, self._allowed = db, held, reserve, max_bytes
        self._disk_free: Callable[[Path], int] = disk_free
        self._retention = Retention(db, max_bytes, max_age, retention)
        self._samples = SampleTable(db)
        self._transactions = Transactions(path, db, reserve, self._retention, self._samples.reload)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        max_bytes: int,
        max_age: int,
        retention: RetentionSettings | None = None,
        ballast_bytes: int = 4 * MIB,
        clock: Clock | None = None,
        site: str = "",
        vfs: str | None = None,
        durable: bool = True,
        free: Callable[[Path], int] = disk_free,
    ) -> Self:
        """Open or create; a damaged file is moved aside. ``max_age`` in ns; ``clock`` stamps the old file.

        ``max_age`` is of samples, ``retention`` of everything else. ``site``: whose journal it is, written
        into a new one and asked of an old one.
        Not ``durable``: commits do not wait for the disk (simulations only). ``free`` tells its room.
        Raises UsageError where another facilityd writes it, it is another site's or cannot be opened.
        """
        if vfs is None:
            check_regular(path, writes=True)
        with ExitStack() as undo:
            held, reserve = undo.enter_context(lock(path)), ReserveFile(path, ballast_bytes)
            lost = missing(path, held) if vfs is None else ""
            db, moved = _connect(path, reserve, clock or Clock(), vfs, held)
            undo.callback(db.close)
            claim(db, path, site)
            set_aside_now = set_aside(db, (clock or Clock()).now()[0])
            journal = cls(path, db, held, reserve, max_bytes, max_age, retention or RetentionSettings())
            journal.moved_aside, journal._disk_free = moved, free
            journal.set_aside, journal.lost = set_aside_now, lost
            if not durable:
                db.pragma("synchronous", "OFF")
                db.pragma("cache_size", -262144)
            undo.pop_all()
        mark_open(held, is_open=True)
        journal._begin()
        return journal

    @property
    def was_damaged(self) -> bool:
        """True where at this start something was damaged, set aside or gone."""
        return bool(self.moved_aside or self.set_aside or self.lost)

    def _begin(self) -> None:
        """Take the reserve; where the disk has no room for it, let a file of some size grow no further."""
        if not self._reserve.restore() and not self._reserve.present and self.disk_usage().used > _SOME_SIZE:
            self._retention.cap_growth()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write the log back into the file and let go of it."""
        for last in (self._write_back, self._db.close):
            with suppress(apsw.Error):  # what was committed is safe already
                last()
        mark_open(self._held, is_open=False)
        self._held.close()

    def _write_back(self) -> None:
        self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def commit(self, batch: Batch) -> Receipt:
        """Return when everything in the batch is durable. Raises StoreFull; then nothing of it is."""
        incoming = sum(one.incoming for one in batch)
        return self._transactions.run(lambda counts: self._apply(batch, incoming, counts), incoming)

    def configure_sinks(self, names: Sequence[str]) -> None:
        """Say which sinks want samples: what they have not taken counts when it is purged."""
        self._transactions.run(lambda _: set_sinks(self._db, names))

    def set_limits(self, max_bytes: int, max_age: int, retention: RetentionSettings) -> None:
        """Keep to other limits from now on; bytes and ns."""
        self._allowed = max_bytes
        self._retention.set_limits(max_bytes, max_age, retention)

    def disk_usage(self) -> DiskUsage:
        """Return how full file and disk are."""
        used = self._retention.used_pages() * PAGE
        return DiskUsage(used, self._allowed, self._disk_free(self.path), self._reserve.present)

    def cap_growth(self) -> None:
        """Let the file grow no further, as on a disk without room: the newest takes the oldest's place."""
        self._retention.cap_growth()

    def lift_cap(self) -> None:
        """Let the file grow to what is allowed."""
        self._retention.lift_cap()

    def _apply(self, batch: Batch, incoming: int, counts: Counter[str]) -> Receipt:
        now = max((one.steady for one in batch if one.steady is not None), default=None)
        self._retention.step(now, incoming, counts)
        first, to = self._samples.last + 1, WriteContext(self._db, counts, self._samples)
        for write in batch:
            write.apply(to)
        return Receipt(first, tuple(to.ats), tuple(to.changes))


def _connect(
    path: Path, reserve: ReserveFile, clock: Clock, vfs: str | None, held: IO[bytes]
) -> tuple[apsw.Connection, Path | None]:
    """Connect, having moved a damaged file aside or given up the ballast where that is what it takes."""
    moved = None
    try:
        return connect_writer(path, vfs), None
    except UnsoundFile as error:
        if vfs is None and not may_be_ours(path, APPLICATION, held):
            hint = Wording("store.give-another-store-path-nothing")
            raise UsageError(Wording("store.this-file-no-journal"), where=str(path), hint=hint) from error
        moved = move_aside(path, clock.now()[0])
    except (apsw.FullError, apsw.IOError):
        reserve.release()
    except (ForeignFile, apsw.Error) as error:
        raise UsageError(Wording("store.cannot-opened-2", error=error), where=str(path)) from error
    try:
        return connect_writer(path, vfs), moved
    except (apsw.FullError, apsw.IOError) as error:
        if disk_free(path) > MIB:
            raise UsageError(
                Wording("store.cannot-opened-2", error=error),
                where=str(path),
                hint=Wording("store.check-disk"),
            ) from error
        hint = Wording("store.free-some-mib-there-nothing")
        raise UsageError(Wording("store.there-no-room-on-its"), where=str(path), hint=hint) from error
    except (UnsoundFile, ForeignFile, apsw.Error) as error:
        raise UsageError(Wording("store.cannot-opened-2", error=error), where=str(path)) from error
