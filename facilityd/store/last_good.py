"""When a stream's signals last had a good value: looked for backwards, within bounds."""

from __future__ import annotations

from collections.abc import Collection

import apsw

from facilityd.model.sample import SignalType
from facilityd.store.chunk import LONGEST
from facilityd.store.rollup import HOUR
from facilityd.store.schema import MINUTE, select, single
from facilityd.store.stream_rows import stream_rows

_PAGE = 60
ROWS = 3000
"""Samples of one stream that are looked at; a value that is older has no known age."""
# The last minute up to one that holds anything: gaps of months cost one step.
_MINUTE = "SELECT max(at / 60000000000) FROM sample WHERE at / 60000000000 <= ?"
_SEALED = "SELECT max(last_at) FROM chunk WHERE stream = ? AND last_at <= ?"
_TOUCHING = (
    "SELECT 1 FROM chunk WHERE stream = ?1 AND last_at > ?2 AND last_at < ?3 AND first_at <= ?2 LIMIT 1"
)


def last_good(
    db: apsw.Connection, stream: int, types: tuple[SignalType, ...], wanted: Collection[int], before: int
) -> dict[int, int]:
    """Return, by a signal's index, when its newest good value up to ``before`` was read, ns UTC."""
    found: dict[int, int] = {}
    missing, looked, end = set(wanted), 0, before + 1
    while missing and looked < ROWS:
        newest = _newest(db, stream, end - 1)
        if newest is None:
            break
        begin, end = newest // HOUR * HOUR, min(end, newest + 1)
        for at, values, reasons in reversed(stream_rows(db, stream, types, begin, end)):
            good = {index for index in missing if values[index] is not None and index not in reasons}
            found |= dict.fromkeys(good, at)
            missing -= good
            looked += 1
        looked += _PAGE  # a stream that was not there costs something too
        end = begin
    return found


def _newest(db: apsw.Connection, stream: int, at: int) -> int | None:
    """Return the end of the last minute up to an instant (ns UTC) in which there may be a sample."""
    rows = select(db, _MINUTE, (at // MINUTE,))[0][0]
    sealed = select(db, _SEALED, (stream, at))[0][0]
    inside = single(db, _TOUCHING, (stream, at, at + LONGEST))
    found = [] if rows is None else [min(at, (rows + 1) * MINUTE - 1)]
    return max([*found, *([] if sealed is None else [sealed]), *([at] if inside else [])], default=None)
