"""A page that is open for weeks: on a phone that slept, under a keyboard, over an upgrade, before a wrong clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Browser, Page, expect
from support.browser import NewPage, WatchedSite
from support.cuttable_line import cuttable_line

Cookies = dict[str, list[dict[str, object]]]


def _refresh(page: Page) -> None:
    """Fetch the main part anew, as whenever something happens."""
    live = page.locator("script[src*='/live']").get_attribute("src")
    page.evaluate("document.getElementById('main').classList.add('old')")
    page.evaluate(f"import('{live}').then((live) => live.refresh())")
    expect(page.locator("#main:not(.old)")).to_have_count(1)


def test_a_line_that_died_without_a_word_is_noticed_and_laid_anew(
    square: WatchedSite, browser: Browser, sessions: Cookies
) -> None:
    with cuttable_line(square.peer.port) as line:
        context = browser.new_context(service_workers="block")
        context.add_cookies(
            [*sessions["bo"], {"name": "facilityd-view", "value": "en.light", "url": line.url}]
        )
        page = context.new_page()
        page.clock.install()
        page.goto(line.url + "/device/weather")
        place = page.locator("[data-value='weather.wind']")
        page.wait_for_function("performance.getEntriesByName(location.origin + '/api/v1/events')")
        line.hush()
        before = place.inner_text()
        square.advance("10min")
        for _ in range(6):  # a browser takes up one dead line after another before it makes a new one
            page.clock.fast_forward("00:30")
            page.wait_for_timeout(500)
        expect(place).not_to_have_text(before)  # and nobody loaded the page again
        expect(page.locator("#lost")).to_be_hidden()
        context.close()


def test_news_leave_the_keyboard_where_it_is(open_page: NewPage) -> None:
    for path, chosen in (("/", ".hazard h3 a >> nth=1"), ("/history?s=weather.wind_mean&since=1h", "[data-zoom]"),
                         ("/hoist", "summary >> nth=1"), ("/history?s=weather.wind_mean&since=1h", "#closer")):  # fmt: skip
        page = open_page(path)
        page.locator(f"main {chosen}").focus()
        said = "document.activeElement.outerHTML.slice(0, 60)"
        before = page.evaluate(said)
        _refresh(page)
        assert page.evaluate("document.activeElement.tagName") != "BODY", path
        assert page.evaluate(said).split("since=")[0] == before.split("since=")[0], path


def test_where_what_was_reached_is_gone_the_keyboard_goes_on_from_the_page(open_page: NewPage) -> None:
    page = open_page("/")
    page.evaluate(
        "document.querySelector('main').append(Object.assign(document.createElement('a'), {href: '/gone'}))"
    )
    page.locator("a[href='/gone']").focus()
    _refresh(page)
    assert page.evaluate("document.activeElement.id") == "main"


def test_an_upgraded_server_gets_its_own_style_and_scripts_loaded(open_page: NewPage) -> None:
    page = open_page("/")
    page.evaluate("document.body.dataset.version = 'older'; window.same = true")
    live = page.locator("script[src*='/live']").get_attribute("src")
    page.evaluate(f"import('{live}').then((live) => live.refresh())")
    page.wait_for_function("() => !window.same && document.body.dataset.version !== 'older'")
    _refresh(page)  # once, and no more
    assert page.problems == []


def test_a_browser_whose_clock_is_hours_wrong_shows_ages_by_the_servers(open_page: NewPage) -> None:
    page = open_page("/device/weather")
    for hours in (-5, 7):
        page.clock.set_system_time(datetime.now(UTC) + timedelta(hours=hours))
        page.reload()
        expect(page.locator("#lost")).to_be_hidden()
        ages = page.locator(".signals time").all_inner_texts()
        assert ages
        assert not [one for one in ages if re.search(r"\d h|\d d", one)], (hours, ages)
