"""The daemon killed (-9) between the commit of a notice and its receipt, with real SMTP, HTTP and MQTT peers.

    python benchmarks/notice_kills.py [--kills 200] [--seed 1] [--again 0.25] [--keep FOLDER]

Eight contacts change at random; three people hear of each change by mail (aiosmtpd), by webhook (aiohttp) and over
Mosquitto, each behind a proxy that holds every piece of the conversation for up to 20 ms. Each kill falls at a random
moment while the journal has notices that are not done with; a share of them (``--again``) falls into the recovery from
the kill before. The exit status is 1 unless everything that must be 0 is 0.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.notice_kills import notice_kills  # noqa: E402 - found by the path above


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", type=float, default=0.25, help="share of kills that fall into a recovery")
    parser.add_argument("--keep", type=Path, help="a folder that is not there yet, for journal and logs")
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="facilityd-") as temporary:
        folder = wish.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=wish.keep is None)
        begun = time.monotonic()
        came = asyncio.run(notice_kills(folder, wish.kills, wish.seed, wish.again))
    print(f"{time.monotonic() - begun:.0f} s, seed {wish.seed}\n{came.text()}")
    return int(any(came.zeros.values()))


if __name__ == "__main__":
    sys.exit(main())
