"""Alarms that nothing watches any more: their device, their rule or what it looks at left the site."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from facilityd.model.alarm import AlarmState, AlarmStateName
from facilityd.model.finding import Evidence

Key = tuple[str, str]


def unwatched(
    states: Iterable[AlarmState], watched: Container[Key], rules: Mapping[str, Container[str]]
) -> list[tuple[AlarmState, Evidence]]:
    """Return the alarms that are not normal and that nothing evaluates any more, each with the reason.

    ``watched``: (device, rule) pairs that are evaluated; ``rules``: of each device, those of its family.
    """
    unjudged = (state for state in states if (state.device, state.rule) not in watched)
    return [
        (state, _why(state, rules)) for state in unjudged if state.state_name is not AlarmStateName.NORMAL
    ]


def _why(state: AlarmState, rules: Mapping[str, Container[str]]) -> Evidence:
    if state.device not in rules:
        return Evidence("unwatched-device")
    return Evidence("unwatched-signal" if state.rule in rules[state.device] else "unwatched-rule")
