"""How long a device's rules could not be evaluated: no alarm is good news only of what was evaluated."""

from __future__ import annotations

from collections.abc import Iterable

from facilityd.detect.engine import RuleEngine
from facilityd.model.finding import Finding
from facilityd.model.sample import NS, Sample

LACKING = frozenset({"unknown-never", "unknown-bad", "unknown-old", "unknown-link", "unknown-elsewhere"})
"""Words of a rule without the data it needs; one that waits for its hour or its baseline lacks nothing."""
TICK = 60 * NS
"""Between two samples that are further apart (ns) ages run on."""
LONGEST = 900 * NS
"""A gap counts as so much (ns) at most: nothing was recorded, so nothing is learned from it either."""


class Unjudged:
    """Shows samples to a rule engine, and keeps count of what its rules on one device could tell."""

    def __init__(self, engine: RuleEngine, device: str) -> None:
        self._engine, self._device = engine, device
        self._lacking: set[str] = set()
        self._lost: dict[str, int] = {}
        self._last: int | None = None
        self.total = 0
        self.judged = False
        """Whether any rule found anything right at all."""

    def show(self, sample: Sample) -> None:
        """Evaluate one more sample, in the order they were stored."""
        if self._last is not None:
            self._count(min(LONGEST, max(0, sample.steady - self._last)))
            if sample.steady - self._last >= TICK:
                self._hear(self._engine.tick(sample.steady, sample.at))
        self._last = max(sample.steady, self._last or 0)
        self._hear(self._engine.evaluate([sample]))

    def _count(self, passed: int) -> None:
        self.total += passed
        for rule in self._lacking:
            self._lost[rule] = self._lost.get(rule, 0) + passed

    def _hear(self, findings: Iterable[Finding]) -> None:
        for one in findings:
            if one.device != self._device:
                continue
            self.judged |= one.verdict is False
            if one.verdict is None and one.evidence.slug in LACKING:
                self._lacking.add(one.rule)
            else:
                self._lacking.discard(one.rule)

    def worst(self) -> tuple[str, float]:
        """Return the rule that could not be evaluated for the longest, and that share of the time."""
        rule = max(sorted(self._lost), key=lambda name: self._lost[name], default="")
        return rule, self._lost.get(rule, 0) / max(1, self.total)
