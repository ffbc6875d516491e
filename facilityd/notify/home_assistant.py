"""Alarms as Home Assistant discovers them over MQTT: a device for each, and a problem sensor for each rule.

Nothing here has a topic that commands: Home Assistant shows, and cannot ask.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from facilityd.model.alarm import AlarmCondition, AlarmState
from facilityd.model.text import Language
from facilityd.notify.render import AlarmContext

Key = tuple[str, str]
"""A device and one of its rules, by their ids."""
PRESENT, ABSENT = "online", "offline"
ON, OFF, UNKNOWN = "ON", "OFF", "None"
"""``None`` is Home Assistant's word for a state that nobody knows."""


@dataclass(frozen=True, slots=True)
class DiscoveryTopics:
    """Where things stand on the broker: under a site's ``prefix``, and where Home Assistant looks."""

    site: str
    prefix: str
    discovery: str

    @property
    def presence(self) -> str:
        """Where it stands whether the daemon is there."""
        return f"{self.prefix}/online"

    @property
    def configs(self) -> str:
        """Return the filter of every description that is this site's."""
        return f"{self.discovery}/binary_sensor/{level(f'facilityd_{self.site}')}/+/config"

    @property
    def states(self) -> str:
        """Return the filter of every state that is this site's."""
        return f"{self.prefix}/problem/+/+"

    def config(self, key: Key) -> str:
        """Return where an alarm is described."""
        return self.configs.replace("+", level("-".join(key)))

    def state(self, key: Key) -> str:
        """Return where it stands whether an alarm is on."""
        return f"{self.prefix}/problem/{level(key[0])}/{level(key[1])}"


def descriptions(
    keys: Iterable[Key], contexts: Mapping[Key, AlarmContext], topics: DiscoveryTopics, language: Language
) -> dict[str, str]:
    """Return the description of each alarm, by topic."""
    return {
        topics.config(key): json.dumps(_description(key, contexts[key], topics, language), ensure_ascii=False)
        for key in sorted(keys)
        if key in contexts
    }


def problems(
    keys: Iterable[Key], states: Mapping[Key, AlarmState], topics: DiscoveryTopics
) -> dict[str, str]:
    """Return whether each alarm is on, by topic; what was never raised is off."""
    return {topics.state(key): _problem(states.get(key)) for key in sorted(keys)}


def _description(
    key: Key, context: AlarmContext, topics: DiscoveryTopics, language: Language
) -> dict[str, object]:
    device, rule = key
    return {
        "name": context.rule.name.in_(language),
        "unique_id": f"facilityd-{topics.site}-{device}-{rule}",
        "device_class": "problem",
        "state_topic": topics.state(key),
        "availability_topic": topics.presence,
        "device": {
            "identifiers": [f"facilityd-{topics.site}-{device}"],
            "name": context.device.in_(language),
        },
        "origin": {"name": "facilityd"},
    }


def _problem(state: AlarmState | None) -> str:
    if state is None:
        return OFF
    if state.active or state.latched:
        return ON
    return UNKNOWN if state.condition is AlarmCondition.UNKNOWN and state.raised_at is not None else OFF


def level(name: str) -> str:
    """Return a name as one level of a topic of letters that Home Assistant takes."""
    return re.sub(r"[^-_A-Za-z0-9]", "_", name)
