"""*Device* and *History*: every value with its age, every rule with its reason, what was with its gaps."""

from __future__ import annotations

import re

from playwright.sync_api import expect
from support.browser import NewPage, WatchedSite

from facilityd.query.rules import RuleStatus
from facilityd.web.page.device_routes import ORDER, SIGNS

LIVE = 'import(document.querySelector("script[type=module]").src)'
TOLD = f"""(at) => {LIVE}.then((live) => live.showValues({{
    device: "hoist-1", at, signals: {{dc_link_voltage: {{value: 599, shown: {{en: "599 V"}}}}}},
}}))"""
MADE_ANEW = f"{LIVE}.then((live) => live.refresh())"
SHARED = "/history?s=fountain-2.leakage&s=weather.wind_mean&since=20min"


def test_every_signal_has_a_value_an_age_and_a_quality_in_words(
    open_page: NewPage, square: WatchedSite
) -> None:
    page = open_page("/device/hoist-1")
    (device,) = [one for one in square.signed_in("vi").api("/devices") if one["device"] == "hoist-1"]
    assert page.locator(".signals li").count() == len(device["signals"])
    assert page.locator(".signals li.good time").count() == page.locator(".signals li.good").count()


def test_every_way_a_rule_can_stand_has_its_place_and_sign() -> None:
    assert set(ORDER) == set(SIGNS) == set(RuleStatus)


def test_every_rule_says_how_it_stands_and_why_it_does_not_apply(open_page: NewPage) -> None:
    page = open_page("/device/fountain-2")
    expect(page.locator(".rules li").first).to_contain_text(re.compile("abnormal", re.IGNORECASE))
    expect(page.locator(".rules li.none p").first).not_to_be_empty()
    assert not page.locator(".rules p").filter(has_text=re.compile("^$")).count()


def test_a_value_comes_to_the_page_as_it_is_read(open_page: NewPage, square: WatchedSite) -> None:
    page = open_page("/device/hoist-1")
    place = page.locator("[data-value='hoist-1.dc_link_voltage']")
    before = place.inner_text()
    for _ in range(10):  # a voltage at rest is the same volt again now and then
        square.advance("1min")
        if (now := _voltage(square)) != before:
            break
    assert now != before
    expect(place).to_have_text(now)


def _voltage(square: WatchedSite) -> str:
    """Return what the site itself says of the value that is looked at."""
    devices = square.signed_in("vi").api("/devices")
    (hoist,) = [one for one in devices if one["device"] == "hoist-1"]
    (found,) = [one for one in hoist["signals"] if one["signal"] == "dc_link_voltage"]
    return str(found["shown"]["en"])


def test_a_part_made_before_a_value_came_does_not_take_it_back(open_page: NewPage) -> None:
    page = open_page("/device/hoist-1")
    page.route("**/api/v1/events", lambda route: route.abort())  # nothing is told but what is told here
    page.reload()
    place = page.locator("[data-value='hoist-1.dc_link_voltage']")
    read = place.inner_text()
    for at, shown in (("2026-06-11T00:00Z", "599 V"), ("2026-06-01T00:00Z", read)):
        page.evaluate(TOLD, at)
        expect(place).to_have_text("599 V")
        page.evaluate("document.getElementById('main').classList.add('old')")
        page.evaluate(MADE_ANEW)
        expect(page.locator("#main:not(.old)")).to_have_count(1)
        expect(place).to_have_text(shown)


def test_a_chart_shows_its_gaps_and_a_table_of_the_same(open_page: NewPage) -> None:
    page = open_page("/history?s=fountain-2.leakage&since=2026-06-10T03:00")
    assert page.locator("svg.chart.wide .gap").count() >= 1, "before the daemon ran there is nothing"
    assert page.locator("svg.chart.wide .mean").count() >= 1
    page.click("#table-1 summary")
    assert page.locator("tbody tr").count() > 5
    expect(page.locator("tbody tr").first).to_contain_text("mA")


def test_a_shared_address_shows_the_same_to_others(open_page: NewPage) -> None:
    page = open_page(SHARED, user="vi")
    headings = page.locator("section h2").all_inner_texts()
    assert any("Residual current" in one for one in headings)
    assert page.locator("figure svg.wide").count() == 2


def test_it_is_moved_and_zoomed_by_the_keyboard(open_page: NewPage) -> None:
    page = open_page(SHARED)
    edges = "(one) => [one.dataset.since, one.dataset.until].map(Number)"
    chart = page.locator("svg.chart.wide").first
    before = chart.evaluate(edges)
    page.locator("[data-zoom]").first.focus()
    page.keyboard.press("ArrowLeft")
    expect(chart).not_to_have_attribute("data-since", str(before[0]))
    moved = chart.evaluate(edges)
    assert moved[1] < before[1]
    page.keyboard.press("+")
    expect(chart).not_to_have_attribute("data-since", str(moved[0]))
    closer = chart.evaluate(edges)
    assert closer[1] - closer[0] < moved[1] - moved[0]
    assert page.locator("[data-zoom]").first.evaluate("(one) => one === document.activeElement")


def test_it_is_dragged(open_page: NewPage) -> None:
    page = open_page(SHARED)
    chart = page.locator("svg.chart.wide").first
    box, before = chart.bounding_box(), chart.get_attribute("data-since")
    page.mouse.move(box["x"] + 200, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 60, steps=4)
    page.mouse.up()
    expect(chart).not_to_have_attribute("data-since", before)
    assert "since=" in page.url


def test_another_time_is_laid_under_it_and_stands_in_the_table(open_page: NewPage) -> None:
    page = open_page("/history?s=weather.wind_mean&since=20min")
    page.get_by_role("link", name="the day before").click()
    assert "compare=1d" in page.url
    assert page.locator("svg.chart.wide .earlier").count() == 0, "nobody watched then"
    page.click("#table-1 summary")
    expect(page.locator("thead th").last).to_have_text("the day before")
    page.get_by_role("link", name="the day before").click()
    assert "compare" not in page.url


def test_night_and_ceremony_are_shaded_and_alarms_are_listed(open_page: NewPage) -> None:
    page = open_page("/history?s=fountain-2.leakage&since=2026-06-10T03:00&until=2026-06-10T04:47")
    shade = page.locator("svg.chart.wide .shade")
    assert [one.get_attribute("class") for one in shade.all()] == ["shade night", "shade ceremony"]
    page.click("#alarms-1 summary")
    page.locator("#alarms-1 a").first.click()
    assert "/alarm/fountain-2/leakage" in page.url


def test_the_address_of_this_very_time_is_copied(open_page: NewPage, square: WatchedSite) -> None:
    page = open_page(SHARED)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=square.url)
    page.click("#share")
    expect(page.locator("#share")).to_have_text("The link is copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "since=2026-06-10T" in copied
    assert "until=2026-06-10T" in copied


def test_a_span_that_is_none_is_told_as_a_page(open_page: NewPage) -> None:
    page = open_page("/history?s=weather.wind_mean&since=soon")
    expect(page.locator("[role=alert].lead")).to_be_visible()
    page = open_page("/history?s=weather.nothing")
    expect(page.locator("[role=alert].lead")).to_contain_text("nothing")
