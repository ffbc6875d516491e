"""Until when the daemon certainly watched: the newest of all that its journal has an instant of."""

from __future__ import annotations

from facilityd.store.reader import JournalReader
from facilityd.store.rows import number_in

WATCHED = "watched"
"""Under this name stands until when somebody watched, as of the last orderly stop; ns UTC."""


ALWAYS = 1 << 62


def last_word(reader: JournalReader) -> int:
    """Return the newest instant at which the daemon wrote, ns UTC; 0 where it never did.

    A start, an orderly stop, a sample, a verdict, an alarm's change: between two samples of a slow site
    minutes may pass.
    """
    words = [number_in(reader.meta(WATCHED)), reader.started(ALWAYS), reader.last_judged_at()]
    words += [row.at for row in reader.latest()]
    words += [state.since for state in reader.alarms()]
    return max(words)
