"""What the journal costs: `python benchmarks/journal.py [FOLDER]`; figures in docs/decisions/0002-journal.md.

FOLDER decides which disk is measured; every commit waits for it (synchronous=FULL).
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time

from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample, SignalType, Stream
from facilityd.store.batch import Batch
from facilityd.store.journal import Journal
from facilityd.store.line_source import SampleSource
from facilityd.store.reader import JournalReader
from facilityd.store.samples import SampleWrite

T0 = 1_790_000_040 * NS
WIDTH = 20
STREAMS = [
    Stream(
        f"device-{n}",
        "family",
        "unit",
        "link",
        tuple(f"signal_{k}" for k in range(WIDTH)),
        (SignalType.FLOAT,) * WIDTH,
    )
    for n in range(1000)
]
CHANCE = random.Random(1)
READINGS = [tuple(round(CHANCE.uniform(0, 400), 2) for _ in range(WIDTH)) for _ in range(997)]


def tick(number: int, streams: list[Stream], *, silent: bool = False) -> Batch:
    at = T0 + number * NS
    if silent:
        why = dict.fromkeys(range(WIDTH), Reason.TIMEOUT)
        return [SampleWrite([Sample(s, at + n, at, (None,) * WIDTH, why) for n, s in enumerate(streams)])]
    return [SampleWrite([Sample(s, at + n, at, READINGS[(number + n) % 997]) for n, s in enumerate(streams)])]


def written() -> int:
    """Bytes this process has handed to the kernel."""
    return int(Path("/proc/self/io").read_text().split("wchar: ")[1].split()[0])


def commits(journal: Journal, title: str, batches: Iterator[Batch]) -> None:
    walls, values, cpu, before = [], 0, 0.0, written()
    for batch in batches:
        began, worked = perf_counter(), process_time()
        journal.commit(batch)
        walls.append(perf_counter() - began)
        cpu += process_time() - worked
        values += sum(write.incoming for write in batch) * WIDTH
    ordered = sorted(walls)
    print(
        f"{title:44} {sum(walls) / values * 1e6:7.2f} {cpu / values * 1e6:7.2f} "
        f"{statistics.median(walls) * 1e3:8.2f} {ordered[int(len(ordered) * 0.99)] * 1e3:8.2f} "
        f"{ordered[-1] * 1e3:8.2f} {(written() - before) / values * WIDTH:9.0f}"
    )


def timed(title: str, unit: str, work) -> None:
    began = perf_counter()
    count = work()
    took = perf_counter() - began
    print(f"{title:44} {took * 1e3:9.1f} ms {took / max(count, 1) * 1e6:8.2f} us per {unit} ({count})")


def writing(folder: Path) -> None:
    print(
        f"{'commits':44} {'us/value':>7} {'cpu':>7} {'p50 ms':>8} {'p99 ms':>8} {'worst':>8} {'B/sample':>9}"
    )
    room = {"max_age": 90 * 86400 * NS, "max_bytes": 2**31}
    with Journal.open(folder / "journal.db", **room) as journal:
        commits(journal, "1,000 samples x 20 values", (tick(n, STREAMS) for n in range(600)))
        size = journal.disk_usage().used
        print(f"{'  bytes in the file per sample':44} {size / 600_000:7.1f}")
        commits(journal, "1,000 silent samples", (tick(n, STREAMS, silent=True) for n in range(600, 700)))
        few = [STREAMS[n : n + 5] for n in range(0, 1000, 5)]
        commits(journal, "5 samples x 20 values", (tick(700 + n // 200, few[n % 200]) for n in range(2000)))
        commits(journal, "1 sample x 20 values", (tick(800, [STREAMS[n]]) for n in range(1000)))
    with Journal.open(folder / "small.db", max_age=room["max_age"], max_bytes=64 * 2**20) as journal:
        for number in range(320):
            journal.commit(tick(number, STREAMS))
        commits(journal, "1,000 samples, full: as many purged", (tick(320 + n, STREAMS) for n in range(200)))
        commits(
            journal,
            "5 samples, full: as many purged",
            (tick(600 + n // 200, few[n % 200]) for n in range(2000)),
        )


def reading(folder: Path) -> None:
    print()
    with JournalReader.open(folder / "journal.db") as reader:
        until = T0 + 10_000 * NS
        timed("the layouts of 1,000 streams, once", "stream", lambda: len(reader.streams()))
        timed(
            "history of one signal",
            "row",
            lambda: len(list(reader.history("device-7", "signal_3", T0, until))),
        )
        timed(
            "its buckets of 10 s",
            "row",
            lambda: len(list(reader.buckets("device-7", "signal_3", T0, until, 10 * NS))) * 10,
        )
        timed(
            "latest of 1,000 streams", "stream", lambda: len([reader.sample(row) for row in reader.latest()])
        )
        timed("samples_after, 5,000 at a time", "sample", lambda: forward(reader))
        source = SampleSource(reader, "square")
        timed("lines, 5,000 or 1 MB at a time (first)", "sample", lambda: len(source.read(100_000)[0]))
        timed("lines, 5,000 or 1 MB at a time", "sample", lambda: len(source.read(200_000)[0]))


def forward(reader: JournalReader) -> int:
    cursor = 0
    while rows := reader.samples_after(cursor, 5000):
        cursor = rows[-1].id
    return cursor


def opening(folder: Path) -> None:
    path = folder / "journal.db"
    size = path.stat().st_size / 2**20

    def start() -> int:
        Journal.open(path, max_bytes=2**31, max_age=2**62).close()
        return round(size)

    timed("start with quick_check", "MiB", start)


def main() -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if sys.argv[1:] else None) as name:
        writing(Path(name))
        reading(Path(name))
        opening(Path(name))


if __name__ == "__main__":
    main()
