"""The checklist of devices, held against the newest values of the journal."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from facilityd.cli.snapshot import STALE_AFTER, open_journal
from facilityd.config.site import Site
from facilityd.model.readiness import check
from facilityd.model.sample import Value
from facilityd.model.text import Text


@dataclass(frozen=True, slots=True)
class Line:
    """One item of one device."""

    device: str
    item: str
    name: Text
    mark: str
    values: dict[str, Value | None]
    first: Text

    @property
    def shown(self) -> str:
        """The values in short."""
        return ", ".join(f"{name} {_short(value)}" for name, value in self.values.items())

    def plain(self) -> dict[str, object]:
        """Return data for JSON."""
        return {"device": self.device, "item": self.item, "result": self.mark, "values": self.values}


def _short(value: Value | None) -> str:
    if value is None:
        return "?"
    return f"{value:.4g}" if isinstance(value, float) else str(value).lower()


def report(site: Site, devices: Iterable[str], now: int | None = None) -> list[Line]:
    """Return every item of some devices; ``now`` in ns UTC. Raises UsageError where there is no journal."""
    now = time.time_ns() if now is None else now
    fresh = _fresh(site, now)
    lines = []
    for device in devices:
        family = site.devices[device].family
        for one in check(family.readiness, lambda signal, device=device: fresh.get((device, signal))):  # type: ignore[misc]
            item = family.readiness[one.item]
            lines.append(Line(device, one.item, item.name, one.mark.value, dict(one.values), item.first))
    return lines


def _fresh(site: Site, now: int) -> dict[tuple[str, str], Value]:
    """Return every value that is good and not too old."""
    found: dict[tuple[str, str], Value] = {}
    with open_journal(site) as reader:
        for row in reader.latest():
            sample = reader.sample(row)
            if now - sample.at > STALE_AFTER * sample.stream.expected:
                continue
            for index, signal in enumerate(sample.stream.signals):
                value = sample.values[index]
                if value is not None and index not in sample.reasons:
                    found[sample.stream.device, signal] = value
    return found
