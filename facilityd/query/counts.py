"""What the daemon counts of its own: what waits, was refused, set aside or lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from facilityd.app.totals import Totals
from facilityd.model.sample import Value
from facilityd.store.reader import JournalReader


@dataclass(frozen=True, slots=True)
class Counts:
    """The journal's totals, and two counts since the daemon's start, None where it never ran."""

    totals: Totals
    intake_dropped: Value | None
    plots_skipped: Value | None

    @classmethod
    def read(cls, reader: JournalReader, values: Mapping[str, Value | None]) -> Counts:
        """Return the counts; ``values`` are the daemon's newest signals."""
        return cls(Totals.read(reader), values.get("intake_dropped"), values.get("plots_skipped"))

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; instants in ns UTC."""
        own = {"intake_dropped": self.intake_dropped, "plots_skipped": self.plots_skipped}
        return asdict(self.totals) | own
