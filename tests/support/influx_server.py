"""A scripted InfluxDB that is asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from facilityd.model.sample import SignalType
from facilityd.model.settings import InfluxSettings
from facilityd.store.influx_points import (
    InfluxSeries,
)
from facilityd.store.influx_query import InfluxQueryClient

TOKEN = "very-secret-token-9"
T0 = 1_790_000_040_000_000_000
SERIES = InfluxSeries("meter", "yard", "gate", "m1", "power", SignalType.FLOAT)
RECORDED = (
    ",result,table,_time,_value,_field\r\n"
    ",_result,0,2026-09-21T14:14:00.000000001Z,power:timeout,bad\r\n"
    ",_result,0,2026-09-21T14:14:03Z,*:link-down,bad\r\n"
    "\r\n"
    ",result,table,_time,_value,_field\r\n"
    ",_result,1,2026-09-21T14:14:01Z,1.5,power\r\n"
    ",_result,1,2026-09-21T14:14:02.5Z,2,power\r\n"
    "\r\n"
)
"""What influxd 2.7.12 answered, word for word."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def _both(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        self.server.asked.append((self.path, dict(self.headers), self.rfile.read(size)))  # type: ignore[attr-defined]
        self.server.script(self)  # type: ignore[attr-defined]

    do_GET = do_POST = _both


@contextmanager
def server(script: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[tuple[str, list]]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    made.daemon_threads = True
    made.script, made.asked = script, []  # type: ignore[attr-defined]
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{made.server_port}", made.asked  # type: ignore[attr-defined]
    finally:
        made.shutdown()
        made.server_close()


def say(status: int, body: str, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def script(to: BaseHTTPRequestHandler) -> None:
        to.send_response(status)
        for name, value in {"Content_Length": str(len(body.encode())), **headers}.items():
            to.send_header(name.replace("_", "-"), value)
        to.end_headers()
        to.wfile.write(body.encode())

    return script


MADE: list[InfluxQueryClient] = []
"""Clients to close when a test ends."""


def client(url: str, **options: float) -> InfluxQueryClient:
    made = InfluxQueryClient(InfluxSettings("influx", url, "square", "telemetry", TOKEN), **options)
    MADE.append(made)
    return made
