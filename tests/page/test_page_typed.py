"""What somebody typed into a form is lost by no news, session, account, language or role, with a script or without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.browser import NewPage, WatchedSite, sign_in
from support.page_square import cookies_of, morning
from support.photos import JPEG
from support.web import PASSWORD, add_user

LEAK, LAMP, STOP = "/alarm/fountain-2/leakage", "/alarm/bridges/lamp-failed", "/alarm/hoist-1/emergency-stop"
FORM = "application/x-www-form-urlencoded"
TEXT = "pump pit is wet, 需要备件"


@pytest.fixture(scope="module")
def square(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[WatchedSite]:
    with morning(tmp_path_factory.mktemp("typed")) as site:
        yield site


@pytest.fixture(scope="module")
def sessions(square: WatchedSite, browser: Browser) -> dict[str, list[dict[str, object]]]:
    return cookies_of(square, browser)


def _send(page: Page) -> None:
    page.locator(".act form .main").click()


def _refresh(page: Page) -> None:
    """Fetch the main part anew, as whenever something happens."""
    live = page.locator("script[src*='/live']").get_attribute("src")
    page.evaluate("document.querySelector('h1').dataset.old = 'yes'")
    page.evaluate(f"import('{live}').then((live) => live.refresh())")
    expect(page.locator("h1[data-old]")).to_have_count(0)


def test_news_take_nothing_of_a_form_that_nobody_is_typing_in(open_page: NewPage, tmp_path: Path) -> None:
    (tmp_path / "wet.jpg").write_bytes(JPEG)
    page = open_page(LEAK)
    page.fill("#comment", TEXT)
    page.set_input_files("#photo", tmp_path / "wet.jpg")
    page.click("#shelf summary")
    page.select_option("#until", "8h")
    page.check("#once")
    page.locator("h1").click()  # the cursor is in no field any more
    page.evaluate("document.activeElement.blur()")
    _refresh(page)
    assert page.input_value("#comment") == TEXT
    assert page.evaluate("document.querySelector('#photo').files.length") == 1
    assert (page.input_value("#until"), page.is_checked("#once")) == ("8h", True)


def test_another_account_in_the_same_browser_loses_no_text_of_an_open_form(
    open_page: NewPage, square: WatchedSite
) -> None:
    page = open_page(LEAK)
    page.fill("#comment", TEXT)
    other = page.context.new_page()
    sign_in(other, square.url, "eva", "/sign-in?next=/tasks")
    expect(other).to_have_url(square.url + "/tasks")
    _send(page)
    expect(page.locator("[role=alert].lead")).to_be_visible()
    assert page.input_value(".written") == TEXT
    page.click("#back")
    expect(page.locator("#comment")).to_have_value(TEXT)
    _send(page)
    expect(page.locator("#came")).to_have_class("fine")
    expect(page.locator("main")).to_contain_text(TEXT)
    page.goto(square.url + LEAK)
    expect(page.locator("#comment")).to_have_value("")


def test_a_session_that_ended_gives_back_what_was_typed_after_signing_in(
    open_page: NewPage, square: WatchedSite
) -> None:
    page = open_page(STOP)
    page.fill("#comment", TEXT)
    page.context.clear_cookies(name="facilityd-session")
    _send(page)
    assert page.input_value(".written") == TEXT
    page.locator("a[href^='/sign-in?next=']").first.click()
    page.fill("#user", "bo")
    page.fill("#password", PASSWORD)
    page.click("form[action='/sign-in'] button")
    expect(page).to_have_url(square.url + STOP)
    expect(page.locator("#comment")).to_have_value(TEXT)


@pytest.mark.parametrize("ending", ["session", "role"])
def test_without_a_script_the_text_is_given_back_too(
    open_page: NewPage, square: WatchedSite, ending: str
) -> None:
    add_user(square.running.site, "tom", "crew")
    page = open_page("/sign-in", user="", java_script_enabled=False)
    sign_in(page, square.url, "tom", "/sign-in?next=" + LAMP)
    page.fill("#comment", TEXT)
    if ending == "role":
        add_user(square.running.site, "tom", "viewer")
    else:
        page.context.clear_cookies(name="facilityd-session")
    _send(page)
    expect(page.locator("[role=alert].lead")).to_be_visible()
    assert page.input_value(".written") == TEXT


def test_a_choice_of_language_keeps_what_was_typed(open_page: NewPage) -> None:
    page = open_page(LAMP)
    page.fill("#comment", TEXT)
    page.click(".switch button")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("#comment")).to_have_value(TEXT)


def test_a_page_of_another_site_has_nothing_shown_on_ours(square: WatchedSite) -> None:
    foreign = {"Origin": "https://evil.example", "Sec_Fetch_Site": "cross-site"}
    for peer, status in ((square.signed_in("bo"), 403), (square.peer, 401)):
        answer = peer.ask("POST", LEAK, raw=b"comment=call+this+number", Content_Type=FORM, **foreign)
        assert answer.status == status
        assert b"call this number" not in answer.body


def test_of_a_photo_with_a_refused_form_nothing_is_kept_but_the_text_before_it(square: WatchedSite) -> None:
    mark = "----8f3c"
    field = f'--{mark}\r\nContent-Disposition: form-data; name="comment"\r\n\r\n{TEXT}\r\n'
    head = f'--{mark}\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'
    body = f"{field}{head}".encode() + JPEG * 2000 + f"\r\n--{mark}--\r\n".encode()
    answer = square.peer.ask("POST", LEAK, raw=body, Content_Type=f"multipart/form-data; boundary={mark}")
    assert answer.status == 401
    assert TEXT in answer.body.decode()


def _slowly(page: Page) -> None:
    """Let the main part be fetched, and arrive later than whatever is done next."""
    page.route(
        lambda address: "/alarm/" in address,
        lambda route: (
            (page.wait_for_timeout(800), route.fallback())
            if "x-facilityd-part" in route.request.headers
            else route.fallback()
        ),
    )
    live = page.locator("script[src*='/live']").get_attribute("src")
    with page.expect_request(lambda request: "x-facilityd-part" in request.headers):
        page.evaluate(f"import('{live}').then((live) => {{ live.refresh(); }})")


def test_news_on_their_way_disturb_nobody_who_begins_to_type(open_page: NewPage) -> None:
    page = open_page(LAMP)
    page.evaluate("document.querySelector('h1').dataset.old = 'yes'")
    _slowly(page)
    page.focus("#comment")
    page.keyboard.type("水泵", delay=300)
    with page.expect_response(lambda answer: "x-facilityd-part" in answer.request.headers):
        page.keyboard.type("房", delay=300)
    page.evaluate("new Promise((done) => setTimeout(done, 300))")
    assert page.locator("h1[data-old]").count() == 1, "the field that is typed in is still the same"
    assert page.input_value("#comment") == "水泵房"
    page.evaluate("document.activeElement.blur()")
    expect(page.locator("h1[data-old]")).to_have_count(0)
    assert page.input_value("#comment") == "水泵房"


def test_a_button_that_is_pressed_while_news_arrive_is_clicked(open_page: NewPage) -> None:
    page = open_page(LAMP)
    _slowly(page)
    box = page.locator(".act form .main").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    with page.expect_response(lambda answer: "x-facilityd-part" in answer.request.headers):
        pass
    page.evaluate("new Promise((done) => setTimeout(done, 300))")
    page.mouse.up()
    expect(page.locator("#came")).to_be_visible()
