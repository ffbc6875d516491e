"""The square stored into a real InfluxDB while influxd and the daemon are killed again and again."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from facilityd.model.reserved import ALARM
from facilityd.model.sample import NS, Sample
from facilityd.query.words import sentence
from facilityd.store.batch import LineKind
from facilityd.store.journal import Journal
from facilityd.store.reader import JournalReader
from support.daemon import Command, daemon, facilityd_json, journal_of, running, until
from support.forwarding import forwarder, wait_for
from support.forwarding import running as forwarding
from support.influxd import Influxd, influxd, instant
from support.journals import DAY, Keeper
from support.site import SiteFolder, make_square

SINK = (
    'sinks:\n  influx: {kind: influxdb, url: "%s", org: square, bucket: telemetry, token: "${E2E_TOKEN}"}\n'
)
TELLS = ("hoist-room-water", "active")
"""Read every second, so that even short gaps are gaps."""
STEPS = (
    ("influxd dies", 0.15), ("influxd comes back", 0.25),
    ("the daemon dies", 0.35), ("the daemon comes back", 0.50), ("the daemon stores again", 0.51),
    ("influxd dies", 0.60), ("influxd comes back", 0.70),
    ("the daemon dies", 0.75), ("the daemon comes back", 0.90), ("the daemon stores again", 0.91),
)  # fmt: skip

Steps = tuple[tuple[str, float], ...]
"""What happens, and after which share of the time."""
Key = tuple[str, str, str, int]


def many(daemon: int, server: int, seed: int = 1) -> Steps:
    """Return so many kills of each, at any moment, each away for a quarter to a half of its turn."""
    dice = random.Random(seed)

    def turns(name: str, count: int) -> list[tuple[str, float]]:
        turn = 0.95 / count
        died = [(n + dice.uniform(0.0, 0.4)) * turn for n in range(count)]
        back = [at + dice.uniform(0.25, 0.5) * turn for at in died]
        return [(f"{name} dies", at) for at in died] + [(f"{name} comes back", at) for at in back]

    return tuple(sorted(turns("the daemon", daemon) + turns("influxd", server), key=lambda step: step[1]))


@dataclass(frozen=True)
class Figures:
    """What came of it. ``gaps`` in s, as ``facilityd history`` shows them; ``down`` as they were.

    ``absences``: from the last reading stored before each kill to the first one after it, in s.
    """

    seconds: float
    samples: int
    points: int
    values: int
    missing: int
    foreign: int
    wrong: int
    doubled: int
    disordered: int
    down: tuple[float, ...]
    gaps: tuple[float, ...]
    absences: tuple[float, ...]
    dead_letter_lines: int
    tracebacks: int
    server_kills: int
    changes: int
    changes_there: int

    def text(self) -> str:
        down, gaps = (", ".join(f"{s:.1f}" for s in spans) for spans in (self.down, self.gaps))
        return (
            f"{self.seconds:.0f} s; influxd killed {self.server_kills} times, "
            f"facilityd killed {len(self.down)} times (kill -9)\n"
            f"samples in the journal {self.samples}; points in InfluxDB {self.points}; values {self.values}\n"
            f"changes of alarms in the journal {self.changes}; in InfluxDB {self.changes_there}\n"
            f"missing={self.missing} foreign={self.foreign} wrong={self.wrong} "
            f"doubled={self.doubled} disordered={self.disordered} parked={self.dead_letter_lines}\n"
            f"facilityd was down for {down} s; history shows gaps of {gaps} s"
        )


async def story(folder: Path, seconds: float, steps: Steps = STEPS) -> Figures:
    """Let it happen, and count."""
    made = make_square(folder / "site")
    (folder / "influxd").mkdir()
    simulator = Command(
        ["simulate", "serve", str(made.folder), "--broker", "--at=19:30"], folder / "simulator.log"
    )
    async with influxd(folder / "influxd") as server, running(simulator):
        sink = folder / "sink.yaml"
        sink.write_text(SINK % server.url)
        await until(lambda: "serving" in simulator.text())
        watching = daemon(made.folder, sink, log=folder / "daemon.log", E2E_TOKEN=server.token)
        async with running(watching):
            with await journal_of(made.journal, watching) as reader:
                await until(lambda: next(reader.history(*TELLS, 0, 2**62), None))
            begin = time.time_ns()
            down = await _kills(server, watching, made.journal, seconds, steps)
            end = time.time_ns()
            await until(lambda: watching.text().count("watching") > len(down), 60)
            await _stores_again(made.journal, down[-1][0] if down else begin)
            await watching.stop()
        await the_rest(made, server)
        deaths = sum(what == "influxd dies" for what, _ in steps)
        return await figures(made, server, watching, (begin, end), down, deaths)


async def _stores_again(journal: Path, since: int) -> None:
    """Wait for a reading after ``since`` (ns UTC): a busy machine may take longer to start than its turn is."""
    with JournalReader.open(journal) as reader:
        await until(lambda: next(reader.history(*TELLS, since + 1, 2**62), None), 60)


async def _kills(
    server: Influxd, watching: Command, journal: Path, seconds: float, steps: Steps
) -> list[tuple[int, int]]:
    """Return when the daemon was down, in ns UTC."""
    loop, down, died = asyncio.get_running_loop(), list[tuple[int, int]](), 0
    begin = loop.time()
    for what, share in (*steps, ("end", 1.0)):
        await asyncio.sleep(begin + share * seconds - loop.time())
        if what == "influxd dies":
            await server.kill()
        elif what == "influxd comes back":
            await server.start()
        elif what == "the daemon dies":
            died = time.time_ns()
            await watching.kill()
        elif what == "the daemon comes back":
            down.append((died, time.time_ns()))
            await watching.start()
        elif what == "the daemon stores again":
            await _stores_again(journal, died)
    return down


async def the_rest(made: SiteFolder, server: Influxd) -> None:
    """The daemon's last second: what it stored and had no time to forward goes the same way."""
    journal = Journal.open(made.journal, max_bytes=2**31, max_age=90 * DAY, ballast_bytes=65536)
    keeper = Keeper(journal)
    try:
        with JournalReader.open(made.journal) as reader:
            sender = forwarder(keeper, server.url, bucket=server.bucket, org=server.org, token=server.token)
            async with forwarding(sender):
                last = reader.changes()[-1:]
                await wait_for(lambda: reader.cursor("influx") == reader.last_sample(), 60)
                await wait_for(lambda: not last or reader.cursor("influx", LineKind.CHANGE) == last[0].id, 60)
    finally:
        keeper.close()


async def figures(
    made: SiteFolder,
    server: Influxd,
    watching: Command,
    span: tuple[int, int],
    down: list[tuple[int, int]],
    deaths: int,
) -> Figures:
    with JournalReader.open(made.journal) as reader:
        stored = [reader.sample(row) for row in reader.samples_after(0, 10**7)]
        dead_letter_lines, changes = len(reader.dead_letter_lines()), len(reader.changes())
    points, rows, changes_there = await _points(server)
    told = {_key(sample): sample for sample in stored}
    wrong = sum(_wrong(sample, points[key]) for key, sample in told.items() if key in points)
    device, signal = TELLS
    since, until = (datetime.fromtimestamp(at / NS, UTC).isoformat() for at in span)
    shown = await facilityd_json("history", made.folder, device, signal, "--since", since, "--until", until)
    return Figures(
        (span[1] - span[0]) / NS, len(stored), len(points), rows,
        len(told.keys() - points.keys()), len(points.keys() - told.keys()), wrong,
        len(stored) - len(told), _disordered(stored),
        tuple((until - since) / NS for since, until in down),
        tuple(gap["seconds"] for gap in shown["gaps"] if gap["downtime"] or gap["reason"]["en"] == sentence("nothing-stored", "en")),
        tuple(_absence(stored, died) for died, _ in down),
        dead_letter_lines, watching.text().count("Traceback"), deaths,
        changes, changes_there,
    )  # fmt: skip


def _absence(stored: list[Sample], died: int) -> float:
    ats = [
        one.at for one in stored if (one.stream.device, TELLS[1] in one.stream.signals) == (TELLS[0], True)
    ]
    return (min(at for at in ats if at > died) - max(at for at in ats if at <= died)) / NS


def _key(sample: Sample) -> Key:
    return (sample.stream.family, sample.stream.device, sample.stream.unit, sample.at)


async def _points(server: Influxd) -> tuple[dict[Key, dict[str, str]], int, int]:
    """Return the samples' points, how many values they have, and how many changes of alarms there are."""
    points: dict[Key, dict[str, str]] = defaultdict(dict)
    everything = await server.everything()
    rows = [row for row in everything if row["_measurement"] != ALARM]
    occurrences = [
        row for row in everything if row["_measurement"] == ALARM and row["_field"] == "occurrence"
    ]
    for row in rows:
        key = (row["_measurement"], row["device"], row["unit"], instant(row["_time"]))
        assert row["_field"] not in points[key], "InfluxDB said one value twice"
        points[key][row["_field"]] = row["_value"]
    return points, len(rows), len(occurrences)


def _wrong(sample: Sample, point: dict[str, str]) -> int:
    """Count the fields that differ, are missing, or are too many."""
    texts = {True: "true", False: "false"}
    pairs = zip(sample.stream.signals, sample.values, strict=True)
    told = {n: texts[v] if isinstance(v, bool) else v for n, v in pairs if v is not None}
    read = {name: text for name, text in point.items() if name != "bad"}
    differ = sum(not _same(read[name], value) for name, value in told.items() if name in read)
    return differ + len(told.keys() ^ read.keys()) + (bool(sample.reasons) != ("bad" in point))


def _same(read: str, told: float | str) -> bool:
    if isinstance(told, str) or read in ("true", "false"):
        return read == told
    return int(read) == told if isinstance(told, int) else float(read) == told


def _disordered(stored: list[Sample]) -> int:
    """Count samples stored after a later one of their own stream."""
    streams: dict[object, list[int]] = defaultdict(list)
    for sample in stored:
        streams[sample.stream].append(sample.at)
    return sum(later <= earlier for ats in streams.values() for earlier, later in pairwise(ats))
