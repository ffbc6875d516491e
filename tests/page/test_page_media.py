"""On paper, in the system's own colours, and at 400 %: read as well as on a screen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from support.browser import NewPage, violations

LEAK = "/alarm/fountain-2/leakage"
HISTORY = "/history?s=fountain-2.leakage&since=1d"
"""A day: there is a night in it whatever the hour that other tests let it become."""
BRIGHT = """(one) => {
  const [r, g, b] = getComputedStyle(one).color.match(/\\d+/g).map(Number);
  return (r + g + b) / 3;
}"""


@pytest.mark.parametrize("view", ["en.dark", "zh.contrast", "en.auto"])
@pytest.mark.parametrize("path", ["/", LEAK, HISTORY, "/hoist", "/lighting", "/tasks", "/device/hoist-1"])
def test_on_paper_it_is_dark_on_light_and_offers_nothing_to_press(
    open_page: NewPage, view: str, path: str
) -> None:
    page = open_page(path, view=view, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator("main h1, main h2").first.evaluate(BRIGHT) < 90
    assert page.locator("main :is(form, button, .button, summary):visible, .nav:visible").count() == 0
    instant = page.locator(".printed").inner_text()
    assert re.search(r"2026-06-10 \d\d:\d\d:\d\d", instant), "ages count from some instant"


def test_what_only_a_background_told_is_framed_in_the_systems_own_colours(open_page: NewPage) -> None:
    page = open_page(HISTORY, forced_colors="active")
    for chosen in (".tools [aria-current]", ".nav [aria-current]"):
        assert page.locator(chosen).first.evaluate("(one) => getComputedStyle(one).outlineStyle") == "solid"
    night = page.locator(".key.night").first
    assert night.evaluate("(one) => getComputedStyle(one).backgroundColor") != page.locator("body").evaluate(
        "(one) => getComputedStyle(one).backgroundColor"
    )


@pytest.mark.parametrize("path", ["/", LEAK, HISTORY, "/hoist"])
def test_at_400_percent_the_page_has_the_window_to_itself(open_page: NewPage, path: str) -> None:
    page = open_page(path, size=(320, 256))
    page.mouse.wheel(0, 600)
    expect(page.locator(".top")).not_to_be_in_viewport()
    expect(page.locator(".nav")).not_to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert violations(page) == []
