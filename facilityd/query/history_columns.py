"""Years of many signals in buckets, as arrays from roll-ups, for calculations. Loads numpy.

The same buckets as ``read_history`` has them; one without a sample is there too, with NaN for its figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import SignalType
from facilityd.query.export import signal_of
from facilityd.query.history import HistoryQuery, bucket_grid
from facilityd.query.selection import SignalName
from facilityd.store.history_reader import HistoryReader
from facilityd.store.reader import JournalReader
from facilityd.store.rollup import HOUR
from facilityd.store.rollup_blocks import HOURS, QUARTERS, Level
from facilityd.store.rollup_columns import RollupColumns, columns_of, read_many_columns

MOST = 20_000_000
"""Buckets of all signals together."""
TOGETHER = 64
"""Signals that are read at once."""


@dataclass(frozen=True, slots=True)
class SignalColumns:
    """One signal; each array has an element for each bucket.

    ``mean`` is over the time in which a value held, of a switch its share of time on; NaN with ``least`` and
    ``greatest`` where no sample came. ``bad``: samples that were not good. ``good``: share of the bucket in
    which a certain value held.
    """

    device: str
    signal: str
    unit: str
    mean: NDArray[np.float64]
    least: NDArray[np.float64]
    greatest: NDArray[np.float64]
    count: NDArray[np.int64]
    bad: NDArray[np.int64]
    good: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HistoryColumns:
    """``start`` and ``end`` of the buckets in ns UTC, and the signals by (device, signal)."""

    zone: str
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    signals: Mapping[SignalName, SignalColumns]

    def long(self) -> dict[str, Any]:
        """Return columns of one long table: a row for each signal and bucket; ``time`` in ns UTC."""
        found, size = list(self.signals.values()), len(self.start)
        table: dict[str, Any] = {
            "time": np.tile(self.start, len(found)),
            "device": np.repeat(np.array([one.device for one in found], object), size),
            "signal": np.repeat(np.array([one.signal for one in found], object), size),
        }
        for name in ("mean", "least", "greatest", "count", "bad", "good"):
            parts = [getattr(one, name) for one in found]
            table[name] = np.concatenate(parts) if parts else np.empty(0)
        return table


def read_history_columns(
    site: Site, reader: HistoryReader, names: tuple[SignalName, ...], since: int, until: int, bucket: int
) -> HistoryColumns:
    """Return signals from ``since`` to before ``until`` (ns UTC) in buckets of ``bucket`` ns.

    Words have no mean, so signals of text are left out. Raises UsageError for buckets that are no quarters
    of an hour, or too many of them.
    """
    if since >= until or bucket <= 0 or bucket % QUARTERS.width:
        raise UsageError(Wording("ask.buckets-of-quarters"))
    if (until - since) // bucket * max(1, len(names)) > MOST:
        raise UsageError(
            Wording("ask.more-than-buckets", most_buckets=MOST), hint=Wording("ask.ask-for-longer-ones-or")
        )
    edges = np.array(list(_edges(site, since, until, bucket)), np.int64)
    level = QUARTERS if np.any(edges % HOUR) else HOURS
    about = {name: signal_of(site, name) for name in names}
    wanted = [name for name, one in about.items() if one.type is not SignalType.TEXT]
    fine = _buckets(reader, wanted, (int(edges[0]), int(edges[-1])), level)
    found = {
        name: _signal(one, name, about[name].unit, edges) for name, one in zip(wanted, fine, strict=True)
    }
    return HistoryColumns(site.timezone, edges[:-1], edges[1:], found)


def _buckets(
    reader: HistoryReader, names: Sequence[SignalName], span: tuple[int, int], level: Level
) -> Iterator[RollupColumns]:
    """Yield the buckets of each signal; from the journal so many signals at a time as fit into memory."""
    for first in range(0, len(names), TOGETHER):
        some = names[first : first + TOGETHER]
        if isinstance(reader, JournalReader):
            yield from read_many_columns(reader, some, *span, level)
        else:
            yield from (columns_of(reader.rollups(*name, *span, level)) for name in some)


def _edges(site: Site, since: int, until: int, bucket: int) -> Iterator[int]:
    """Iterate over the beginnings of the buckets, and the end of the last."""
    last = since
    for first, end, width in bucket_grid(site, HistoryQuery("", "", since, until, bucket)):
        yield from range(first, end, width)
        last = end
    yield last


def _signal(fine: RollupColumns, name: SignalName, unit: str, edges: NDArray[np.int64]) -> SignalColumns:
    places = np.searchsorted(edges, fine.start, "right") - 1
    whole = fine.grouped(places)
    size = len(edges) - 1
    at: Any = slice(None) if len(whole) == size else places[np.flatnonzero(np.diff(places, prepend=-1))]
    held = np.where(whole.count > 0, whole.mean, np.nan)

    def spread(values: NDArray[Any], nothing: float) -> NDArray[Any]:
        into = np.full(size, nothing, values.dtype)
        into[at] = values
        return into

    return SignalColumns(
        *name, unit,
        spread(held, np.nan), spread(whole.least, np.nan), spread(whole.greatest, np.nan),
        spread(whole.count, 0), spread(whole.bad, 0), spread(whole.good / np.diff(edges)[at], 0.0),
    )  # fmt: skip
