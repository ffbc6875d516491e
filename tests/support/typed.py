"""facilityd in a terminal, with somebody who types."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys

CTRL_C = "Ctrl-C"


def typed(words: list[str], answers: list[tuple[str, str]]) -> tuple[str, int]:
    """Run it in a terminal, and type each answer when its question stands there; return the screen and the status."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "facilityd", *words]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    shown, at = "", 0
    for question, answer in [*answers, ("\0", "")]:
        while question not in shown[at:] and select.select([ours], [], [], 60)[0]:
            try:
                shown += os.read(ours, 4096).decode(errors="replace")
            except OSError:  # it has ended
                break
        at = len(shown)
        if question != "\0":
            if answer == CTRL_C:
                _interrupt(process)
            else:
                os.write(ours, f"{answer}\n".encode())
    os.close(ours)
    return shown, process.wait(30)


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """Press Ctrl-C till it ends: one that comes between a prompt and its read waits for the next key."""
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.5)
