"""From a fault on the field to an open page: the demo square on real sockets, daemon, serve and Chromium beside it.

    python benchmarks/page_delay.py [--faults 30] [--seed 1]

The three contacts for danger are read every second; each acts at a random moment, for some seconds. Measured is the time
from when the contact acts (its register changes) until the alarm stands on an open *Now*, less the rule's own on-delay of 1 s:
what remains is the wait for the next poll, which is at most the period, and all that daemon, serve and page do. 30 faults take
some three minutes. The exit status is 1 unless the 99th percentile is below the period and one second.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import statistics
import sys
import tempfile
import threading
import time
from contextlib import AsyncExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "benchmarks")]

from notice_latency import CONTACTS, LASTS_S, NOT_HELD, ON_DELAY_S, PERIOD_S  # noqa: E402
from page_figures import PageFigure, answers  # noqa: E402
from support.browser import chromium  # noqa: E402
from support.daemon import Command, daemon, journal_of, running  # noqa: E402
from support.mosquitto import Mosquitto  # noqa: E402
from support.site import make_square  # noqa: E402

from devices.unit import MqttLink  # noqa: E402
from facilityd.cli.simulate import build_square  # noqa: E402
from facilityd.scenario.real_runtime import free_ports  # noqa: E402
from simulators.site import serve  # noqa: E402
from simulators.square import live  # noqa: E402

OVER_S = 16.0
"""Seconds that a contact rests: the rule's off-delay is 10 s, and the next time is another occurrence."""
WATCH = """() => {
  window.stood = {};
  const look = () => {
    for (const age of document.querySelectorAll(".hazard [data-age]")) {
      const link = age.closest(".hazard").querySelector("a[href^='/alarm/']");
      if (link) window.stood[`${link.getAttribute("href")} ${age.dataset.age}`] ??= Date.now();
    }
  };
  look();
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
}"""


class Watcher(threading.Thread):
    """An open page. ``stood``: when (ms since 1970) each occurrence of an alarm came to stand there."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port, self.ready, self.over = port, threading.Event(), threading.Event()
        self.stood: dict[str, float] = {}

    def run(self) -> None:
        with chromium() as browser:
            page = browser.new_page(viewport={"width": 390, "height": 844}, locale="en")
            page.goto(f"http://127.0.0.1:{self.port}/")
            page.evaluate(WATCH)
            self.ready.set()
            while not self.over.is_set():
                page.wait_for_timeout(200)
                self.stood = page.evaluate("window.stood")


async def measure(folder: Path, faults: int, seed: int) -> list[float]:
    """Return the seconds from each fault until it stood on the page."""
    made = make_square(folder / "site", hurry=False)
    made.edit(
        "surroundings.yaml", lambda text: re.sub(r"(safety-contacts: .*period: )1min", r"\g<1>1s", text)
    )
    made.edit("links.yaml", lambda text: text.replace(', version: "3.1.1", qos: 0', ""))
    made.edit("site.yaml", lambda text: f"{text}\n{NOT_HELD}\n")
    site, dice = made.site, random.Random(seed)
    (port,) = free_ports(1)
    async with AsyncExitStack() as stack:
        link = next(one for one in site.links.values() if isinstance(one, MqttLink))
        await stack.enter_async_context(Mosquitto(folder, port=link.port))
        going_on, acting = live(build_square(site, "", seed)), dict[tuple[str, str], bool]()
        units, links = list(site.units.values()), list(site.links.values())
        served = await stack.enter_async_context(serve(units, links, lambda: {**going_on(), **acting}))
        watching = daemon(made.folder, log=folder / "daemon.log")
        await stack.enter_async_context(running(watching))
        (await journal_of(made.journal, watching)).close()
        page = Command(["serve", str(made.folder), "--port", str(port)], folder / "serve.log")
        await stack.enter_async_context(running(page))
        await answers(port)
        await asyncio.sleep(20)
        watcher = Watcher(port)
        watcher.start()
        await asyncio.to_thread(watcher.ready.wait)

        async def act(device: str, count: int) -> list[float]:
            found = []
            for _ in range(count):
                await asyncio.sleep(dice.uniform(1, 3))
                acting[device, "active"] = True
                served.update({**going_on(), **acting})
                begun = time.time()
                await asyncio.sleep(LASTS_S)
                acting[device, "active"] = False
                await asyncio.sleep(OVER_S)
                found.append(_stood(watcher, device, begun) - begun)
            return found

        share = [faults // len(CONTACTS) + (n < faults % len(CONTACTS)) for n in range(len(CONTACTS))]
        told = await asyncio.gather(*(act(one, count) for one, count in zip(CONTACTS, share, strict=True)))
        watcher.over.set()
        await asyncio.to_thread(watcher.join)
        await watching.stop()
        return [seconds for one in told for seconds in one]


def _stood(watcher: Watcher, device: str, begun: float) -> float:
    """Return when the occurrence that began then stood on the page, s since 1970; far ahead where it never did."""
    own = [at / 1e3 for key, at in watcher.stood.items() if key.startswith(f"/alarm/{device}/")]
    return min((at for at in own if at > begun), default=begun + 1e6)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--faults", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="facilityd-") as temporary:
        took = sorted(asyncio.run(measure(Path(temporary), wish.faults, wish.seed)))
    own = [seconds - ON_DELAY_S for seconds in took]
    cuts = statistics.quantiles(own, n=100, method="inclusive")
    rows = [
        PageFigure("a fault until it stands on the page, on-delay taken off: p50", cuts[49], 0, "s"),
        PageFigure(
            "a fault until it stands on the page, on-delay taken off: p99", cuts[98], PERIOD_S + 1, "s"
        ),
    ]
    print(f"{len(own)} faults, seed {wish.seed}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print("\n".join(one.line() for one in rows))
    return int(not all(one.kept for one in rows))


if __name__ == "__main__":
    sys.exit(main())
