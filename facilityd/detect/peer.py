"""Kind ``peer``: one device against its neighbours, which share its weather, its hours and its supply."""

from __future__ import annotations

from statistics import median

from facilityd.detect.detector import in_seconds
from facilityd.detect.gated import GatedDetector, numbers
from facilityd.detect.view import View
from facilityd.model.duty import answer
from facilityd.model.finding import Evidence, Number
from facilityd.model.rule import Peer


class PeerDetector(GatedDetector):
    """A neighbour counts while it is in the same duty, its value good; too few of them: unknown."""

    def __init__(self, rule: Peer, view: View) -> None:
        super().__init__(rule, view)
        self._rule, self._cell = rule, self.cells[0]
        self._during = frozenset(rule.during)
        self._limit = rule.above if rule.above is not None else rule.below or 0.0

    def look(self, now: int) -> bool | None:
        """Return whether it is away from its neighbours' median."""
        value, middle = numbers(self._cell, now), self._middle(now)
        if value is None or middle is None:
            return None
        away = value - middle
        limit, back = self._limit, self._rule.hysteresis if self.hold.verdict else 0.0
        if self._rule.relative:
            limit, back = limit * abs(middle), back * abs(middle)
        return away > limit - back if self._rule.above is not None else away < limit + back

    def _middle(self, now: int) -> float | None:
        """Return the median of the neighbours that can be compared, or None where they are too few."""
        values = [value for peer in self.view.peers if (value := self._of(peer, now)) is not None]
        return median(values) if len(values) >= self._rule.peers else None

    def _of(self, peer: View, now: int) -> float | None:
        cell = peer.cells.get(self._rule.signal)
        if cell is None or (self._during and not peer.within(self._during, now)):
            return None
        for condition in self._rule.when:
            other = peer.cells.get(condition.signal)
            if other is None or not answer(condition, other.good(now)):
                return None
        return numbers(cell, now)

    def evidence(self, now: int) -> Evidence:
        """Return the value against its neighbours', or that too few of them are known."""
        if not self._known and self._cell.good(now) is not None and self._middle(now) is None:
            return Evidence("unknown-peers", {"most_n": self._rule.peers}, self._cell.signal)
        return super().evidence(now)

    def told(self, now: int) -> Evidence:
        """Return the value and the neighbours' median."""
        value, middle = self._cell.good(now), self._middle(now)
        said: dict[str, Number] = {
            "value": value if value is not None else "?",
            "middle": middle if middle is not None else "?",
            "unit": self._cell.measure,
            "for_s": in_seconds(self.hold.held),
        }
        if not self.hold.verdict:
            return Evidence("peer-over", said, self._cell.signal)
        side = "above" if self._rule.above is not None else "below"
        return Evidence(f"peer-{side}", said, self._cell.signal)
