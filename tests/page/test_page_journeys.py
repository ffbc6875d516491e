"""Whole journeys: from a notice to a repair that the data verify; lines that are cut; servers that come again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.browser import WatchedSite, served_site
from support.cuttable_line import CuttableLine, cuttable_line
from support.web import PASSWORD, add_user, web_server

from facilityd.model.alarm_link import AlarmLinks
from facilityd.model.sample import NS
from facilityd.supervise.site_key import site_key
from facilityd.testing.site import SimulatedSite
from facilityd.web.sessions import SessionStore

LEAK, LAMP = "/alarm/fountain-2/leakage", "/alarm/bridges/lamp-failed"
NEWS = "gear has failed"
Cookies = dict[str, list[dict[str, object]]]


def _leaking(running: SimulatedSite) -> None:
    running.advance("2min")
    running.fault("bridges", "L1")
    running.wait_for_alarm("lamp-failed", on="bridges", within="20min")
    running.fault("fountain-2", "F1", lasting="20min")
    running.wait_for_alarm("leakage", on="fountain-2", within="10min")
    add_user(running.site, "bo", "crew", "crew")


@pytest.fixture(scope="module")
def leaking(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[WatchedSite]:
    """A pump that leaks for twenty minutes, and a lamp that is out."""
    folder = tmp_path_factory.mktemp("leaking")
    with served_site(folder, ("fountain-2", "bridges"), "2026-10-01T19:30", _leaking) as site:
        yield site


def _opened(browser: Browser, url: str, cookies: list[dict[str, object]], **options: object) -> Page:
    context = browser.new_context(service_workers="block", **options)
    context.add_cookies([*cookies, {"name": "facilityd-view", "value": "en.light", "url": url}])
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.clock.install()
    return page


def _sign_in(page: Page) -> None:
    page.fill("#user", "bo")
    page.fill("#password", PASSWORD)
    page.click("form[action='/sign-in'] button")


def test_from_the_link_of_a_notice_to_a_repair_that_the_data_verify(
    leaking: WatchedSite, browser: Browser
) -> None:
    key = site_key(Path(leaking.running.site.store.path))
    link = AlarmLinks(leaking.url, key, 86_400 * NS).acknowledge(
        "fountain-2", "leakage", 1, "crew", leaking.now()
    )
    page = _opened(browser, leaking.url, [])
    page.goto(link)
    page.fill("[name=comment]", "I go there")
    page.click("form button")
    expect(page.locator("body")).to_contain_text("已确认")
    page.click("a.whole")
    _sign_in(page)
    expect(page).to_have_url(leaking.url + LEAK)
    expect(page.locator("main")).to_contain_text("I go there")
    page.click("#act-take")
    expect(page.locator("#came")).to_have_class("fine")
    leaking.advance("20min")
    page.fill("#comment", "cable gland changed")
    page.click("#act-done")
    expect(page.locator("#came")).to_have_class("fine")
    leaking.advance("45min")
    page.goto(leaking.url + LEAK)
    expect(page.locator(".alarm")).to_have_class(re.compile("calm"))
    expect(page.locator("main")).to_contain_text("cable gland changed")
    (task,) = [one for one in leaking.signed_in("bo").api("/tasks?all=true") if one["rule"] == "leakage"]
    assert (task["state"], task["person"]) == ("verified", "crew")
    page.goto(leaking.url + "/tasks")
    expect(page.locator(".hazard.done", has_text="verified")).to_be_visible()
    page.context.close()


def test_a_shelf_ends_by_itself_and_the_page_says_so_unasked(leaking: WatchedSite, browser: Browser) -> None:
    page = _opened(browser, leaking.url, [])
    page.goto(leaking.url + LAMP)
    _sign_in(page)
    page.click("#shelf summary")
    page.fill("#comment", "lamps come at ten")
    page.select_option("#until", "1h")
    page.click("#act-shelve")
    expect(page.locator("#came")).to_have_class("fine")
    expect(page.locator("#act-unshelve")).to_be_visible()
    leaking.advance("61min")
    expect(page.locator("#act-unshelve")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("lamps come at ten")
    page.context.close()


def _hazards(page: Page) -> list[str]:
    """Return what needs a hand; how many rules cannot be judged changes with the time of day."""
    return [one for one in page.locator(".hazard h3").all_inner_texts() if not one.startswith("facilityd")]


def _lost(page: Page, line: CuttableLine) -> None:
    """Cut the line and let half a minute pass in the browser."""
    line.cut()
    page.clock.fast_forward("00:30")
    expect(page.locator("#lost")).to_be_visible()
    expect(page.locator("#lost")).to_contain_text(re.compile(r"(3|4|5)\d s ago|min"))


def _caught_up(page: Page, before: list[str]) -> None:
    """What happened meanwhile is there, each once, as for somebody who comes now."""
    expect(page.locator(".hazard h3", has_text=NEWS)).to_have_count(1)
    expect(page.locator("#lost")).to_be_hidden()
    found = _hazards(page)
    assert set(before) < set(found)
    assert len(set(found)) == len(found)
    page.reload()
    assert sorted(_hazards(page)) == sorted(found)


@pytest.fixture
def gear_fails(square: WatchedSite) -> Iterator[Callable[[], None]]:
    """Return what makes a control gear fail; it is well again afterwards, for the square is everybody's."""

    def act() -> None:
        square.do(lambda running: running.fault("bridges", "L2", lasting="40min"))
        square.do(lambda running: running.wait_for_alarm("gear-failed", on="bridges", within="30min"))

    yield act
    square.do(lambda running: running.acknowledge("bridges", "gear-failed"))
    square.advance("80min")


def test_a_line_that_was_cut_for_half_a_minute_loses_and_doubles_nothing(
    square: WatchedSite, browser: Browser, sessions: Cookies, gear_fails: Callable[[], None]
) -> None:
    with cuttable_line(square.peer.port) as line:
        page = _opened(browser, line.url, sessions["bo"])
        page.goto(line.url + "/")
        before = _hazards(page)
        _lost(page, line)
        gear_fails()
        assert _hazards(page) == before, "what is shown is what was, and says so"
        line.mend()
        _caught_up(page, before)
        page.context.close()


def test_a_server_that_is_killed_and_comes_again_finds_its_pages_where_they_were(
    square: WatchedSite, browser: Browser, sessions: Cookies, gear_fails: Callable[[], None]
) -> None:
    with web_server(square.running.site, clock=square.now) as first, cuttable_line(first.port) as line:
        page = _opened(browser, line.url, sessions["bo"])
        page.goto(line.url + "/")
        before = _hazards(page)
        _lost(page, line)
        gear_fails()
        with web_server(square.running.site, clock=square.now) as second:
            line.target = second.port
            line.mend()
            _caught_up(page, before)
            page.goto(line.url + "/alarm/bridges/lamp-failed")
            expect(page.locator(".act form")).to_be_visible()  # who was signed in still is
            page.context.close()


def test_a_session_that_ends_under_an_open_page_leads_to_signing_in_and_back(
    square: WatchedSite, browser: Browser, sessions: Cookies
) -> None:
    with web_server(square.running.site, clock=square.now) as peer:
        url = f"http://127.0.0.1:{peer.port}"
        page = _opened(browser, url, sessions["bo"])
        page.goto(url + "/tasks")
        expect(page.locator("h1")).to_have_text("Tasks")
        before = peer.service.sessions
        peer.service.sessions = SessionStore(Path(square.running.site.store.path), lambda: 2.0**40)
        page.clock.fast_forward("01:01")
        expect(page.locator("#password")).to_be_visible()
        peer.service.sessions = before
        _sign_in(page)
        expect(page).to_have_url(url + "/tasks")
        page.context.close()
