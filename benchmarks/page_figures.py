"""What both benchmarks of the page share: a figure beside its limit, a fetch, the first paint."""

from __future__ import annotations

import asyncio
import http.client
import time
from dataclasses import dataclass

from playwright.sync_api import Page


@dataclass(frozen=True, slots=True)
class PageFigure:
    """One measured value; ``most``: the limit that the issue sets, 0: none."""

    what: str
    value: float
    most: float
    unit: str

    @property
    def kept(self) -> bool:
        return not self.most or self.value <= self.most

    def line(self) -> str:
        limit = f"{self.most:>9.1f} {self.unit}" if self.most else ""
        return f"{'  ' if self.kept else '! '}{self.what:<58}{self.value:>9.1f} {self.unit:<6}{limit}"


def painted(page: Page) -> float:
    """Return after how many ms there was something to read."""
    while not page.evaluate("performance.getEntriesByName('first-contentful-paint').length"):
        page.wait_for_timeout(20)  # the policy lets no function be made of a text, which waiting for one is
    return float(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))


def get(port: int, path: str) -> float:
    """Return how many ms an answer took, unpacked by nobody."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200, (path, answer.status)
    connection.close()
    return (time.perf_counter() - began) * 1e3


async def answers(port: int) -> None:
    for _ in range(300):
        try:
            await asyncio.to_thread(get, port, "/")
        except OSError:
            await asyncio.sleep(0.1)
        else:
            return
    raise AssertionError("serve does not answer")
