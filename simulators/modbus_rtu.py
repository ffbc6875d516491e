"""Simulated units on a serial line: RTU over a pseudo-terminal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import termios
import tty
from collections.abc import Mapping
from pathlib import Path

from facilityd.errors import PortTaken, UsageError
from facilityd.model.message import Wording
from simulators.endpoint import Endpoint, WireTime
from simulators.frame_reader import FrameReader
from simulators.framing import RTU
from simulators.register_map import RegisterMap

_CHUNK = 4096


class Terminal:
    """A pseudo-terminal with a symbolic link at ``path``; masters open the link."""

    def __init__(self, path: Path) -> None:
        self._path, self._out = path, bytearray()
        self._loop = asyncio.get_running_loop()
        # Our own hold on the master's end keeps the line up while no master has it open.
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(os.ttyname(self._theirs))
        self._open = True

    def takes_parity(self) -> bool:
        """Return whether masters could set parity: Linux drops it, and some C libraries then complain."""
        attributes = termios.tcgetattr(self._theirs)
        wanted = [*attributes[:2], attributes[2] | termios.PARENB, *attributes[3:]]
        try:
            termios.tcsetattr(self._theirs, termios.TCSANOW, wanted)
        except termios.error:
            return False
        termios.tcsetattr(self._theirs, termios.TCSANOW, attributes)
        return True

    def attach(self, reader: FrameReader) -> None:
        """Hand every byte that comes to the reader."""
        self._loop.add_reader(self._ours, self._readable, reader)

    def _readable(self, reader: FrameReader) -> None:
        with contextlib.suppress(BlockingIOError):
            reader.feed(os.read(self._ours, _CHUNK), self)

    def send(self, data: bytes) -> None:
        """Put bytes on the line; quietly nothing where it is unplugged."""
        if self._open:
            self._out += data
            self._flush()

    def _flush(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._out:
                del self._out[: os.write(self._ours, self._out[:_CHUNK])]
        if self._out:
            self._loop.add_writer(self._ours, self._flush)
        else:
            self._loop.remove_writer(self._ours)

    def close(self) -> None:
        """Do nothing: a bus has no connection that could end."""

    def unplug(self) -> None:
        """Take the terminal away, as when a USB adapter is pulled out."""
        self._open = False
        self._loop.remove_reader(self._ours)
        self._loop.remove_writer(self._ours)
        self._path.unlink(missing_ok=True)
        os.close(self._ours)
        os.close(self._theirs)


def _is_ours(path: Path) -> bool:
    # /dev/serial/by-id holds links too: only one to a pseudo-terminal may be replaced.
    if path.is_symlink():
        return str(path.readlink()).startswith("/dev/pts/")
    return not path.exists()


class SerialEndpoint(Endpoint):
    """Every unit of one serial bus. Unknown device ids and broadcasts meet silence."""

    def __init__(
        self,
        register_maps: Mapping[int, RegisterMap],
        path: str | Path,
        *,
        parity: str = "N",
        wire: WireTime | None = None,
    ) -> None:
        super().__init__(register_maps, RTU, wire=wire)
        self._path, self._parity = Path(path), parity
        self._terminal: Terminal | None = None

    @property
    def address(self) -> str:
        """The path that masters open."""
        return str(self._path)

    def _start(self) -> None:
        if self._terminal is not None:
            return
        if not _is_ours(self._path):
            raise PortTaken(
                Wording("scenario.exists-not-simulated-serial-port"),
                where=self.address,
                hint=Wording("scenario.give-simulated-site-serial-ports"),
            )
        try:
            self._terminal = Terminal(self._path)
        except OSError as error:
            hint = Wording("scenario.give-simulated-site-serial-port")
            raise PortTaken(
                Wording("scenario.cannot-made", strerror=error.strerror), where=self.address, hint=hint
            ) from error
        if self._parity != "N" and not self._terminal.takes_parity():
            self._stop()
            raise UsageError(
                Wording("scenario.simulated-serial-port-has-no"),
                where=self.address,
                hint=Wording("scenario.write-parity-n-for-this"),
            )
        self._terminal.attach(FrameReader(self, RTU))

    def _stop(self) -> None:
        if self._terminal is not None:
            self._terminal.unplug()
            self._terminal = None

    def _cut(self) -> None:
        """A bus has no connections."""
