"""Lines are read back by a parser of our own, written from the specification of line protocol."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.journals import T0

from facilityd.model.quality import Reason
from facilityd.model.reserved import RESERVED_SIGNALS
from facilityd.model.sample import NS, SignalType, Stream
from facilityd.store.line_protocol import LineFormat
from facilityd.store.packing import layout
from facilityd.store.rows import StoredSample


def until(text: str, start: int, stops: str) -> tuple[str, int]:
    """Return what stands before the next unescaped stop, unescaped, and where that is."""
    out, i = [], start
    while i < len(text) and text[i] not in stops:
        if text[i] == "\\" and i + 1 < len(text) and text[i + 1] in ",= ":
            i += 1
        out.append(text[i])
        i += 1
    return "".join(out), i


def field_value(text: str, i: int) -> tuple[object, int]:
    if text[i] == '"':
        found = re.compile(r'"((?:[^"\\]|\\.)*)"').match(text, i)
        assert found, text
        return re.sub(r'\\(["\\])', r"\1", found[1]), found.end()
    raw, i = until(text, i, ", ")
    if raw in ("true", "false"):
        return raw == "true", i
    return (int(raw[:-1]) if raw.endswith("i") else float(raw)), i


def parse(line: bytes) -> tuple[str, dict[str, str], dict[str, object], int]:
    """Return measurement, tags, fields, instant."""
    text = line.decode()
    assert "\n" not in text
    assert not text.startswith("#")
    measurement, i = until(text, 0, ", ")
    tags, fields = {}, {}
    while text[i] == ",":
        key, i = until(text, i + 1, "=")
        tags[key], i = until(text, i + 1, ", ")
    while not fields or text[i] == ",":
        key, i = until(text, i + 1, "=")
        fields[key], i = field_value(text, i + 1)
    assert text[i] == " "
    return measurement, tags, fields, int(text[i + 1 :])


NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="\\\x7f", exclude_categories=("Cc", "Cs")),
    min_size=1,
    max_size=8,
).filter(lambda name: not name.startswith("#"))
SIGNALS = NAMES.filter(lambda name: name not in RESERVED_SIGNALS)
INT64 = st.integers(-(2**63), 2**63 - 1)
VALUES = {
    SignalType.FLOAT: st.floats(allow_nan=False, allow_infinity=False),
    SignalType.INT: INT64,
    SignalType.ENUM: INT64,
    SignalType.BOOL: st.booleans(),
    SignalType.TEXT: st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=20),
}


@st.composite
def samples(draw):
    signals = tuple(draw(st.lists(SIGNALS, min_size=1, max_size=6, unique=True)))
    types = tuple(draw(st.sampled_from(SignalType)) for _ in signals)
    of = Stream(draw(NAMES), draw(NAMES), draw(NAMES), "link", signals, types)
    values, reasons = [], {}
    for index, kind in enumerate(types):
        reason = draw(st.none() | st.sampled_from(Reason))
        values.append(draw(VALUES[kind]) if reason is None or reason.keeps_value else None)
        if reason:
            reasons[index] = reason
    return of, draw(NAMES), draw(INT64), tuple(values), reasons


def line_of(of: Stream, site: str, at: int, values, reasons) -> bytes:
    data, text = layout(of.types).pack(values, reasons)
    return LineFormat(of, site).line(StoredSample(1, 1, at, data, text))


def expected_bad(of: Stream, reasons) -> str:
    if len(reasons) == len(of.signals) and len(set(reasons.values())) == 1:
        return f"*:{next(iter(reasons.values())).value}"
    return ",".join(f"{of.signals[i]}:{reasons[i].value}" for i in sorted(reasons))


@given(samples())
@example(
    (Stream("d", "f", "u", "l", ("100%", "a b"), (SignalType.FLOAT, SignalType.INT)), "s", 1, (1.0, 2), {})
)
def test_what_is_written_is_read_back(told):
    of, site, at, values, reasons = told
    measurement, tags, fields, instant = parse(line_of(*told))
    assert (measurement, instant) == (of.family, at)
    assert tags == {"device": of.device, "site": site, "unit": of.unit}
    want = {name: value for name, value in zip(of.signals, values, strict=True) if value is not None}
    if reasons:
        want["bad"] = expected_bad(of, reasons)
    assert fields == want
    assert {name: type(value) for name, value in fields.items()} == {
        name: type(v) for name, v in want.items()
    }


@given(samples())
def test_a_replay_is_the_same_bytes(told):
    assert line_of(*told) == line_of(*told)


def line(signals: dict[str, SignalType], *values, **reasons: Reason) -> str:
    names = tuple(signals)
    of = Stream("hoist-1", "hoist", "drive", "l", names, tuple(signals.values()))
    return line_of(of, "square", T0, values, {names.index(n): r for n, r in reasons.items()}).decode()


def test_the_four_types():
    types = {
        "speed": SignalType.FLOAT,
        "count": SignalType.INT,
        "on": SignalType.BOOL,
        "state": SignalType.ENUM,
    }
    text = line(types, 1.0, -3, True, 2)
    assert text == f"hoist,device=hoist-1,site=square,unit=drive speed=1.0,count=-3i,on=true,state=2i {T0}"


@pytest.mark.parametrize(
    ("value", "text"), [(0.1, "0.1"), (1e22, "1e+22"), (-0.0, "-0.0"), (5e-324, "5e-324")]
)
def test_floats_keep_every_digit(value, text):
    assert f" v={text} " in line({"v": SignalType.FLOAT}, value)


FLOATS = {"a": SignalType.FLOAT, "b": SignalType.FLOAT}


def test_only_what_is_not_good_is_named():
    assert ' a=1.5,bad="b:timeout" ' in line(FLOATS, 1.5, None, b=Reason.TIMEOUT)


def test_an_uncertain_value_is_carried_and_named():
    assert ' a=1.5,b=2.5,bad="b:clock" ' in line(FLOATS, 1.5, 2.5, b=Reason.CLOCK)


def test_a_silent_sample_is_a_point_too():
    assert ' bad="*:offline" ' in line(FLOATS, None, None, a=Reason.OFFLINE, b=Reason.OFFLINE)


@pytest.mark.parametrize("name", ["", "back\\slash", "line\nfeed", "tab\t", "nul\0"])
def test_what_line_protocol_cannot_say_is_refused(name):
    for of in (
        Stream(name, "f", "u", "l", ("a",), (SignalType.INT,)),
        Stream("d", name, "u", "l", ("a",), (SignalType.INT,)),
        Stream("d", "f", name, "l", ("a",), (SignalType.INT,)),
        Stream("d", "f", "u", "l", (name,), (SignalType.INT,)),
    ):
        with pytest.raises(ValueError, match="cannot be a name in line protocol"):
            LineFormat(of, "site")


@pytest.mark.parametrize("name", sorted(RESERVED_SIGNALS))
def test_reserved_names_are_refused(name):
    with pytest.raises(ValueError, match=f"cannot be called {name}"):
        LineFormat(Stream("d", "f", "u", "l", (name,), (SignalType.INT,)), "site")


def test_integer_nanoseconds_to_the_last_digit():
    of = Stream("d", "f", "u", "l", ("a",), (SignalType.INT,))
    ats = [T0 + offset for offset in (0, 1, 999_999_999, NS * 3 + 7)]
    assert [parse(line_of(of, "s", at, (1,), {}))[3] for at in ats] == ats


def test_a_text_is_a_string_field():
    text = line({"serial": SignalType.TEXT, "state": SignalType.TEXT}, 'a"b\\', "升旗, 1=2")
    assert f' serial="a\\"b\\\\",state="升旗, 1=2" {T0}' in text
    assert "\n" not in line({"serial": SignalType.TEXT}, "a\nfield=1")
