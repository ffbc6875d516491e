"""A service manager as sd_notify(3) describes it: a datagram socket that hears what a service says."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class ListeningManager:
    """``name`` is what ``NOTIFY_SOCKET`` holds; ``heard`` all lines so far, in order."""

    name: str
    peer: socket.socket
    heard: list[str] = field(default_factory=list)

    def listen(self) -> list[str]:
        """Take what has come; return all lines so far."""
        while True:
            try:
                self.heard += self.peer.recv(4096).decode().split("\n")
            except BlockingIOError:
                return self.heard


@contextmanager
def service_manager(name: str) -> Iterator[ListeningManager]:
    """Listen under a path, or under an abstract name that begins with ``@``."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as peer:
        peer.bind(name.replace("@", "\0", 1) if name.startswith("@") else name)
        yield ListeningManager(name, peer)
