"""Warnings as they come in, and as somebody may forge them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cap import AREA, EN, ZH, alert, info, reference

from devices.forecast.cap import WarningFilter, read_cap
from devices.forecast.xml_tree import DEEPEST, MOST
from facilityd.errors import UnreadableForecast
from facilityd.model.forecast import CapAlert, ForecastReport, Outlook, WeatherWarning, standing
from facilityd.model.sample import NS

HERE = WarningFilter(39.9, 116.4)
AT_18 = 1_781_085_600 * NS
"""2026-06-10T18:00+08:00."""


def _read(text: str | bytes, wanted: WarningFilter = HERE) -> tuple[CapAlert, ...]:
    return read_cap(text if isinstance(text, bytes) else text.encode(), "w.xml", wanted)


def _holding(*texts: str, at: int = AT_18, wanted: WarningFilter = HERE) -> list[WeatherWarning]:
    alerts = tuple(one for text in texts for one in _read(text, wanted))
    return Outlook(at, [(ForecastReport("w", at, alerts=alerts), NS)]).warnings(at, at)


def test_a_warning_in_two_languages_is_one_and_is_read_in_either() -> None:
    (found,) = _holding(alert("a-1", info(ZH), info(EN)))
    assert found.headline("zh") == "北京市气象台发布大风蓝色预警信号"
    assert (found.headline("en"), found.event("en")) == ("Blue gale warning for Beijing", "Gale")
    assert (found.severity, found.areas) == ("Minor", ("北京市东城区",))


def test_a_warning_in_one_language_is_told_in_that_one() -> None:
    (found,) = _holding(alert("a-1", info(ZH)))
    assert found.event("en") == "大风"


def test_it_holds_from_its_onset_until_it_expires() -> None:
    text = alert("a-1", info())
    hour = 3600 * NS
    assert not _holding(text, at=AT_18 - 2 * hour)
    assert _holding(text, at=AT_18 - hour)
    assert not _holding(text, at=AT_18 + 11 * hour)


def test_without_an_end_it_holds_for_a_day() -> None:
    text = alert("a-1", info(onset="", expires=""))
    assert _holding(text, at=AT_18)
    assert not _holding(text, at=AT_18 + 23 * 3600 * NS)


def test_a_cancelled_one_is_over_in_whatever_order_the_two_come() -> None:
    texts = (
        alert("a-1", info()),
        alert("a-2", kind="Cancel", references=reference(), sent="2026-06-10T17:30:00+08:00"),
    )
    assert _holding(*texts) == _holding(*reversed(texts)) == []


def test_an_update_takes_the_place_of_what_it_names() -> None:
    graver = alert("a-2", info(severity="Severe"), kind="Update", references=reference(),
                   sent="2026-06-10T17:30:00+08:00")  # fmt: skip
    assert [one.severity for one in _holding(alert("a-1", info()), graver)] == ["Severe"]


def test_a_message_that_names_itself_ends_nothing() -> None:
    assert _holding(alert("a-1", info(), kind="Update", references=reference()))


@pytest.mark.parametrize("status", ["Exercise", "System", "Test", "Draft"])
def test_what_is_only_tried_is_no_warning(status: str) -> None:
    assert _read(alert("a-1", info(), status=status)) == ()


@pytest.mark.parametrize("kind", ["Ack", "Error"])
def test_an_answer_to_a_message_is_no_warning(kind: str) -> None:
    assert _read(alert("a-1", info(), kind=kind)) == ()


@pytest.mark.parametrize("block", [
    info(urgency="Past"), info(certainty="Unlikely"), info(more="<responseType>AllClear</responseType>"),
])  # fmt: skip
def test_what_is_over_or_not_expected_is_no_warning(block: str) -> None:
    assert _holding(alert("a-1", block)) == []


SQUARE = "<polygon>39,116 39,117 41,117 41,116 39,116</polygon>"
AWAY = "<polygon>29,116 29,117 31,117 31,116 29,116</polygon>"


@pytest.mark.parametrize(("area", "areas", "holds"), [
    (AREA, (), True), (AREA, ("东城",), True), (AREA, ("海淀",), False), ("", ("海淀",), True),
    (f"<area><areaDesc>x</areaDesc>{SQUARE}</area>", (), True),
    (f"<area><areaDesc>x</areaDesc>{AWAY}</area>", (), False),
    (f"<area><areaDesc>x</areaDesc>{AWAY}</area>" + f"<area><areaDesc>y</areaDesc>{SQUARE}</area>", (), True),
    ("<area><areaDesc>x</areaDesc><circle>39.9,116.4 5</circle></area>", (), True),
    ("<area><areaDesc>x</areaDesc><circle>39.0,116.4 99</circle></area>", (), False),
    ("<area><areaDesc>x</areaDesc><circle>39.0,116.4 101</circle></area>", (), True),
    ("<area><areaDesc>x</areaDesc><geocode><valueName>c</valueName><value>110101</value></geocode></area>",
     ("110101",), True),
    ("<area><areaDesc>x</areaDesc><geocode><valueName>c</valueName><value>110101</value></geocode></area>",
     ("1101",), False),
])  # fmt: skip
def test_it_concerns_the_place_by_name_by_code_or_by_shape(
    area: str, areas: tuple[str, ...], holds: bool
) -> None:
    wanted = WarningFilter(39.9, 116.4, areas)
    assert bool(_holding(alert("a-1", info(area=area)), wanted=wanted)) is holds


def test_a_site_hears_of_what_it_asks_for() -> None:
    texts = alert("a-1", info(ZH)), alert("a-2", info({**ZH, "event": "高温"}))
    assert [one.event("zh") for one in _holding(*texts, wanted=WarningFilter(events=("大风",)))] == ["大风"]
    graded = (
        alert("a-1", info()),
        alert("a-2", info(severity="Severe")),
        alert("a-3", info(severity="Unknown")),
    )
    found = _holding(*graded, wanted=WarningFilter(least="Moderate"))
    assert [one.severity for one in found] == ["Severe", "Unknown"]


def test_alerts_within_a_feed_are_found() -> None:
    one, two = (alert(n, info()).partition("\n")[2] for n in ("a-1", "a-2"))
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><content>{one}</content></entry>{two}</feed>'
    assert [a.key[1] for a in _read(feed)] == ["a-1", "a-2"]


def test_chinese_encodings_are_read() -> None:
    text = alert("a-1", info(ZH)).replace("UTF-8", "GB2312")
    (found,) = _read(text.encode("gb18030"))
    assert found.warnings[0].event("zh") == "大风"


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><alert>&i;</alert>"
)
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><alert>&f;</alert>'
REMOTE = '<?xml version="1.0"?><!DOCTYPE alert SYSTEM "http://127.0.0.1:9/x.dtd"><alert/>'


@pytest.mark.parametrize("text", [BOMB, OUTSIDE, REMOTE], ids=["bomb", "file", "network"])
def test_a_document_type_is_refused_before_anything_is_expanded(text: str) -> None:
    with pytest.raises(UnreadableForecast, match=r"w\.xml:1:\d+: the XML has a document type"):
        _read(text)


@pytest.mark.parametrize("text", [
    "", "not xml", "<alert>", "<a><b></a></b>", "<?xml version='1.0' encoding='utf-99'?><a/>", "\x00", "<a>&nbsp;</a>",
    "<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'/>",
    "<alert xmlns='urn:oasis:names:tc:emergency:cap:2.0'/>", "<alert/>",
    alert("a-1", info(onset="yesterday")), alert("a-1", info(expires="2026-06-11T05:00:00")),
    alert("a-1", info(area="<area><polygon>1,2 3,4</polygon></area>")),
    alert("a-1", info(area="<area><circle>a,b c</circle></area>")),
    alert("a-1", info(area="<area><circle>nan,1 3</circle></area>")), alert("a-1", sent="now"), alert(""),
])  # fmt: skip
def test_nonsense_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(UnreadableForecast, match=r"w\.xml:\d+:\d+: "):
        _read(text)


def test_the_place_is_the_elements_own() -> None:
    text = alert("a-1", info(onset="soon")).replace("<onset>", "\n <onset>")
    with pytest.raises(UnreadableForecast, match=r"w\.xml:3:2: onset should be a time with its offset"):
        _read(text)


def test_a_namespace_that_is_not_cap_is_named() -> None:
    with pytest.raises(UnreadableForecast, match="its root is alert of urn:evil"):
        _read(alert("a-1", info(), space="urn:evil"))


def test_a_document_about_something_else_has_no_alerts() -> None:
    assert _read("<rss version='2.0'><channel/></rss>") == ()


@pytest.mark.parametrize(
    "text", ["<a>" * (DEEPEST + 1), "<r>" + "<a/>" * MOST + "</r>"], ids=["deep", "many"]
)
def test_what_is_too_deep_or_too_much_is_refused(text: str) -> None:
    with pytest.raises(UnreadableForecast, match="elements within each other"):
        _read(text)


def test_foreign_text_reaches_nobody_as_it_is() -> None:
    text = alert("a-1", info({**EN, "headline": "Gale\u202e\u200f &#27;".replace("&#27;", "") + "x" * 5000}))
    (found,) = _holding(text)
    assert "\u202e" not in found.headline("en")
    assert len(found.headline("en")) <= 200


@given(st.binary(max_size=400))
def test_no_bytes_do_harm(content: bytes) -> None:
    with suppress(UnreadableForecast):
        assert isinstance(_read(content), tuple)


@given(st.data())
def test_no_damage_to_a_message_does_harm(data: st.DataObject) -> None:
    content = bytearray(alert("a-1", info(ZH), info(EN)).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 6))] = data.draw(st.binary(max_size=6))
    try:
        found = _read(bytes(content))
    except UnreadableForecast:
        return
    assert len(standing(found)) == len(found)


def test_a_report_is_the_same_after_the_journal() -> None:
    report = ForecastReport("w", AT_18, alerts=_read(alert("a-1", info(ZH), info(EN))))
    assert ForecastReport.from_plain(report.plain()) == report
