"""What Home Assistant is shown of alarms: descriptions in one language, states in three words, nothing to press."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from support.notification_fixtures import ALARM_CONTEXT, KEY

from facilityd.model.alarm import AlarmCondition, AlarmState
from facilityd.notify.home_assistant import DiscoveryTopics, descriptions, level, problems

TOPICS = DiscoveryTopics("yard", "square/alarms", "homeassistant")
RAISED = AlarmState(*KEY, occurrence=1, raised_at=5, condition=AlarmCondition.TRUE)


@pytest.mark.parametrize(("language", "device"), [("zh", "国旗旗杆"), ("en", "Flag hoist")])
def test_a_rule_is_described_as_a_problem_of_its_device(language, device) -> None:
    [(topic, text)] = descriptions([KEY, ("gone", "rule")], {KEY: ALARM_CONTEXT}, TOPICS, language).items()
    assert topic == "homeassistant/binary_sensor/facilityd_yard/hoist-drag/config"
    said = json.loads(text)
    assert said["device"] == {"identifiers": ["facilityd-yard-hoist"], "name": device}
    assert said["name"] == ALARM_CONTEXT.rule.name.in_(language)
    assert said["state_topic"] == "square/alarms/problem/hoist/drag"
    assert said["availability_topic"] == "square/alarms/online"
    assert (said["device_class"], said["unique_id"]) == ("problem", "facilityd-yard-hoist-drag")
    assert not any("command" in name for name in said)


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (None, "OFF"),
        (RAISED, "ON"),
        (replace(RAISED, condition=AlarmCondition.UNKNOWN), "ON"),
        (replace(RAISED, cleared_at=9, condition=AlarmCondition.FALSE), "OFF"),
        (replace(RAISED, cleared_at=9, condition=AlarmCondition.FALSE, latched=True), "ON"),
        (replace(RAISED, cleared_at=9, condition=AlarmCondition.UNKNOWN), "None"),
    ],
)
def test_an_alarm_is_on_off_or_unknown(state: AlarmState | None, word: str) -> None:
    states = {KEY: state} if state else {}
    assert problems([KEY], states, TOPICS) == {"square/alarms/problem/hoist/drag": word}


def test_a_name_is_one_level_of_letters_that_home_assistant_takes() -> None:
    assert level("a/b+c#d.e 灯") == "a_b_c_d_e__"
    assert TOPICS.configs == "homeassistant/binary_sensor/facilityd_yard/+/config"
