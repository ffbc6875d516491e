"""Kind ``frozen``: a signal that should move stands still."""

from __future__ import annotations

from typing import Any

from facilityd.detect.detector import in_seconds
from facilityd.detect.gated import GatedDetector, numbers
from facilityd.detect.view import View
from facilityd.model.finding import Evidence, Number
from facilityd.model.rule import Frozen


class FrozenDetector(GatedDetector):
    """Still is what stays within ``least`` of where it was when it last moved. The hold counts how long."""

    def __init__(self, rule: Frozen, view: View) -> None:
        super().__init__(rule, view)
        self._least, self._cell = rule.least, self.cells[0]
        self._stood: float | None = None
        self._still: bool | None = None

    def look(self, now: int) -> bool | None:
        """Return whether it stands where it stood."""
        value = numbers(self._cell, now)
        if value is None:
            return None
        if self.fresh():
            if self._stood is None:  # one value is no evidence of moving, nor of standing still
                self._stood, self._still = value, None
                return self.hold.verdict
            self._still = abs(value - self._stood) <= self._least
            if not self._still:
                self._stood = value
        return self.hold.verdict if self._still is None else self._still

    def left(self, now: int) -> None:  # noqa: ARG002 - the gate says when
        """Where it stood while it need not move says nothing."""
        self._stood, self._still = None, None

    def keep(self) -> Any:
        """Return where it stood."""
        return [self._stood, self._still]

    def take_back(self, kept: Any) -> None:
        """Go on from where it stood."""
        self._stood, self._still = kept

    def told(self, now: int) -> Evidence:
        """Return where it stands and since when."""
        value = numbers(self._cell, now)
        told: dict[str, Number] = {"value": value if value is not None else "?", "unit": self._cell.measure}
        if not self.hold.verdict:
            return Evidence("frozen-over", told, self._cell.signal)
        told |= {"least": self._least, "for_s": in_seconds(self.hold.held)}
        return Evidence("frozen-still", told, self._cell.signal)
