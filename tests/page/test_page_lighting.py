"""*Lighting tonight*: every circuit over the night in shapes and in words, and the lamps that are out."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from support.browser import NewPage, WatchedSite

from facilityd.model.text import Text
from facilityd.query.light_night import CircuitNight, LightCell, LightNight, LightState
from facilityd.query.occurrences import OccurrenceRow
from facilityd.web.page.light_strip import axis, joined, share, strip

HOUR = 3600 * 10**9
T0 = 1_790_000_000 * 10**9 // HOUR * HOUR
EVIL = '"><script>alert(1)</script>'


def _circuit(*cells: LightCell, lamps: tuple[OccurrenceRow, ...] = ()) -> CircuitNight:
    return CircuitNight("gate", Text(zh="城楼", en="Gate"), cells, (), (), (), lamps)


def _night(*circuits: CircuitNight) -> LightNight:
    return LightNight(T0, T0 + 10 * HOUR, T0 + 5 * HOUR, "Asia/Shanghai", circuits, ())


def _cells(*states: LightState) -> tuple[LightCell, ...]:
    return tuple(LightCell(T0 + n * HOUR, T0 + (n + 1) * HOUR, one) for n, one in enumerate(states))


def test_what_is_alike_is_drawn_as_one() -> None:
    cells = _cells(LightState.DARK, LightState.DARK, LightState.UNKNOWN)
    assert [(one.since, one.until) for one in joined(cells)] == [
        (T0, T0 + 2 * HOUR),
        (T0 + 2 * HOUR, T0 + 3 * HOUR),
    ]
    drawn = strip(_night(), _circuit(*cells), "words", "en")
    assert drawn.count("<rect") == 3, "two, and the present"
    assert 'class="dark" x="0.00%" y="0" width="20.00%"' in drawn


def test_an_instant_stands_where_it_lies_in_the_night() -> None:
    assert share(_night(), T0 + 5 * HOUR) == "50.00%"
    assert re.findall(r'x="([\d.]+)%"', axis(_night(), "wide"))[0] == "0.00"


def test_a_lamp_from_before_stands_at_the_edge_and_words_stay_text() -> None:
    row = OccurrenceRow(
        "gate", Text(zh=EVIL, en=EVIL), "lighting", "lamp-failed", Text(zh=EVIL, en=EVIL), "low", 1, T0 - HOUR, None,
        None, None, "", Text(zh="电流", en="current"),
    )  # fmt: skip
    drawn = strip(_night(), _circuit(*_cells(LightState.LIT), lamps=(row,)), EVIL, "zh")
    assert 'class="lamp-out low" x="0.00%"' in drawn
    assert "<script" not in drawn


def test_the_night_of_yesterday_is_shown_by_day_with_its_lamps(open_page: NewPage) -> None:
    page = open_page("/lighting")
    expect(page.locator("h1")).to_have_text("Lighting tonight")
    strips = page.locator(".strips li:not(.strip-head)")
    assert strips.count() == 1, "of the circuits of this square one is played"
    assert "Bridges" in strips.first.locator(".strip").get_attribute("aria-label")
    page.locator(".lamps a").first.click()
    expect(page.locator("h1")).to_contain_text("lamp")


def test_its_table_says_the_same_and_nights_follow_each_other(open_page: NewPage) -> None:
    page = open_page("/lighting", view="zh.light")
    page.click("#table summary")
    expect(page.locator("tbody th").first).to_be_visible()
    page.click("#earlier")
    assert "night=2026-06-" in page.url
    page.click("#later")
    expect(page.locator("h1")).to_have_text("今夜照明")


@pytest.mark.parametrize("night", ["2026-06-11", "1999-01-01", "0001-01-01", "soon"])
def test_a_night_that_there_is_not_is_told_as_a_page(square: WatchedSite, night: str) -> None:
    answer = square.signed_in("vi").get(f"/lighting?night={night}", Accept_Language="en")
    assert answer.status == 422
    assert b'role="alert"' in answer.body
