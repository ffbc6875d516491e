"""Twenty times kill -9 of a process that writes: what it had acknowledged is there, nothing is torn."""

import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from support.journals import T0, open_journal, sample, stream

from facilityd.model.alarm import AlarmState
from facilityd.model.sample import NS
from facilityd.store.batch import Write
from facilityd.store.changes import AlarmWrite
from facilityd.store.meta import CountWrite, JudgedWrite
from facilityd.store.reader import JournalReader
from facilityd.store.rollup import HOUR, joined, roll, stale_after
from facilityd.store.rollup_blocks import HOURS, MINUTES
from facilityd.store.rollups import RollupWrite
from facilityd.store.samples import SampleWrite

SIZE = 20
STREAMS = [stream(f"lamp-{n}", "relay") for n in range(SIZE)]


def write_for_ever(folder: Path, start: int, acknowledged: int) -> None:
    """Commit numbered batches; print each number once its batch is durable."""
    with open_journal(folder, max_bytes=8 * 2**20) as journal:
        journal.configure_sinks(["influx"])
        for number in range(start, start + 10**6):
            samples = [sample(of, T0 + number * NS, float(number)) for of in STREAMS]
            states = [AlarmState("d", "r", occurrence=number)]
            journal.commit(
                [SampleWrite(samples), AlarmWrite(states), JudgedWrite(number), CountWrite({"batches": 1})]
            )
            os.write(acknowledged, f"{number}\n".encode())


def roll_up_for_ever(folder: Path, start: int, acknowledged: int) -> None:
    """The same with a sample every 50 s, some of them late; hours are rolled up in every third commit."""
    with open_journal(folder) as journal:
        for number in range(start, start + 10**6):
            at = T0 + (number - 90 * (number % 7 == 0)) * 50 * NS
            writes: list[Write] = [SampleWrite([sample(of, at, float(number)) for of in STREAMS[:4]])]
            if number % 3 == 0:
                writes.append(RollupWrite(at, 0, 2))
            journal.commit(writes)
            os.write(acknowledged, f"{number}\n".encode())


def kill_a_writer(
    folder: Path, start: int, after: int, delay: float, write: Callable[[Path, int, int], None]
) -> int:
    """Return the last number that the writer had acknowledged before it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            write(folder, start, writing)
        except BaseException as error:
            os.write(2, repr(error).encode())
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        for _ in range(after):
            assert pipe.readline(), "the writer died on its own"
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        rest = [int(line) for line in pipe.read().split("\n")[:-1]]
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    return rest[-1] if rest else start + after - 1


def test_twenty_kills(tmp_path):
    chance = random.Random(20)
    start = lost = torn = 0
    for _ in range(20):
        last = kill_a_writer(tmp_path, start, chance.randint(1, 40), chance.random() * 0.02, write_for_ever)
        with (
            open_journal(tmp_path, max_bytes=8 * 2**20) as journal,
            JournalReader.open(journal.path) as reader,
        ):
            assert journal.moved_aside is None
            rows = [(row.id, reader.sample(row).values[0]) for row in reader.samples_after(0, 10**6)]
            counted = Counter(int(number) for _, number in rows)
            newest = max(counted)
            oldest = 0 if counted[0] else min(counted) + 1  # the purge may stop within a batch
            lost += sum(counted[number] == 0 for number in range(oldest, last + 1))
            torn += sum(0 < counted[number] != SIZE for number in range(oldest, newest + 1))
            assert newest - last in (0, 1), "at most the batch in flight is there without an acknowledgement"
            assert reader.counters()["batches"] == newest + 1
            assert reader.counters()["stored"] == rows[-1][0] == SIZE * (newest + 1)
            assert (reader.last_judged(), reader.alarms()[0].occurrence) == (newest, newest)
            start = newest + 1
    assert (lost, torn) == (0, 0)
    assert start > 200
    print(f"{start} batches over 20 kills", file=sys.stderr)


def test_kills_leave_every_roll_up_as_its_samples_say(tmp_path):
    chance, start = random.Random(21), 0
    for _ in range(6):
        last = kill_a_writer(
            tmp_path, start, chance.randint(80, 160), chance.random() * 0.02, roll_up_for_ever
        )
        start = last + 2
    with open_journal(tmp_path) as journal, JournalReader.open(journal.path) as reader:
        assert reader.counters()["rolled_hours"] > 20
        until = (T0 // HOUR + 2 + start * 50 * NS // HOUR) * HOUR
        for of in STREAMS[:4]:
            points = list(reader.history(of.device, "s0", 0, until))
            held, stale = [(at, value, True) for at, value, _ in points], stale_after(of.expected)
            recomputed = []
            for hour in range(T0 // HOUR * HOUR - 2 * HOUR, until, HOUR):
                own = [one for one in held if hour - stale <= one[0] < hour + HOUR]
                recomputed += joined(roll(own, hour, hour + HOUR, MINUTES.width, stale), HOURS.width)
            journal.commit([RollupWrite(until + HOUR, 0, 10**6)])
            assert not reader.rollup_due(until + HOUR)
            assert reader.rollups(of.device, "s0", 0, until, HOURS) == recomputed
