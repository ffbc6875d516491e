"""Which alarms of a site are held where they come and go (``facilityd.alarm.repeats``), and how."""

from __future__ import annotations

from collections.abc import Container, Mapping
from types import MappingProxyType

from facilityd.alarm.repeats import BRIEF, DANGER, RepeatLimits
from facilityd.model.repeats import RepeatSpans
from facilityd.model.rule import Invalid, Limit, Mismatch, Rule, Silence, Unreadable


def repeat_limits(
    rules: Mapping[tuple[str, str], Rule],
    own: Container[str],
    spans: Mapping[str, RepeatSpans] = MappingProxyType({}),
) -> dict[tuple[str, str], RepeatLimits]:
    """Return by (device, rule) how alarms of the site's ``own`` devices are held.

    facilityd's alarms of itself, of links and of channels have delays for just that. Danger that is
    measured is watched for as long as a brief alarm also where it lasted some minutes: units at rest are
    polled slowly.
    """
    found = {}
    for key, rule in rules.items():
        if key[0] in own:
            one = spans.get(rule.at_stake, RepeatSpans())
            brief = DANGER if _measured_danger(rule) else BRIEF
            found[key] = RepeatLimits(brief, one.hold, one.window)
    return found


def _measured_danger(rule: Rule) -> bool:
    """Return whether people are at stake, and no switch says by itself that it is over."""
    own_word = isinstance(rule.detect, Silence | Unreadable | Invalid | Mismatch)
    switch = isinstance(rule.detect, Limit) and rule.detect.is_ is not None
    return rule.at_stake == "safety" and not (own_word or switch)
