"""Units that serve several devices: which one reports their trouble, so that one cause gives one notice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from facilityd.detect.compile import StreamBinding
from facilityd.detect.instance import RuleInstance
from facilityd.detect.readability import SignalReadability
from facilityd.detect.silence import SilenceDetector
from facilityd.detect.unreadable import UnreadableDetector
from facilityd.model.rule import Rule, may_explain


def share(bindings: Iterable[StreamBinding], rules: Mapping[str, Mapping[str, Rule]]) -> None:
    """Tell each unreadable signal which rules of other devices may report its unit; ``rules`` by device.

    The device that a unit serves most tells first, the others in their order; nobody leaves it to a rule
    that is less urgent or of a lesser class.
    """
    by_unit: dict[str, list[StreamBinding]] = {}
    for binding in bindings:
        by_unit.setdefault(binding.availability.unit, []).append(binding)
    for own in by_unit.values():
        own.sort(
            key=lambda binding: (
                bool(binding.availability.owner),
                -len(binding.signal_states),
                binding.device_state.device,
            )
        )
        earlier: list[RuleInstance] = []
        for binding in own:
            for instance, sign in _signs(binding):
                rule = rules[instance.device][instance.rule]
                others = (other for other in earlier if other.device != instance.device)
                sign.covered_by = tuple(
                    other for other in others if may_explain(rules[other.device][other.rule], rule)
                )
            earlier += [
                instance for instance in binding.instances if _tells(instance, binding.availability.unit)
            ]


def _signs(binding: StreamBinding) -> Iterable[tuple[RuleInstance, SignalReadability]]:
    for instance in binding.instances:
        if isinstance(instance.detector, UnreadableDetector):
            for sign in instance.detector.signs:
                if sign.availability is binding.availability:
                    yield instance, sign


def _tells(instance: RuleInstance, unit: str) -> bool:
    """Return whether a rule reports a unit: of its silence, or of a signal that it brings."""
    if isinstance(instance.detector, UnreadableDetector):
        return any(sign.availability.unit == unit for sign in instance.detector.signs)
    return isinstance(instance.detector, SilenceDetector)
