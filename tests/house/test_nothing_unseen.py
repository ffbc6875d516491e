"""No family may forget it: what a safety or ceremony rule needs is an alarm when it cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from devices.family import Family
from devices.tables import families
from facilityd.detect.compile import needs
from facilityd.model.rule import Rule, Silence, Unreadable

OWN = {"link", "channel", "daemon", "group"}
"""What the daemon writes down of itself is read from nobody."""
CLASSES = {"ceremony": {"ceremony", "safety"}, "safety": {"safety"}}


def _needed(family: Family) -> Iterator[tuple[str, str, Rule]]:
    """Yield (signal, rule's name, rule) of every signal without which a grave rule cannot be judged."""
    for name, rule in family.rules.items():
        if rule.at_stake in CLASSES and not isinstance(rule.detect, Silence | Unreadable):
            for signal in sorted(needs(rule, family)):
                yield signal, name, rule


def _watching(family: Family, signal: str, at_stake: str) -> list[Rule]:
    return [
        rule
        for rule in family.rules.values()
        if isinstance(rule.detect, Unreadable)
        and signal in rule.detect.signals
        and rule.at_stake in CLASSES[at_stake]
    ]


FAMILIES = {name: family for name, family in families().items() if name not in OWN}


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_every_signal_of_a_grave_rule_is_missed_when_it_cannot_be_read(family: Family) -> None:
    unseen = {
        (signal, name)
        for signal, name, rule in _needed(family)
        if not any(
            isinstance(watch.detect, Unreadable) and watch.detect.on_delay < rule.respond
            for watch in _watching(family, signal, rule.at_stake)
        )
    }
    assert unseen == set(), "name them in a rule of kind 'unreadable', with a hold below the time to respond"


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_no_rule_watches_for_signals_that_nothing_grave_needs(family: Family) -> None:
    needed = {signal for signal, _, _ in _needed(family)}
    idle = {
        s for r in family.rules.values() if isinstance(r.detect, Unreadable) for s in r.detect.signals
    } - needed
    assert idle == set()
