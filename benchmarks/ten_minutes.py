"""Ten minutes of the demo square into a real InfluxDB 2.7, while influxd and facilityd are killed twice each.

    python benchmarks/ten_minutes.py [--seconds 600]

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

from support.kills import story  # noqa: E402 - found by the path above


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=600)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="facilityd-") as folder:
        figures = asyncio.run(story(Path(folder), seconds))
    print(figures.text())
    faults = figures.missing + figures.foreign + figures.wrong + figures.doubled + figures.disordered
    return int(bool(faults + figures.parked + figures.tracebacks))


if __name__ == "__main__":
    sys.exit(main())
