"""Any payload on any topic: nobody fails, nothing wrong is good, the neighbour's last words stand."""

from __future__ import annotations

import json
import logging
import math
from typing import Any

import aiomqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fuzz import fuzzed
from support.mqtt_harness import CollectingIntake, plug, power

from devices.mqtt.link import MqttLinkRunner
from devices.operating_mode import OperatingModeTracker
from devices.unit import MqttLink
from facilityd.model.clock import Clock

BASE = "lanterns/one"
WHOLE, PART, THERE = f"{BASE}/status/switch:0", f"{BASE}/events/rpc", f"{BASE}/online"
NEIGHBOUR = "lanterns/two/status/switch:0"

NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([2**53 + 1, -(2**63), 10**400, 0.1, "12.5", "1_000", "nan", "", "１"]),
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["apower", "output", "params", "switch:0", "x"]), inner, max_size=4)
    ),
    max_leaves=10,
)
DOCUMENTS = JSON.map(lambda value: json.dumps(value).encode()) | NUMBERS.map(
    lambda value: json.dumps({"apower": value}).encode()
)


@st.composite
def payloads(draw: st.DrawFn) -> bytes:
    data = draw(
        DOCUMENTS | st.binary(max_size=64) | st.sampled_from([b"[" * 5000, b'{"a":' * 900, b"\xef\xbb\xbf{}"])
    )
    if data and draw(st.booleans()):
        at = draw(st.integers(0, len(data) - 1))
        return data[:at] + draw(st.binary(max_size=2)) + data[at + draw(st.integers(0, 1)) :]
    return data


def _truth(topic: str, payload: bytes) -> Any:
    """What a person reads of the power in this message, by the standard library alone."""
    try:
        document = json.loads(payload.decode().rstrip("\0"))
        return (document if topic == WHOLE else document["params"]["switch:0"])["apower"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


@given(st.lists(st.tuples(st.sampled_from([WHOLE, PART, THERE]), payloads(), st.booleans()), max_size=6))
@fuzzed
def test_no_payload_harms_or_lies(said: list[tuple[str, bytes, bool]]) -> None:
    link, units = MqttLink("broker", "192.0.2.7"), [plug(), plug("lanterns/two", "neighbour")]
    session = MqttLinkRunner(
        link, units, CollectingIntake(), Clock(), OperatingModeTracker({}), lambda _: None
    )
    for topic, payload, retained in said:
        samples = session.decode(aiomqtt.Message(topic, payload, 0, retained, 0, None))
        assert {sample.stream.unit for sample in samples} <= {"plug"}
        truth = _truth(topic, payload)
        for value in [s.values[0] for s in samples if not s.reasons]:
            assert isinstance(value, float)
            assert math.isfinite(value)
            if truth is not None:
                assert not isinstance(truth, bool | str)
                assert value == truth
    assert session.reported == set(), "an exception that nobody foresaw"
    (sample,) = session.decode(aiomqtt.Message(NEIGHBOUR, power(7).encode(), 0, False, 0, None))
    assert (sample.stream.unit, sample.values, sample.reasons) == ("neighbour", (7.0,), {})


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
