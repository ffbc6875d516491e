"""Which alarms of a device are earlier stages of another: the same fault, seen by the same, less urgent."""

from __future__ import annotations

from collections.abc import Mapping

from facilityd.detect.rule_inputs import refers
from facilityd.model.rule import Rule

Key = tuple[str, str]


def earlier_stages(rules: Mapping[Key, Rule]) -> dict[Key, tuple[str, ...]]:
    """Return by (device, rule) the rules of which it is the worsening; without those that have none."""
    found: dict[Key, tuple[str, ...]] = {}
    for (device, name), lesser in rules.items():
        for graver in lesser.consequence_of:
            rule = rules.get((device, graver))
            if rule is not None and _is_stage(lesser, rule):
                found[device, graver] = (*found.get((device, graver), ()), name)
    return found


def _is_stage(lesser: Rule, graver: Rule) -> bool:
    same = bool(lesser.fault) and lesser.fault == graver.fault
    return same and graver.respond < lesser.respond and bool(_seen(lesser) & _seen(graver))


def _seen(rule: Rule) -> set[str]:
    """Return the signals and rules that a rule looks at."""
    return {*rule.detect.inputs, *refers(rule)}
