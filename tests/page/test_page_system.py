"""*System*: the daemon, its links and channels, its journal; who asked what, for those who may see it."""

from __future__ import annotations

from playwright.sync_api import expect
from support.browser import NewPage


def test_it_says_how_the_daemon_its_links_and_its_journal_are(open_page: NewPage) -> None:
    page = open_page("/system", user="vi")
    expect(page.locator("h1")).to_have_text("Watching")
    assert page.locator(".rules li").count() > 3
    expect(page.locator("main")).to_contain_text("MiB")
    expect(page.locator("main")).not_to_contain_text("Asked in the last 7 days")


def test_an_engineer_sees_who_asked_what(open_page: NewPage) -> None:
    page = open_page("/alarm/hoist-1/emergency-stop")
    page.click("#shelf summary")
    page.click("#act-shelve")  # without a reason: it is refused, and changes nothing for other tests
    expect(page.locator("#came")).to_have_class("wrong")
    page = open_page("/system", user="eva")
    expect(page.locator("main")).to_contain_text("Duty crew")
    expect(page.locator("main")).to_contain_text("refused")
