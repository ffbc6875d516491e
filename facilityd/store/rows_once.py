"""Hours that are not rolled up, read once for all their streams: for questions about many signals.

What was written together lies together in the file. So all streams of an hour cost one pass, where each
signal of each stream would look for every minute again. Rows are kept as bytes, without an object for each.
"""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import chain, groupby
from operator import itemgetter
from typing import Protocol, TypeVar

import apsw

from facilityd.model.downtime import Downtime
from facilityd.model.sample import Stream
from facilityd.store.checksum import sound
from facilityd.store.history import Carrier, points
from facilityd.store.packing import Layout, layout
from facilityd.store.reader import JournalReader
from facilityd.store.rollup import HOUR
from facilityd.store.schema import MINUTE, select
from facilityd.store.sealed import Point, SealedSignal, united

MOST_BYTES = 96 * 2**20
"""Of rows that are kept; the hours behind them are read signal by signal."""
_OF_ROW = 64
"""Bytes that a row takes beside its own, about."""
_DUE = "SELECT hour, stream FROM rollup_due WHERE hour BETWEEN ? AND ? AND hour > 0"
_ROWS = """
SELECT stream, at, data, CAST(reasons AS BLOB), checksum FROM sample
WHERE at / 60000000000 >= ? AND at / 60000000000 < ? AND +stream IN (SELECT value FROM json_each(?))
ORDER BY at / 60000000000, stream, at
"""
T = TypeVar("T")


class StateReader(Protocol):
    """What spans of states and modes are read from; as the methods of ``JournalReader``."""

    def streams(self) -> dict[int, Stream]:
        """Return every stream there ever was, by id."""

    def downtimes(self, since: int, until: int) -> list[Downtime]:
        """Return the times in which nobody watched that touch a span (ns UTC), in order."""

    def history(self, device: str, signal: str, since: int, until: int) -> Iterator[Point]:
        """Iterate over (at, value, reason) with since <= at < until, in ns UTC."""

    def of_signal(
        self, device: str, signal: str, work: Callable[[apsw.Connection, Sequence[Carrier]], T]
    ) -> T:
        """Return what ``work`` makes of the streams that carry a signal."""


@dataclass(frozen=True, slots=True)
class _HourRows:
    """Rows of one stream: where each has all its values their bytes one behind the other, else one by one."""

    ats: array[int]
    whole: bytes
    each: tuple[tuple[bytes, str | None], ...]

    def points(self, packed: Layout, index: int, since: int, until: int) -> Iterator[Point]:
        first, last = bisect_left(self.ats, since), bisect_left(self.ats, until)
        if not self.each:
            column = packed.column(index)
            part = memoryview(self.whole)[first * column.size : last * column.size]
            for at, (value,) in zip(self.ats[first:last], column.iter_unpack(part), strict=True):
                yield at, value, None
            return
        for at, (data, text) in zip(self.ats[first:last], self.each[first:last], strict=True):
            values, reasons = packed.unpack(data, text)
            yield at, values[index], reasons.get(index)


class RowsOnce:
    """A ``StateReader`` that remembers the rows of hours that are due to be rolled up when it is made.

    ``devices``: those that will be asked for; ``span`` (ns UTC): when. What else is asked is read as ever.
    """

    def __init__(
        self,
        reader: JournalReader,
        devices: Collection[str],
        span: tuple[int, int],
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._reader, self._left = reader, most_bytes
        self._types = {n: one.types for n, one in reader.streams().items() if one.device in devices}
        self._hours: dict[int, Mapping[int, _HourRows] | None] = {}
        self._due: dict[int, list[int]] = defaultdict(list)
        self._streams: dict[int, list[int]] = defaultdict(list)
        for hour, stream in sorted(reader.of_signal("", "", lambda db, _: _due(db, span))):
            if stream in self._types:
                self._due[stream].append(hour)
                self._streams[hour].append(stream)

    def streams(self) -> dict[int, Stream]:
        """Return every stream there ever was, by id."""
        return self._reader.streams()

    def downtimes(self, since: int, until: int) -> list[Downtime]:
        """Return the times in which nobody watched that touch a span (ns UTC), in order."""
        return self._reader.downtimes(since, until)

    def of_signal(
        self, device: str, signal: str, work: Callable[[apsw.Connection, Sequence[Carrier]], T]
    ) -> T:
        """Return what ``work`` makes of the streams that carry a signal."""
        return self._reader.of_signal(device, signal, work)

    def history(self, device: str, signal: str, since: int, until: int) -> Iterator[Point]:
        """Iterate over (at, value, reason) with since <= at < until, in ns UTC."""

        def work(db: apsw.Connection, carriers: Sequence[Carrier]) -> Iterator[Point]:
            runs = [self._run(db, one, since, until) for one in carriers]
            return runs[0] if len(runs) == 1 else merge(*runs, key=itemgetter(0))

        return self.of_signal(device, signal, work)

    def _run(self, db: apsw.Connection, one: Carrier, since: int, until: int) -> Iterator[Point]:
        packed = layout(one.types)
        for first, last, hours in self._parts(db, one.stream, since, until):
            if hours is None:
                yield from points(db, [one], first, last)
                continue
            sealed = SealedSignal(db, one.stream, one.types, one.index, (first, last))
            raw = (hour.points(packed, one.index, first, last) for hour in hours)
            yield from united(sealed.points(first, last), chain.from_iterable(raw))

    def _parts(
        self, db: apsw.Connection, stream: int, since: int, until: int
    ) -> Iterator[tuple[int, int, list[_HourRows] | None]]:
        """Yield (from, to, rows) of parts that follow each other; None: they are not remembered.

        The rows of a part are all read before anybody looks for its chunks: see ``store.sealed``.
        """
        due = self._due.get(stream, [])
        own = due[bisect_left(due, since // HOUR) : bisect_left(due, -(-until // HOUR))]
        kept = [hour for hour in own if self._read(db, hour) is not None]
        edge = since
        for _, run in groupby(enumerate(kept), lambda pair: pair[1] - pair[0]):
            numbers = [hour for _, hour in run]
            first, last = max(since, numbers[0] * HOUR), min(until, (numbers[-1] + 1) * HOUR)
            if edge < first:
                yield edge, first, None
            found = [rows[stream] for n in numbers if (rows := self._hours[n]) and stream in rows]
            yield first, last, found
            edge = last
        if edge < until:
            yield edge, until, None

    def _read(self, db: apsw.Connection, hour: int) -> Mapping[int, _HourRows] | None:
        """Return the rows of an hour by stream, None where there is no room for them."""
        if hour not in self._hours:
            found = self._hour(db, hour) if self._left > 0 else None
            self._hours[hour] = found
            for one in (found or {}).values():
                held = len(one.whole) + sum(len(data) for data, _ in one.each)
                self._left -= held + _OF_ROW * len(one.each) + 8 * len(one.ats)
        return self._hours[hour]

    def _hour(self, db: apsw.Connection, hour: int) -> dict[int, _HourRows]:
        minutes = hour * HOUR // MINUTE, (hour + 1) * HOUR // MINUTE
        rows: dict[int, list[tuple[int, tuple[bytes, str | None]]]] = defaultdict(list)
        for stream, at, data, told, check in select(db, _ROWS, (*minutes, json.dumps(self._streams[hour]))):
            rows[stream].append((at, sound(stream, at, data, told, check)))
        return {stream: _packed(layout(self._types[stream]), found) for stream, found in rows.items()}


def _packed(packed: Layout, rows: Sequence[tuple[int, tuple[bytes, str | None]]]) -> _HourRows:
    ats = array("q", (at for at, _ in rows))
    if all(text is None and len(data) == packed.whole_size for _, (data, text) in rows):
        return _HourRows(ats, b"".join(data for _, (data, _) in rows), ())
    return _HourRows(ats, b"", tuple(row for _, row in rows))


def _due(db: apsw.Connection, span: tuple[int, int]) -> list[tuple[int, int]]:
    """Return (hour since 1970, stream) of what is to be rolled up and may be asked for."""
    since, until = span
    return select(db, _DUE, (since // HOUR - 1, until // HOUR))
