"""Texts under a name, and the counters, as they are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import apsw

from facilityd.store.batch import Write, WriteContext

JUDGED = "judged"
FINDINGS_BEFORE = "findings-before"
_SET = "INSERT OR REPLACE INTO meta(name, value) VALUES(?, ?)"
_COUNT = """
INSERT INTO counter(name, value) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = value + excluded.value
"""


@dataclass(frozen=True, slots=True)
class MetaWrite(Write):
    """Texts by name, in place of what was there."""

    texts: Mapping[str, str]

    def apply(self, to: WriteContext) -> None:
        """Replace them."""
        to.db.executemany(_SET, self.texts.items())


@dataclass(frozen=True, slots=True)
class JudgedWrite(Write):
    """The last sample that the rules have seen, by its id; None: they have seen none yet."""

    sample: int | None

    def apply(self, to: WriteContext) -> None:
        """Replace it."""
        if self.sample is not None:
            to.db.execute(_SET, (JUDGED, str(self.sample)))


@dataclass(frozen=True, slots=True)
class CountWrite(Write):
    """What is added to counters, by name."""

    counts: Mapping[str, int]

    def apply(self, to: WriteContext) -> None:
        """Add it at the transaction's end."""
        to.counts.update(self.counts)


def add_counts(db: apsw.Connection, counts: Mapping[str, int]) -> None:
    """Add to the counters, which only grow."""
    db.executemany(_COUNT, [(name, value) for name, value in counts.items() if value])
