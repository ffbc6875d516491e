"""Messages into values: right, or bad with the right reason; never an exception, never a wrong good."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from devices.mqtt.decode import MAX_PAYLOAD
from devices.mqtt.unit_decoder import UnitDecoder
from devices.profile import Profile
from devices.tables import profiles
from devices.unit import Binding, PollRates, Unit
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, SignalType, Stream
from facilityd.model.topic import joined

SHELLY = profiles()["shelly_gen2"]
BOUND = {"commanded": "output_0", "power": "power_0", "temperature": "temperature_0"}


def make_unit(topic: str = "lanterns/one", period: int = 10 * NS) -> Unit:
    kinds = (SignalType.BOOL, SignalType.FLOAT, SignalType.FLOAT)
    stream = Stream("lantern", "lighting", "plug", "broker", tuple(BOUND), kinds, period)
    points = SHELLY.expanded
    bindings = tuple(
        Binding(point, points[point], stream, slot, kind)
        for slot, (point, kind) in enumerate(zip(BOUND.values(), kinds, strict=True))
    )
    return Unit("plug", "broker", SHELLY, (stream,), bindings, PollRates(period), topic=topic)


def _hear(
    payload: bytes | str, topic: str = "status/switch:0", decoder: UnitDecoder | None = None, **more: Any
) -> Any:
    decoder = decoder or UnitDecoder(make_unit())
    data = payload.encode() if isinstance(payload, str) else payload
    return decoder.hear(
        f"lanterns/one/{topic}", data, 5, more.pop("steady", 5), retained=more.pop("retained", False)
    )


FULL = '{"id":0,"output":true,"apower":59.3,"temperature":{"tC":41.2}}'


def test_a_whole_status_gives_every_value() -> None:
    (sample,) = _hear(FULL)
    assert sample.values == (True, 59.3, 41.2)
    assert sample.reasons == {}


def test_a_partial_notification_merges_onto_what_is_known() -> None:
    decoder = UnitDecoder(make_unit())
    _hear(FULL, decoder=decoder)
    (sample,) = _hear(
        '{"method":"NotifyStatus","params":{"ts":1,"switch:0":{"apower":8.9}}}', "events/rpc", decoder
    )
    assert sample.values == (True, 8.9, 41.2)
    assert sample.reasons == {}


def test_a_word_that_is_never_repeated_grows_old() -> None:
    decoder = UnitDecoder(make_unit())
    _hear(FULL, decoder=decoder)
    (sample,) = _hear('{"apower":8.9}', decoder=decoder, steady=31 * NS)
    assert sample.values == (None, 8.9, None)
    assert sample.reasons == {0: Reason.MISSING, 2: Reason.MISSING}


def test_a_retained_message_keeps_its_value_and_doubts_its_age() -> None:
    (sample,) = _hear(FULL, retained=True)
    assert sample.values == (True, 59.3, 41.2)
    assert set(sample.reasons.values()) == {Reason.AGE_UNKNOWN}


def test_offline_by_last_will_voids_everything_once() -> None:
    decoder = UnitDecoder(make_unit())
    _hear(FULL, decoder=decoder)
    (sample,) = _hear("false", "online", decoder)
    assert sample.values == (None, None, None)
    assert set(sample.reasons.values()) == {Reason.OFFLINE}
    assert _hear("false", "online", decoder) == []
    assert _hear("true", "online", decoder) == []
    (again,) = _hear('{"apower":1.0}', decoder=decoder)
    assert again.values == (None, 1.0, None)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ('{"apower":"59.3"}', Reason.WRONG_TYPE),
        ('{"apower":true}', Reason.WRONG_TYPE),
        ('{"apower":[1]}', Reason.WRONG_TYPE),
        ('{"apower":null}', Reason.NO_VALUE),
        ('{"apower":NaN}', Reason.NOT_A_NUMBER),
        ('{"apower":Infinity}', Reason.NOT_A_NUMBER),
        ('{"apower":1e999}', Reason.NOT_A_NUMBER),
        ('{"apower":' + "9" * 400 + "}", Reason.OUT_OF_RANGE),
    ],
)
def test_a_bad_number_has_its_reason(payload: str, reason: Reason) -> None:
    (sample,) = _hear(payload)
    assert sample.values[1] is None
    assert sample.reasons[1] is reason


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"apower":1}' + b" " * MAX_PAYLOAD, bytes(range(256)) * 4096],
)
def test_rubbish_is_malformed(payload: bytes) -> None:
    (sample,) = _hear(payload)
    assert sample.values == (None, None, None)
    assert set(sample.reasons.values()) == {Reason.MALFORMED}


def test_what_says_nothing_of_us_is_nothing() -> None:
    assert _hear("{}") == []
    assert _hear('{"other":1}') == []
    assert _hear(FULL, "status/switch:3") == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["output", "apower", "temperature", "tC", "x"]), inner)
    ),
    max_leaves=12,
)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_nothing_raises_and_nothing_of_a_wrong_type_is_good(payload: bytes) -> None:
    decoder = UnitDecoder(make_unit())
    for sample in _hear(payload, decoder=decoder):
        for index, value in enumerate(sample.values):
            if index in sample.reasons:
                assert value is None
            elif index == 0:
                assert isinstance(value, bool)
            else:
                assert isinstance(value, float)
                assert math.isfinite(value)


def _state_of(table: dict[str, Any], payload: str, topic: str = "") -> tuple[Any, dict[int, Reason]]:
    """Return what a one-point unit on topic ``z/plug`` makes of one message."""
    profile: Any = TypeAdapter(Profile).validate_python({**ONE, **table})
    point = profile.expanded["state"]
    kind = SignalType.BOOL if point.is_bool else SignalType.FLOAT
    stream = Stream("plug", "lighting", "plug", "broker", ("state",), (kind,), NS)
    unit = Unit(
        "plug", "broker", profile, (stream,), (Binding("state", point, stream, 0, kind),), topic="z/plug"
    )
    decoder = UnitDecoder(unit)
    whole = joined("z/plug", topic)
    assert whole in decoder.topics
    (sample,) = decoder.hear(whole, payload.encode(), 5, 5, retained=False)
    return sample.values[0], sample.reasons


ONE: dict[str, Any] = {
    "profile": "one", "protocol": "mqtt", "maker": "Test", "model": "One", "manual": "none", "evidence": "C",
    "points": {"state": {"sources": [{"topic": "", "pointer": "/power"}]}},
    "golden": [{"point": "state", "topic": "", "payload": '{"power": 5}', "value": 5.0}],
}  # fmt: skip


def test_a_state_on_the_units_own_topic_is_heard() -> None:
    assert _state_of({}, '{"power": 12.5}') == (12.5, {})
