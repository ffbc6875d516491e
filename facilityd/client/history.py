"""What was, as arrays, and as a table of whatever library is installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.query.history_columns import HistoryColumns, SignalColumns
from facilityd.query.selection import SignalName


class SignalHistory(Mapping[SignalName, SignalColumns]):
    """Signals by (device, signal), in buckets from ``start`` to before ``end`` (arrays of ns UTC).

    A bucket in which nothing was stored is there, with NaN: whoever draws it sees the gap.
    """

    def __init__(self, columns: HistoryColumns) -> None:
        self._columns = columns
        self.start, self.end, self.zone = columns.start, columns.end, columns.zone

    def __getitem__(self, name: SignalName) -> SignalColumns:
        return self._columns.signals[name]

    def __iter__(self) -> Iterator[SignalName]:
        return iter(self._columns.signals)

    def __len__(self) -> int:
        return len(self._columns.signals)

    def table(self) -> dict[str, Any]:
        """Return the columns of one long table: a row for each signal and bucket, ``time`` in ns UTC."""
        return self._columns.long()

    def to_pandas(self) -> Any:
        """Return a DataFrame, a row for each signal and bucket; ``time`` in the site's zone.

        Raises UsageError where pandas is not installed.
        """
        pandas = _library("pandas")
        frame = pandas.DataFrame(self.table())
        frame["time"] = pandas.to_datetime(frame["time"], utc=True).dt.tz_convert(self.zone)
        return frame

    def to_polars(self) -> Any:
        """Return the same as a DataFrame of polars, NaN as null. Raises UsageError where there is none."""
        polars = _library("polars")
        table = self.table()
        texts = {name: [str(one) for one in table.pop(name)] for name in ("device", "signal")}
        frame = polars.DataFrame({"time": table.pop("time"), **texts, **table})
        time = polars.col("time").cast(polars.Datetime("ns", "UTC")).dt.convert_time_zone(self.zone)
        return frame.with_columns(time).fill_nan(None)


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise UsageError(Wording("ask.library-missing", name=name)) from error
