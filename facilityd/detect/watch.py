"""One rule on one device, and what was last told of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from facilityd.detect.detector import Detector
from facilityd.detect.view import NEVER
from facilityd.model.finding import Finding
from facilityd.model.sample import NS

_UNTOLD: Final = object()
_WAIT: Final = "?"
GRACE = 600 * NS
"""A consequence that goes on so long (ns) after its cause is over is a trouble of its own."""


@dataclass(slots=True, eq=False)
class Watch:
    """Tells a verdict when it has changed. ``wake``: when to look again without new data.

    Unknown is told once it has lasted ``patience`` ns: one lost poll is not news. ``causes``: what this
    rule may be a mere consequence of. While one of them is about to turn true, this one waits for it.
    """

    device: str
    rule: str
    detector: Detector
    patience: int
    wake: int = NEVER
    causes: tuple[Watch, ...] = ()
    _told: object = _UNTOLD
    _cause: str = ""
    _caused: int = NEVER
    _lost: int | None = None

    @property
    def holds(self) -> bool:
        """True while its newest told verdict is true."""
        return self._told is True

    def run(self, now: int, at: int) -> Finding | None:
        """Judge at ``now`` (ns, steady); return a finding where the verdict is news."""
        verdict = self.detector.update(now)
        self.wake = self.detector.wake
        if verdict is not None:
            self._lost = None
        elif not self._ripe(now):
            return None
        cause = self._blame(now) if verdict and self.causes else ""
        if cause == _WAIT or (verdict is self._told and cause == self._cause):
            return None
        self._told, self._cause = verdict, cause
        evidence = self.detector.evidence(now)
        return Finding(self.device, self.rule, verdict, at, now, replace(evidence, cause=cause))

    def _blame(self, now: int) -> str:
        """Return the rule whose consequence this is, or nothing, or that it is too early to say."""
        holding = next((watch for watch in self.causes if watch.holds), None)
        if holding:
            self._caused = now
            return holding.rule
        if self._told is not True and any(watch.detector.rising for watch in self.causes):
            self.wake = min(self.wake, *(w.detector.wake for w in self.causes if w.detector.rising))
            return _WAIT
        if self._cause and now < self._caused + GRACE:
            self.wake = min(self.wake, self._caused + GRACE)
            return self._cause
        return ""

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
        if self.detector.update(now) is not None:
            self._lost = None
        elif self._lost is None:
            self._lost = now
        self.wake = NEVER

    def resume(self, verdict: bool, cause: str, now: int) -> None:
        """Take over the verdict from before a restart, and whose consequence it was."""
        self.detector.resume(verdict)
        self._cause, self._caused = cause, now
