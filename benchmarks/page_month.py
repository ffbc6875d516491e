"""A chart of a month of a signal that is read each second: the server, the click, the frames while panning."""

from __future__ import annotations

import asyncio
import random
import statistics
import threading
import time
from pathlib import Path

from page_figures import PageFigure, answers, get, painted
from support.browser import chromium
from support.daemon import Command, running

from facilityd.config.load import load
from facilityd.model.sample import NS, Sample
from facilityd.scenario.real_runtime import free_ports
from facilityd.store.journal import Journal
from facilityd.store.rollups import RollupWrite
from facilityd.store.samples import SampleWrite

HOUR, SLOWER = 3600 * NS, 4
DRIVE = """\
site: {id: yard, name: {zh: 场院, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
store: {path: journal.db}
links: {io: {protocol: modbus-tcp, host: 127.0.0.1, port: 1}}
units: {drive: {link: io, profile: abb_acs380_acs580, device_id: 2, period: 1s}}
devices: {hoist-1: {family: hoist, name: {zh: 升降机, en: Hoist}, signals: {torque: drive.torque}}}
"""
SIGNAL = "hoist-1.torque"
FRAMES = """async (svg) => {
  const figure = svg.closest("[data-zoom]"), box = figure.getBoundingClientRect();
  const send = (name, x) => figure.dispatchEvent(new PointerEvent(name, {bubbles: true, pointerId: 1, clientX: box.x + x, clientY: box.y + 50}));
  figure.setPointerCapture = () => {};
  const frame = () => new Promise(requestAnimationFrame), times = [];
  send("pointerdown", 300);
  let before = await frame();
  for (let n = 0; n < 120; n++) { send("pointermove", 300 - n); const now = await frame(); times.push(now - before); before = now; }
  send("pointermove", 300);
  send("pointerup", 300);
  return times;
}"""


def write_month(folder: Path, days: int) -> None:
    """A drive that was read each second for so many days, until now."""
    folder.mkdir()
    (folder / "site.yaml").write_text(DRIVE, encoding="utf-8")
    site = load(folder, secrets=False)
    (stream,) = site.devices["hoist-1"].streams
    chance, begin = random.Random(1), (time.time_ns() // HOUR - days * 24) * HOUR
    with Journal.open(
        Path(site.store.path), max_bytes=2**32, max_age=10**18, ballast_bytes=65536, site=site.id
    ) as journal:
        for hour in range(days * 24):
            at = begin + hour * HOUR
            samples = [
                Sample(
                    stream,
                    at + n * NS,
                    at + n * NS,
                    tuple(round(5 + 3 * chance.random(), 1) for _ in stream.signals),
                )
                for n in range(3600)
            ]
            journal.commit([SampleWrite(samples)])
            journal.commit([RollupWrite(samples[-1].at, 0, 9)])
        journal.commit([RollupWrite(begin + days * 24 * HOUR, 0, 99)])


async def month(folder: Path, days: int) -> list[PageFigure]:
    write_month(folder / "drive", days)
    (port,) = free_ports(1)
    page = Command(["serve", str(folder / "drive"), "--port", str(port)], folder / "drive.log")
    async with running(page):
        await answers(port)
        path = f"/history?s={SIGNAL}&since={days}d"
        server = await asyncio.to_thread(lambda: [get(port, path) for _ in range(20)])
        found: list[PageFigure] = [
            PageFigure(f"chart of {days} days of 1 s: the server", statistics.median(server), 30, "ms")
        ]
        thread = threading.Thread(target=lambda: found.extend(drawn(port, days)))
        thread.start()
        await asyncio.to_thread(thread.join)
    return found


def drawn(port: int, days: int) -> list[PageFigure]:
    url = f"http://127.0.0.1:{port}/history?s={SIGNAL}&since=1d"
    waits, frames = list[float](), list[float]()
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en")
        for _ in range(7):
            page.goto(url)
            page.wait_for_timeout(500)
            began = page.evaluate("Date.now()")
            page.click(f"a[href*='since={days * 86_400}s']")
            waits.append(page.evaluate("performance.timeOrigin") + painted(page) - began)
        tools = page.context.new_cdp_session(page)
        tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.wait_for_timeout(1000)
        frames = page.locator("svg.chart.wide").first.evaluate(FRAMES)
    late = sorted(frames)[int(len(frames) * 0.95)]
    return [
        PageFigure(
            f"chart of {days} days: from the click until it is drawn", statistics.median(waits[1:]), 150, "ms"
        ),
        PageFigure(
            "panning on a throttled processor: a frame", statistics.median(frames), 1000 / 60 + 0.5, "ms"
        ),
        PageFigure("panning: 95 % of the frames within", late, 1000 / 60 + 0.5, "ms"),
    ]
