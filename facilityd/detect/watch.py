"""One rule on one device, and what was last told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from facilityd.detect.detector import Detector
from facilityd.detect.view import NEVER
from facilityd.model.finding import Finding

_UNTOLD: Final = object()


@dataclass(slots=True, eq=False)
class Watch:
    """Tells a verdict when it has changed. ``wake``: when to look again without new data.

    Unknown is told once it has lasted ``patience`` ns: one lost poll is not news.
    """

    device: str
    rule: str
    detector: Detector
    patience: int
    wake: int = NEVER
    _told: object = _UNTOLD
    _lost: int | None = None

    def run(self, now: int, at: int) -> Finding | None:
        """Judge at ``now`` (ns, steady); return a finding where the verdict is news."""
        verdict = self.detector.update(now)
        self.wake = self.detector.wake
        if verdict is not None:
            self._lost = None
        elif not self._ripe(now):
            return None
        if verdict is self._told:
            return None
        self._told = verdict
        return Finding(self.device, self.rule, verdict, at, now, self.detector.evidence(now))

    def _ripe(self, now: int) -> bool:
        """Return whether unknown has lasted long enough to be told."""
        if self._lost is None:
            self._lost = now
        ripe = self._lost + self.patience
        if now < ripe and self._told is not None:
            self.wake = min(self.wake, ripe)
        return now >= ripe

    def warm(self, now: int) -> None:
        """Judge without telling; the next run tells."""
        self.detector.update(now)
        self.wake = NEVER
