"""When a stream's signals last had a good value: looked for backwards, within bounds."""

from __future__ import annotations

import json
from collections.abc import Collection

import apsw

from facilityd.model.sample import SignalType
from facilityd.store.checksum import sound
from facilityd.store.packing import layout
from facilityd.store.schema import MINUTE, select

ROWS = 3000
"""Samples of one stream that are looked at; a value that is older has no known age."""
# The minutes before that hold anything, the newest first: gaps of months cost one step.
_MINUTES = """
WITH RECURSIVE m(n) AS (
    SELECT max(at / 60000000000) FROM sample WHERE at / 60000000000 <= ?1
    UNION ALL SELECT (SELECT max(at / 60000000000) FROM sample WHERE at / 60000000000 < n)
    FROM m WHERE n IS NOT NULL LIMIT 60
) SELECT n FROM m WHERE n IS NOT NULL
"""
_ROWS = """
SELECT at, data, CAST(reasons AS BLOB), checksum FROM sample
WHERE at / 60000000000 IN (SELECT value FROM json_each(?)) AND stream = ? ORDER BY at DESC
"""


def last_good(
    db: apsw.Connection, stream: int, types: tuple[SignalType, ...], wanted: Collection[int], before: int
) -> dict[int, int]:
    """Return, by a signal's index, when its newest good value up to ``before`` was read, ns UTC."""
    found: dict[int, int] = {}
    missing, packed, looked, minute = set(wanted), layout(types), 0, before // MINUTE
    while missing and looked < ROWS:
        minutes = [number for (number,) in select(db, _MINUTES, (minute,))]
        if not minutes:
            break
        minute = minutes[-1] - 1
        for at, data, told, check in select(db, _ROWS, (json.dumps(minutes), stream)):
            values, reasons = packed.unpack(*sound(stream, at, data, told, check))
            good = {index for index in missing if values[index] is not None and index not in reasons}
            found |= dict.fromkeys(good, at)
            missing -= good
            looked += 1
        looked += len(minutes)  # a stream that was not there costs something too
    return found
