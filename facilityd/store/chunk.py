"""Sealed samples: a run of one stream's samples as compressed columns, each chunk with a checksum.

What is read is what was stored, to the bit. A flipped bit anywhere in a chunk makes samples without values,
never a wrong one: the checksum is over the content and over what the row says of it.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from struct import Struct
from struct import error as StructError  # noqa: N812

from facilityd.model.quality import Reason
from facilityd.model.sample import SignalType, Value
from facilityd.store.checksum import DAMAGED
from facilityd.store.columns import Column, DamagedColumns, is_sound, pack, unpack
from facilityd.store.packing import Values, understand

MOST_ROWS = 512
"""Samples in a chunk at most: reading a minute decodes no more than that, and so much is lost by damage."""
LONGEST = 86_400 * 10**9
"""Between the first and the last instant in a chunk there is less, ns."""
_IDS, _ATS, _WHY, _VALUES = 0, 1, 2, 3
_KEY = Struct("<qqqqqq")
_ALWAYS = 2**63

SealedRow = tuple[int, int, Values, str | None]
"""(id, at in ns UTC, values, reasons as they are stored)."""


@dataclass(frozen=True, slots=True)
class SampleChunk:
    """A row of the table ``chunk``: bounds of ids and of instants (ns UTC), and the bytes.

    ``texts``: JSON of the words that columns refer to by number, None where there are none.
    """

    stream: int
    first: int
    last: int
    first_at: int
    last_at: int
    count: int
    texts: bytes | None
    data: bytes

    @property
    def _key(self) -> bytes:
        bounds = _KEY.pack(self.stream, self.first, self.last, self.first_at, self.last_at, self.count)
        return bounds + (self.texts or b"")

    def rows(self, types: Sequence[SignalType]) -> list[SealedRow]:
        """Return the samples in the order of their instants.

        Where it is damaged, as many without any value; they share the one id that is known.
        """
        try:
            columns, texts = self._columns(None)
            ids, ats = _whole(columns[_IDS]), _whole(columns[_ATS])
            found = [_typed(one, kind, texts) for one, kind in zip(columns[_VALUES:], types, strict=True)]
            values = list(zip(*found, strict=True)) if found else [()] * len(ids)
            return list(zip(ids, ats, values, _named(columns[_WHY], texts), strict=True))
        except _UNREADABLE:
            nothing: Values = (None,) * len(types)
            return [(self.last, at, nothing, DAMAGED) for at in self._spread()]

    def points(
        self, types: Sequence[SignalType], index: int, since: int = 0, until: int = _ALWAYS
    ) -> list[tuple[int, Value | None, Reason | None]]:
        """Return (at, value, reason) of one signal at since <= at < until (ns UTC), in order."""
        try:
            columns, texts = self._columns((_ATS, _WHY, _VALUES + index))
            every = _whole(columns[_ATS])
            part = slice(bisect_left(every, since), bisect_left(every, until))
            ats = every[part]
            values = _typed(columns[_VALUES + index][part], types[index], texts)
            named = _named(columns[_WHY][part], texts)
            told = {name: understand(name, len(types)).get(index) if name else None for name in set(named)}
            return list(zip(ats, values, [told[name] for name in named], strict=True))
        except _UNREADABLE:
            return [(at, None, Reason.DAMAGED) for at in self._spread() if since <= at < until]

    @property
    def sound(self) -> bool:
        """Whether its bytes and its bounds are those that were written."""
        try:
            return is_sound(self.data, self._key)
        except _UNREADABLE:  # bits of its own head have flipped: a column may be of any type
            return False

    def instants(self) -> list[int]:
        """Return the instants of its samples, ns UTC; none where it is damaged."""
        return [at for _, at in self.places()]

    def places(self) -> list[tuple[int, int]]:
        """Return (id, instant) of its samples; none where it is damaged."""
        try:
            columns, _ = self._columns((_IDS, _ATS))
            return list(zip(_whole(columns[_IDS]), _whole(columns[_ATS]), strict=True))
        except _UNREADABLE:
            return []

    def forgotten(self) -> list[tuple[int, int]]:
        """Return (id, instant) of as many samples as it stands for; what is damaged is counted too."""
        return self.places() or [(self.last, at) for at in self._spread()]

    def _columns(self, only: Collection[int] | None) -> tuple[list[Column], list[str]]:
        columns = unpack(self.data, self.count, self._key, only)
        return columns, json.loads(self.texts) if self.texts else []

    @property
    def _told(self) -> int:
        """How many samples a damaged chunk stands for: its own word may be damaged too."""
        return max(1, min(self.count, MOST_ROWS))

    def _spread(self) -> Iterator[int]:
        """Iterate over instants for samples whose own are not known: evenly over the time."""
        span = max(0, min(self.last_at - self.first_at, LONGEST))
        return (self.first_at + span * n // self._told for n in range(self._told))


_UNREADABLE = (DamagedColumns, StructError, ValueError, TypeError, IndexError, OverflowError)


def chunk_of(stream: int, types: Sequence[SignalType], rows: Sequence[SealedRow]) -> SampleChunk:
    """Return samples of one stream, at least one, in the order of their instants, as a chunk.

    Raises ValueError where reading it would not give the same samples.
    """
    words = sorted({why for *_, why in rows if why} | _words(types, rows))
    number = {word: place for place, word in enumerate(words)}
    ids, ats = [row[0] for row in rows], [row[1] for row in rows]
    columns: list[Column] = [list(ids), list(ats), [number[why] if why else None for *_, why in rows]]
    for index, kind in enumerate(types):
        columns.append([_plain(row[2][index], kind, number) for row in rows])
    texts = json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode() if words else None
    bounds = stream, min(ids), max(ids), ats[0], ats[-1], len(rows)
    found = SampleChunk(*bounds, texts, pack(columns, _KEY.pack(*bounds) + (texts or b"")))
    if found.rows(types) != list(rows):
        raise ValueError("a chunk that does not read as what was sealed")
    return found


def _words(types: Sequence[SignalType], rows: Sequence[SealedRow]) -> set[str]:
    places = [index for index, kind in enumerate(types) if kind is SignalType.TEXT]
    return {str(row[2][index]) for row in rows for index in places if row[2][index] is not None}


def _plain(value: Value | None, kind: SignalType, number: dict[str, int]) -> int | float | None:
    if value is None:
        return None
    if kind is SignalType.TEXT:
        return number[str(value)]
    return int(value) if kind is SignalType.BOOL else value  # type: ignore[return-value]


def _whole(column: Column) -> list[int]:
    return column  # type: ignore[return-value]  # of ids and of instants none is missing


def _typed(column: Column, kind: SignalType, texts: Sequence[str]) -> list[Value | None]:
    if kind is SignalType.BOOL:
        return [None if value is None else bool(value) for value in column]
    if kind is SignalType.TEXT:
        return [None if value is None else texts[int(value)] for value in column]
    return list(column)


def _named(column: Column, texts: Sequence[str]) -> list[str | None]:
    return [None if value is None else texts[int(value)] for value in column]
