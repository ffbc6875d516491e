"""Years of many signals in buckets, as arrays: from roll-ups, for those who count. Loads numpy.

The same buckets as ``read_history`` has them; one without a sample is there too, with NaN for its figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from facilityd.store.reader import JournalReader
from facilityd.store.rollup import HOUR
from facilityd.store.rollup_blocks import HOURS, QUARTERS, Level
from facilityd.store.rollup_columns import read_columns

MOST = 20_000_000
"""Buckets of all signals together."""


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
    site: Site, reader: JournalReader, names: tuple[SignalName, ...], since: int, until: int, bucket: int
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
    found = {}
    for name in names:
        about = signal_of(site, name)
        if about.type is not SignalType.TEXT:
            found[name] = _signal(reader, name, about.unit, edges, level)
    return HistoryColumns(site.timezone, edges[:-1], edges[1:], found)


def _edges(site: Site, since: int, until: int, bucket: int) -> Iterator[int]:
    """Iterate over the beginnings of the buckets, and the end of the last."""
    last = since
    for first, end, width in bucket_grid(site, HistoryQuery("", "", since, until, bucket)):
        yield from range(first, end, width)
        last = end
    yield last


def _signal(
    reader: JournalReader, name: SignalName, unit: str, edges: NDArray[np.int64], level: Level
) -> SignalColumns:
    device, signal = name
    fine = read_columns(reader, device, signal, int(edges[0]), int(edges[-1]), level)
    places = np.searchsorted(edges, fine.start, "right") - 1
    whole = fine.grouped(places)
    at, size = np.unique(places), len(edges) - 1
    held = np.where(whole.count > 0, whole.mean, np.nan)

    def spread(values: NDArray[Any], nothing: float) -> NDArray[Any]:
        into = np.full(size, nothing, values.dtype)
        into[at] = values
        return into

    return SignalColumns(
        device, signal, unit,
        spread(held, np.nan), spread(whole.least, np.nan), spread(whole.greatest, np.nan),
        spread(whole.count, 0), spread(whole.bad, 0), spread(whole.good / np.diff(edges)[at], 0.0),
    )  # fmt: skip
