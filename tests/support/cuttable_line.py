"""A line between a browser and a server that a test cuts and mends, and a benchmark makes slow."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class CuttableLine:
    """Forwards what comes to ``port`` to ``target`` on this machine; while it is cut nothing goes through.

    ``delay``: s that each request waits; ``rate``: bytes of the answers that pass in a second, 0: all.
    """

    def __init__(self, target: int, delay: float = 0.0, rate: float = 0.0) -> None:
        self.target, self._whole = target, True
        self._delay, self._rate = delay, rate
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._hushed: set[socket.socket] = set()
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Let every connection die at once, and none come about."""
        self._whole = False
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def hush(self) -> None:
        """Let every connection that there is stay, and nothing more come through it, as behind a phone that slept."""
        self._hushed |= self._open

    def mend(self) -> None:
        self._whole = True

    def close(self) -> None:
        self.cut()
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            if not self._whole:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self.target))
            self._open |= {near, far}
            for one, other, slow in ((near, far, self._ask), (far, near, self._answer)):
                threading.Thread(target=self._pump, args=(one, other, slow), daemon=True).start()

    def _ask(self, _: int) -> float:
        return self._delay

    def _answer(self, size: int) -> float:
        return size / self._rate if self._rate else 0.0

    def _pump(self, one: socket.socket, other: socket.socket, slow: Callable[[int], float]) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(16384):
                if one in self._hushed:
                    continue
                if wait := slow(len(data)):
                    threading.Event().wait(wait)
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)
        self._open.discard(one)
        one.close()


@contextmanager
def cuttable_line(target: int, delay: float = 0.0, rate: float = 0.0) -> Iterator[CuttableLine]:
    """Lay a line to a port of this machine."""
    line = CuttableLine(target, delay, rate)
    try:
        yield line
    finally:
        line.close()
