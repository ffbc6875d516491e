"""The writer's side of streams and samples: ids, instants that never clash, packed rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import apsw

from facilityd.model.sample import Sample, Stream
from facilityd.store.batch import Write, WriteContext
from facilityd.store.checksum import checksum
from facilityd.store.packing import layout
from facilityd.store.rollup import HOUR, stale_after
from facilityd.store.sealed import SealedInstants

_INSERT = "INSERT INTO sample(id, stream, at, data, reasons, checksum) VALUES(?, ?, ?, ?, ?, ?)"
_TAIL = "INSERT OR REPLACE INTO tail(stream, sample, at) VALUES(?, ?, ?)"
_TAKEN = "SELECT 1 FROM sample WHERE at / 60000000000 = ?2 / 60000000000 AND stream = ?1 AND at = ?2"
_STREAM = """
INSERT INTO stream(device, unit, family, link, signals, types, expected) VALUES(?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET expected = expected RETURNING id
"""
_BEGINNING = -(2**63)
_DUE = "INSERT OR IGNORE INTO rollup_due(hour, stream) VALUES(?, ?)"


@dataclass(slots=True)
class _Known:
    """A stream with its last sample and newest instant; ``clash`` is (asked, given) of the last one.

    ``packed`` is what the very tuple ``values`` came to: who says the same again gives the same tuple.
    From ``low`` to before ``high`` every hour that a sample lies in, or holds into, is noted as due already.
    """

    id: int
    pack: Callable[..., tuple[bytes, str | None]]
    stale: int
    newest: int = _BEGINNING
    last: int = 0
    clash: tuple[int, int] = (_BEGINNING, _BEGINNING)
    low: int = 0
    high: int = 0
    values: object = None
    packed: tuple[bytes, str | None] = (b"", None)


class SampleTable:
    """Assigns ids that only grow, also over purges and restarts. One writer, inside a transaction."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db, self._sealed = db, SealedInstants(db)
        self.reload()

    def reload(self) -> None:
        """Forget what a rolled-back transaction did."""
        self._known: dict[Stream, _Known] = {}
        self._sealed.forget()
        last = self._db.execute("SELECT max(sample) FROM tail").get
        self._next = (last or 0) + 1

    @property
    def last(self) -> int:
        """Return the id of the last sample ever stored."""
        return self._next - 1

    def insert(self, samples: Sequence[Sample], counts: Counter[str]) -> tuple[int, tuple[int, ...]]:
        """Store samples in order; return the first id and the instants they were stored at."""
        first, ats, touched = self._next, [], {}
        rows: list[tuple[int | str | bytes | None, ...]] = []
        for number, sample in enumerate(samples, first):
            known = self._known.get(sample.stream) or self._register_stream(sample.stream)
            at = sample.at
            if at <= known.newest:
                self._db.executemany(_INSERT, rows)
                rows.clear()
                at = self._free(known, at)
                counts["bumped"] += at != sample.at
            if not known.low <= at < known.high:
                self._note_due(known, at)
            known.newest, known.last = max(at, known.newest), number
            if sample.values is not known.values or sample.reasons:
                known.packed = known.pack(sample.values, sample.reasons)
                known.values = None if sample.reasons else sample.values
            data, reasons = known.packed
            rows.append((number, known.id, at, data, reasons, checksum(known.id, at, data, reasons)))
            ats.append(at)
            touched[known.id] = known
        self._db.executemany(_INSERT, rows)
        self._db.executemany(_TAIL, [(k.id, k.last, k.newest) for k in touched.values()])
        self._next = first + len(ats)
        counts["stored"] += len(ats)
        return first, tuple(ats)

    def _note_due(self, known: _Known, at: int) -> None:
        """Note the hours whose roll-ups a sample changes: its own, and the one that it may hold into."""
        hour = at // HOUR
        beyond = (hour + 1) * HOUR - known.stale
        known.low, known.high = (hour * HOUR, beyond) if at < beyond else (beyond, beyond + known.stale)
        self._db.execute(_DUE, (hour, known.id))
        if at >= beyond:
            self._db.execute(_DUE, (hour + 1, known.id))

    def rolled(self, stream: int) -> None:
        """Take in that hours of a stream, by its id, are not due any more: what comes now is noted anew."""
        for known in self._known.values():
            if known.id == stream:
                known.low = known.high = 0

    def resealed(self) -> None:
        """Take in that chunks came or went."""
        self._sealed.forget()

    def _free(self, known: _Known, asked: int) -> int:
        """Return the first free instant from ``asked`` on: the clock went back, or time stands still."""
        at = known.clash[1] + 1 if known.clash[0] == asked else asked
        while self._db.execute(_TAKEN, (known.id, at)).get or self._sealed.taken(known.id, at):
            at += 1
        known.clash = (asked, at)
        return at

    def _register_stream(self, stream: Stream) -> _Known:
        names, types = json.dumps(stream.signals), json.dumps(stream.types)
        bindings = (stream.device, stream.unit, stream.family, stream.link, names, types, stream.expected)
        number = self._db.execute(_STREAM, bindings).get
        known = _Known(number, layout(stream.types).pack, stale_after(stream.expected))
        tail = self._db.execute("SELECT at, sample FROM tail WHERE stream = ?", (number,)).get
        if tail:
            known.newest, known.last = tail
        self._known[stream] = known
        return known


@dataclass(frozen=True, slots=True)
class SampleWrite(Write):
    """Samples, in the order in which they get their ids."""

    samples: Sequence[Sample]

    @property
    def incoming(self) -> int:
        """How many samples it brings."""
        return len(self.samples)

    @property
    def steady(self) -> int | None:
        """The newest instant on the steady clock, ns."""
        return max((sample.steady for sample in self.samples), default=None)

    def apply(self, to: WriteContext) -> None:
        """Store them. Raises ValueError where a sample does not fit its stream."""
        to.ats += to.samples.insert(self.samples, to.counts)[1]
