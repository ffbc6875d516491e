"""The daemon's memory while it watches the demo square: resident and anonymous, and how they grow.

    nice python benchmarks/memory.py [--seconds 3600] [--warm-up 600] [--csv FILE]

The same square, story and pace as `make demo`, on free ports. Read each 10 s from /proc (Linux only). Prints a line a
minute, and at the end the slope after the warm-up; the exit status is 1 where that comes to more than 2 MB in an hour.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.daemon import Command, running, until  # noqa: E402 - found by the path above
from support.notification_receivers import notification_receivers  # noqa: E402
from support.site import make_square  # noqa: E402

from facilityd.cli.demo import PACE, STORY  # noqa: E402

EVERY_S = 10.0
LIMIT_MB_PER_HOUR = 2.0


@dataclass(frozen=True)
class Reading:
    """``at`` in s since the start; the rest in MB."""

    at: float
    resident: float
    anonymous: float

    @classmethod
    def of(cls, process: int, at: float) -> Reading:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
        kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
        return cls(at, kilobytes["Rss"] / 1024, kilobytes["Anonymous"] / 1024)


async def measure(folder: Path, seconds: float, csv: Path | None) -> list[Reading]:
    """Return a reading each ``EVERY_S``."""
    made, readings = make_square(folder / "site", hurry=False), list[Reading]()
    site = str(made.folder)
    simulator = Command(["simulate", "serve", site, "--broker", PACE, *STORY], folder / "simulator.log")
    watching = Command(["run", PACE, site], folder / "daemon.log")
    async with AsyncExitStack() as stack:
        told = await stack.enter_async_context(notification_receivers(made.webhook, made.smtp))
        await stack.enter_async_context(running(simulator))
        await until(lambda: "serving" in simulator.text(), 120)
        await stack.enter_async_context(running(watching))
        begin = time.monotonic()
        while (at := time.monotonic() - begin) < seconds:
            await asyncio.sleep(EVERY_S)
            assert watching.alive, watching.text()[-2000:]
            readings.append(Reading.of(watching.process.pid, at + EVERY_S))
            note(readings, csv, sum(told.counts))
        assert "Traceback" not in watching.text(), watching.text()[-2000:]
    return readings


def note(readings: list[Reading], csv: Path | None, told: int) -> None:
    """Print a line a minute, and write them all."""
    new = readings[-1]
    if csv:
        with csv.open("a", encoding="ascii") as out:
            out.write(f"{new.at:.0f},{new.resident:.2f},{new.anonymous:.2f}\n")
    if len(readings) % 6 == 0:
        line = f"{new.at / 60:5.1f} min  resident {new.resident:6.1f} MB  anonymous {new.anonymous:6.1f} MB"
        print(f"{line}  notices {told}", flush=True)


def slope(readings: list[Reading], what: str) -> float:
    """Return MB per hour, by least squares."""
    at = [reading.at / 3600 for reading in readings]
    return linear_regression(at, [getattr(reading, what) for reading in readings]).slope


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--warm-up", type=float, default=600)
    parser.add_argument("--csv", type=Path)
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="facilityd-") as folder:
        readings = asyncio.run(measure(Path(folder), wish.seconds, wish.csv))
    warm = [reading for reading in readings if reading.at >= wish.warm_up]
    slopes = {what: slope(warm, what) for what in ("resident", "anonymous")}
    first, last = warm[0], warm[-1]
    print(f"after {wish.warm_up / 60:.0f} min of warm-up, over {(last.at - first.at) / 60:.0f} min:")
    for what, grows in slopes.items():
        print(f"{what}: {getattr(first, what):.1f} -> {getattr(last, what):.1f} MB; {grows:+.2f} MB per hour")
    return int(max(slopes.values()) > LIMIT_MB_PER_HOUR)


if __name__ == "__main__":
    sys.exit(main())
