"""All values of one stream over a short span, from rows and from chunks."""

from __future__ import annotations

from collections.abc import Mapping

import apsw

from facilityd.model.quality import Reason
from facilityd.model.sample import SignalType
from facilityd.store.checksum import sound
from facilityd.store.packing import Values, layout, understand
from facilityd.store.schema import MINUTE, select
from facilityd.store.sealed import sealed_rows

# The index is by minute; the names of the minutes are listed, so that each costs one step.
_ROWS = """
WITH RECURSIVE m(n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM m WHERE n < ?2)
SELECT s.id, s.at, s.data, CAST(s.reasons AS BLOB), s.checksum FROM m CROSS JOIN sample s
ON s.at / 60000000000 = m.n AND s.stream = ?3 AND s.at >= ?4 AND s.at < ?5 ORDER BY s.at
"""
StreamRow = tuple[int, Values, Mapping[int, Reason]]
"""(at in ns UTC, values, reasons by index)."""


def raw_rows(
    db: apsw.Connection, stream: int, types: tuple[SignalType, ...], since: int, until: int
) -> list[tuple[int, int, Values, Mapping[int, Reason]]]:
    """Return (id, at, values, reasons) of the rows of a stream at since <= at < until (ns UTC), in order."""
    unpacked, found = layout(types).unpack, []
    for number, at, data, told, check in select(
        db, _ROWS, (since // MINUTE, until // MINUTE + 1, stream, since, until)
    ):
        found.append((number, at, *unpacked(*sound(stream, at, data, told, check))))
    return found


def stream_rows(
    db: apsw.Connection, stream: int, types: tuple[SignalType, ...], since: int, until: int
) -> list[StreamRow]:
    """Return the samples of a stream at since <= at < until (ns UTC), in the order of their instants.

    Of no more than some hours: each minute costs a step.
    """
    rows = raw_rows(db, stream, types, since, until)  # before the chunks: what is no row is in one by then
    sealed = sealed_rows(db, stream, types, since, until)
    if not sealed:
        return [row[1:] for row in rows]
    found: dict[int, StreamRow] = {row[1]: row[1:] for row in rows}
    for _, at, values, why in sealed.values():
        found[at] = at, values, understand(why, len(types)) if why else {}
    return [found[at] for at in sorted(found)]
