"""The readiness checklists of a site, held against what the journal knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from facilityd.app.builtin import all_devices
from facilityd.app.judging import fresh_judge
from facilityd.config.site import Site
from facilityd.detect.judge import Judge
from facilityd.model.finding import Finding
from facilityd.model.readiness import Checked, Known, Outcome, Waiver, check
from facilityd.model.sample import Value
from facilityd.model.text import Text
from facilityd.store.reader import Reader

LIFETIME = 3
"""Expected periods after which a value is old."""
NOT_YET = ("unknown-unlearned", "unknown-young")
"""A rule that waits for its baseline, or for days of data, does not stand against a ceremony."""


class Source(Protocol):
    """Where the present state of a site comes from."""

    def value(self, device: str, signal: str) -> Value | None:
        """Return a fresh good value, or None."""

    def finding(self, device: str, rule: str) -> Finding | None:
        """Return the newest word of a rule, or None where it was never judged."""

    @property
    def waivers(self) -> Sequence[Waiver]:
        """What is waived at that instant."""


@dataclass
class Now:
    """The journal's newest words at an instant in ns UTC; each is read when it is first asked for."""

    reader: Reader
    at: int

    def value(self, device: str, signal: str) -> Value | None:
        """Return a fresh good value, or None."""
        return self._values.get((device, signal))

    def finding(self, device: str, rule: str) -> Finding | None:
        """Return the newest word of a rule, or None where it was never judged."""
        return self._findings.get((device, rule))

    @cached_property
    def waivers(self) -> Sequence[Waiver]:
        """What is waived."""
        return [waiver for waiver in self.reader.waivers() if waiver.holds(self.at)]

    @cached_property
    def _findings(self) -> Mapping[tuple[str, str], Finding]:
        return {(s.finding.device, s.finding.rule): s.finding for s in self.reader.verdicts()}

    @cached_property
    def _values(self) -> Mapping[tuple[str, str], Value]:
        return dict(self._fresh())

    def _fresh(self) -> Iterator[tuple[tuple[str, str], Value]]:
        for row in self.reader.latest():
            sample = self.reader.sample(row)
            if self.at - sample.at > LIFETIME * sample.stream.expected:
                continue
            for index, signal in enumerate(sample.stream.signals):
                value = sample.values[index]
                if value is not None and index not in sample.reasons:
                    yield (sample.stream.device, signal), value


class Checklists:
    """Every checklist of a site. ``judge`` knows which rules apply; without one it is built."""

    def __init__(self, site: Site, judge: Judge | None = None) -> None:
        self._devices, self._own = all_devices(site), frozenset(site.devices)
        judge = judge or fresh_judge(site)
        watched = [name for name, device in self._devices.items() if device.streams]
        self._applicable = {name: frozenset(judge.applicable(name)) for name in watched}
        self.devices = tuple(name for name, device in site.devices.items() if device.family.readiness)

    def check(self, device: str, source: Source) -> tuple[Checked, ...]:
        """Return every item of a device's checklist."""
        family = self._devices[device].family
        waivers = [waiver for waiver in source.waivers if waiver.device == device]
        known = Known(
            lambda signal: source.value(device, signal),
            self._devices[device].bound,
            lambda rule: self._rule(device, rule, source),
            waivers,
        )
        return check(family.readiness, known)

    def names(self, device: str) -> dict[str, Text]:
        """Return the names of the rules that a checklist may ask: the device's and the built-in ones'."""
        named = {name: rule.name for name, rule in self._devices[device].family.rules.items()}
        for other in self._devices.values():
            if other.id not in self._own:
                named |= {f"{other.id}.{name}": rule.name for name, rule in other.family.rules.items()}
        return named

    def _rule(self, device: str, rule: str, source: Source) -> Outcome:
        owner, _, name = rule.rpartition(".")
        owner = owner or device
        if name not in self._applicable.get(owner, ()):
            return Outcome.ABSENT
        finding = source.finding(owner, name)
        if finding is None or finding.verdict is None:
            waiting = finding is not None and finding.evidence.slug in NOT_YET
            return Outcome.ABSENT if waiting else Outcome.UNKNOWN
        return Outcome.FAIL if finding.verdict else Outcome.PASS
