"""First-out (ISA-18.1, F): which of a device's alarms came first, as far as its poll period shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from facilityd.model.alarm import AlarmState
from facilityd.model.sample import NS

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class AlarmTiming:
    """What a raise's instant hides: ``delays`` by (device, rule), and poll ``periods`` by device, in ns."""

    delays: Mapping[Key, int] = field(default_factory=dict)
    periods: Mapping[str, int] = field(default_factory=dict)

    def first_out(self, states: Iterable[AlarmState], device: str, rule: str, at: int) -> dict[str, Any]:
        """Return what a raise at an instant (ns UTC) says of its order; nothing where it is alone.

        Compared are the onsets, not the raises: a rule with a longer delay is no later for it. ``first`` is
        the rule that began first; ``after_s`` how much later this one did. Not ``certain``: within a poll
        period nobody knows.
        """
        open_ = [s for s in states if s.device == device and s.rule != rule and s.active and not s.acked]
        onsets = {s.rule: self._onset(device, s.rule, s.began) for s in open_ if s.began is not None}
        if not onsets:
            return {}
        first = min(onsets, key=lambda name: (onsets[name], name))
        lag, period = self._onset(device, rule, at) - onsets[first], self.periods.get(device, 0)
        said = {"first": first if lag >= 0 else rule, "after_s": max(0, lag) / NS, "period_s": period / NS}
        return {"first_out": {**said, "certain": abs(lag) > period}}

    def _onset(self, device: str, rule: str, raised_at: int) -> int:
        return raised_at - self.delays.get((device, rule), 0)
