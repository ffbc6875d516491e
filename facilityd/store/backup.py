"""A copy of a journal while the daemon writes it, checked through and through, and the way back.

SQLite copies page by page what one moment had; the writer goes on meanwhile. A copy bears its name only when
it is whole, durable and was read from its first page to its last.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import apsw

from facilityd.errors import UsageError, system_reason
from facilityd.model.message import Wording
from facilityd.model.photo import PHOTO
from facilityd.model.whole_file import sync_folder
from facilityd.store.checksum import NOTHING, sound
from facilityd.store.columns import DamagedColumns, sources
from facilityd.store.files import beside, check_regular, lock, mark_open, move_aside
from facilityd.store.owner import check_owner, other_version
from facilityd.store.rollup_blocks import KEY
from facilityd.store.schema import VERSION, ForeignFile, connect_reader, single, version_of
from facilityd.store.sealed import chunk

Progress = Callable[[int, int], None]
"""Called with what is done and the whole, in pages or rows."""
_PAGES = 2048
"""Copied at a time, between two words on progress."""
_COLUMNS = "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table'"
_DETAILS = {
    "change": "SELECT CAST(details AS BLOB) FROM change WHERE details LIKE '%photo%'",
    "task_event": "SELECT CAST(details AS BLOB) FROM task_event WHERE details LIKE '%photo%'",
}
_NAMED = re.compile(rf'"photo":\s*"({PHOTO})"'.encode(), re.ASCII)


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a copy holds: bytes, the id of the last sample and its instant (ns UTC; 0 where there is none).

    ``damaged``: so many samples, chunks and blocks of roll-ups are not what was written, in the journal too.
    """

    size: int
    last_sample: int
    last_at: int
    damaged: int


def back_up(
    journal: Path, target: Path, site: str,
    progress: Progress | None = None, also: Callable[[frozenset[str]], None] = lambda _: None,
) -> BackupReport:  # fmt: skip
    """Copy a journal that may be written meanwhile to a file that is not there yet, and check the copy.

    ``also`` is called with the photos that the copy names, before the copy bears its name.

    Raises UsageError: no journal, another site's, a target that is there, no room, a copy that is not sound.
    """
    check_regular(journal)
    if not journal.exists():
        raise UsageError(Wording("store.no-journal-yet"), where=str(journal))
    part = target.with_name(f"{target.name}.part")
    note = beside(part, "-journal")  # of SQLite, where it could not finish
    if target.exists() or target.is_symlink():
        raise UsageError(Wording("store.backup-there"), where=str(target))
    try:
        _begin(part)
        _copy(journal, part, site, progress)
        report = check_backup(part, site, progress)
        also(photos_named(part))
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.rename(target)
        sync_folder(target.parent)
    except (OSError, apsw.Error) as error:
        raise UsageError(Wording("store.backup-failed", error=_reason(error)), where=str(target)) from error
    finally:
        for path in (part, note):
            with suppress(OSError):
                path.unlink(missing_ok=True)
    return report


def _begin(part: Path) -> None:
    """Make an empty file for a copy. Raises OSError, which says why where SQLite says only that it cannot."""
    for path in (part, beside(part, "-journal")):
        path.unlink(missing_ok=True)
    part.open("xb").close()


def _copy(journal: Path, part: Path, site: str, progress: Progress | None) -> None:
    with closing(connect_reader(journal)) as source, closing(apsw.Connection(str(part))) as target:
        _check_version(source, journal)
        check_owner(source, journal, site)
        source.execute("BEGIN")  # one moment for all pages, however long it takes
        source.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        _copy_pages(source, target, progress)
        target.pragma("journal_mode", "DELETE")  # a copy is one file


def _copy_pages(source: apsw.Connection, target: apsw.Connection, progress: Progress | None) -> None:
    try:
        with target.backup("main", source, "main") as copying:
            while not copying.done:
                copying.step(_PAGES)
                if progress:
                    progress(copying.page_count - copying.remaining, copying.page_count)
    except (apsw.FullError, apsw.IOError) as error:  # of which SQLite says "not an error"
        if code := target.system_errno:
            raise OSError(code, os.strerror(code)) from error
        raise


def check_backup(path: Path, site: str, progress: Progress | None = None) -> BackupReport:
    """Read a copy from its first page to its last. Raises UsageError where it cannot serve.

    What was damaged in the journal already is damaged in its copy: counted, and no reason to refuse it.
    """
    with closing(connect_reader(path)) as db:
        try:
            _check_version(db, path)
            check_owner(db, path, site)
            verdict = str(db.pragma("integrity_check", 1))
            damaged = 0 if verdict != "ok" else _damaged(db, progress)
        except (apsw.Error, ForeignFile, UnicodeDecodeError) as error:
            verdict = str(error)
        if verdict != "ok":
            raise UsageError(Wording("store.backup-unsound", why=verdict), where=str(path))
        last = single(db, "SELECT max(sample) FROM tail") or 0
        at = single(db, "SELECT max(at) FROM tail") or 0
    return BackupReport(path.stat().st_size, last, at, damaged)


def photos_named(path: Path) -> frozenset[str]:
    """Return the names of the photos of which a journal tells."""
    found: set[str] = set()
    with closing(connect_reader(path)) as db:
        there = db.execute(_COLUMNS).fetchall()  # an old journal has not all of them
        for table, statement in _DETAILS.items():
            if (table, "details") in there:
                found.update(
                    name.decode() for (row,) in db.execute(statement) for name in _NAMED.findall(row)
                )
    return frozenset(found)


def _check_version(db: apsw.Connection, path: Path) -> None:
    try:
        version = version_of(db)
    except ForeignFile as error:
        raise UsageError(Wording("store.this-file-no-journal"), where=str(path)) from error
    if not 0 < version <= VERSION:
        nothing = UsageError(Wording("store.this-file-no-journal"), where=str(path))
        raise other_version(path, version) if version else nothing


def _damaged(db: apsw.Connection, progress: Progress | None) -> int:
    """Return how many samples, chunks and blocks of roll-ups do not have their checksums."""
    found = 0
    rows = db.execute("SELECT stream, at, data, CAST(reasons AS BLOB), checksum FROM sample")
    found += sum(sound(*row)[0] is NOTHING for row in rows)
    if "chunk" in {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}:
        numbers = [number for (number,) in db.execute("SELECT id FROM chunk")]
        for done, number in enumerate(numbers, 1):
            one = chunk(db, number)
            found += one is not None and not one.places()
            if progress and done % 1000 == 0:
                progress(done, len(numbers))
    return found + _damaged_blocks(db)


def _damaged_blocks(db: apsw.Connection) -> int:
    if "rollup" not in {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}:
        return 0
    found = 0
    for *place, data in db.execute("SELECT stream, signal, level, block, data FROM rollup"):
        try:
            sources(data, KEY.pack(*place))
        except DamagedColumns:
            found += 1
    return found


def restore(
    backup: Path, journal: Path, site: str, at: int,
    progress: Progress | None = None, also: Callable[[frozenset[str]], None] = lambda _: None,
) -> Path | None:  # fmt: skip
    """Put a copy in the place of a journal, which is renamed; return where that is now, if there was one.

    ``at`` (ns UTC) stamps its new name; ``also`` as with a backup.

    Raises UsageError: a daemon runs, the copy cannot serve, no room.
    """
    if not backup.is_file():
        raise UsageError(Wording("store.backup-missing"), where=str(backup))
    check_backup(backup, site, progress)
    journal.parent.mkdir(parents=True, exist_ok=True)
    part = beside(journal, ".restored")
    held = lock(journal)
    try:
        _begin(part)
        with closing(connect_reader(backup)) as source, closing(apsw.Connection(str(part))) as target:
            _copy_pages(source, target, progress)
        also(photos_named(part))
        with part.open("rb") as file:
            os.fsync(file.fileno())
        before = _set_aside(journal, held, at) if journal.exists() else None
        part.rename(journal)  # in one step: a kill leaves either the old file or the new one
        sync_folder(journal.parent)
        mark_open(held, is_open=False)
    except (OSError, apsw.Error) as error:
        raise UsageError(Wording("store.backup-failed", error=_reason(error)), where=str(journal)) from error
    finally:
        held.close()
    return before


def _reason(error: Exception) -> str:
    """Return why. Of a full disk SQLite knows the kind of error, and no text for it ("not an error")."""
    return os.strerror(errno.ENOSPC) if isinstance(error, apsw.FullError) else system_reason(error)


def _set_aside(journal: Path, held: IO[bytes], at: int) -> Path:
    """Give a journal a second name, and its log another, so that there is one at its place at any moment.

    What is in the log is written back first: a log of one journal beside another would be taken for its own.
    Where that fails (a damaged file, or none that can have two names) all of it is renamed.
    """
    with suppress(apsw.Error, OSError):
        with closing(apsw.Connection(str(journal))) as db:
            db.set_busy_timeout(1000)
            busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()[0]
        log = beside(journal, "-wal")
        if not busy and not (log.exists() and log.stat().st_size):
            mark_open(held, is_open=False)  # at the next start nobody misses that log
            return move_aside(journal, at, "before-restore", keep=True)
    return move_aside(journal, at, "before-restore")
