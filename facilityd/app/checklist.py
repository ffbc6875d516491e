"""The readiness checklists of a site, held against what the journal knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from devices.family import Signal
from facilityd.app.builtin import all_devices
from facilityd.config.site import Device, Site
from facilityd.model.finding import Finding
from facilityd.model.readiness import (
    CheckedItem,
    DeviceKnowledge,
    ItemOutcome,
    VerdictEvidence,
    Waiver,
    check,
)
from facilityd.model.sample import STALE_PERIODS, Value
from facilityd.model.text import Text
from facilityd.store.reader import JournalReader

if TYPE_CHECKING:
    from facilityd.detect.engine import RuleEngine

NOT_YET = ("unknown-unlearned", "unknown-young")
"""A rule that waits for its baseline, or for days of data, does not stand against a ceremony."""


class StateSource(Protocol):
    """Where the present state of a site comes from."""

    def value(self, device: str, signal: str) -> Value | None:
        """Return a fresh good value, or None."""

    def seen(self, device: str, signal: str) -> int | None:
        """Return when the unit said that value, ns UTC, or None."""

    def finding(self, device: str, rule: str) -> Finding | None:
        """Return a rule's newest finding; None where it was not evaluated since the last start."""

    @property
    def at(self) -> int:
        """The instant, ns UTC."""

    @property
    def waivers(self) -> Sequence[Waiver]:
        """What is waived at that instant."""


@dataclass
class JournalState:
    """The journal's newest words at an instant in ns UTC; each is read when it is first asked for.

    ``watching``: whether somebody reads and judges at that instant. Else nothing is known: what was read and
    what the rules said before a stop or a hang says nothing of now.
    """

    reader: JournalReader
    at: int
    watching: bool

    def value(self, device: str, signal: str) -> Value | None:
        """Return a fresh good value, or None."""
        found = self._values.get((device, signal))
        return None if found is None else found[0]

    def seen(self, device: str, signal: str) -> int | None:
        """Return when the unit said that value, ns UTC, or None."""
        found = self._values.get((device, signal))
        return None if found is None else found[1]

    def finding(self, device: str, rule: str) -> Finding | None:
        """Return a rule's newest finding; None where it was not evaluated since the last start."""
        return self._findings.get((device, rule))

    @cached_property
    def waivers(self) -> Sequence[Waiver]:
        """What is waived."""
        return [waiver for waiver in self.reader.waivers() if waiver.holds(self.at)]

    @cached_property
    def _findings(self) -> Mapping[tuple[str, str], Finding]:
        if not self.watching:
            return {}
        before = self.reader.judged_before()
        # Unknown stays unknown over a restart until the rule knows better: it is told only after a while.
        found = (s for s in self.reader.verdicts() if s.id > before or s.finding.verdict is None)
        return {(s.finding.device, s.finding.rule): s.finding for s in found}

    @cached_property
    def _values(self) -> Mapping[tuple[str, str], tuple[Value, int]]:
        return dict(self._fresh()) if self.watching else {}

    def _fresh(self) -> Iterator[tuple[tuple[str, str], tuple[Value, int]]]:
        for row in self.reader.latest():
            sample = self.reader.sample(row)
            if self.at - sample.at > STALE_PERIODS * sample.stream.expected:
                continue
            for index, signal in enumerate(sample.stream.signals):
                value = sample.values[index]
                if value is not None and index not in sample.reasons:
                    yield (sample.stream.device, signal), (value, sample.at)


class Checklists:
    """Every checklist of a site. ``engine`` knows which rules apply; without one it is built.

    ``devices``: those of the site and the built-in ones, where they are known already.
    """

    def __init__(
        self, site: Site, engine: RuleEngine | None = None, devices: Mapping[str, Device] | None = None
    ) -> None:
        self._devices, self._own = devices or all_devices(site), frozenset(site.devices)
        from facilityd.app.engine import fresh_engine  # who only asks for findings loads no detector

        engine = engine or fresh_engine(site)
        watched = [name for name, device in self._devices.items() if device.streams]
        self._applicable = {name: frozenset(engine.applicable(name)) for name in watched}
        self.devices = tuple(name for name, device in site.devices.items() if device.family.readiness)

    def check(self, device: str, source: StateSource) -> tuple[CheckedItem, ...]:
        """Return every item of a device's checklist."""
        family = self._devices[device].family
        waivers = [waiver for waiver in source.waivers if waiver.device == device]
        known = DeviceKnowledge(
            lambda signal: source.value(device, signal),
            self._devices[device].bound,
            lambda rule: self._rule(device, rule, source),
            waivers,
            lambda signal: _age(source, device, signal),
            lambda rule: self._ground(device, rule, source),
        )
        return check(family.readiness, known)

    def names(self, device: str) -> dict[str, Text]:
        """Return the names of the rules that a checklist may ask: the device's and the built-in ones'."""
        named = {name: rule.name for name, rule in self._devices[device].family.rules.items()}
        for other in self._devices.values():
            if other.id not in self._own:
                named |= {f"{other.id}.{name}": rule.name for name, rule in other.family.rules.items()}
        return named

    def signals(self, device: str) -> dict[str, Mapping[str, Signal]]:
        """Return the signals that a rule of a checklist may refer to, by the device before its name."""
        own: dict[str, Mapping[str, Signal]] = {"": self._devices[device].family.signals}
        return own | {o.id: o.family.signals for o in self._devices.values() if o.id not in self._own}

    def _owner(self, device: str, rule: str) -> tuple[str, str]:
        """Return the device and the name of a rule, if it applies there; else no name."""
        owner, _, name = rule.rpartition(".")
        owner = owner or device
        return owner, name if name in self._applicable.get(owner, ()) else ""

    def _ground(self, device: str, rule: str, source: StateSource) -> VerdictEvidence | None:
        owner, name = self._owner(device, rule)
        finding = source.finding(owner, name) if name else None
        return None if finding is None else VerdictEvidence.of(rule, finding, source.at)

    def _rule(self, device: str, rule: str, source: StateSource) -> ItemOutcome:
        owner, name = self._owner(device, rule)
        if not name:
            return ItemOutcome.ABSENT
        finding = source.finding(owner, name)
        if finding is None or finding.verdict is None:
            waiting = finding is not None and finding.evidence.slug in NOT_YET
            return ItemOutcome.ABSENT if waiting else ItemOutcome.UNKNOWN
        return ItemOutcome.FAIL if finding.verdict else ItemOutcome.PASS


def _age(source: StateSource, device: str, signal: str) -> int | None:
    seen = source.seen(device, signal)
    return None if seen is None else max(0, source.at - seen)
