"""What the page costs: first content on a slow network, a hundred open pages, a chart of a month, panning.

    python benchmarks/page.py [--days 30] [--pages 100] [--seconds 60]

Each figure is printed beside its limit; the exit status is 1 where one is missed. The network is a line that delays every request
by 562 ms and lets 180 kB/s through (what Chromium's tools call slow 4G), the processor is throttled four times. It wants a
quiet machine, Chromium (playwright) and Mosquitto.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "benchmarks")]

from page_figures import PageFigure, answers, get, one_word, painted  # noqa: E402 - found by the path above
from page_month import month  # noqa: E402
from playwright.sync_api import BrowserContext  # noqa: E402
from support.browser import chromium  # noqa: E402
from support.cuttable_line import cuttable_line  # noqa: E402
from support.daemon import Command, daemon, journal_of, running  # noqa: E402
from support.mosquitto import Mosquitto  # noqa: E402
from support.site import make_square  # noqa: E402

from devices.unit import MqttLink  # noqa: E402
from facilityd.cli.simulate import build_square  # noqa: E402
from facilityd.scenario.real_runtime import free_ports  # noqa: E402
from simulators.site import serve  # noqa: E402
from simulators.square import live  # noqa: E402

DELAY_S, BYTES_S, SLOWER = 0.562, 180_000.0, 4
ANSWERED = "performance.getEntriesByType('navigation')[0].responseEnd"
# --- first content ---------------------------------------------------------------------------------


def _visit(context: BrowserContext, url: str) -> tuple[float, float, float]:
    """Return the ms until first content and until the whole answer, and the bytes until all was quiet."""
    page, sizes = context.new_page(), list[float]()
    tools = context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(url)
    came, answered = painted(page), page.evaluate(ANSWERED)
    page.wait_for_timeout(3000)
    page.close()
    return came, answered, sum(sizes)


def first_content(port: int, times: int = 15) -> list[PageFigure]:
    first, again, sizes = list[float](), list[float](), list[float]()
    bare, answered = list[float](), list[float]()
    slow = {"delay": DELAY_S, "rate": BYTES_S}
    with (
        chromium() as browser,
        one_word() as word,
        cuttable_line(port, **slow) as line,
        cuttable_line(word, **slow) as beside,
    ):
        for _ in range(times):
            context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
            bare.append(_visit(context, beside.url)[0])
            context.close()
            context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
            came, whole, size = _visit(context, line.url)
            first.append(came)
            answered.append(whole)
            sizes.append(size)
            again.append(_visit(context, line.url)[0])
            context.close()
    return [
        PageFigure("a page of one word over the same line: first content", statistics.median(bare), 0, "ms"),
        PageFigure("Now, first visit: the answer is whole", statistics.median(answered), 0, "ms"),
        PageFigure("Now, first visit: first content", statistics.median(first), 1000, "ms"),
        PageFigure("Now, first visit: transferred", statistics.median(sizes) / 1000, 100, "kB"),
        PageFigure("Now, on return: first content", statistics.median(again), 300, "ms"),
    ]


# --- a hundred pages -------------------------------------------------------------------------------


async def _open_page(port: int, until: float) -> int:
    """Be one open page: fetch it, listen, fetch it anew each minute. Return how many bytes were heard."""
    heard = 0
    await asyncio.sleep(random.uniform(0, 5))
    await asyncio.to_thread(get, port, "/")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    fetched = time.monotonic()
    while time.monotonic() < until:
        with suppress(TimeoutError):
            heard += len(await asyncio.wait_for(reader.read(65536), 1.0))
        if time.monotonic() - fetched > 60:
            fetched = time.monotonic()
            await asyncio.to_thread(get, port, "/")
    writer.close()
    return heard


def _cpu_s(number: int) -> float:
    fields = Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss_mb(number: int) -> float:
    text = Path(f"/proc/{number}/status").read_text(encoding="ascii")
    return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1]) / 1000


async def open_pages(port: int, number: int, watching: int, pages: int, seconds: float) -> list[PageFigure]:
    daemon_before, span = _cpu_s(watching), time.monotonic()
    await asyncio.sleep(20)
    alone = (_cpu_s(watching) - daemon_before) / (time.monotonic() - span)
    until = time.monotonic() + 10 + seconds
    listening = [asyncio.create_task(_open_page(port, until)) for _ in range(pages)]
    await asyncio.sleep(10)
    begin, before, daemon_before = time.monotonic(), _cpu_s(number), _cpu_s(watching)
    await asyncio.sleep(max(1.0, until - begin - 1))
    spent, took = _cpu_s(number) - before, time.monotonic() - begin
    beside = (_cpu_s(watching) - daemon_before) / took
    memory = _rss_mb(number)
    heard = await asyncio.gather(*listening)
    assert min(heard) > 0, "a page heard nothing"
    return [
        PageFigure(f"{pages} open pages: serve, of one core", 100 * spent / took, 10, "%"),
        PageFigure(f"{pages} open pages: serve, memory", memory, 200, "MB"),
        PageFigure("the daemon with them, more than without, of one core", 100 * (beside - alone), 1.0, "%"),
    ]


async def on_the_square(folder: Path, pages: int, seconds: float) -> list[PageFigure]:
    """The demo square on real sockets, its daemon, and serve as a process of its own."""
    made = make_square(folder / "site", hurry=False)
    made.edit("links.yaml", lambda text: text.replace(', version: "3.1.1", qos: 0', ""))
    site = made.site
    (port,) = free_ports(1)
    async with AsyncExitStack() as stack:
        link = next(one for one in site.links.values() if isinstance(one, MqttLink))
        await stack.enter_async_context(Mosquitto(folder, port=link.port))
        units, links = list(site.units.values()), list(site.links.values())
        await stack.enter_async_context(serve(units, links, live(build_square(site, "", 1))))
        watching = daemon(made.folder, log=folder / "daemon.log")
        await stack.enter_async_context(running(watching))
        (await journal_of(made.journal, watching)).close()
        page = Command(["serve", str(made.folder), "--port", str(port)], folder / "serve.log")
        await stack.enter_async_context(running(page))
        await answers(port)
        await asyncio.sleep(30)
        found = await asyncio.to_thread(_in_thread, port)
        numbers = page.process.pid, watching.process.pid
        return [*found, *await open_pages(port, *numbers, pages, seconds)]


def _in_thread(port: int) -> list[PageFigure]:
    """Playwright's own loop stays in a thread of its own."""
    found: list[PageFigure] = []
    thread = threading.Thread(target=lambda: found.extend(first_content(port)))
    thread.start()
    thread.join()
    return found


async def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=int, default=30, choices=(7, 30))
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        found = []
        for part in (on_the_square(Path(name), asked.pages, asked.seconds), month(Path(name), asked.days)):
            rows = await part
            print("\n".join(one.line() for one in rows), flush=True)
            found += rows
    return int(not all(one.kept for one in found))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
