"""Texts and codes with words in messages: bounded, legible, and never a word that was not sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from support.fuzz import CASES

from devices.mqtt.decode import decode, extractors
from devices.mqtt.unit_decoder import UnitDecoder
from devices.profile import Profile
from devices.unit import Binding, Unit
from facilityd.model.quality import Reason
from facilityd.model.sample import LONGEST_TEXT, NS, SignalType, Stream
from simulators.mqtt_encoder import MqttEncoder
from simulators.mqtt_hazards import MqttHazard

ONE: dict[str, Any] = {
    "profile": "one", "protocol": "mqtt", "maker": "Test", "model": "One", "manual": "none", "evidence": "C",
    "golden": [{"point": "state", "topic": "state", "payload": "5", "value": 5.0}],
}  # fmt: skip
CODES = {"type": "enum", "enum": {0: "stopped", 1: "running", "auto": "automatic", "7": "fault"}}


def _typed(payload: bytes, pointer: str = "", **point: Any) -> tuple[Any, Any]:
    table = {**ONE, "points": {"state": {"sources": [{"topic": "state", "pointer": pointer}], **point}}}
    made = TypeAdapter(Profile).validate_python(table).expanded["state"]
    stream = Stream("d", "f", "u", "l", ("s",), (SignalType.TEXT,))
    binding = Binding("state", made, stream, 0, SignalType.TEXT, codes=made.enum or None)
    (one,) = extractors([binding], (stream,))["state"]
    return decode(payload, [one]).get((0, 0), (None, Reason.MISSING))


@pytest.mark.parametrize(
    ("payload", "pointer", "found"),
    [
        (b"2024.6.4", "", ("2024.6.4", None)), (b"v1\0", "", ("v1", None)), (b" v1 \0\0", "", ("v1", None)),
        (b'{"v":"SN-1\\u0000"}', "/v", ("SN-1", None)), (b'{"v":1234}', "/v", ("1234", None)),
        (b'{"v":"a\\u001b[31mb"}', "/v", ("a\ufffd[31mb", None)), (b'{"v":"a\\nb"}', "/v", ("a b", None)),
        (b'{"v":""}', "/v", (None, Reason.NO_VALUE)), (b'{"v":null}', "/v", (None, Reason.NO_VALUE)),
        (b'{"v":true}', "/v", (None, Reason.WRONG_TYPE)), (b'{"v":{}}', "/v", (None, Reason.WRONG_TYPE)),
        (b'{"v":"\\ud800"}', "/v", (None, Reason.WRONG_TYPE)),
        (b"x" * LONGEST_TEXT, "", ("x" * LONGEST_TEXT, None)),
        (b"x" * (LONGEST_TEXT + 1), "", (None, Reason.OUT_OF_RANGE)),
        (b"\xff\xfe", "", (None, Reason.MALFORMED)),
    ],
)  # fmt: skip
def test_a_text(payload: bytes, pointer: str, found: tuple[Any, Any]) -> None:
    assert _typed(payload, pointer, type="text") == found


@pytest.mark.parametrize(
    ("payload", "pointer", "found"),
    [
        (b"1", "", ("running", None)), (b"auto\0", "", ("automatic", None)), (b"7", "", ("fault", None)),
        (b'{"v":1}', "/v", ("running", None)), (b'{"v":"1"}', "/v", ("running", None)),
        (b'{"v":7}', "/v", ("fault", None)), (b'{"v":"auto"}', "/v", ("automatic", None)),
        (b'{"v":2}', "/v", (None, Reason.unknown(2))), (b'{"v":"off"}', "/v", (None, Reason.unknown("off"))),
        (b'{"v":"two words"}', "/v", (None, Reason.UNKNOWN_CODE)),
        (b'{"v":1.0}', "/v", (None, Reason.WRONG_TYPE)), (b'{"v":true}', "/v", (None, Reason.WRONG_TYPE)),
        (b'{"v":' + b"9" * 300 + b"}", "/v", (None, Reason.unknown("long"))),
    ],
)  # fmt: skip
def test_a_code(payload: bytes, pointer: str, found: tuple[Any, Any]) -> None:
    assert _typed(payload, pointer, **CODES) == found


@pytest.mark.parametrize(("payload", "found"), [(b'{"v":true}', "open"), (b'{"v":"false"}', "shut")])
def test_true_and_false_of_json_are_codes_where_they_are_listed(payload: bytes, found: str) -> None:
    assert _typed(payload, "/v", type="enum", enum={"true": "open", "false": "shut"}) == (found, None)


@pytest.mark.parametrize(
    ("point", "said"),
    [
        ({"type": "enum"}, "lists its codes"),
        ({"type": "int", "enum": {0: "stopped"}}, "lists its codes"),
        ({"type": "text", "scale": 2}, "'scale'"),
    ],
)
def test_what_contradicts_itself_is_refused(point: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        _typed(b"", **point)


@given(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300) | st.lists(st.integers())
)
@settings(max_examples=CASES, deadline=None)
def test_no_document_raises_or_lies(said: Any) -> None:
    payload = json.dumps({"v": said}).encode()
    for point in ({"type": "text"}, CODES):
        value, reason = _typed(payload, "/v", **point)
        assert (value is None) == (reason is not None)
        if value is not None:
            assert isinstance(value, str)
            assert value.isprintable()
            assert len(value) <= LONGEST_TEXT


@given(
    st.text(st.characters(min_codepoint=33, exclude_categories=["C", "Z"]), min_size=1, max_size=40),
    st.data(),
)
@settings(max_examples=CASES, deadline=None)
def test_what_a_device_says_is_what_is_heard(text: str, data: st.DataObject) -> None:
    """The simulated device and the adapter, from one profile."""
    word = data.draw(st.sampled_from(["stopped", "running", "automatic", "fault"]))
    points = {
        "version": {"type": "text", "sources": [{"topic": "version"}]},
        "serial": {"type": "text", "sources": [{"topic": "info", "pointer": "/serial"}]},
        "mode": {**CODES, "sources": [{"topic": "info", "pointer": "/mode"}]},
    }
    golden = [{"point": "mode", "topic": "info", "payload": '{"mode": 1}', "value": "running"}]
    model = TypeAdapter(Profile).validate_python({**ONE, "points": points, "golden": golden})
    kinds = (SignalType.TEXT,) * 3
    stream = Stream("d", "f", "u", "l", tuple(points), kinds, 60 * NS)
    bindings = tuple(
        Binding(name, point, stream, slot, SignalType.TEXT, codes=point.enum or None)
        for slot, (name, point) in enumerate(model.expanded.items())
    )
    unit = Unit("u", "l", model, (stream,), bindings, topic="base")
    encoder, decoder = MqttEncoder(unit), UnitDecoder(unit)
    encoder.update({("d", "version"): text, ("d", "serial"): text, ("d", "mode"): word})
    for said in encoder.status(MqttHazard()):
        samples = decoder.hear(said.topic, said.payload, 5, 5, retained=False)
    assert samples[-1].values == (text, text, word)
    assert samples[-1].reasons == {}
