"""Golden messages of the MQTT profiles."""

from __future__ import annotations

import json
from typing import Any

import pytest

from devices.profile import MqttProfile, TopicGolden
from devices.tables import profiles

PROFILES = profiles()
MQTT = [p for p in PROFILES.values() if isinstance(p, MqttProfile)]


def _pointer(document: Any, pointer: str) -> Any:
    """RFC 6901, written from the standard for this test."""
    for step in pointer.split("/")[1:]:
        document = document[step.replace("~1", "/").replace("~0", "~")]
    return document


@pytest.mark.parametrize(
    ("profile", "golden"), [(p, g) for p in MQTT for g in p.golden], ids=lambda v: getattr(v, "point", "")
)
def test_golden_messages(profile: MqttProfile, golden: TopicGolden) -> None:
    sources = [s for s in profile.expanded[golden.point].sources if s.topic == golden.topic]
    assert len(sources) == 1
    point = profile.expanded[golden.point]
    found = _pointer(json.loads(golden.payload), sources[0].pointer) if sources[0].pointer else golden.payload
    if point.type in ("text", "enum"):
        assert (point.enum.get(found) if point.enum else found) == golden.value
        return
    found = json.loads(found) if isinstance(found, str) else found
    if found is None or point.is_bool:
        assert found is golden.value
    else:
        assert found * point.scale + point.offset == pytest.approx(golden.value)


@pytest.mark.parametrize("profile", MQTT, ids=lambda p: p.profile)
def test_no_command_topic_is_known(profile: MqttProfile) -> None:
    topics = {s.topic for p in profile.expanded.values() for s in p.sources}
    assert not any(t.split("/")[-1] in {"command", "rpc", "set"} and t != "events/rpc" for t in topics)


def test_shelly_says_by_last_will_whether_it_is_there() -> None:
    shelly = PROFILES["shelly_gen2"]
    assert isinstance(shelly, MqttProfile)
    assert shelly.availability
    assert (shelly.availability.topic, shelly.availability.online, shelly.availability.offline) == (
        "online", "true", "false"
    )  # fmt: skip
    for name, point in shelly.expanded.items():
        whole, partial = point.sources
        component = whole.topic.removeprefix("status/")
        assert (partial.topic, partial.pointer) == ("events/rpc", f"/params/{component}{whole.pointer}"), name
