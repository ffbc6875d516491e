"""What the journal has counted since it was begun, of what waits, was refused, set aside or lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from facilityd.store.losses import NOTICES_LOST, PURGED_UNSENT, Loss
from facilityd.store.reader import JournalReader


@dataclass(frozen=True, slots=True)
class Totals:
    """``oldest_notice``: since when the oldest waiting notice waits, ns UTC; None where none waits.

    ``loss``: what was last purged before a sink had it.
    """

    notices_waiting: int
    oldest_notice: int | None
    notices_lost: int
    dead_letter_lines: int
    dead_letters: int
    purged_unsent: int
    loss: Loss | None
    purged_early: int

    @classmethod
    def read(cls, reader: JournalReader) -> Self:
        """Return what a journal has counted."""
        counters, waiting = reader.counters(), reader.waiting_on().values()
        return cls(
            notices_waiting=sum(count for count, _ in waiting),
            oldest_notice=min((at for _, at in waiting), default=None),
            notices_lost=sum(n for name, n in counters.items() if name.startswith(NOTICES_LOST)),
            dead_letter_lines=counters.get("parked", 0),
            dead_letters=reader.dead_letter_count(),
            purged_unsent=counters.get(PURGED_UNSENT, 0),
            loss=Loss.from_json(reader.meta(PURGED_UNSENT)),
            purged_early=counters.get("purged_early", 0),
        )
