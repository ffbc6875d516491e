"""What numbers and switches in a payload are worth: exact, or bad; never rounded, never guessed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from devices.mqtt.decode import decode, extractors
from devices.profile import Profile
from devices.unit import Binding
from facilityd.model.quality import Reason
from facilityd.model.sample import SignalType, Stream

PROFILE: TypeAdapter[Any] = TypeAdapter(Profile)
ONE: dict[str, Any] = {
    "profile": "one", "protocol": "mqtt", "maker": "Test", "model": "One", "manual": "none", "evidence": "C",
    "golden": [{"point": "state", "topic": "state", "payload": "5", "value": 5.0}],
}  # fmt: skip


def _typed(kind: SignalType, payload: str, pointer: str = "", **point: Any) -> tuple[Any, Any]:
    """Return what a signal of a type keeps of a payload."""
    table = {**ONE, "points": {"state": {"sources": [{"topic": "state", "pointer": pointer}], **point}}}
    made = PROFILE.validate_python(table).expanded["state"]
    stream = Stream("d", "f", "u", "l", ("s",), (kind,))
    (one,) = extractors([Binding("state", made, stream, 0, kind)], (stream,))["state"]
    return decode(payload.encode(), [one]).get((0, 0), (None, Reason.MISSING))


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        ("1000", (1000.0, None)), ("-12.5e1", (-125.0, None)), (" 7 \n", (7.0, None)), (".5", (0.5, None)),
        ("23.5\0", (23.5, None)), ("1_000", (None, Reason.WRONG_TYPE)), ("１２", (None, Reason.WRONG_TYPE)),
        ("0x10", (None, Reason.WRONG_TYPE)), ("1,5", (None, Reason.WRONG_TYPE)), ("", (None, Reason.WRONG_TYPE)),
        ("nan", (None, Reason.NOT_A_NUMBER)), ("-Infinity", (None, Reason.NOT_A_NUMBER)),
        ("9" * 5000, (None, Reason.WRONG_TYPE)), ("9007199254740993", (None, Reason.OUT_OF_RANGE)),
    ],
)  # fmt: skip
def test_a_number_as_bare_text(payload: str, found: tuple[Any, Any]) -> None:
    assert _typed(SignalType.FLOAT, payload) == found


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        ('{"v": 8}', (8, None)), ('{"v": 8.0}', (8, None)), ('{"v": 7.9}', (None, Reason.WRONG_TYPE)),
        ('{"v": 9007199254740993}', (9007199254740993, None)), ('{"v": "8"}', (None, Reason.WRONG_TYPE)),
        ('{"v": true}', (None, Reason.WRONG_TYPE)), ('{"v": 8}\0', (8, None)),
    ],
)  # fmt: skip
def test_a_whole_number_is_never_rounded(payload: str, found: tuple[Any, Any]) -> None:
    assert _typed(SignalType.INT, payload, "/v", type="int") == found


def test_scaling_adds_no_noise() -> None:
    assert repr(_typed(SignalType.FLOAT, '{"v": 3}', "/v", scale=0.1)[0]) == "0.3"


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        ('{"v": "23.5"}', (23.5, None)),
        ('{"v": 23.5}', (23.5, None)),
        ('{"v": "1_0"}', (None, Reason.WRONG_TYPE)),
    ],
)
def test_numbers_may_stand_in_quotes_where_the_profile_says_so(payload: str, found: tuple[Any, Any]) -> None:
    assert _typed(SignalType.FLOAT, payload, "/v", numbers="text") == found


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        ('{"v": 1}', (True, None)), ('{"v": 0}', (False, None)), ('{"v": true}', (True, None)),
        ('{"v": "ON"}', (True, None)), ('{"v": 2}', (None, Reason.WRONG_TYPE)),
        ('{"v": 1.0}', (None, Reason.WRONG_TYPE)),
    ],
)  # fmt: skip
def test_a_switch_may_be_told_as_one_and_zero(payload: str, found: tuple[Any, Any]) -> None:
    assert _typed(SignalType.BOOL, payload, "/v", type="bool") == found


NUMBERS = st.one_of(
    st.integers(), st.floats(), st.floats(-100, 100), st.booleans(), st.none(), st.text(max_size=5),
    st.just([]), st.just({}),
)  # fmt: skip
LIMITS = st.none() | st.tuples(st.floats(-1e6, 0), st.floats(0.5, 1e6))


@settings(max_examples=60, deadline=None)
@given(NUMBERS, st.sampled_from([1.0, 0.1, 1000.0, -2.5]), st.sampled_from([0.0, -273.15, 1e300]), LIMITS)
def test_the_short_way_of_a_plain_number_ends_where_the_long_one_does(
    value: Any, scale: float, offset: float, limits: tuple[float, float] | None
) -> None:
    point = {"sources": [{"topic": "state", "pointer": "/v"}], "scale": scale, "offset": offset}
    table = {**ONE, "points": {"state": point | ({"range": list(limits)} if limits else {})}}
    made = PROFILE.validate_python(table).expanded["state"]
    stream = Stream("d", "f", "u", "l", ("s",), (SignalType.FLOAT,))
    (one,) = extractors([Binding("state", made, stream, 0, SignalType.FLOAT)], (stream,))["state"]
    payload = json.dumps({"v": value}).encode()
    assert one.plain
    long = decode(payload, [replace(one, plain="")])
    assert repr(decode(payload, [one])) == repr(long)
