"""What a technician wants, counted in taps from where they are: each tap is one click, nothing is typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from support.browser import WatchedSite
from support.page_square import cookies_of, morning

from facilityd.model.alarm_link import AlarmLinks
from facilityd.model.sample import NS
from facilityd.supervise.site_key import site_key

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedSite]:
    """A morning of its own: what is acknowledged here would be gone from everybody's."""
    with morning(tmp_path_factory.mktemp("taps")) as found:
        yield found


@dataclass
class CountedPhone:
    """A phone on which taps are counted."""

    page: Page
    count: int = 0

    def tap(self, target: Locator) -> None:
        self.count += 1
        target.tap()


@pytest.fixture
def phone(site: WatchedSite, browser: Browser) -> Iterator[CountedPhone]:
    context = browser.new_context(service_workers="block", viewport=PHONE, has_touch=True)
    context.set_default_timeout(30_000)
    context.add_cookies(cookies_of(site, browser)["bo"])
    context.add_cookies([{"name": "facilityd-view", "value": "en.light", "url": site.url}])
    yield CountedPhone(context.new_page())
    context.close()


def test_from_a_notice_to_acknowledged_are_two_taps(site: WatchedSite, phone: CountedPhone) -> None:
    key = site_key(Path(site.running.site.store.path))
    links = AlarmLinks(site.url, key, 86_400 * NS)
    link = links.acknowledge("fountain-2", "leakage", 1, "crew", site.now())
    phone.count += 1  # the link in the message
    phone.page.goto(link)
    phone.tap(phone.page.locator("form button"))
    expect(phone.page.locator("body")).to_contain_text("已确认")
    assert phone.count <= 3


def test_whether_the_hoist_is_ready_is_seen_at_once_and_why_after_one_tap(
    site: WatchedSite, phone: CountedPhone
) -> None:
    phone.page.goto(site.url + "/")
    expect(phone.page.locator(".ceremony b")).to_contain_text("against it")
    phone.tap(phone.page.locator(".ceremony a"))
    expect(phone.page.locator("h1")).to_have_text("Not ready")
    assert phone.count <= 1


def test_what_happened_last_night_to_a_fountain_are_three_taps(
    site: WatchedSite, phone: CountedPhone
) -> None:
    page = phone.page
    page.goto(site.url + "/")
    phone.tap(page.locator("nav a[href='/square']"))
    phone.tap(page.locator(".thing.fountain a").first)
    phone.tap(page.locator("#last-night"))
    expect(page.locator("h1")).to_contain_text("Fountain pump 2: Last night")
    expect(page.locator("main")).to_contain_text(re.compile("Underwater equipment"))
    assert phone.count <= 3


@pytest.mark.parametrize(("address", "status"), [
    ("/night?night=2026-06-10", 422), ("/night?night=1999-01-01", 422), ("/night?night=soon", 422),
    ("/night?device=fountain-22", 404), ("/night?device=<script>", 404), ("/night?night=2026-06-01", 200),
])  # fmt: skip
def test_a_night_or_a_device_that_there_is_not_is_told_as_a_page(
    site: WatchedSite, address: str, status: int
) -> None:
    answer = site.signed_in("vi").get(address)
    assert answer.status == status
    assert b"<script>" not in answer.body
    assert (b'role="alert"' in answer.body.replace(b'id="dead" role="alert"', b"")) is (status != 200)


def test_each_entry_has_its_sign_and_what_lasted_no_time_has_one_instant(
    site: WatchedSite, phone: CountedPhone
) -> None:
    page = phone.page
    page.goto(site.url + "/night")
    leak = page.locator(".night li.critical", has_text="Underwater equipment").first
    colour = "(one) => getComputedStyle(one).color"
    assert leak.locator(".icon").first.evaluate(colour) != leak.locator("p").first.evaluate(colour)
    lowering = page.locator(".night li", has_text="lowering at sunset").first
    assert "–" not in lowering.locator("p").first.inner_text()
