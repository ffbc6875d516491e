"""What both benchmarks of the page share: a figure beside its limit, a fetch, the first paint."""

from __future__ import annotations

import asyncio
import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

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


class _OneWord(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        text = "<!DOCTYPE html><html lang=zh><title>x</title><h1>正常</h1>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:  # nothing is printed between the figures
        pass


@contextmanager
def one_word() -> Iterator[int]:
    """Serve a page of one word: what browser, line and machine take by themselves. Yields its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _OneWord) as server:
        serving = Thread(target=server.serve_forever, daemon=True)
        serving.start()
        yield server.server_address[1]
        server.shutdown()
        serving.join()
