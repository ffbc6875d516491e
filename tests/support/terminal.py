"""A command in a pseudo-terminal of a given size, as a person sees it."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x07")
HOME = "\x1b[H"
PATIENCE_S = 90.0


@dataclass(frozen=True)
class TerminalOutput:
    """What stood on the screen, line by line without colours, and how the command ended."""

    text: str
    status: int

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def widest(self) -> int:
        return max(map(cell_len, self.lines), default=0)


def terminal(
    *words: object, width: int, height: int = 24, live: float = 0.0, **environment: str
) -> TerminalOutput:
    """Run a facilityd command; with ``live``, press Ctrl-C that many s after it drew; return the last screen."""
    command = [sys.executable, "-m", "facilityd", *map(str, words)]
    text, status = _run(command, width, height, live, environment)
    return TerminalOutput(_last_screen(text) if live else _plain(text), status)


MANY = """\
import json, sys
from facilityd.cli.main import facilityd
for words in json.loads(sys.argv[1]):
    print(flush=True, end="\x1e")
    try:
        facilityd(words, standalone_mode=False)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}")
"""


def terminals(calls: Sequence[Sequence[object]], *, width: int) -> list[TerminalOutput]:
    """Run many commands one after the other in one terminal: quicker than a process for each."""
    words = json.dumps([[str(word) for word in call] for call in calls])
    text, status = _run([sys.executable, "-c", MANY, words], width, 24, 0.0, {})
    return [TerminalOutput(_plain(part), status) for part in text.split("\x1e")[1:]]


def _run(
    command: list[str], width: int, height: int, live: float, environment: dict[str, str]
) -> tuple[str, int]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    clean = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR")}
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        env=clean | {"TERM": "xterm-256color"} | environment,
    )  # fmt: skip
    os.close(theirs)
    try:
        out = _read(ours, process, live)
        return out.decode("utf-8", "replace"), process.wait(PATIENCE_S)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(ours)


def _read(ours: int, process: subprocess.Popen[bytes], live: float) -> bytes:
    out, stop_at, give_up = b"", 0.0, time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                more = os.read(ours, 65536)
            except OSError:  # Linux says so where nobody holds the other end any more
                break
            if not more:
                break
            out += more
        if live and not stop_at and HOME.encode() in out:
            stop_at = time.monotonic() + live
        if stop_at and time.monotonic() > stop_at:
            process.send_signal(signal.SIGINT)
            stop_at = give_up
    return out


def _last_screen(text: str) -> str:
    drawn = [_plain(part) for part in text.split(HOME)]
    return next((part for part in reversed(drawn) if len(part.strip().splitlines()) > 1), "")


def _plain(text: str) -> str:
    return _ESCAPE.sub("", text).replace("\r\n", "\n").replace("\r", "")
