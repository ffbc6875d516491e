"""The journal's tables, and how a connection to them is set up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.whole_file import sync_folder

CACHE_KIB = 2048
"""Pages kept in memory. 16 MiB made no commit quicker, and took three hours of steady growth to fill."""

PAGE = 4096
"""Bytes."""
APPLICATION = 0x66616344  # "facD"
MINUTE = 60_000_000_000
"""ns; spelled out in SQL, where the index needs the very same expression."""

# The index on samples begins with the minute, not with the stream: what is written together lies
# together. With (stream, at) a commit of 1,000 streams dirties 1,000 pages (decision 0002).
_TABLES = """
CREATE TABLE stream(
    id INTEGER PRIMARY KEY, device TEXT NOT NULL, unit TEXT NOT NULL, family TEXT NOT NULL,
    link TEXT NOT NULL, signals TEXT NOT NULL, types TEXT NOT NULL, expected INTEGER NOT NULL,
    UNIQUE(device, unit, family, link, signals, types, expected)
) STRICT;
CREATE TABLE sample(
    id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL, reasons TEXT
) STRICT;
CREATE UNIQUE INDEX sample_at ON sample(at / 60000000000, stream, at);
CREATE TABLE tail(
    stream INTEGER PRIMARY KEY, sample INTEGER NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE TABLE finding(
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, device TEXT NOT NULL, rule TEXT NOT NULL,
    verdict INTEGER, evidence TEXT NOT NULL, sample INTEGER
) STRICT;
CREATE TABLE change(
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, device TEXT NOT NULL, rule TEXT NOT NULL,
    occurrence INTEGER NOT NULL, kind TEXT NOT NULL, evidence TEXT, person TEXT NOT NULL,
    comment TEXT NOT NULL, sample INTEGER
) STRICT;
CREATE TABLE alarm(
    device TEXT NOT NULL, rule TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY(device, rule)
) STRICT, WITHOUT ROWID;
CREATE TABLE outbox(
    id INTEGER PRIMARY KEY, change INTEGER, at INTEGER NOT NULL, key TEXT NOT NULL UNIQUE,
    recipient TEXT NOT NULL, channel TEXT NOT NULL, purpose TEXT NOT NULL, body TEXT NOT NULL,
    state TEXT NOT NULL, attempts INTEGER NOT NULL, next_at INTEGER NOT NULL, error TEXT NOT NULL
) STRICT;
CREATE INDEX outbox_open ON outbox(next_at) WHERE state = 'waiting';
CREATE TABLE sink(
    name TEXT PRIMARY KEY, sample INTEGER NOT NULL, change INTEGER NOT NULL, active INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE parked(
    id INTEGER PRIMARY KEY, sink TEXT NOT NULL, sample INTEGER NOT NULL, at INTEGER NOT NULL,
    reason TEXT NOT NULL, line TEXT NOT NULL, UNIQUE(sink, sample)
) STRICT;
CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
_LEARNING = """
CREATE TABLE memory(
    device TEXT NOT NULL, rule TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY(device, rule)
) STRICT, WITHOUT ROWID;
CREATE TABLE baseline(
    device TEXT NOT NULL, rule TEXT NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL,
    since INTEGER NOT NULL, until INTEGER NOT NULL, person TEXT NOT NULL, comment TEXT NOT NULL,
    data TEXT NOT NULL, retired INTEGER, PRIMARY KEY(device, rule, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE mark(
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, device TEXT NOT NULL, kind TEXT NOT NULL,
    since INTEGER NOT NULL, until INTEGER NOT NULL, fault TEXT NOT NULL, note TEXT NOT NULL,
    person TEXT NOT NULL, revoked INTEGER
) STRICT;
"""
_READINESS = """
CREATE TABLE waiver(
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, device TEXT NOT NULL, item TEXT NOT NULL,
    until INTEGER NOT NULL, person TEXT NOT NULL, reason TEXT NOT NULL, revoked INTEGER, revoker TEXT
) STRICT;
CREATE TABLE readiness(
    ceremony INTEGER NOT NULL, before INTEGER NOT NULL, device TEXT NOT NULL, name TEXT NOT NULL,
    at INTEGER NOT NULL, ready INTEGER NOT NULL, items TEXT NOT NULL, PRIMARY KEY(ceremony, before, device)
) STRICT, WITHOUT ROWID;
"""
_SOUNDNESS = """
ALTER TABLE sample ADD COLUMN checksum INTEGER;
CREATE TABLE dead_letter(
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, source TEXT NOT NULL, reason TEXT NOT NULL,
    content TEXT NOT NULL
) STRICT;
"""
_DOWNTIME = """
CREATE TABLE downtime(
    id INTEGER PRIMARY KEY, since INTEGER NOT NULL, until INTEGER NOT NULL, why TEXT NOT NULL
) STRICT;
"""
_CHANGES_TO_SINKS = """
ALTER TABLE change ADD COLUMN state TEXT;
ALTER TABLE change ADD COLUMN condition TEXT;
ALTER TABLE change ADD COLUMN priority TEXT;
ALTER TABLE parked RENAME TO parked_samples;
CREATE TABLE parked(
    id INTEGER PRIMARY KEY, sink TEXT NOT NULL, kind TEXT NOT NULL, row INTEGER NOT NULL, at INTEGER NOT NULL,
    reason TEXT NOT NULL, line TEXT NOT NULL, UNIQUE(sink, kind, row)
) STRICT;
INSERT INTO parked(id, sink, kind, row, at, reason, line)
    SELECT id, sink, 'sample', sample, at, reason, line FROM parked_samples;
DROP TABLE parked_samples;
"""
_COMMAND = """
CREATE TABLE command(
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, person TEXT NOT NULL,
    at INTEGER NOT NULL, origin TEXT NOT NULL, account TEXT NOT NULL, payload TEXT NOT NULL,
    refusal TEXT NOT NULL, done_at INTEGER NOT NULL
) STRICT;
"""
_DETAILS = """
ALTER TABLE change ADD COLUMN details TEXT;
"""
_ESCALATION = """
CREATE TABLE escalation(
    device TEXT NOT NULL, rule TEXT NOT NULL, occurrence INTEGER NOT NULL, since INTEGER NOT NULL,
    step INTEGER NOT NULL, due_at INTEGER NOT NULL, PRIMARY KEY(device, rule)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_deferred ON outbox(next_at) WHERE state = 'deferred';
"""
# What the journal holds already is noted as due: it is rolled up little by little.
_ROLLUPS = """
CREATE TABLE rollup(
    stream INTEGER NOT NULL, signal INTEGER NOT NULL, level INTEGER NOT NULL, block INTEGER NOT NULL,
    count INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY(stream, level, signal, block)
) STRICT, WITHOUT ROWID;
CREATE TABLE rollup_due(
    hour INTEGER NOT NULL, stream INTEGER NOT NULL, PRIMARY KEY(hour, stream)
) STRICT, WITHOUT ROWID;
CREATE TABLE purged_hour(hour INTEGER PRIMARY KEY) STRICT;
INSERT INTO rollup_due(hour, stream)
    SELECT at / 3600000000000, stream FROM sample
    UNION SELECT at / 3600000000000 + 1, stream FROM sample;
"""
_TASK = """
CREATE TABLE task_event(
    id INTEGER PRIMARY KEY, task INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL,
    person TEXT NOT NULL, note TEXT NOT NULL, details TEXT NOT NULL
) STRICT;
"""
# A chunk is a run of one stream's samples of a day at most; its ids and instants are bounds of what is in it.
_CHUNK = """
CREATE TABLE chunk(
    id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    first_at INTEGER NOT NULL, last_at INTEGER NOT NULL, count INTEGER NOT NULL, texts TEXT,
    data BLOB NOT NULL
) STRICT;
CREATE INDEX chunk_at ON chunk(stream, last_at);
CREATE INDEX chunk_first ON chunk(first, last);
CREATE INDEX chunk_last ON chunk(last);
"""
MIGRATIONS = (
    _TABLES, _LEARNING, _READINESS, _SOUNDNESS, _DOWNTIME, _CHANGES_TO_SINKS, _COMMAND, _DETAILS, _ESCALATION,
    _ROLLUPS, _TASK, _CHUNK,
)  # fmt: skip
"""What each version added. A journal of an older one gets what it lacks when the daemon opens it."""
VERSION = len(MIGRATIONS)


class UnsoundFile(Exception):
    """The file is not a sound journal."""


class ForeignFile(Exception):
    """The file is sound and not ours: another program's, or a newer facilityd's."""


def connect_writer(path: Path, vfs: str | None) -> apsw.Connection:
    """Open or create the file for the one writer. Raises UnsoundFile, ForeignFile, apsw.Error."""
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    if vfs is None and not path.exists():
        _create_file(path, flags)
    db = apsw.Connection(str(path), flags=flags, vfs=vfs)
    try:
        _prepare(db, shared=vfs is None)
    except (apsw.NotADBError, apsw.CorruptError, UnicodeDecodeError) as error:
        db.close()
        raise UnsoundFile(str(error)) from error
    except BaseException:
        db.close()
        raise
    return db


def _create_file(path: Path, flags: int) -> None:
    """Make a new file under another name first: no reader ever sees one without its tables."""
    part = path.with_name(f"{path.name}.new")
    part.unlink(missing_ok=True)
    db = apsw.Connection(str(part), flags=flags)
    try:
        db.pragma("page_size", PAGE)
        migrate(db, 0)
    except BaseException:
        db.close()
        part.unlink(missing_ok=True)
        raise
    db.close()
    part.rename(path)
    sync_folder(path.parent)  # what is committed later must not lose its name


def connect_reader(path: Path) -> apsw.Connection:
    """Open the file so that nothing can be written. Raises apsw.Error."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    db.set_busy_timeout(5000)
    return db


_DAMAGED = (apsw.CorruptError, apsw.NotADBError, apsw.IOError, apsw.SQLError, UnicodeDecodeError)
"""What SQLite says of damage; an error in a statement where a flipped bit renamed a table or column."""


def select(db: apsw.Connection, sql: str, bindings: tuple[Any, ...] = ()) -> list[Any]:
    """Return all rows, so that the read transaction ends at once. Raises UsageError for damage."""
    try:
        return db.execute(sql, bindings).fetchall()
    except _DAMAGED as error:  # the check at the start looks into no index
        hint = Wording("store.keep-copy-file-have-engineer")
        raise UsageError(Wording("store.journal-damaged"), where=db.filename, hint=hint) from error


def single(db: apsw.Connection, sql: str, bindings: tuple[Any, ...] = ()) -> Any:
    """Return the first value of the first row, None where there is no row. Raises UsageError for damage."""
    rows = select(db, sql, bindings)
    return rows[0][0] if rows else None


def version_of(db: apsw.Connection) -> int:
    """Return the version of the tables; 0 for an empty file. Raises ForeignFile."""
    application, version = db.pragma("application_id"), int(db.pragma("user_version"))
    if application not in (0, APPLICATION) or (application == 0 and db.pragma("schema_version")):
        raise ForeignFile("this database belongs to another program")
    return version


def _prepare(db: apsw.Connection, *, shared: bool) -> None:
    db.set_busy_timeout(5000)
    db.pragma("page_size", PAGE)
    if not shared:  # a VFS written in Python has no shared memory
        db.pragma("locking_mode", "EXCLUSIVE")
    found = version_of(db)
    if found > VERSION:
        raise ForeignFile(f"journal of version {found}; this facilityd knows {VERSION}")
    db.pragma("journal_mode", "WAL")
    db.pragma("synchronous", "FULL")
    db.pragma("journal_size_limit", 8 * 2**20)
    db.pragma("cache_size", -CACHE_KIB)
    if found:
        verdict = db.pragma("quick_check", 1)
        if verdict != "ok":
            raise UnsoundFile(str(verdict))
        if missing := columns(empty_journal(found)) - columns(db):
            raise UnsoundFile(f"{'.'.join(min(missing))} is missing")
    if found < VERSION:
        migrate(db, found)


def empty_journal(version: int) -> apsw.Connection:
    """Return an empty journal of a version, in memory."""
    db = apsw.Connection(":memory:")
    db.execute("".join(MIGRATIONS[:version]))
    return db


def columns(db: apsw.Connection) -> set[tuple[str, str]]:
    """Return (table or index, column) of all there is."""
    sql = """
    SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c
    UNION SELECT name, '' FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL
    """
    return {(str(table), str(column)) for table, column in db.execute(sql)}


def migrate(db: apsw.Connection, found: int) -> None:
    """Give a journal of version ``found`` (0: an empty file) what it lacks; nothing in it is changed."""
    with db:
        db.execute("".join(MIGRATIONS[found:]))
        db.pragma("application_id", APPLICATION)
        db.pragma("user_version", VERSION)
