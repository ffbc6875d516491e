"""How late the daemon's polls are, alone and while fifty greedy clients ask `facilityd serve`, in one run.

    python benchmarks/greedy_clients.py [--units 100] [--seconds 30] [--clients 50] [--rounds 3]

The daemon and the listener share one core, `serve` and the clients the other: what is measured is what they do to
the daemon, not to its witness. Each client has an address
of its own (127.0.0.2 and on), asks without a pause for what costs most, and never waits for an answer longer than
ten seconds. Lateness is seen by the listener, as in polling.py.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median

from polling import COLUMNS, Work, await_listener, free_port, measure, running, site

ASKED = (
    "/api/v1/timeline?since=7d", "/api/v1/devices", "/metrics", "/api/v1/log?since=7d", "/api/v1/occurrences?since=7d",
    "/api/v1/devices/d0/signals/v0/history?since=1d", "/api/v1/worst?since=30d",
    "/api/v1/devices/d1/signals/v1/history?since=1d&format=csv",
)  # fmt: skip


def greedy(port: int, clients: int, over: Event, told: Queue[Counter[str]]) -> None:
    """Ask from so many threads until it is over; say how often which status came."""
    os.sched_setaffinity(0, {1 % (os.cpu_count() or 1)})
    counts: Counter[str] = Counter()

    def client(number: int) -> None:
        for path in itertools.islice(itertools.cycle(ASKED), number % len(ASKED), 10**6):
            if over.is_set():
                return
            one = http.client.HTTPConnection(
                "127.0.0.1", port, 10, source_address=(f"127.0.0.{number + 2}", 0)
            )
            try:
                one.request("GET", path)
                answer = one.getresponse()
                answer.read(2**24)
                counts[str(answer.status)] += 1
            except OSError as error:
                counts[type(error).__name__] += 1
            finally:
                one.close()

    threads = [threading.Thread(target=client, args=(n,), daemon=True) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    told.put(counts)


@contextmanager
def besieged(folder: Path, clients: int, counts: Counter[str]) -> Iterator[None]:
    """Serve the site's journal to so many greedy clients until the block ends."""
    port = free_port()
    command = [sys.executable, "-m", "facilityd", "serve", str(folder / "site"), "--port", str(port)]
    spawned = multiprocessing.get_context("spawn")
    over, told = spawned.Event(), spawned.Queue()
    with running(command, folder / "serve.log", core=1):
        await_listener(port)
        crowd = spawned.Process(target=greedy, args=(port, clients, over, told))
        crowd.start()
        try:
            yield
        finally:
            over.set()
            counts.update(told.get(timeout=90))
            crowd.join(30)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--units", type=int, default=100)
    words.add_argument("--seconds", type=float, default=30.0)
    words.add_argument("--clients", type=int, default=50)
    words.add_argument("--rounds", type=int, default=3)
    asked = words.parse_args()
    found: dict[str, list[dict[str, float]]] = {"alone": [], "besieged": []}
    counts: Counter[str] = Counter()
    work = Work(asked.units, asked.seconds, 1000, changing=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder, port = Path(temporary), free_port()
        command = site(folder / "site", asked.units, port)
        for number in range(asked.rounds):
            found["alone"].append(measure(f"alone-{number}", command, folder, port, work, core=0))
            with besieged(folder, asked.clients, counts):
                found["besieged"].append(measure(f"besieged-{number}", command, folder, port, work, core=0))
    print("| the daemon |", " | ".join(COLUMNS), "|")
    print("|" + "---|" * (1 + len(COLUMNS)))
    rows = {who: {name: median(one[name] for one in ones) for name in COLUMNS} for who, ones in found.items()}
    for who, row in rows.items():
        print(f"| {who} |", " | ".join(f"{row[name]:.2f}" for name in COLUMNS), "|")
    for name in ("p50_ms", "p99_ms", "cpu_us_per_value"):
        print(f"{name}, besieged / alone: {rows['besieged'][name] / rows['alone'][name]:.2f}")
    print(f"{time.strftime('%F')}: answers by status {dict(counts)}")


if __name__ == "__main__":
    main()
