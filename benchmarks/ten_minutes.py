"""Ten minutes of the demo square into a real InfluxDB 2.7, while influxd and facilityd are killed (-9).

    python benchmarks/ten_minutes.py [--seconds 600] [--kills 30] [--server-kills 5] [--seed 1]

Without --kills each is killed twice, and the daemon is away for long: history must show that.

Prints what arrived; the exit status is 1 unless every sample arrived once, as it was.
tests/e2e/test_e2e_influxdb.py is the same for half a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.crash_recovery import STEPS, many, story  # noqa: E402 - found by the path above


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--server-kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    wish = parser.parse_args()
    steps = many(wish.kills, wish.server_kills, wish.seed) if wish.kills else STEPS
    with tempfile.TemporaryDirectory(prefix="facilityd-") as folder:
        figures = asyncio.run(story(Path(folder), wish.seconds, steps))
    print(figures.text())
    faults = figures.missing + figures.foreign + figures.wrong + figures.doubled + figures.disordered
    return int(bool(faults + figures.dead_letter_lines + figures.tracebacks))


if __name__ == "__main__":
    sys.exit(main())
