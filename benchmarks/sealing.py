"""What sealing saves, costs and delays: `python benchmarks/sealing.py`; figures in docs/decisions/0041-sealing.md.

Four streams of five signals each second and ninety-six each minute, for six hours, sealed as the daemon does it, while
small commits go on: how long does the longest of them wait for the writer?
"""

from __future__ import annotations

import random
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter, process_time, sleep, thread_time

from facilityd.model.sample import NS, Sample, SignalType, Stream
from facilityd.store.journal import Journal
from facilityd.store.reader import JournalReader
from facilityd.store.rollups import RolledHoursWrite
from facilityd.store.samples import SampleWrite
from facilityd.store.sealing import DAY, ChunkWrite

T0 = 1_790_000_000 * NS // DAY * DAY
HOURS = 6
TYPES = (SignalType.FLOAT,) * 3 + (SignalType.ENUM, SignalType.BOOL)
STREAMS = [
    Stream(f"d{n}", "f", "u", "l", tuple("abcde"), TYPES, NS * (1 if n < 4 else 60)) for n in range(100)
]
LIVE = Stream("live", "f", "u", "l", ("x",), (SignalType.FLOAT,), NS)


def minutes() -> Iterator[list[Sample]]:
    chance = random.Random(1)
    state = [[20.0, 380.0, 50.0] for _ in STREAMS]
    for minute in range(HOURS * 60):
        found = []
        for second in range(60):
            for number, stream in enumerate(STREAMS):
                if second and number >= 4:
                    break
                now = state[number]
                for i in range(3):
                    now[i] = round(now[i] + chance.uniform(-0.05, 0.05), 2)
                at = T0 + (minute * 60 + second) * NS + chance.randrange(10**6)
                found.append(Sample(stream, at, at, (*now, minute // 200 % 3, chance.random() < 0.5)))
        yield found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        with Journal.open(path, max_bytes=2**33, max_age=2**62, durable=False) as journal:
            count = 0
            for samples in minutes():
                journal.commit([SampleWrite(samples)])
                count += len(samples)
            with JournalReader.open(path) as reader:
                began = process_time()
                rolled, longest = 0, 0.0
                while hours := reader.roll_due(T0 + 2 * DAY, 0, 50, 0.02):
                    start = perf_counter()
                    journal.commit([RolledHoursWrite(hours)])
                    longest = max(longest, perf_counter() - start)
                    rolled += len(hours)
                print(f"rolled up {rolled} hours of streams: {process_time() - began:.1f} s CPU;", end=" ")
                print(f"longest commit {longest * 1e3:.1f} ms")
            before = journal.disk_usage().used - rollup_bytes(path)
        with Journal.open(path, max_bytes=2**33, max_age=2**62) as journal, ThreadPoolExecutor(1) as writer:
            alone: list[float] = []
            waits: list[float] = []
            commit_live(journal, writer, alone, at_most(200))
            stop = threading.Event()
            live = threading.Thread(target=commit_live, args=(journal, writer, waits, stop.is_set))
            live.start()
            began, chunks, took = process_time(), 0, []
            with JournalReader.open(path) as reader:
                for write in reader.sealing(T0 + DAY):
                    if write is not None:
                        chunks += isinstance(write, ChunkWrite)
                        took.append(writer.submit(timed, journal, write).result())
            spent = process_time() - began
            stop.set()
            live.join()
            with JournalReader.open(path) as reader:
                after = reader.space().tables["chunk"]
        took.sort()
        waits.sort()
        alone.sort()
        print(
            f"{count} samples of 5 values: {before / count / 5:.2f} -> {after / count / 5:.2f} bytes a value"
        )
        print(
            f"{chunks} chunks, {spent:.1f} s CPU with {len(waits)} live commits: {spent / count / 5 * 1e6:.2f} µs a value"
        )
        print(
            f"CPU of a sealing commit: median {took[len(took) // 2] * 1e3:.1f}, longest {took[-1] * 1e3:.1f} ms"
        )
        for title, found in (("alone", alone), ("while sealing", waits)):
            median, most = found[len(found) // 2], found[len(found) * 99 // 100]
            print(f"a live commit {title}: median {median * 1e3:.1f}, p99 {most * 1e3:.1f} ms")


def at_most(number: int) -> Callable[[], bool]:
    steps = iter(range(number))
    return lambda: next(steps, None) is None


def timed(journal: Journal, write: ChunkWrite) -> float:
    began = thread_time()
    journal.commit([write])
    return thread_time() - began


def commit_live(
    journal: Journal, writer: ThreadPoolExecutor, waits: list[float], stop: Callable[[], bool]
) -> None:
    number = 0
    while not stop():
        at = T0 + 3 * DAY + number * NS
        began = perf_counter()
        writer.submit(journal.commit, [SampleWrite([Sample(LIVE, at, at, (1.0,))])]).result()
        waits.append(perf_counter() - began)
        number += 1
        sleep(0.02)


def rollup_bytes(path: Path) -> int:
    with JournalReader.open(path) as reader:
        return reader.space().tables["rollup"]


if __name__ == "__main__":
    main()
