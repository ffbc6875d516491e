"""What the service manager (systemd) is told, as sd_notify(3) describes it: lines in a datagram.

    READY=1 · STOPPING=1 · RELOADING=1 with MONOTONIC_USEC · WATCHDOG=1 · STATUS=…

Nothing is told where ``NOTIFY_SOCKET`` is not set. Nothing here ever fails, nor waits longer than a moment
for a manager that is behind: it is not what people rely on.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping

log = logging.getLogger(__name__)

SOCKET, WATCHDOG, OWNER = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"
PATIENCE_S = 0.2
"""A change of state is worth so much waiting; a sign of life follows soon anyway."""
LONGEST = 200
"""Characters of a status."""


class ServiceManager:
    """The manager that started this process, or none. ``environment``: the process's own variables."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        found = os.environ if environment is None else environment
        self._address = _address(found.get(SOCKET, ""))
        self._fault = ""
        self.watchdog = _watchdog(found) if self._address else 0
        """After so long (ns) without a sign of life the manager ends this process; 0: never."""

    @property
    def present(self) -> bool:
        """Whether somebody is told."""
        return self._address is not None

    def ready(self, status: str) -> None:
        """Say that the start, or a reload, is done, and what this process is at now."""
        self._tell("READY=1", _status(status), patience=PATIENCE_S)

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._tell("STOPPING=1", "STATUS=stopping", patience=PATIENCE_S)

    def reloading(self) -> None:
        """Say that other files are being taken over; ``ready`` follows."""
        stamp = f"MONOTONIC_USEC={time.monotonic_ns() // 1000}"
        self._tell("RELOADING=1", stamp, "STATUS=reading the site's files", patience=PATIENCE_S)

    def alive(self) -> None:
        """Give the watchdog its sign of life, where there is a watchdog."""
        if self.watchdog:
            self._tell("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Say in one line what this process is at."""
        self._tell(_status(text))

    def _tell(self, *lines: str, patience: float = 0.0) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as peer:
                peer.settimeout(patience)
                peer.sendto("\n".join(lines).encode(), self._address)
            self._fault = ""
        except OSError as error:
            if self._fault != (fault := error.strerror or str(error)):
                log.warning("the service manager cannot be told: %s", fault)
            self._fault = fault


def _status(text: str) -> str:
    return "STATUS=" + " ".join(text.split())[:LONGEST]


def _address(name: str) -> bytes | None:
    """Return a Unix socket's address: a path, or a name of the abstract kind, written with an ``@``."""
    if not name.startswith(("/", "@")) or len(name) < len("/x"):
        return None
    return (b"\0" if name.startswith("@") else name[:1].encode()) + os.fsencode(name[1:])


def _watchdog(found: Mapping[str, str]) -> int:
    """Return the time in ns, where the watchdog is for this process."""
    try:
        if int(found.get(OWNER, os.getpid())) != os.getpid():
            return 0
        return max(0, int(found.get(WATCHDOG, "0"))) * 1000
    except ValueError:
        return 0
