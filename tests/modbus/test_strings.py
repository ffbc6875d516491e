"""Texts and codes with words in registers: what stands there is said, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from support.fuzz import CASES
from support.modbus_harness import PROFILE, decoded, profile

from devices.codec import string_bytes, string_words, text_of
from facilityd.model.quality import Reason
from facilityd.model.sample import SignalType

STATES = {0: "stopped", 1: "running", 7: "fault"}


def _decode(point: dict[str, Any], words: list[int], kind: SignalType = SignalType.TEXT) -> Any:
    return decoded(point, words, kind)


@pytest.mark.parametrize(
    ("words", "more", "found"),
    [
        ([0x4142, 0x4300], {}, ("ABC", None)),
        ([0x4142, 0x2020], {}, ("AB", None)),
        ([0x2041, 0x4200], {}, ("AB", None)),
        ([0x4241, 0x0043], {"byte_order": "little"}, ("ABC", None)),
        ([0x4142, 0x0044], {}, ("AB", None)),  # what stands behind the end is left over
        ([0x41FF, 0x4200], {}, ("A\ufffdB", None)),
        ([0x411B, 0x5B42], {}, ("A\ufffd[B", None)),  # no escape reaches a terminal
        ([0x0000, 0x0000], {}, (None, Reason.NO_VALUE)),
        ([0x2020, 0x2020], {}, (None, Reason.NO_VALUE)),
        ([0xFFFF, 0xFFFF], {}, (None, Reason.NO_VALUE)),
        ([0x8081, 0x8283], {}, (None, Reason.WRONG_TYPE)),
        ([0xC9FD, 0xC6EC], {"encoding": "gbk"}, ("升旗", None)),
        ([0xE58D, 0x8700], {"encoding": "utf-8"}, ("升", None)),
    ],
)
def test_a_string_in_registers(words: list[int], more: dict[str, Any], found: Any) -> None:
    assert _decode({"type": "string", "length": 2, **more}, words) == found


def test_a_string_has_no_word_order() -> None:
    table = {**PROFILE["points"], "p": {"address": 0, "doc": "-", "type": "string", "length": 2}}
    little = profile(points=table, word_order="little").expanded["p"]
    assert text_of(string_bytes([0x4142, 0x4344], little.byte_order or "big"), "ascii") == "ABCD"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"type": "string"}, "'length'"),
        ({"type": "u16", "length": 2}, "'length'"),
        ({"type": "string", "length": 65}, "64"),
        ({"type": "string", "length": 2, "scale": 2}, "'scale'"),
        ({"type": "string", "length": 2, "bits": [0, 3]}, "'bits'"),
        ({"type": "string", "length": 2, "table": "coil"}, "registers, not in bits"),
        ({"type": "f32", "enum": {0: "stopped"}}, "whole numbers"),
        ({"type": "u16", "enum": {0: "stopped"}, "scale": 2}, "'scale'"),
        ({"type": "u16", "bit": 3, "enum": {0: "stopped"}}, "whole numbers"),
        ({"type": "u16", "enum": {0: "Zwei Worte"}}, "pattern"),
        ({"type": "string", "length": 2, "address": 65535}, "beyond the last register"),
    ],
)
def test_what_contradicts_itself_is_refused(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        profile(points={**PROFILE["points"], "p": {"address": 0, "doc": "-", **more}})


def test_a_value_that_no_read_can_bring_is_refused() -> None:
    table = {**PROFILE["points"], "p": {"address": 0, "doc": "-", "type": "string", "length": 21}}
    with pytest.raises(ValidationError, match="takes 21 registers, 'max_block' allows 20"):
        profile(points=table, max_block=20)


def test_a_text_identifies_nothing_by_a_number() -> None:
    table = {**PROFILE["points"], "p": {"address": 0, "doc": "-", "type": "string", "length": 2}}
    with pytest.raises(ValidationError, match="which is a text"):
        profile(points=table, identity=[{"point": "p", "equals": 5}])


@pytest.mark.parametrize(
    ("word", "kind", "found"),
    [
        (0x0010, SignalType.TEXT, ("running", None)),
        (0xFF0F, SignalType.TEXT, ("stopped", None)),
        (0x0070, SignalType.TEXT, ("fault", None)),
        (0x0020, SignalType.TEXT, (None, Reason.unknown(2))),
    ],
)
def test_codes_in_bits(word: int, kind: SignalType, found: Any) -> None:
    assert _decode({"type": "u16", "bits": [4, 7], "enum": STATES}, [word], kind) == found


def test_a_sentinel_is_no_code() -> None:
    point = {"type": "u16", "no_value": [0xFFFF], "enum": STATES}
    assert _decode(point, [0xFFFF]) == (None, Reason.NO_VALUE)
    assert _decode(point, [8]) == (None, Reason.unknown(8))


TEXTS = st.text(st.characters(min_codepoint=33, exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@given(TEXTS, st.sampled_from(["ascii", "utf-8", "gbk"]), st.sampled_from(["big", "little"]))
@settings(max_examples=CASES, deadline=None)
def test_what_is_encoded_comes_back(text: str, encoding: str, order: str) -> None:
    known = text.encode(encoding, "ignore").decode(encoding).strip("\ufffd ")
    words = string_words(known, 20, encoding, order)
    back = text_of(string_bytes(words, order), encoding)
    assert len(words) == 20
    assert back is None if not known else known.startswith(back or "?")
    if len(known.encode(encoding)) <= 40:
        assert back == (known or None)


@given(st.lists(st.integers(0, 0xFFFF), min_size=8, max_size=8), st.sampled_from(["ascii", "utf-8", "gbk"]))
@settings(max_examples=CASES, deadline=None)
def test_no_bytes_raise_and_none_reach_a_terminal(words: list[int], encoding: str) -> None:
    value, reason = _decode({"type": "string", "length": 8, "encoding": encoding}, words)
    assert (value is None) == (reason is not None)
    if value is not None:
        assert value.isprintable()
        assert value == value.strip()
        assert len(value) <= 16


@given(st.integers(0, 0xFFFF))
@settings(max_examples=CASES, deadline=None)
def test_no_word_gives_a_state_that_is_not_its_own(word: int) -> None:
    value, reason = _decode({"type": "u16", "bits": [4, 7], "enum": STATES}, [word])
    code = word // 16 % 16
    assert value == STATES.get(code)
    assert reason == (None if code in STATES else Reason.unknown(code))
