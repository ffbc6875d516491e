import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilityd.model.quality import Reason
from facilityd.model.sample import LONGEST_TEXT, SignalType
from facilityd.store.packing import Layout, layout, spell, understand

INT64 = st.integers(-(2**63), 2**63 - 1)
VALUES = {
    SignalType.FLOAT: st.floats(allow_nan=False, allow_infinity=False),
    SignalType.INT: INT64,
    SignalType.ENUM: INT64,
    SignalType.BOOL: st.booleans(),
    SignalType.TEXT: st.text(st.characters(exclude_categories=["Cs"]), max_size=LONGEST_TEXT),
}
BAD = [reason for reason in Reason if not reason.keeps_value]
UNCERTAIN = [reason for reason in Reason if reason.keeps_value]


@st.composite
def rows(draw):
    """Types, values and reasons as adapters make them: no number where the reason takes it away."""
    types = tuple(draw(st.lists(st.sampled_from(SignalType), max_size=20)))
    values, reasons = [], {}
    for index, kind in enumerate(types):
        how = draw(st.sampled_from(["good", "good", "good", "bad", "uncertain"]))
        values.append(None if how == "bad" else draw(VALUES[kind]))
        if how != "good":
            reasons[index] = draw(st.sampled_from(BAD if how == "bad" else UNCERTAIN))
    return types, tuple(values), reasons


@given(rows())
def test_what_is_packed_comes_back(row):
    types, values, reasons = row
    packed = layout(types)
    data, text = packed.pack(values, reasons)
    back, why = packed.unpack(data, text)
    assert back == values
    assert [type(value) for value in back] == [type(value) for value in values]
    assert dict(why) == reasons
    assert (text is None) == (not reasons)


@given(rows())
def test_one_value_is_read_without_the_others(row):
    types, values, reasons = row
    packed = layout(types)
    data, text = packed.pack(values, reasons)
    if text is None and SignalType.TEXT not in types:
        assert [packed.column(index).unpack(data)[0] for index in range(len(types))] == list(values)
        assert len(data) == packed.whole_size


@given(rows())
def test_negative_zero_and_last_digits_survive(row):
    types, values, reasons = row
    packed = layout(types)
    back, _ = packed.unpack(*packed.pack(values, reasons))
    for kind, before, after in zip(types, values, back, strict=True):
        if kind is SignalType.FLOAT and before is not None:
            assert struct.pack("<d", before) == struct.pack("<d", after)


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        (SignalType.FLOAT, math.nan, Reason.NOT_A_NUMBER),
        (SignalType.FLOAT, math.inf, Reason.NOT_A_NUMBER),
        (SignalType.FLOAT, None, Reason.MISSING),
        (SignalType.INT, 2**63, Reason.OUT_OF_RANGE),
        (SignalType.INT, -(2**63) - 1, Reason.OUT_OF_RANGE),
        (SignalType.INT, 10**400, Reason.OUT_OF_RANGE),
        (SignalType.BOOL, None, Reason.MISSING),
    ],
)
def test_what_is_no_number_is_never_stored_as_one(kind, value, reason):
    layout = Layout((kind, SignalType.FLOAT))
    assert layout.unpack(*layout.pack((value, 1.5), {})) == ((None, 1.5), {0: reason})


def test_a_number_beside_a_bad_reason_is_not_kept():
    layout = Layout((SignalType.FLOAT, SignalType.BOOL))
    packed = layout.pack((20.0, True), {0: Reason.OUT_OF_RANGE})
    assert layout.unpack(*packed) == ((None, True), {0: Reason.OUT_OF_RANGE})


def test_finite_values_whose_sum_is_not_are_good():
    layout = Layout((SignalType.FLOAT,) * 2)
    assert layout.unpack(*layout.pack((1e308, 1e308), {})) == ((1e308, 1e308), {})


def test_a_silent_unit_costs_a_few_bytes():
    layout = Layout((SignalType.FLOAT,) * 20)
    data, text = layout.pack((None,) * 20, dict.fromkeys(range(20), Reason.TIMEOUT))
    assert (len(data), text) == (3, "timeout")


def test_values_of_another_layout_are_a_bug():
    with pytest.raises(ValueError, match="2 values for a stream of 3"):
        Layout((SignalType.FLOAT,) * 3).pack((1.0, 2.0), {})


def test_reasons_are_grouped():
    reasons = {0: Reason.TIMEOUT, 3: Reason.TIMEOUT, 5: Reason.CLOCK}
    assert spell(reasons, 6) == "timeout:0,3 clock:5"
    assert dict(understand("timeout:0,3 clock:5", 6)) == reasons


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("x" * (LONGEST_TEXT + 1), Reason.OUT_OF_RANGE),
        (5, Reason.WRONG_TYPE),
        (None, Reason.MISSING),
    ],
)
def test_what_is_no_text_is_never_stored_as_one(value, reason):
    packed = layout((SignalType.TEXT, SignalType.FLOAT))
    assert packed.unpack(*packed.pack((value, 1.5), {})) == ((None, 1.5), {0: reason})


def test_a_text_is_never_stored_as_a_number():
    packed = layout((SignalType.TEXT, SignalType.FLOAT))
    assert packed.unpack(*packed.pack(("a", "1.5"), {})) == (("a", None), {1: Reason.WRONG_TYPE})


@given(rows(), st.binary(max_size=40), st.integers(0, 400))
def test_damaged_bytes_of_texts_raise_nothing(row, other, at):
    types, values, reasons = row
    packed = layout((*types, SignalType.TEXT))
    data, text = packed.pack((*values, "升旗"), reasons)
    for spoilt in (data[:at], data[:at] + other, data + other):
        back, _ = packed.unpack(spoilt, text)
        assert len(back) == len(types) + 1


def test_a_code_is_kept_with_its_reason():
    reason = Reason.unknown(7)
    assert (str(reason), reason.code, reason.plain) == ("unknown-code-7", "7", "unknown-code")
    assert dict(understand(spell({0: reason, 2: Reason.TIMEOUT}, 3), 3)) == {0: reason, 2: Reason.TIMEOUT}
    assert understand("unknown-code-7", 1)[0] is reason
    assert Reason.unknown("two words") is Reason.UNKNOWN_CODE
    assert Reason.unknown("x" * 100) is Reason.UNKNOWN_CODE
    with pytest.raises(ValueError, match="not a valid"):
        Reason("unknown-code-two words")
