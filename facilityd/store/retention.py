"""What the journal forgets: the oldest first, in small steps, each one counted."""

from __future__ import annotations

from collections import Counter

import apsw

from facilityd.model.settings import RetentionSettings
from facilityd.store import losses
from facilityd.store.retention_table import TABLES, TableRetention, rollups_kept
from facilityd.store.rollup import HOUR
from facilityd.store.rollup_blocks import LEVELS
from facilityd.store.schema import PAGE, select
from facilityd.store.sealed import chunk

_OLDEST = "DELETE FROM sample WHERE id IN (SELECT id FROM sample ORDER BY id LIMIT ?) RETURNING id, at"
_EXPIRED = """
DELETE FROM sample WHERE id IN
    (SELECT id FROM sample WHERE at / 60000000000 < ? / 60000000000 ORDER BY at / 60000000000 LIMIT ?)
RETURNING id, at
"""
# Only the head of a table is looked at, so that a step costs the same however much there is.
_HEAD = """
DELETE FROM {0} WHERE {1} IN (SELECT {1} FROM (SELECT * FROM {0} ORDER BY {1} LIMIT 200) WHERE {2} < ? {3})
"""
_SURPLUS = "DELETE FROM {0} WHERE {1} <= (SELECT max({1}) FROM {0}) - ?"
_SURPLUS_OF = """
DELETE FROM {0} WHERE {2} = ?1 AND {1} <=
    (SELECT {1} FROM {0} WHERE {2} = ?1 ORDER BY {1} DESC LIMIT 1 OFFSET ?2)
"""
_NEXT_STREAM = """
SELECT id, CASE WHEN json_valid(types) THEN json_array_length(types) ELSE 0 END
FROM stream WHERE id > ? ORDER BY id LIMIT 1
"""
_OLD_ROLLUPS = "DELETE FROM rollup WHERE stream = ? AND level = ? AND signal = ? AND block < ?"
_OLDEST_CHUNKS = "SELECT id, count, last_at FROM chunk ORDER BY id LIMIT 16"
_DROP_CHUNK = "DELETE FROM chunk WHERE id = ?"
_SMALLER = 8
"""So many sealed samples take the room of one that is a row, about."""
_PURGED = "INSERT OR IGNORE INTO purged_hour(hour) VALUES(?)"
_STEP = 200
_SMALL_EVERY = 256
_LOOK = 60 * 10**9
"""ns between two looks while little comes in and nothing was found to forget."""


class Retention:
    """Keeps samples for ``max_age`` (ns), other tables as ``settings`` say, the file within ``max_bytes``.

    Since a sink takes samples in the order of their ids, the oldest first means what every sink has
    taken before what some sink still wants; the latter is counted as ``purged_unsent`` and on record as
    a loss. What goes because the disk has no room, though the file might be larger, is ``purged_early``.
    """

    def __init__(
        self, db: apsw.Connection, max_bytes: int, max_age: int, settings: RetentionSettings
    ) -> None:
        self._db, self._max_age, self._settings = db, max_age, settings
        self._allowed = max_bytes // PAGE
        self._steps = self._owed = self._looked = self._stream = 0
        self._behind = self._squeezed = False
        self.lift_cap()

    def step(self, now: int | None, incoming: int, counts: Counter[str]) -> None:
        """Forget a little, in proportion to what comes in. ``now`` in ns of the steady clock."""
        self._owed += incoming
        self._steps += 1
        if now is not None and self._steps % _SMALL_EVERY == 0:
            self._tidy(now)
        if now is not None and self._owed < _STEP and not self._behind and 0 <= now - self._looked < _LOOK:
            return
        incoming, self._owed, self._looked = self._owed, 0, now or self._looked
        budget, before = max(_STEP, incoming + incoming // 4), counts.total()
        if self.used_pages() > self._high:
            self.purge(budget, counts)
        elif now is not None:
            horizon = now - self._max_age
            self._count([*self._drop_chunks(budget, horizon), *self._expired(horizon, budget)], counts)
        self._behind = counts.total() > before

    def set_limits(self, max_bytes: int, max_age: int, settings: RetentionSettings) -> None:
        """Keep to other limits from now on; bytes and ns. What is too much by now goes in small steps."""
        self._max_age, self._settings = max_age, settings
        self._allowed, self._looked = max_bytes // PAGE, 0
        if not self._squeezed:
            self.lift_cap()

    def cap_growth(self) -> None:
        """Let the file grow no further: the room that the ballast gave back is for the log alone."""
        self._limit(int(self._db.pragma("page_count")))
        self._squeezed = True

    def lift_cap(self) -> None:
        """Let the file grow to what is allowed."""
        self._limit(self._allowed)
        self._squeezed = False

    def _limit(self, pages: int) -> None:
        self._db.pragma("max_page_count", pages)
        self._high = pages - max(pages // 20, min(64, pages // 4))

    def purge(self, rows: int, counts: Counter[str]) -> None:
        """Forget the oldest samples: those that were sealed, and then rows."""
        before = counts["purged"]
        gone = self._drop_chunks(rows * _SMALLER)
        self._count(gone or select(self._db, _OLDEST, (rows,)), counts)
        if self._squeezed:
            counts["purged_early"] += counts["purged"] - before

    def _expired(self, horizon: int, rows: int) -> list[tuple[int, int]]:
        return select(self._db, _EXPIRED, (horizon, rows))

    def _drop_chunks(self, samples: int, horizon: int | None = None) -> list[tuple[int, int]]:
        """Forget the oldest chunks, of so many samples at least; with a ``horizon`` (ns), if older than it.

        Return (id, instant) of what was in them.
        """
        gone: list[tuple[int, int]] = []
        for number, count, last_at in select(self._db, _OLDEST_CHUNKS):
            if samples <= 0:
                break
            if horizon is None or last_at < horizon:
                found = chunk(self._db, number)
                gone += found.forgotten() if found else []
                self._db.execute(_DROP_CHUNK, (number,))
                samples -= count
        return gone

    def used_pages(self) -> int:
        """Return the pages in use; the file does not shrink, free pages are used again."""
        return int(self._db.pragma("page_count")) - int(self._db.pragma("freelist_count"))

    def _count(self, gone: list[tuple[int, int]], counts: Counter[str]) -> None:
        if not gone:
            return
        counts["purged"] += len(gone)
        # What a roll-up was computed from is there no more: a latecomer must not replace it.
        self._db.executemany(_PURGED, [(hour,) for hour in {at // HOUR for _, at in gone}])
        sent = self._db.execute("SELECT min(sample) FROM sink WHERE active = 1").get
        if sent is not None:
            unsent = [at for number, at in gone if number > sent]
            counts[losses.PURGED_UNSENT] += len(unsent)
            losses.note(self._db, unsent)

    def _tidy(self, now: int) -> None:
        for entry in TABLES:
            forget(self._db, entry, entry.horizon(now, self._max_age, self._settings), self._settings)
        self._stream = forget_rollups(self._db, self._stream, now, self._max_age, self._settings)


def forget(db: apsw.Connection, entry: TableRetention, horizon: int, settings: RetentionSettings) -> None:
    """Forget a little of one table: what is older than an instant (ns), and what is too many.

    Within a transaction.
    """
    table, key = entry.table, entry.key
    if entry.age:
        unless = f"AND NOT ({entry.unless})" if entry.unless else ""
        db.execute(_HEAD.format(table, key, entry.age, unless), (horizon,))
    if most := entry.rows(settings):
        db.execute(_SURPLUS.format(table, key), (most,))
    for column, value, most in entry.most_of:
        db.execute(_SURPLUS_OF.format(table, key, column), (value, most))


def forget_rollups(
    db: apsw.Connection, after: int, now: int, max_age: int, settings: RetentionSettings
) -> int:
    """Forget the roll-ups of one stream that are too old, as of ``now`` (ns): the one behind id ``after``.

    Return its id, 0 where there is none any more. Within a transaction.
    """
    found = select(db, _NEXT_STREAM, (after,))
    for stream, signals in found:
        for level in LEVELS:
            horizon = (now - rollups_kept(level.name, max_age, settings)) // level.span
            rows = [(stream, level.number, signal, horizon) for signal in range(signals)]
            db.executemany(_OLD_ROLLUPS, rows)
    return int(found[0][0]) if found else 0
