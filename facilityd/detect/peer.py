"""Kind ``peer``: one device against its neighbours, which share its weather, its hours and its supply."""

from __future__ import annotations

from statistics import median

from facilityd.detect.conditional import ConditionalDetector, good_float
from facilityd.detect.detector import in_seconds
from facilityd.detect.device_state import DeviceState
from facilityd.model.finding import Evidence, Number
from facilityd.model.operating_mode import answer
from facilityd.model.rule import Peer


class PeerDetector(ConditionalDetector):
    """A neighbour counts while it is in the same operating mode, its value good; too few of them: unknown."""

    def __init__(self, rule: Peer, device_state: DeviceState) -> None:
        super().__init__(rule, device_state)
        self._rule, self._signal_state = rule, self.signal_states[0]
        self._during = frozenset(rule.during)
        self._limit = rule.above if rule.above is not None else rule.below or 0.0

    def evaluate(self, now: int) -> bool | None:
        """Return whether it is away from its neighbours' median."""
        value, middle = good_float(self._signal_state, now), self._middle(now)
        if value is None or middle is None:
            return None
        away = value - middle
        limit, back = self._limit, self._rule.hysteresis if self.delay.verdict else 0.0
        if self._rule.relative:
            limit, back = limit * abs(middle), back * abs(middle)
        return away > limit - back if self._rule.above is not None else away < limit + back

    def _middle(self, now: int) -> float | None:
        """Return the median of the neighbours that can be compared, or None where they are too few."""
        values = [value for peer in self.device_state.peers if (value := self._of(peer, now)) is not None]
        return median(values) if len(values) >= self._rule.peers else None

    def _of(self, peer: DeviceState, now: int) -> float | None:
        signal_state = peer.signal_states.get(self._rule.signal)
        if signal_state is None or (self._during and not peer.within(self._during, now)):
            return None
        for condition in self._rule.when:
            other = peer.signal_states.get(condition.signal)
            if other is None or not answer(condition, other.good(now)):
                return None
        return good_float(signal_state, now)

    def evidence(self, now: int) -> Evidence:
        """Return the value against its neighbours', or that too few of them are known."""
        if not self._known and self._signal_state.good(now) is not None and self._middle(now) is None:
            return Evidence("unknown-peers", {"most_n": self._rule.peers}, self._signal_state.signal)
        return super().evidence(now)

    def known_evidence(self, now: int) -> Evidence:
        """Return the value and the neighbours' median."""
        value, middle = self._signal_state.good(now), self._middle(now)
        numbers: dict[str, Number] = {
            "value": value if value is not None else "?",
            "middle": middle if middle is not None else "?",
            "unit": self._signal_state.measure,
            "for_s": in_seconds(self.delay.held),
        }
        if not self.delay.verdict:
            return Evidence("peer-over", numbers, self._signal_state.signal)
        side = "above" if self._rule.above is not None else "below"
        return Evidence(f"peer-{side}", numbers, self._signal_state.signal)
