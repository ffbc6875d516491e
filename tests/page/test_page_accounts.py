"""Signing in and out in a browser, and the first account of a site that has none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.browser import NewPage, WatchedSite, served_site
from support.web import PASSWORD, WebPeer, add_user

from facilityd.web.page.viewer import own_path

FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedSite]:
    """A site without users."""
    folder = tmp_path_factory.mktemp("empty")
    with served_site(
        folder, ("weather",), "2026-06-10T10:00", lambda running: running.advance("5min")
    ) as site:
        yield site


def _form(peer: WebPeer, path: str, text: str, **headers: str) -> int:
    return peer.ask("POST", path, raw=text.encode(), Content_Type=FORM, **headers).status


def test_it_is_signed_in_by_the_keyboard_alone(open_page: NewPage) -> None:
    page = open_page("/sign-in?next=/", user="")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.focus("#user")
    page.keyboard.type("bo")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".hazard").first).to_be_visible()


def test_a_wrong_password_says_so_and_many_lock_out_whoever_guesses(
    open_page: NewPage, square: WatchedSite
) -> None:
    add_user(square.running.site, "gus", "crew")
    page = open_page("/sign-in", user="")
    for _ in range(5):
        _try(page, "gus", "not the password")
        expect(page.locator(".wrong")).to_contain_text("wrong")
    _try(page, "gus", PASSWORD)
    expect(page.locator(".wrong")).to_contain_text("too many failed sign-ins")


def _try(page: Page, user: str, password: str) -> None:
    page.fill("#user", user)
    page.fill("#password", password)
    page.click("form[action='/sign-in'] button")


def test_who_signs_out_is_out(open_page: NewPage, square: WatchedSite, browser: Browser) -> None:
    add_user(square.running.site, "short", "crew")
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    page.goto(square.url)
    _try(page, "short", PASSWORD)
    page.click(".menu summary")
    page.click("form[action='/sign-out'] button")
    assert page.url.endswith("/sign-in")
    page.goto(square.url)
    assert "/sign-in" in page.url
    context.close()


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:x", ""]
)
def test_nobody_is_led_elsewhere_after_signing_in(path: str) -> None:
    assert own_path(path) == "/"


def test_a_page_of_another_site_signs_nobody_in_or_out(square: WatchedSite) -> None:
    foreign = {"Origin": "https://evil.example", "Sec_Fetch_Site": "cross-site"}
    before = square.signed_in("vi")
    assert _form(before, "/sign-out", "", **foreign) == 403
    assert _form(before, "/view", "theme=dark", **foreign) == 403
    assert before.get("/").status == 200
    body = f"user=vi&password={PASSWORD}&next=/"
    assert _form(square.peer, "/sign-in", body, **foreign) == 403


def test_a_site_without_users_walks_its_admin_through_the_first_account(
    empty: WatchedSite, browser: Browser
) -> None:
    context = browser.new_context(service_workers="block", locale="en")
    page = context.new_page()
    page.goto(empty.url)
    expect(page.locator(".banner.note")).to_contain_text("There is no account yet")
    page.click(".banner.note a")
    _first(page, "000000000000", PASSWORD)
    expect(page.locator(".wrong")).to_contain_text("code")
    live = page.locator("script[src*='/live']").get_attribute("src")
    page.evaluate(f"import('{live}').then((live) => live.refresh())")  # as whenever something is new
    expect(page.locator(".wrong")).to_contain_text("code")
    _first(page, empty.peer.service.setup_code, "another password")
    expect(page.locator(".wrong")).to_contain_text("differ")
    _first(page, empty.peer.service.setup_code, PASSWORD)
    expect(page).to_have_url(empty.url + "/")
    page.click(".menu summary")
    expect(page.locator(".sheet .who")).to_have_text("ada (admin)")
    expect(page.locator(".banner.note")).to_have_count(0)
    assert empty.peer.get("/").status == 303, "nobody looks any more who has not signed in"
    assert empty.peer.get("/first-account").status == 303
    again = f"code=&user=eve&password={PASSWORD}&again={PASSWORD}"
    assert _form(empty.peer, "/first-account", again) == 403
    assert set(empty.peer.service.users.read().users) == {"ada"}
    context.close()


def _first(page: Page, code: str, again: str) -> None:
    page.fill("#code", code)
    page.fill("#user", "ada")
    page.fill("#password", PASSWORD)
    page.fill("#again", again)
    page.click("form[action='/first-account'] button")


def test_the_code_cannot_be_guessed(tmp_path: Path) -> None:
    with served_site(
        tmp_path, ("weather",), "2026-06-10T10:00", lambda running: running.advance("1min")
    ) as site:
        body = f"user=eve&password={PASSWORD}&again={PASSWORD}&code="
        assert [_form(site.peer, "/first-account", f"{body}{n:012x}") for n in range(6)] == [403] * 5 + [429]
        assert not site.peer.service.users.read().users
