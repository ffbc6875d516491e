"""By how much somebody set the clock while the daemon did not run: the machine's other clock tells."""

from __future__ import annotations

import logging
import re

from facilityd.model.clock import Clock
from facilityd.model.sample import NS
from facilityd.store.heartbeat_file import HeartbeatRecord, boot_id
from facilityd.store.reader import JournalReader

log = logging.getLogger(__name__)
CLOCK = "clock"
"""Under this name stands, as of the last orderly stop, which run of the machine it was, and the difference of
its clocks (ns). While the daemon runs, and after a crash, that is in its heartbeat."""
_WORD = re.compile(r"(\S+) (-?\d{1,20})")


def clock_word(clock: Clock) -> str:
    """Return what is stored at an orderly stop."""
    return f"{boot_id()} {_difference(clock)}"


def set_meanwhile(clock: Clock, beat: HeartbeatRecord | None, reader: JournalReader) -> int:
    """Return by how many ns the clock was put forward since the daemon last ran (negative: back).

    ``beat``: the last one of a daemon that was killed. 0 where the machine was started anew since: then
    nothing tells the time that passed from the time that was set.
    """
    found = (beat.boot, beat.at - beat.steady) if beat else _stored(reader.meta(CLOCK) or "")
    if found is None or not found[0] or found[0] != boot_id():
        return 0
    by = _difference(clock) - found[1]
    if abs(by) >= NS:
        log.warning("the clock was set by %.0f s while the daemon did not run", by / NS)
    return by


def _stored(word: str) -> tuple[str, int] | None:
    parts = _WORD.fullmatch(word)
    return (parts[1], int(parts[2])) if parts else None


def _difference(clock: Clock) -> int:
    return clock.wall() - clock.monotonic()
