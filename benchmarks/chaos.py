"""The demo square while everything outside misbehaves at random: real influxd, Mosquitto, SMTP, webhook, sockets.

    python benchmarks/chaos.py [--seconds 600] [--seed 1] [--scale 1] [--keep FOLDER]

Side by side, seeded: Modbus and MQTT hazards, floods and hostile messages, servers that hang, refuse, reset or talk
nonsense, influxd and the broker killed, hostile inbox files, the daemon stopped still for a minute (SIGSTOP) and killed
(-9); and four real faults, each of which somebody must hear of. The machine's clock is not moved: that needs root, and
the scenarios do it in virtual time. Then all is well again until no notice waits (at most twelve minutes).
The exit status is 1 unless everything that must be 0 is 0. ``--scale 0.2`` makes every misbehaviour that much shorter.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.chaos import chaos  # noqa: E402 - found by the path above


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--settle", type=float, default=720.0)
    parser.add_argument(
        "--keep", type=Path, help="a folder that is not there yet, for the journal and the logs"
    )
    wish = parser.parse_args()
    # The simulated devices' own connections are cut on purpose, and asyncio would tell each time.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="facilityd-") as temporary:
        folder = wish.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=wish.keep is None)
        came = asyncio.run(chaos(folder, wish.seconds, wish.seed, wish.scale, wish.settle))
    print(came.text())
    return int(any(came.zeros.values()))


if __name__ == "__main__":
    sys.exit(main())
