"""What led to an alarm, drawn for the message that tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from facilityd.config.site import Device
from facilityd.model.alarm import Change
from facilityd.model.finding import Evidence
from facilityd.model.histories import Trend
from facilityd.model.rule import Rule
from facilityd.model.sample import NS, SignalType
from facilityd.notify.spark import Drawn, draw, width
from facilityd.store.reader import UNREADABLE, Reader

BEFORE, DAYS = 1800 * NS, 14 * 86400 * NS
"""How much before the alarm is drawn: of a sudden fault, and of a slow one (ns)."""
BLOCKS = 24
"""Of the line: what a phone shows without a break."""


def guilty(device: Device, rule: Rule, evidence: Evidence | None) -> str:
    """Return the signal an alarm rests on, or "" where no unit of this device brings it."""
    wanted = (*((evidence.signal,) if evidence else ()), *rule.detect.inputs)
    return next((signal for signal in wanted if signal in device.bound), "")


@dataclass(frozen=True, slots=True)
class Artist:
    """Draws from the journal, in whatever thread it is asked."""

    path: Path
    devices: Mapping[str, Device]

    def draw(self, change: Change) -> Drawn | None:
        """Return the guilty signal's way to the alarm; None for what has no number to show."""
        device = self.devices.get(change.device)
        rule = device.family.rules.get(change.rule) if device else None
        if device is None or rule is None:
            return None
        signal = guilty(device, rule, change.evidence)
        if not signal or device.family.signals[signal].type is not SignalType.FLOAT:
            return None
        since = change.at - (DAYS if isinstance(rule.detect, Trend) else BEFORE)
        step = width(since, change.at, BLOCKS)
        try:
            with Reader.open(self.path) as reader:
                found = list(reader.buckets(device.id, signal, since, change.at + 1, step))
        except UNREADABLE:
            return None  # the alarm is told all the same
        means = {bucket.start: bucket.mean for bucket in found}
        return draw(device.family.signals[signal], means, since, change.at, BLOCKS)
