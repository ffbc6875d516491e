"""How the journal's room is used, and when there will be none left at the present rate."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facilityd.config.site import Site
from facilityd.model.sample import NS, SignalType
from facilityd.query.instants import iso_instant
from facilityd.store.files import disk_free
from facilityd.store.reader import JournalReader
from facilityd.store.retention_table import TABLES, changes_kept, rollups_kept
from facilityd.store.rollup_blocks import LEVELS
from facilityd.store.space import SpaceUse

DAY = 86_400 * NS
_HOUR_OF_DAY = 1 / 24
_WEEK = 7
_FAR = 36_500
_YOUNG = 2
"""Days: of a younger journal nothing is sealed, and a start's changes seem to come every hour."""
_WIDTH = {SignalType.BOOL: 1, SignalType.TEXT: 20}
"""Bytes of a value where it is not 8; of a text about."""


@dataclass(frozen=True, slots=True)
class SpacePart:
    """A part of the journal: bytes now and a day, days that it is kept (None: for ever).

    ``name``: ``samples``, ``sealed`` (samples in chunks), a level of roll-ups, a key of
    ``store.retention``, or ``other``.
    """

    name: str
    size: int
    per_day: float
    kept_days: float | None

    def after(self, days: float) -> float:
        """Return the bytes after so many days more; what is forgotten makes room."""
        grown = self.size + self.per_day * days
        return grown if self.kept_days is None else min(grown, max(self.size, self.per_day * self.kept_days))

    @property
    def finally_size(self) -> int | None:
        """The bytes once as much is forgotten as comes in; None where nothing is ever forgotten."""
        return None if self.kept_days is None else round(self.after(_FAR))


@dataclass(frozen=True, slots=True)
class SignalSpace:
    """What a signal takes: bytes of samples (its share of its streams', estimated) and of roll-ups."""

    device: str
    signal: str
    samples: int
    rollups: int


@dataclass(frozen=True, slots=True)
class StorageAnswer:
    """``used`` and ``allowed`` in bytes; ``full_at``: when the limit is reached, ns UTC, None: never.

    ``finally_size``: bytes in the end, where it is never reached. ``young``: too short a time to tell either.
    """

    used: int
    allowed: int
    disk_free: int
    oldest: int
    parts: tuple[SpacePart, ...]
    signals: tuple[SignalSpace, ...]
    full_at: int | None
    finally_size: int | None
    zone: str
    young: bool = False

    def devices(self) -> list[tuple[str, int, int]]:
        """Return (device, bytes of samples, bytes of roll-ups), the largest first."""
        samples: Counter[str] = Counter()
        rollups: Counter[str] = Counter()
        for one in self.signals:
            samples[one.device] += one.samples
            rollups[one.device] += one.rollups
        names = sorted(samples, key=lambda name: (-samples[name] - rollups[name], name))
        return [(name, samples[name], rollups[name]) for name in names]

    def plain(self) -> dict[str, Any]:
        """Return data for JSON."""
        return {
            "used": self.used, "allowed": self.allowed, "disk_free": self.disk_free,
            "oldest": iso_instant(self.oldest, self.zone) if self.oldest else None,
            "full_at": iso_instant(self.full_at, self.zone) if self.full_at else None,
            "finally": self.finally_size, "young": self.young,
            "parts": [
                {
                    "part": one.name, "bytes": one.size, "bytes_per_day": round(one.per_day),
                    "kept_days": one.kept_days, "finally": one.finally_size,
                }
                for one in self.parts
            ],
            "signals": [
                {"device": s.device, "signal": s.signal, "samples": s.samples, "rollups": s.rollups}
                for s in self.signals
            ],
        }  # fmt: skip


def read_storage(site: Site, reader: JournalReader, now: int) -> StorageAnswer:
    """Return what takes the room as of ``now`` (ns UTC). Raises UsageError for damage."""
    use = reader.space()
    age = max(_HOUR_OF_DAY, (now - use.oldest) / DAY) if use.oldest else _HOUR_OF_DAY
    parts = tuple(_parts(site, reader, use, now, age))
    used = sum(use.tables.values())
    allowed, fitting, full, young = site.store.max_size, None, None, age < _YOUNG
    if not young:
        full = next((day for day in range(_FAR) if sum(one.after(day) for one in parts) >= allowed), None)
    if full is None and not young:
        fitting = round(sum(one.after(_FAR) for one in parts))
    return StorageAnswer(
        used, allowed, disk_free(Path(site.store.path)), use.oldest, parts, tuple(_signals(reader, use)),
        None if full is None else now + full * DAY, fitting, site.timezone, young,
    )  # fmt: skip


def _parts(site: Site, reader: JournalReader, use: SpaceUse, now: int, age: float) -> Iterable[SpacePart]:
    tables, keep = dict(use.tables), site.store.keep
    size, sealed = tables.pop("sample", 0), tables.pop("chunk", 0)
    days = min(age, _WEEK)
    stored = use.samples or use.sealed
    per_day = (reader.last_sample() - reader.before(now - round(days * DAY))) / days if stored else 0.0
    each = size / use.samples if use.samples else 0.0
    # A day is sealed whole, some time after its end; until one was, samples are taken to stay as they are.
    as_rows = min(keep, site.store.seal_after + DAY) / DAY if use.sealed else keep / DAY
    yield SpacePart("samples", size, each * per_day, as_rows)
    if use.sealed:
        yield SpacePart("sealed", sealed, sealed / use.sealed * per_day, max(0.0, keep / DAY - as_rows))
    yield from _levels(site, use, tables.pop("rollup", 0))
    for entry in TABLES:
        size = tables.pop(entry.table, 0)
        kept = (now - entry.horizon(now, keep, site.store.retention)) / DAY if entry.age else None
        yield SpacePart(entry.setting, size, size / age if kept else 0.0, kept)
    yield SpacePart("other", sum(tables.values()) + (0 if use.sealed else sealed), 0.0, None)


def _levels(site: Site, use: SpaceUse, size: int) -> Iterable[SpacePart]:
    """Return the parts of roll-ups: a day brings as many buckets as it has, each of the size of now."""
    whole = sum(one.size for one in use.rollups)
    stretch = size / whole if whole else 0.0
    for level in LEVELS:
        own = [one for one in use.rollups if one.level == level.number]
        per_day = sum(one.size / max(1, one.buckets) * (DAY / level.width) for one in own)
        kept = rollups_kept(level.name, site.store.keep, site.store.retention) / DAY
        yield SpacePart(
            level.name, round(stretch * sum(one.size for one in own)), stretch * per_day, kept
        )  # fmt: skip


def _signals(reader: JournalReader, use: SpaceUse) -> Sequence[SignalSpace]:
    samples: dict[tuple[str, str], float] = defaultdict(float)
    rollups: Counter[tuple[str, str]] = Counter()
    streams, size, sealed = reader.streams(), use.tables.get("sample", 0), use.tables.get("chunk", 0)
    for number, stream in streams.items():
        widths = [_WIDTH.get(kind, 8) for kind in stream.types]
        for name, width in zip(stream.signals, widths, strict=True):
            taken = use.streams.get(number, 0.0) * size + use.sealed_streams.get(number, 0.0) * sealed
            samples[stream.device, name] += taken * width / sum(widths)
    for one in use.rollups:
        found = streams.get(one.stream)
        if found is not None and one.signal < len(found.signals):
            rollups[found.device, found.signals[one.signal]] += one.size
    found_signals = [
        SignalSpace(device, signal, round(taken), rollups[device, signal])
        for (device, signal), taken in samples.items()
    ]
    return sorted(found_signals, key=lambda s: (-s.samples - s.rollups, s.device, s.signal))


def photos_kept(site: Site) -> int:
    """Return how long photos are kept, ns: as long as what happened to the alarms that they are of."""
    return changes_kept(site.store.keep, site.store.retention)
