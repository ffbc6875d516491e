"""*Square*, *Ceremony* and *Tasks*: the site drawn as it is, what stands against a ceremony, what is to do."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from support.browser import NewPage, WatchedSite, sign_in, violations
from support.page_square import morning

from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.model.settings import PageSettings
from facilityd.model.text import Text
from facilityd.query.devices import DeviceRow, SignalRow
from facilityd.scenario.load import square as square_folder
from facilityd.web.page.square import DrawnDevice, SquareBoard, draw, square_board


@pytest.fixture(scope="module")
def site() -> Site:
    return load(square_folder(), secrets=False)


def _row(site: Site, device: str, **values: object) -> DeviceRow:
    word = Text(zh="值", en="value")
    signals = tuple(
        SignalRow(name, word, value, word, 0, 0, "good" if value is not None else "timeout", "u", "l")
        for name, value in values.items()
    )
    return DeviceRow(device, word, word, "normal", "", signals)


def _drawn(site: Site, device: str, **values: object) -> DrawnDevice:
    return draw(site.devices[device], _row(site, device, **values))


def test_a_flag_is_drawn_where_it_is_and_nowhere_if_that_is_not_known(site: Site) -> None:
    assert _drawn(site, "hoist-1", position=0.0).share == 0
    assert _drawn(site, "hoist-1", position=14.18).share == pytest.approx(0.5)
    assert _drawn(site, "hoist-1", position=99.0).share == 1
    assert _drawn(site, "hoist-1", position=None).share is None
    assert _drawn(site, "pole-1", upper_limit=True, lower_limit=False).share == 1
    assert _drawn(site, "pole-1", upper_limit=False, lower_limit=False).share is None


def test_a_light_is_lit_and_a_fountain_plays_as_they_are_measured_not_as_they_are_told(site: Site) -> None:
    assert _drawn(site, "gate-wall", commanded=True, power=900.0).on
    assert not _drawn(site, "gate-wall", commanded=True, power=0.0).on
    assert _drawn(site, "fountain-1", speed=2900.0).on
    assert not _drawn(site, "fountain-1", commanded=True, speed=0.0).on


def test_what_says_nothing_is_not_drawn_as_well(site: Site) -> None:
    assert not _drawn(site, "gate-wall", power=None).known
    assert _drawn(site, "gate-wall", power=0.0).known


def test_every_family_has_its_place_and_a_strange_one_too(site: Site) -> None:
    rows = [_row(site, name) for name in site.devices]
    board = square_board(site, rows)
    assert sum(len(found) for found in board.areas.values()) == len(site.devices)
    weather = site.devices["weather"]
    strange = replace(weather, family=weather.family.model_copy(update={"family": "sundial"}))
    other = replace(site, devices={"weather": strange})
    assert list(square_board(other, [_row(site, "weather")]).areas) == ["other"]


def test_the_square_says_in_words_what_it_shows_in_colours(open_page: NewPage) -> None:
    page = open_page("/square")
    hoist = page.locator(".thing.hoist")
    expect(hoist).to_have_class(re.compile("critical"))
    expect(hoist).to_contain_text("emergency-stop")
    expect(hoist.locator(".icon")).to_be_visible()
    hoist.locator("a").click()
    expect(page.locator("h1")).to_have_text("National flag hoist")


def test_a_flag_moves_on_the_page_as_it_moves_on_site(open_page: NewPage) -> None:
    page = open_page("/square")
    page.route("**/api/v1/events", lambda route: route.abort())  # nothing is told but what is told here
    page.reload()
    place = page.locator("[data-slide='hoist-1.position']")
    before = place.get_attribute("transform")
    page.evaluate("""() => import(document.querySelector("script[type=module]").src).then((live) => live.showValues({
        device: "hoist-1", state: "moving", priority: "", signals: {position:
        {value: 14.18, shown: {zh: "14.18 m", en: "14.18 m"}, quality: "good"}}}))""")
    expect(place).not_to_have_attribute("transform", before)
    assert place.get_attribute("transform") == "translate(0 121.0)"
    expect(page.locator("[data-value='hoist-1.position']")).to_have_text("14.18 m")


def test_before_a_ceremony_what_stands_against_it_comes_first_with_what_to_do(open_page: NewPage) -> None:
    page = open_page("/hoist")
    expect(page.locator("h1")).to_have_text("Not ready")
    expect(page.locator(".state")).to_contain_text("Flag down at")
    kinds = [one.get_attribute("class") for one in page.locator(".items > li").all()]
    order = ["fail", "unknown", "waived", "pass", "absent"]
    assert kinds == sorted(kinds, key=order.index)
    expect(page.locator(".items .fail .first").first).not_to_be_empty()


def test_from_now_the_hoist_is_one_tap_away(open_page: NewPage) -> None:
    page = open_page("/")
    page.locator(".ceremony a").click()
    assert page.url.endswith("/hoist")


def test_tasks_lead_to_their_alarm(open_page: NewPage, square: WatchedSite) -> None:
    page = open_page("/alarm/fountain-2/leakage")
    if page.locator("#act-take").count():
        page.click("#act-take")
        expect(page.locator("#came")).to_have_class("fine")
    page.goto(square.url + "/tasks")
    page.get_by_role("link", name=re.compile("Underwater equipment")).first.click()
    assert page.url.endswith("/alarm/fountain-2/leakage")


# --- places of the site's own -----------------------------------------------------------------------


def _placed(site: Site, **at: tuple[int, int]) -> SquareBoard:
    placed = replace(site, page=replace(site.page, at={k.replace("_", "-"): v for k, v in at.items()}))
    return square_board(placed, [_row(site, name) for name in site.devices])


def test_what_has_a_place_stands_there_and_nowhere_else(site: Site) -> None:
    board = _placed(site, weather=(1, 1), hoist_1=(6, 2), pole_1=(2, 2))
    assert [one.row.device for one in board.placed] == ["weather", "pole-1", "hoist-1"], "row by row"
    others = [one.row.device for found in board.areas.values() for one in found]
    assert len(others) == len(site.devices) - 3
    assert not {"weather", "hoist-1", "pole-1"} & set(others)


def test_a_lit_facade_with_a_place_makes_it_night_too(site: Site) -> None:
    lit = replace(site, page=replace(site.page, at={"gate-wall": (1, 1)}))
    assert square_board(lit, [_row(site, "gate-wall", power=900.0)]).lit


def test_places_hold_on_a_wide_screen_and_a_phone_shows_all_of_it(tmp_path: Path, browser: Browser) -> None:
    at = {"hoist-1": (6, 2), "fountain-2": (1, 1)}
    with morning(tmp_path) as square:
        service = square.peer.service
        service.pool.site = replace(service.site, page=PageSettings(simulated=True, at=at))
        context = browser.new_context(service_workers="block", viewport={"width": 1280, "height": 800})
        page = context.new_page()
        sign_in(page, square.url, "bo", "/square")
        expect(page.locator("#simulated")).to_be_visible()
        hoist, fountain = (page.locator(f".placed .thing.{name}") for name in ("hoist", "fountain"))
        assert hoist.bounding_box()["x"] > fountain.bounding_box()["x"] + 300
        assert hoist.bounding_box()["y"] > fountain.bounding_box()["y"]
        expect(page.locator(".area.hoist")).to_have_count(0)
        assert violations(page) == []
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        expect(hoist).to_be_visible()
        context.close()
