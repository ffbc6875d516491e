"""What reading history costs, beside DuckDB over Parquet and InfluxDB 2.7 on the same data, in one run.

`python benchmarks/history.py [--days 30]`; figures in docs/benchmarks.md. DuckDB (`--group bench`) and influxd
(`.cache/servers`) are left out where they are not there. Three questions: a signal of 1 s in a thousand buckets,
from roll-ups and from what was stored; a year of 30 signals by the hour; the last values of 1,000 signals.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from facilityd.model.sample import NS, Sample, SignalType, Stream
from facilityd.store.batch import Write, WriteContext
from facilityd.store.journal import Journal
from facilityd.store.reader import JournalReader
from facilityd.store.rollup import HOUR, Rollup
from facilityd.store.rollup_blocks import HOURS, QUARTERS, store_buckets
from facilityd.store.rollup_columns import read_columns, read_many_columns
from facilityd.store.rollups import RollupWrite
from facilityd.store.samples import SampleWrite

DAY = 24 * HOUR
T0 = 1_790_000_000 * NS // (8 * DAY) * 8 * DAY
SIGNALS, YEAR, MANY = 30, 365 * 24, 1000
NAMES = tuple(f"s{n}" for n in range(SIGNALS))
FAST = Stream("fast", "f", "u", "l", ("s",), (SignalType.FLOAT,), NS)
WIDE = Stream("wide", "f", "u", "l", NAMES, (SignalType.FLOAT,) * SIGNALS)
LAST = [Stream(f"d{n}", "f", "u", "l", tuple("abcde"), (SignalType.FLOAT,) * 5) for n in range(MANY // 5)]


def hours(days: int) -> Iterator[list[Sample]]:
    chance, value = random.Random(1), 20.0
    for hour in range(days * 24):
        found = []
        for second in range(3600):
            value = round(value + chance.uniform(-0.05, 0.05), 2)
            at = T0 + hour * HOUR + second * NS
            found.append(Sample(FAST, at, at, (value,)))
        yield found


def year(signal: int) -> list[Rollup]:
    chance, found = random.Random(signal), []
    for hour in range(YEAR):
        low, at = round(chance.uniform(10, 20), 2), T0 + hour * HOUR
        found.append(Rollup(at, 120, 0, low, low + 5, low + 1, low + 2, HOUR, HOUR, 3600 * (low + 2.5)))
    return found


@dataclass(frozen=True, slots=True)
class YearWrite(Write):
    """The blocks of a year as rolling it up would write them: nobody waits for a year of samples."""

    stream: int

    def apply(self, to: WriteContext) -> None:
        for signal in range(SIGNALS):
            rolled = year(signal)
            for block in range(0, YEAR, HOURS.size):
                part = rolled[block : block + HOURS.size]
                store_buckets(to.db, self.stream, signal, HOURS, part[0].start, part)


Figure = tuple[float, float, int]
"""(median in ms, best in ms, rows)."""


def timed(work: Callable[[], int], times: int = 15) -> Figure:
    walls = []
    for _ in range(times):
        began = perf_counter()
        count = work()
        walls.append(perf_counter() - began)
    return statistics.median(walls) * 1e3, min(walls) * 1e3, count


def fill(path: Path, days: int) -> None:
    with Journal.open(path, max_bytes=2**34, max_age=2**62, durable=False) as journal:
        for samples in hours(days):
            journal.commit([SampleWrite(samples)])
            journal.commit([RollupWrite(samples[-1].at, 0, 9)])
        journal.commit([RollupWrite(T0 + (days + 1) * DAY, 0, 99)])
        journal.commit([SampleWrite([Sample(WIDE, T0, T0, (0.0,) * SIGNALS)])])
        journal.commit([RollupWrite(T0 + 9 * HOUR, 0, 9), YearWrite(2)])
        end = T0 + (days - 2) * DAY
        journal.commit([SampleWrite([Sample(one, end, end, (1.5,) * 5) for one in LAST])])
        with JournalReader.open(path) as reader:
            for write in reader.sealing(T0 + days * DAY):
                journal.commit([write] if write else [])


def journal_figures(path: Path, days: int) -> dict[str, Figure]:
    until, level = T0 + days * DAY, QUARTERS
    wide = max(1, days * DAY // 1000 // level.width) * level.width
    wide_names = [("wide", name) for name in NAMES]
    with JournalReader.open(path) as reader:
        return {
            "buckets": timed(
                lambda: len(read_columns(reader, "fast", "s", T0, until, level).joined(wide, T0))
            ),
            "year": timed(
                lambda: sum(map(len, read_many_columns(reader, wide_names, T0, T0 + YEAR * HOUR, HOURS)))
            ),
            "last": timed(lambda: sum(len(reader.sample(row).values) for row in reader.latest())),
            "hour": timed(lambda: len(list(reader.history("fast", "s", T0 + DAY, T0 + DAY + HOUR)))),
        }


def duck_figures(folder: Path, days: int) -> dict[str, Figure]:
    import duckdb  # noqa: PLC0415 - left out where it is not there

    db: Any = duckdb.connect()
    ats, values = zip(*((one.at // NS, one.values[0]) for found in hours(days) for one in found), strict=True)
    fast = {"t": np.array(ats), "v": np.array(values, float)}
    rolled = [
        (n, one.start // NS, one.mean, one.least, one.greatest) for n in range(SIGNALS) for one in year(n)
    ]
    wide = dict(
        zip(
            ("signal", "t", "mean", "least", "greatest"),
            map(np.array, zip(*rolled, strict=True)),
            strict=True,
        )
    )
    last = {"signal": np.arange(MANY), "t": np.full(MANY, T0 // NS), "v": np.full(MANY, 1.5)}
    for name, table in (("fast", fast), ("wide", wide), ("last", last)):
        db.register("given", table)
        db.execute(
            f"COPY (SELECT * FROM given) TO '{folder / name}.parquet' (FORMAT parquet, COMPRESSION zstd)"
        )
        db.unregister("given")
    width = days * 86400 // 1000

    def ask(sql: str) -> Callable[[], int]:
        return lambda: len(db.execute(sql).fetchnumpy()["a"])

    return {
        "buckets": timed(
            ask(
                f"SELECT floor(t / {width}) AS a, avg(v), min(v), max(v) FROM '{folder}/fast.parquet' GROUP BY 1 ORDER BY 1"
            )
        ),
        "year": timed(
            ask(
                f"SELECT t AS a, signal, mean, least, greatest FROM '{folder}/wide.parquet' ORDER BY signal, a"
            )
        ),
        "last": timed(ask(f"SELECT signal AS a, arg_max(v, t) FROM '{folder}/last.parquet' GROUP BY 1")),
        "hour": timed(
            ask(
                f"SELECT t AS a, v FROM '{folder}/fast.parquet' WHERE t >= {T0 // NS + 86400} AND t < {T0 // NS + 90000}"
            )
        ),
    }


class Influx:
    """influxd on a port of its own, asked in Flux."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self._url, self._token = "http://127.0.0.1:28099", "token"
        paths = [f"--bolt-path={folder}/b", f"--engine-path={folder}/e", f"--sqlite-path={folder}/s"]
        address = "--http-bind-address=127.0.0.1:28099"
        self._process = subprocess.Popen(
            [str(binary), "run", address, "--reporting-disabled", *paths],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(300):
            try:
                self._post(
                    "/api/v2/setup",
                    b'{"username":"u","password":"password1","org":"o","bucket":"b","token":"token"}',
                    "application/json",
                )
                break
            except OSError:
                time.sleep(0.1)

    def _post(self, path: str, body: bytes, kind: str) -> bytes:
        heads = {"Authorization": f"Token {self._token}", "Content-Type": kind, "Accept": "application/csv"}
        asked = urllib.request.Request(self._url + path, body, heads)
        with urllib.request.urlopen(asked, timeout=600) as answer:
            return bytes(answer.read())

    def write(self, lines: Iterator[str]) -> None:
        part: list[str] = []
        for line in lines:
            part.append(line)
            if len(part) == 20_000:
                self._post("/api/v2/write?org=o&bucket=b&precision=s", "\n".join(part).encode(), "text/plain")
                part = []
        if part:
            self._post("/api/v2/write?org=o&bucket=b&precision=s", "\n".join(part).encode(), "text/plain")

    def ask(self, flux: str) -> Callable[[], int]:
        return lambda: (
            self._post("/api/v2/query?org=o", flux.encode(), "application/vnd.flux").count(b"\r\n") - 2
        )

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


def influx_figures(binary: Path, folder: Path, days: int) -> dict[str, Figure]:
    server = Influx(binary, folder)
    try:
        server.write(f"fast s={one.values[0]} {one.at // NS}" for found in hours(days) for one in found)
        for n in range(SIGNALS):
            server.write(
                f"wide,signal={n} mean={one.mean},least={one.least},greatest={one.greatest} {one.start // NS}"
                for one in year(n)
            )
        server.write(f"last,signal={n} v=1.5 {T0 // NS}" for n in range(MANY))
        start, end, width = T0 // NS, T0 // NS + days * 86400, days * 86400 // 1000
        span = f'from(bucket: "b") |> range(start: {start}, stop: {end})'
        mean = [
            f'{span} |> filter(fn: (r) => r._measurement == "fast") |> aggregateWindow(every: {width}s, fn: {fn})'
            for fn in ("mean", "min", "max")
        ]
        every = f'from(bucket: "b") |> range(start: {start}, stop: {start + YEAR * 3600}) |> filter(fn: (r) => r._measurement == "wide")'
        return {
            "buckets": timed(
                server.ask("\n".join(f'{one} |> yield(name: "{n}")' for n, one in enumerate(mean))), 5
            ),
            "year": timed(server.ask(every), 5),
            "last": timed(server.ask(f'{span} |> filter(fn: (r) => r._measurement == "last") |> last()'), 5),
            "hour": timed(
                server.ask(
                    f'from(bucket: "b") |> range(start: {start + 86400}, stop: {start + 90000}) |> filter(fn: (r) => r._measurement == "fast")'
                ),
                5,
            ),
        }
    finally:
        server.stop()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--days", type=int, default=30)
    days = parser.parse_args().days
    titles = {
        "buckets": f"{days} days of 1 s to a thousand buckets",
        "year": "a year of 30 signals by the hour",
        "last": "the last values of 1,000 signals",
        "hour": "an hour of 1 s, value by value",
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = perf_counter()
        fill(folder / "journal.db", days)
        print(f"filled in {perf_counter() - began:.0f} s", file=sys.stderr)
        found = {"journal": journal_figures(folder / "journal.db", days)}
        if importlib.util.find_spec("duckdb"):
            found["DuckDB"] = duck_figures(folder, days)
        binary = Path(__file__).parents[1] / ".cache/servers/influxd-2.7.12"
        if binary.is_file():
            found["InfluxDB"] = influx_figures(binary, folder, days)
    for key, title in titles.items():
        own = found["journal"][key][1]
        told = [
            f"{who} {one[key][0]:.1f} ms, best {one[key][1]:.1f} ({one[key][1] / own:.1f})"
            for who, one in found.items()
        ]
        print(f"{title}: {'; '.join(told)}; {found['journal'][key][2]} rows")


if __name__ == "__main__":
    main()
