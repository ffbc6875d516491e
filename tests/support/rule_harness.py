"""A device's day as a line of letters, one per second, and what a rule says of it.

normal         "." good and right      "#" good and wrong     "~" good, between limit and hysteresis
not to judge   "?" bad                 "^" link down          " " nothing arrives
verdicts       "." right               "#" wrong              "?" unknown
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from facilityd.detect import RuleEngine
from facilityd.detect.compile import DeviceRules, compile_device
from facilityd.detect.instance import RuleInstance
from facilityd.model.finding import Finding
from facilityd.model.quality import Reason
from facilityd.model.rule import Rule
from facilityd.model.sample import NS, Sample, SignalType, Stream, Value, void
from facilityd.model.text import Text

START = 1_790_000_000 * NS
MARK = {True: "#", False: ".", None: "?"}


def text(word: str) -> Text:
    return Text(zh=f"{word}（中文）", en=word)


def rule(detect: Mapping[str, Any], **more: Any) -> Rule:
    """A rule with a full record, of which the tests only care about the detector."""
    record = {"name": text("Motor current high"), "cause": text("brake drags"), "consequence": text("trip"),
              "action": [text("Look at the brake")], "confirm": text("Listen"), "respond": "5min",
              "at_stake": "ceremony", "detect": detect}  # fmt: skip
    return Rule.model_validate(record | more)


def state(*when: Mapping[str, Any]) -> Any:
    from facilityd.model.rule import Condition

    return SimpleNamespace(when=tuple(Condition.model_validate(test) for test in when))


@dataclass
class Kind:
    """A family, as far as the core knows one."""

    rules: dict[str, Rule]
    states: dict[str, Any] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=lambda: {"current": "A"})

    @property
    def signals(self) -> dict[str, Any]:
        return {name: SimpleNamespace(unit=unit) for name, unit in self.units.items()}


def stream(*signals: str, unit: str = "drive", device: str = "hoist", period: float = 1.0) -> Stream:
    types = (SignalType.FLOAT,) * len(signals)
    return Stream(device, "hoist", unit, "bus", signals, types, round(period * NS))


def sample(source: Stream, second: float, *values: Value | None) -> Sample:
    steady = round(second * NS)
    return Sample(source, START + steady, steady, values)


def bad(source: Stream, second: float, reason: Reason = Reason.TIMEOUT) -> Sample:
    steady = round(second * NS)
    return void(source, START + steady, steady, reason)


def letter(source: Stream, second: float, mark: str, values: Mapping[str, Value]) -> list[Sample]:
    """Return what arrives in one second of a story."""
    if mark == " ":
        return []
    if mark in "?^":
        return [bad(source, second, Reason.LINK_DOWN if mark == "^" else Reason.TIMEOUT)]
    return [sample(source, second, *[values[mark]] * len(source.signals))]


def play(
    detect: Mapping[str, Any], story: str, values: Mapping[str, Value] | None = None, *,
    period: float = 1.0, ticks: bool = True,
) -> str:  # fmt: skip
    """Return the detector's verdict at every second of a story, after that second's tick."""
    source = stream("current", period=period)
    values = values or {".": 1.0, "~": 9.0, "#": 20.0}
    rules = compile_device(Kind({"high": rule(detect)}), [source], None)
    binding, detector = rules.bindings[source], rules.instances[0].detector
    verdicts = []
    for second, mark in enumerate(story):
        for one in letter(source, second, mark, values):
            binding.device_state.put(binding.signal_states, one)
            binding.availability.update(one)
            detector.update(one.steady)
        now = round(second * NS)
        if ticks or mark != " ":
            verdicts.append(MARK[detector.update(now)])
        else:
            verdicts.append(verdicts[-1] if verdicts else "?")
    return "".join(verdicts)


def findings_of(engine: RuleEngine, source: Stream, story: str, values: Mapping[str, Value]) -> list[Finding]:
    """Return every finding that a story causes, with a tick each second."""
    found = []
    for second, mark in enumerate(story):
        found += engine.evaluate(letter(source, second, mark, values))
        found += engine.tick(round(second * NS), START + round(second * NS))
    return found


def device_rules(engine: RuleEngine) -> dict[str, DeviceRules]:
    """What an engine has compiled, by device: a test may look where the product has no reason to."""
    return engine._device_rules


def bound_streams(engine: RuleEngine) -> set[Stream]:
    """The streams whose samples an engine takes."""
    return set(engine._bindings)


def rule_instances(engine: RuleEngine) -> list[RuleInstance]:
    """Every rule of an engine, device by device."""
    return [one for rules in device_rules(engine).values() for one in rules.instances]


def brief(findings: list[Finding]) -> str:
    """'3# 9.' for wrong at second 3, right at second 9."""
    return " ".join(f"{f.steady // NS}{MARK[f.verdict]}" for f in findings)
