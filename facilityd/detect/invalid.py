"""Kind ``invalid``: the unit answers, yet this signal has no usable value."""

from __future__ import annotations

from facilityd.detect.gated import GatedDetector
from facilityd.model.finding import Evidence
from facilityd.model.quality import Reason

UNUSABLE = frozenset({Reason.NO_VALUE, Reason.OUT_OF_RANGE, Reason.NOT_A_NUMBER})
"""What a sensor or its transmitter is to blame for; all else is a matter of the wire."""


class InvalidDetector(GatedDetector):
    """Unknown where the unit is silent: that is another rule's matter."""

    def look(self, now: int) -> bool | None:
        """Return whether the newest answer holds no usable value."""
        cell = self.cells[0]
        if cell.good(now) is not None:
            return False
        if cell.reason in UNUSABLE and now < cell.stale_from:
            return True
        return None

    def told(self, now: int) -> Evidence:
        """Return why the value cannot be used."""
        cell = self.cells[0]
        value = cell.good(now)
        if value is not None or cell.reason is None:
            shown = value if value is not None else "?"
            return Evidence("invalid-over", {"value": shown, "unit": cell.measure}, cell.signal)
        return Evidence("invalid", {"reason": cell.reason.value}, cell.signal)
