"""Blocks of words into values: the compiled way equals the plain one, and nothing bad is a number."""

from __future__ import annotations

import math
import struct
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.modbus_harness import profile

from devices.codec import from_words, to_words
from devices.modbus.decode import compile_block, register_binding
from devices.profile import Table
from devices.unit import Binding, Unit
from facilityd.model.quality import Reason
from facilityd.model.sample import SignalType, Stream

WORDS = {"u16": 1, "s16": 1, "u32": 2, "s32": 2, "u64": 4, "s64": 4, "f32": 2, "f64": 4}
Verdicts = dict[str, tuple[Any, Reason | None]]


def _decode(points: dict[str, dict[str, Any]], words: list[int], kinds: dict[str, SignalType] | None = None,
            **binding: Any) -> Verdicts:  # fmt: skip
    first = next(iter(points))
    model = profile(points={n: {"doc": "x", **p} for n, p in points.items()}, max_block=125,
                    identity=[{"point": first, "equals": 1}], golden=[{"point": first, "words": [1], "value": 1}])  # fmt: skip
    names = tuple(points)
    types = tuple((kinds or {}).get(n, SignalType.FLOAT) for n in names)
    stream = Stream("d", "f", "u", "l", names, types)
    bindings = [Binding(n, model.expanded[n], stream, i, types[i], **binding) for i, n in enumerate(names)]
    one = Unit("u", "l", model, (stream,), tuple(bindings))
    out: Verdicts = {}
    block = compile_block(Table.HOLDING, 0, len(words), [register_binding(b, one) for b in bindings])
    block.decode(
        struct.pack(f">{len(words)}H", *words), lambda slot, verdict: out.__setitem__(names[slot[1]], verdict)
    )
    return out


@st.composite
def blocks(draw: st.DrawFn) -> tuple[dict[str, dict[str, Any]], list[int]]:
    points: dict[str, dict[str, Any]] = {}
    address = 0
    for number in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(sorted(WORDS)))
        order = draw(st.sampled_from(["big", "little"]))
        points[f"p{number}"] = {"address": address, "type": kind, "word_order": order}
        address += WORDS[kind] + draw(st.integers(0, 2))
    size = max(p["address"] + WORDS[p["type"]] for p in points.values())
    return points, draw(st.lists(st.integers(0, 65535), min_size=size, max_size=size))


@given(blocks())
def test_the_compiled_block_equals_the_plain_codec(
    block: tuple[dict[str, dict[str, Any]], list[int]],
) -> None:
    points, words = block
    for name, (value, reason) in _decode(points, words).items():
        point = points[name]
        cut = words[point["address"] : point["address"] + WORDS[point["type"]]]
        plain = from_words(cut, point["type"], point["word_order"])
        if reason is None:
            assert isinstance(value, float)
            assert math.isfinite(value)
            assert value == plain, "exactly: a whole number is not rounded either"
        else:
            assert value is None
            beyond = isinstance(plain, int) and abs(plain) > 2**53  # no float of its own
            assert beyond or not math.isfinite(plain) or 0 < abs(plain) < 1e-9


@given(st.sampled_from(sorted(WORDS)), st.sampled_from(["big", "little"]), st.integers(0, 2**15 - 1))
def test_what_is_encoded_is_decoded(kind: str, order: str, raw: int) -> None:
    assert from_words(to_words(raw, kind, order), kind, order) == raw


def test_bits_and_bit_fields() -> None:
    points = {
        "on": {"address": 0, "type": "u16", "bit": 3},
        "off": {"address": 0, "type": "u16", "bit": 4},
        "mode": {"address": 0, "type": "u16", "bits": [8, 10]},
    }
    kinds = {"on": SignalType.BOOL, "off": SignalType.BOOL, "mode": SignalType.ENUM}
    assert _decode(points, [0x0508], kinds) == {"on": (True, None), "off": (False, None), "mode": (5, None)}


def test_a_sign_in_the_status_word() -> None:
    points = {
        "status": {"address": 0, "type": "u16"},
        "weight": {"address": 1, "type": "u32", "sign": {"address": 0, "bit": 7}},
    }
    assert _decode(points, [0x0080, 0, 500])["weight"] == (-500.0, None)
    assert _decode(points, [0x0000, 0, 500])["weight"] == (500.0, None)


@pytest.mark.parametrize(
    ("point", "words", "reason"),
    [
        ({"type": "u16", "no_value": [65535]}, [65535], Reason.NO_VALUE),
        ({"type": "u16", "bits": [0, 7], "no_value": [65535]}, [65535], Reason.NO_VALUE),
        ({"type": "u16", "bit": 3, "no_value": [65535]}, [65535], Reason.NO_VALUE),
        ({"type": "s16", "range": [-10, 10]}, [11], Reason.OUT_OF_RANGE),
        ({"type": "f32"}, [0x7FC0, 0], Reason.NOT_A_NUMBER),
        ({"type": "f32"}, [0xFF80, 0], Reason.NOT_A_NUMBER),
        ({"type": "f32", "scale": 1e300}, [0x7F00, 0], Reason.NOT_A_NUMBER),
        ({"type": "f32"}, [0x0000, 0x4366], Reason.OUT_OF_RANGE),
    ],
)
def test_a_bad_number_has_its_reason(point: dict[str, Any], words: list[int], reason: Reason) -> None:
    assert _decode({"p": {"address": 0, **point}}, words)["p"] == (None, reason)


def test_scaling_offset_range_and_inversion_fold_into_one_step() -> None:
    point = {"p": {"address": 0, "type": "u16", "scale": 0.01, "unit": "K"}}
    value, reason = _decode(point, [31315], scale=1.0, offset=-273.15, low=-40.0, high=150.0)["p"]
    assert (value, reason) == (pytest.approx(40.0), None)
    assert _decode(point, [65535], scale=1.0, offset=-273.15, low=-40.0, high=150.0)["p"] == (
        None,
        Reason.OUT_OF_RANGE,
    )
    bit = {"p": {"address": 0, "type": "u16", "bit": 0}}
    assert _decode(bit, [1], {"p": SignalType.BOOL}, invert=True)["p"] == (False, None)


@pytest.mark.parametrize(
    ("kind", "raw"),
    [("u64", 9007199254740993), ("s64", -(2**63) + 15), ("s64", 2**63 - 1), ("u64", 2**64 - 1), ("u32", 7)],
)
def test_a_whole_number_is_exact_or_bad(kind: str, raw: int) -> None:
    words = to_words(raw, kind)
    point = {"p": {"address": 0, "type": kind}}
    assert _decode(point, words, {"p": SignalType.INT})["p"] == (raw, None)
    as_float = (float(raw), None) if abs(raw) <= 2**53 else (None, Reason.OUT_OF_RANGE)
    assert _decode(point, words)["p"] == as_float


@pytest.mark.parametrize(
    ("word", "scale", "expected"),
    [(3, 0.1, 0.3), (7, 0.1, 0.7), (1005, 0.001, 1.005), (29, 0.01, 0.29), (3, 10, 30.0)],
)
def test_scaling_adds_no_noise(word: int, scale: float, expected: float) -> None:
    value, reason = _decode({"p": {"address": 0, "type": "u16", "scale": scale}}, [word])["p"]
    assert (repr(value), reason) == (repr(expected), None)


@given(st.integers(0, 65535), st.integers(-6, 3), st.integers(-1000, 1000))
def test_scaling_gives_the_float_next_to_the_true_value(word: int, power: int, hundredths: int) -> None:
    scale, offset = float(f"1e{power}"), hundredths / 100
    truth = Decimal(word) * Decimal(f"1e{power}") + Decimal(hundredths) / 100
    value, reason = _decode({"p": {"address": 0, "type": "u16", "scale": scale, "offset": offset}}, [word])[
        "p"
    ]
    assert (value, reason) == (float(truth), None)


def test_a_fraction_is_no_whole_number_unless_a_conversion_made_it() -> None:
    whole = {"p": SignalType.INT}
    assert _decode({"p": {"address": 0, "type": "f32"}}, [0x40FC, 0xCCCD], whole)["p"] == (
        None,
        Reason.WRONG_TYPE,
    )
    assert _decode({"p": {"address": 0, "type": "f32"}}, [0x4100, 0], whole)["p"] == (8, None)
    assert _decode({"p": {"address": 0, "type": "u16", "scale": 0.1}}, [79], whole)["p"] == (8, None)
