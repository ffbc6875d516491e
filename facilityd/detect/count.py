"""Kind ``count``: too many happenings in a window: a lamp that cycles, a drive that starts too often."""

from __future__ import annotations

from collections import deque
from typing import Any

from facilityd.detect.conditional import ConditionalDetector
from facilityd.detect.detector import in_seconds
from facilityd.detect.device_state import DeviceState
from facilityd.model.finding import Evidence, Number, OtherSignal, rounded
from facilityd.model.operating_mode import answer
from facilityd.model.rule import Count
from facilityd.model.sample import Value

BUCKETS = 96
"""So many parts the window is counted in; happenings leave it a part at a time."""


class CountDetector(ConditionalDetector):
    """Keeps its count over a restart. What happens unseen counts once; a counter put back counts nothing.

    Until a whole window was seen, "not too much" is so far only; then the finding is repeated.
    """

    def __init__(self, rule: Count, device_state: DeviceState) -> None:
        super().__init__(rule, device_state)
        self._rule, self._signal_state = rule, self.signal_states[0]
        self._part = max(1, rule.over // BUCKETS)
        self._seen_in: deque[tuple[int, float]] = deque()
        self._last: float | None = None
        self._total = 0.0
        self._since: int | None = None

    def evaluate(self, now: int) -> bool | None:
        """Return whether too much has happened in the window that ends now."""
        value = self._signal_state.good(now)
        if value is None:
            return None
        if self._since is None:
            self._since = now
        self.edition = int(now - self._since >= self._rule.over)
        if self.fresh():
            self._add(self._signal_state.steady // self._part, self._step(value))
        first = (now - self._rule.over) // self._part
        while self._seen_in and self._seen_in[0][0] < first:
            self._total -= self._seen_in.popleft()[1]
        return self._total > self._rule.above

    def _step(self, value: Value) -> float:
        """Return how much has happened since the last good value."""
        of, last = self._rule.of, self._last
        self._last = float(value) if of is None else float(bool(answer(of, value)))
        return max(0.0, self._last - last) if last is not None else 0.0

    def _add(self, part: int, much: float) -> None:
        if not much:
            return
        self._total += much
        if self._seen_in and self._seen_in[-1][0] == part:
            much += self._seen_in.pop()[1]
        self._seen_in.append((part, much))

    def disabled(self, now: int) -> None:  # noqa: ARG002 - whenever it was
        """What happens while it is not evaluated is not counted."""
        self._last = None

    def serviced(self) -> None:
        """Count from now on."""
        self._seen_in.clear()
        self._total, self._since = 0.0, None

    def known_evidence(self, now: int) -> Evidence:
        """Return the count in its window, as of the last look, and what is told beside it."""
        numbers: dict[str, Number] = {"seen_n": round(self._total, 1), "most_n": self._rule.above}
        numbers |= {"over_s": in_seconds(self._rule.over)}
        counter, verdict = bool(self._rule.counter), self.delay.verdict
        if not verdict and not self.edition and self._since is not None:
            numbers |= {"since_at": self._since, "since_clock": self._since}
            slug = "counter-so-far" if counter else "count-so-far"
            return Evidence(slug, numbers, self._signal_state.signal)
        if not verdict:
            return Evidence("counter-over" if counter else "count-over", numbers, self._signal_state.signal)
        if not counter:
            return Evidence("count-above", numbers, self._signal_state.signal)
        beside = ((signal_state, signal_state.good(now)) for signal_state in self.signal_states[1:])
        others = tuple(OtherSignal(c.signal, rounded(v)) for c, v in beside if v is not None)
        return Evidence("counter-above", numbers, self._signal_state.signal, others=others)

    def kind_checkpoint(self) -> Any:
        """Return what has happened in the window, by part."""
        seen = [list(entry) for entry in self._seen_in]
        return {"last": self._last, "seen": seen, "since": self._since}

    def restore_kind(self, kept: Any) -> None:
        """Go on counting."""
        self._last, self._since = kept["last"], kept.get("since")
        self._seen_in = deque((int(part), float(much)) for part, much in kept["seen"])
        self._total = sum(much for _, much in self._seen_in)
