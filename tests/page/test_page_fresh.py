"""What happens on the field is on an open page within a poll and a second of the site's time; an alarm turns it red."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from support.browser import WatchedSite, served_site, sign_in
from support.web import add_user

from facilityd.model.sample import NS

RED_WITHIN = 15_000
"""ms from the alarm, as the page promises it also on a slow machine."""


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[WatchedSite]:
    folder = tmp_path_factory.mktemp("calm")
    story = lambda running: running.advance("5min")  # noqa: E731
    with served_site(folder, ("fountain-2",), "2026-06-10T10:00", story) as site:
        add_user(site.running.site, "bo", "crew")
        yield site


@pytest.fixture
def page(calm: WatchedSite, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(service_workers="block", locale="en")
    context.add_cookies([{"name": "facilityd-view", "value": "en.light", "url": calm.url}])
    found = context.new_page()
    sign_in(found, calm.url, "bo", "/device/fountain-2")
    yield found
    context.close()


def test_a_value_is_on_the_page_within_a_poll_and_a_second_and_its_alarm_turns_it_red(
    calm: WatchedSite, page: Page
) -> None:
    place = page.locator("[data-value='fountain-2.leakage']")
    expect(place).to_contain_text("mA")
    before = place.inner_text()
    now = page.context.new_page()
    now.goto(calm.url + "/")
    assert now.locator(".hazard.critical").count() == 0
    streams = calm.running.site.devices["fountain-2"].streams
    (poll,) = [one.expected for one in streams if "leakage" in one.signals]
    calm.do(lambda running: running.fault("fountain-2", "leakage", 0.034, ramp="0s"))
    calm.advance(f"{poll // NS + 1}s")  # and no further: what the page shows was read by now
    expect(place).not_to_have_text(before)
    assert float(place.inner_text().split()[0]) > 30.0
    calm.do(lambda running: running.wait_for_alarm("leakage", on="fountain-2"))
    expect(now.locator(".hazard.critical").first).to_be_visible(timeout=RED_WITHIN)
    expect(now.locator("h1")).to_contain_text("a hand", timeout=RED_WITHIN)
