"""Kind ``mismatch``: what is commanded and what is observed differ for too long."""

from __future__ import annotations

from facilityd.detect.detector import Plain, in_seconds, why_unknown
from facilityd.detect.hold import Hold
from facilityd.detect.view import FOREVER, LIFETIME, NEVER, View
from facilityd.model.duty import answer
from facilityd.model.finding import Evidence
from facilityd.model.rule import Mismatch


class MismatchDetector(Plain):
    """Both sides must be known; a side that is not makes the verdict unknown."""

    def __init__(self, rule: Mismatch, view: View) -> None:
        self._rule = rule
        self._cells = (view.cells[rule.commanded.signal], view.cells[rule.observed.signal])
        patience = (LIFETIME - 1) * max(cell.expected for cell in self._cells)
        self._hold = Hold(rule.within, 0, patience)
        self._slug = "mismatch-agree"
        self._sides_seen: tuple[bool, bool] | None = None
        self._turned = NEVER
        self.wake = FOREVER

    def update(self, now: int) -> bool | None:
        """Compare both sides at ``now`` (ns, steady)."""
        commanded, observed = self._sides(now)
        if commanded is None or observed is None:
            self._hold.pause(now)
            self.wake = FOREVER
            return None
        if (commanded, observed) != self._sides_seen:
            self._sides_seen, self._turned = (commanded, observed), max(cell.steady for cell in self._cells)
        before, self._slug = self._slug, _compare(commanded, observed)
        if before != self._slug:
            self._hold.drop()  # missing and unbidden are two stories; neither lends the other time
        wrong = self._slug != "mismatch-agree" and self._rule.direction in ("both", self._slug[9:])
        one, other = self._cells
        stale = min(one.stale_from, other.stale_from)
        vouched, oldest = min(one.vouched, other.vouched), min(one.steady, other.steady)
        if oldest < self._turned:
            # One side is older than the other's turn. It speaks no longer than a device may take to
            # follow: without a newer word that is no disagreement, only two polls.
            vouched = min(vouched, oldest + self._rule.within)
        verdict = self._hold.see(wrong, now, vouched)
        self.wake = min(stale, self._hold.due)
        return verdict

    def _sides(self, now: int) -> tuple[bool | None, bool | None]:
        commanded, observed = self._cells
        rule = self._rule
        return answer(rule.commanded, commanded.good(now)), answer(rule.observed, observed.good(now))

    def evidence(self, now: int) -> Evidence:
        """Return what is commanded and what is observed."""
        commanded, observed = (cell.good(now) for cell in self._cells)
        if commanded is None or observed is None or self._hold.verdict is None:
            return why_unknown(self._cells, now)
        return Evidence(
            self._slug if self._hold.verdict else "mismatch-agree",
            {
                "commanded_signal": self._rule.commanded.signal,
                "commanded": commanded,
                "commanded_unit": self._cells[0].measure,
                "observed": observed,
                "unit": self._cells[1].measure,
                "within_s": in_seconds(self._rule.within),
            },
            self._rule.observed.signal,
        )


def _compare(commanded: bool, observed: bool) -> str:
    if commanded == observed:
        return "mismatch-agree"
    return "mismatch-missing" if commanded else "mismatch-unbidden"
