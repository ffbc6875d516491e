"""What a machine's healthy history proposes for its own limits, beside what of it was seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from facilityd.config.site import Device
from facilityd.detect.conditional import ConditionalDetector
from facilityd.detect.detector import Detector
from facilityd.detect.device_state import DeviceState
from facilityd.detect.engine import RuleEngine
from facilityd.detect.limit import LimitDetector
from facilityd.detect.sequence import SequenceDetector
from facilityd.model.measure import spell_duration
from facilityd.model.proposal import Proposal, ends
from facilityd.model.rule import Rule
from facilityd.model.rule_parameters import dump, parameter
from facilityd.model.sample import NS

FEWEST, FEWEST_RUNS = 20, 3
"""Readings and runs; of fewer nothing follows."""


@dataclass(frozen=True, slots=True)
class SeenRange:
    """The lowest and the highest of ``count`` readings (of runs: s)."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class LimitProposal:
    """The limits of one rule as proposed, by dotted name. ``kept``: of those nothing was to be learned.

    ``refused``: a text's slug, where nothing is proposed. ``seen`` what they follow from, by the same name.
    """

    device: str
    rule: str
    values: Mapping[str, Any] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    seen: Mapping[str, SeenRange] = field(default_factory=dict)
    refused: str = ""
    numbers: Mapping[str, float | str] = field(default_factory=dict)


class LimitReadings:
    """Gathers, while samples are shown to an engine, what each assumed limit of a device bounds."""

    def __init__(self, engine: RuleEngine, device: Device) -> None:
        known = engine.detectors(device.id)
        rules = dict.fromkeys(name for name, _ in device.assumed)
        self._gatherers = [
            gatherer
            for name in rules
            if name in known
            for gatherer in _gatherers(name, device.family.rules[name], known[name])
        ]

    def look(self, now: int) -> None:
        """Look at the newest values, at ``now`` (ns, steady)."""
        for gatherer in self._gatherers:
            gatherer.look(now)

    def take(self, into: dict[tuple[str, str], list[float]]) -> None:
        """Add what was gathered, by rule and parameter."""
        for one in self._gatherers:
            into.setdefault((one.rule, one.path), []).extend(one.values)


@dataclass(slots=True)
class _Gatherer:
    """One parameter. ``last`` is the instant of the newest value or run that was taken."""

    rule: str
    path: str
    detector: Detector
    term: Mapping[str, Any]
    during: frozenset[str]
    values: list[float] = field(default_factory=list)
    last: int = -1

    def look(self, now: int) -> None:
        if isinstance(self.detector, SequenceDetector):
            timed = self.detector.timed
            if timed and timed[0] != self.last:
                self.last = timed[0]
                self.values.append(timed[1] / NS)
            return
        state = _state_of(self.detector)
        signal = state.signal_states[self.term["signal"]]
        if signal.steady == self.last or not self._evaluated(state, now):
            return
        value, scale = signal.good(now), self._scale(state, now)
        if value is not None and scale:
            self.last = signal.steady
            self.values.append((abs(value) if self.term.get("magnitude") else float(value)) / scale)

    def _evaluated(self, state: DeviceState, now: int) -> bool:
        if isinstance(self.detector, ConditionalDetector):
            return bool(self.detector.enable.is_met(now))
        return not self.during or bool(state.within(self.during, now))

    def _scale(self, state: DeviceState, now: int) -> float | None:
        if not self.term.get("per"):
            return 1.0
        reference = state.signal_states[self.term["per"]].good(now)
        return None if reference is None else abs(float(reference)) ** float(self.term.get("exponent", 1))


def _state_of(detector: Detector) -> DeviceState:
    if isinstance(detector, ConditionalDetector | LimitDetector):
        return detector.device_state
    raise TypeError(type(detector).__name__)


def _gatherers(name: str, rule: Rule, detector: Detector) -> Iterator[_Gatherer]:
    during = frozenset(getattr(rule.detect, "during", ()))
    for path in rule.proposals:
        outer = path.rpartition(".")[0]
        term = parameter(rule.detect, outer) if outer else dump(rule.detect)
        yield _Gatherer(name, path, detector, term, during)


def propose(device: Device, gathered: Mapping[tuple[str, str], Sequence[float]]) -> list[LimitProposal]:
    """Return what is proposed for each rule with an assumed limit that applies to a device."""
    rules = dict.fromkeys(name for name, _ in device.assumed)
    return [_of_rule(device, name, device.family.rules[name], gathered) for name in rules]


def _of_rule(
    device: Device, name: str, rule: Rule, gathered: Mapping[tuple[str, str], Sequence[float]]
) -> LimitProposal:
    values: dict[str, Any] = {}
    ranges: dict[str, SeenRange] = {}
    unset = [path for owner, path in device.assumed if owner == name]
    for path in unset:
        how = rule.proposals.get(path)
        if how is None:
            values[path] = parameter(rule.detect, path)
            continue
        seen, least = gathered.get((name, path), ()), FEWEST_RUNS if how.of_runs else FEWEST
        if len(seen) < least:
            numbers: dict[str, float | str] = {"seen_n": len(seen), "needed_n": least}
            slug = "unfit-runs" if how.of_runs else "unfit-readings"
            return LimitProposal(device.id, name, refused=slug, numbers=numbers)
        ranges[path] = SeenRange(*ends(seen), len(seen))
        values[path] = _written(how, seen)
    kept = tuple(path for path in unset if path not in rule.proposals)
    return LimitProposal(device.id, name, values, kept, ranges)


def _written(how: Proposal, seen: Sequence[float]) -> Any:
    """Return a limit as it stands in a file: a number, of runs a duration to the tenth of a second."""
    value = how.value(seen)
    return spell_duration(round(value * 10) * NS // 10) if how.of_runs else value
