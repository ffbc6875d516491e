"""A chart under fingers: dragged, pinched, zoomed as far as it goes, on a phone and on a desk."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

import pytest
from playwright.sync_api import Locator, Page, expect
from support.browser import NewPage, WatchedSite

SHARED = "/history?s=fountain-2.leakage&s=weather.wind_mean&since=2026-06-10T04:22&until=2026-06-10T04:46"
PHONE = (390, 844)
MIN = 60_000


def _edges(chart: Locator) -> tuple[int, int]:
    since, until = chart.evaluate("(one) => [one.dataset.since, one.dataset.until].map(Number)")
    return since, until


def _fingers(page: Page, moves: Sequence[Sequence[float]]) -> None:
    """Move fingers over the first chart; places are shares of the drawing's own width."""
    chart = page.locator("svg.chart:visible").first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    left, right = chart.evaluate("(one) => one.dataset.plot.split(' ').map(Number)")
    place = lambda share: (  # noqa: E731
        box["x"] + box["width"] * (left + share * (right - left)),
        box["y"] + box["height"] / 2,
    )
    protocol = page.context.new_cdp_session(page)
    steps = [("touchStart", moves[0][:1]), ("touchStart", moves[0])][2 - len(moves[0]) :]
    for kind, shares in [*steps, *(("touchMove", one) for one in moves[1:]), ("touchEnd", ())]:
        points = [{"x": place(one)[0], "y": place(one)[1], "id": n} for n, one in enumerate(shares)]
        protocol.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    protocol.detach()


def test_on_a_phone_it_follows_the_finger(open_page: NewPage) -> None:
    page = open_page(SHARED, size=PHONE, has_touch=True)
    chart = page.locator("svg.chart:visible").first
    since, until = _edges(chart)
    _fingers(page, [[0.2], [0.3], [0.45]])
    expect(chart).not_to_have_attribute("data-since", str(since))
    moved = _edges(chart)
    assert moved[0] - since == pytest.approx(-(until - since) / 4, abs=MIN)
    assert moved[1] - moved[0] == pytest.approx(until - since, abs=2000)
    assert page.problems == []


def test_two_fingers_zoom_about_where_they_are(open_page: NewPage) -> None:
    page = open_page(SHARED, size=PHONE, has_touch=True)
    chart = page.locator("svg.chart:visible").first
    since, until = _edges(chart)
    _fingers(page, [[0.4, 0.6], [0.3, 0.7], [0.2, 0.8]])  # a third of the time, in the middle of it
    expect(chart).not_to_have_attribute("data-since", str(since))
    closer = _edges(chart)
    assert closer[1] - closer[0] == pytest.approx((until - since) / 3, abs=MIN)
    assert sum(closer) / 2 == pytest.approx((since + until) / 2, abs=MIN)
    _fingers(page, [[0.2, 0.8], [0.3, 0.7], [0.4, 0.6]])
    expect(chart).not_to_have_attribute("data-since", str(closer[0]))
    wider = _edges(chart)
    assert wider[1] - wider[0] > 2 * (closer[1] - closer[0])
    assert page.problems == []


def test_a_wheel_zooms_to_a_minute_and_to_many_years_and_no_further(open_page: NewPage) -> None:
    page = open_page(SHARED)
    chart = page.locator("svg.chart.wide").first
    page.locator("[data-zoom]").first.focus()
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    for way, turns, fine in ((-100, 8, "width <= 61e3"), (100, 26, "width > 20 * 365 * 86400e3")):
        for _ in range(turns):
            chart.evaluate("(one) => one.setAttribute('data-old', '')")
            with page.expect_response(lambda answer: "/history" in answer.url) as answered:
                page.mouse.wheel(0, way)
            assert answered.value.ok
            # the wheel scrolls the page until the new chart has the focus again
            page.wait_for_function(
                "() => !document.querySelector('[data-old]') && document.activeElement.matches('[data-zoom]')"
            )
        page.wait_for_function(
            "() => { const one = document.querySelector('svg.chart.wide');"
            f"const width = one.dataset.until - one.dataset.since; return {fine}; }}"
        )
    assert page.problems == []


@pytest.mark.parametrize("button", ["wider", "earlier", "closer"])
def test_no_button_leads_to_a_time_that_cannot_be_shown(square: WatchedSite, button: str) -> None:
    peer, path = square.signed_in("bo"), "/history?s=weather.wind_mean&since=3650d"
    for _ in range(30):
        answer = peer.get(path)
        assert answer.status == 200, path
        path = html.unescape(re.search(rf'id="{button}" href="([^"]*)"', answer.body.decode())[1])


def test_a_time_too_short_to_be_drawn_is_shown_as_the_shortest(open_page: NewPage) -> None:
    since, until = _edges(open_page("/history?s=weather.wind_mean&since=1s").locator("svg.chart.wide"))
    assert until - since == MIN


@pytest.mark.parametrize(("size", "view"), [(PHONE, "zh.light"), ((1280, 800), "en.light")])
def test_no_value_of_an_axis_is_cut_off(open_page: NewPage, size: tuple[int, int], view: str) -> None:
    names = ("fountain-2.energy", "fountain-2.tripped", "fountain-2.leakage", "weather.wind_mean")
    page = open_page(f"/history?{'&'.join(f's={one}' for one in names)}&since=1h", size=size, view=view)
    drawn = page.locator("svg.chart:visible")
    assert drawn.count() == len(names)
    for one in drawn.all():
        assert one.locator("text").count() > 1
        assert (
            one.evaluate(
                "(svg) => Math.min(...[...svg.querySelectorAll('text')].map((text) => text.getBBox().x))"
            )
            >= 0
        )


@pytest.mark.parametrize(
    "span", ["2026-06-10T04:46&until=2026-06-10T04:47", "2026-06-10T04:00&until=2026-06-10T04:45", "3650d"]
)
def test_marks_of_time_are_whole_and_a_single_value_is_seen(open_page: NewPage, span: str) -> None:
    page = open_page(f"/history?s=weather.wind_mean&since={span}", size=PHONE)
    chart = page.locator("svg.chart:visible")
    width = chart.evaluate("(svg) => svg.viewBox.baseVal.width")
    ends = chart.evaluate(
        "(svg) => [...svg.querySelectorAll('text')].map((one) => one.getBBox()).map((one) => one.x + one.width)"
    )
    assert max(ends) <= width
    drawn = "(svg) => Math.max(...[...svg.querySelectorAll('.mean, .dot')].map((one) => one.getBBox().width))"
    assert chart.evaluate(drawn) >= 4


def test_a_signal_is_added_to_the_time_that_is_looked_at(open_page: NewPage) -> None:
    page = open_page(SHARED)
    before = _edges(page.locator("svg.chart.wide").first)
    page.select_option("#add", "hoist-1.dc_link_voltage")
    page.click("form[action='/history'] button")
    expect(page.locator("svg.chart.wide")).to_have_count(3)
    assert _edges(page.locator("svg.chart.wide").last) == before


def test_a_table_that_does_not_hold_all_says_where_all_is(open_page: NewPage) -> None:
    page = open_page("/history?s=fountain-2.leakage&since=2026-06-10T04:22&until=2026-06-10T04:46")
    page.click("#table-1 summary")
    rows = page.locator("#table-1 tbody tr").count()
    assert page.locator("#table-1 .small").count() == (rows == 60)
    page.goto(page.url.replace("04%3A46", "04%3A24").replace("04:46", "04:24"))
    assert page.locator("#table-1 tbody tr").count() < 60
    assert page.locator("#table-1 .small").count() == 0


@pytest.mark.parametrize(
    ("day", "said"),
    [("2026-06-10", "No reading fell into this time"), ("2026-06-09", "Nothing was recorded in this time")],
)
def test_where_nothing_is_drawn_it_says_whether_anything_is_missing(
    open_page: NewPage, day: str, said: str
) -> None:
    page = open_page(f"/history?s=weather.wind_mean&since={day}T04:45&until={day}T04:46")
    expect(page.locator("figcaption")).to_contain_text(said)
