"""Rows of an export as Arrow, batch by batch: with types, and with what is known of their signals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import RawIOBase
from itertools import islice
from typing import IO, Any, Literal
from zoneinfo import ZoneInfo

from facilityd.app.builtin import all_devices
from facilityd.config.site import Site
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Value
from facilityd.model.text import Text
from facilityd.query.export import NOT_RUNNING, NOTHING, ExportQuery, ExportRow, signal_of
from facilityd.query.export_text import BUCKETS, ExportSignal, export_signal, say_quality
from facilityd.query.selection import SignalName

ArrowForm = Literal["parquet", "arrow", "stream"]
"""A Parquet file, a file of Arrow's (also named Feather), or Arrow's stream for whoever reads along."""
BinaryFile = IO[bytes] | RawIOBase
ROWS = 65_536
"""Of one row group: as much as is in memory at once."""
COLUMNS = ("time", "device", "signal", "value", "text", "unit", "quality")
_EXACT = 2**53
"""Integers beyond it are none of a double's."""


@dataclass(slots=True)
class _Names:
    """Words of a column that has few: each is stored once, rows say which."""

    places: dict[str, int]
    stored: Any

    def column(self, words: Iterable[str]) -> Any:
        import pyarrow as pa  # noqa: PLC0415 - an extra: only who asks for it loads it

        numbers = pa.array([self.places[one] for one in words], pa.int32())
        return pa.DictionaryArray.from_arrays(numbers, self.stored)


class ArrowTable:
    """The table of one export. Raises ModuleNotFoundError where pyarrow is not installed.

    ``schema``'s metadata has, under ``facilityd``, JSON with the site, the span, and of each signal unit,
    decimals, type, names and codes, and what each quality means.
    """

    def __init__(self, site: Site, query: ExportQuery) -> None:
        import pyarrow as pa  # noqa: PLC0415

        self._query = query
        self._known = {name: export_signal(signal_of(site, name)) for name in query.signals}
        words = (
            dict.fromkeys(name[0] for name in query.signals),
            dict.fromkeys(name[1] for name in query.signals),
            dict.fromkeys(known.unit for known in self._known.values()),
        )
        self._names = [
            _Names({one: n for n, one in enumerate(column)}, pa.array(list(column), pa.string()))
            for column in words
        ]
        told = json.dumps(_about(site, query, self._known), ensure_ascii=False)
        self.schema = _schema(query).with_metadata({"facilityd": told})

    def batches(self, rows: Iterable[ExportRow], most: int = 0) -> Iterator[Any]:
        """Iterate over RecordBatches of at most ``most`` rows, else ``ROWS``; memory holds one."""
        following = iter(rows)
        while page := list(islice(following, most or ROWS)):
            yield self._batch(page)

    def _batch(self, rows: list[ExportRow]) -> Any:
        import pyarrow as pa  # noqa: PLC0415

        known = [self._known[row.device, row.signal] for row in rows]
        devices, signals, units = self._names
        pairs = list(zip(rows, known, strict=True))
        columns: dict[str, Any] = {
            "time": pa.array([row.at for row in rows], pa.int64()).cast(self.schema.field("time").type),
            "device": devices.column(row.device for row in rows),
            "signal": signals.column(row.signal for row in rows),
            "unit": units.column(one.unit for one in known),
            "value": pa.array([_number(row.value, one) for row, one in pairs], pa.float64()),
        }
        if self._query.bucket:
            columns["least"] = pa.array([_number(row.least, one) for row, one in pairs], pa.float64())
            columns["greatest"] = pa.array([_number(row.greatest, one) for row, one in pairs], pa.float64())
            columns["count"] = pa.array([row.count for row in rows], pa.int64())
            columns["bad"] = pa.array([row.bad for row in rows], pa.int64())
        else:
            columns["text"] = pa.array([_text(row.value) for row in rows], pa.string())
            columns["quality"] = pa.array([row.quality for row in rows], pa.string())
        return pa.RecordBatch.from_arrays([columns[name] for name in self.schema.names], schema=self.schema)


def arrow_writer(out: BinaryFile, table: ArrowTable, form: ArrowForm) -> Any:
    """Return what writes batches (``write_batch``) to a file, compressed with zstd; a context manager."""
    if form == "parquet":
        from pyarrow.parquet import ParquetWriter  # noqa: PLC0415

        few = [name for name in ("device", "signal", "unit", "text", "quality") if name in table.schema.names]
        steps = {"time": "DELTA_BINARY_PACKED"}
        return ParquetWriter(out, table.schema, compression="zstd", use_dictionary=few, column_encoding=steps)
    from pyarrow import ipc  # noqa: PLC0415

    make = ipc.new_stream if form == "stream" else ipc.new_file
    return make(out, table.schema, options=ipc.IpcWriteOptions(compression="zstd"))


def write_arrow(out: BinaryFile, table: ArrowTable, rows: Iterable[ExportRow], form: ArrowForm) -> int:
    """Write rows to a file; return how many. Raises OSError."""
    count = 0
    with arrow_writer(out, table, form) as writer:
        for batch in table.batches(rows):
            writer.write_batch(batch)
            count += batch.num_rows
    return count


def _number(value: Value | None, known: ExportSignal) -> float | None:
    if value is None or isinstance(value, str):
        return None
    return known.scale(value) if isinstance(value, float) else float(value)


def _text(value: Value | None) -> str | None:
    """Return a device's words, and the digits of an integer that no double holds."""
    if isinstance(value, str):
        return value
    large = isinstance(value, int) and abs(value) > _EXACT
    return str(value) if large else None


def _schema(query: ExportQuery) -> Any:
    import pyarrow as pa  # noqa: PLC0415

    named = pa.dictionary(pa.int32(), pa.string())
    types = {
        "time": pa.timestamp("ns", tz="UTC"), "device": named, "signal": named, "unit": named,
        "value": pa.float64(), "least": pa.float64(), "greatest": pa.float64(),
        "text": pa.string(), "quality": pa.string(), "count": pa.int64(), "bad": pa.int64(),
    }  # fmt: skip
    names = BUCKETS if query.bucket else COLUMNS
    never_null = {"time", "device", "signal", "unit", "quality", "count", "bad"}
    return pa.schema([pa.field(name, types[name], nullable=name not in never_null) for name in names])


def _about(site: Site, query: ExportQuery, known: Mapping[SignalName, ExportSignal]) -> dict[str, Any]:
    zone, devices = ZoneInfo(site.timezone), all_devices(site)
    since, until = (datetime.fromtimestamp(at // NS, zone).isoformat() for at in (query.since, query.until))
    qualities = ["good", NOTHING, NOT_RUNNING, *(reason.value for reason in Reason)]
    return {
        "site": site.id, "timezone": site.timezone, "since": since, "until": until,
        "bucket_s": query.bucket / NS,
        "devices": {name: _plain(devices[name].name) for name in dict.fromkeys(d for d, _ in known)},
        "signals": {f"{device}.{signal}": _told(one) for (device, signal), one in known.items()},
        "quality": {one: _meaning(one) for one in qualities},
    }  # fmt: skip


def _told(one: ExportSignal) -> dict[str, Any]:
    words = [*one.signal.values.items(), *one.signal.words.items()]
    codes = {str(code): _plain(text) for code, text in words}
    return {
        "type": one.signal.type.value, "unit": one.unit, "decimals": one.decimals,
        "name": _plain(one.signal.name), **({"values": codes} if codes else {}),
    }  # fmt: skip


def _meaning(quality: str) -> dict[str, str]:
    return {"zh": say_quality(quality, "zh"), "en": say_quality(quality, "en")}


def _plain(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}
