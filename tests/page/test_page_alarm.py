"""*Alarm*: from the notice to acknowledged, taken and done, by people who may, with the daemon's own answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from support.browser import NewPage, WatchedSite
from support.page_square import cookies_of, morning

LEAK = "/alarm/fountain-2/leakage"
LAMP = "/alarm/bridges/lamp-failed"
STOP = "/alarm/hoist-1/emergency-stop"
FORM = "application/x-www-form-urlencoded"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}"


@pytest.fixture(scope="module")
def square(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[WatchedSite]:
    """A morning of its own: what is acknowledged here would be gone from everybody's."""
    with morning(tmp_path_factory.mktemp("alarm")) as site:
        yield site


@pytest.fixture(scope="module")
def sessions(square: WatchedSite, browser: Browser) -> dict[str, list[dict[str, object]]]:
    return cookies_of(square, browser)


def _state(site: WatchedSite, path: str) -> dict[str, object]:
    _, _, device, rule = path.split("/")
    found = site.signed_in("vi").api(f"/alarms?device={device}&all=true")
    return next(one for one in found if one["rule"] == rule)


def test_it_says_on_what_evidence_what_to_do_and_who_was_told(open_page: NewPage) -> None:
    page = open_page(LEAK)
    expect(page.locator(".lead").first).to_contain_text("Residual current is")
    expect(page.locator(".lead").first).to_contain_text("above the limit of 15.0 mA")
    assert page.locator(".steps input").count() >= 2
    expect(page.locator("main")).to_contain_text("Duty crew")
    chart = page.locator("svg.chart.wide")
    expect(chart.locator(".expected")).to_have_count(1)
    expect(chart.locator(".flag.critical")).to_have_count(1)
    assert "Residual current" in chart.get_attribute("aria-label")


def test_from_now_to_acknowledged_are_two_taps_and_the_daemon_confirms_it(
    open_page: NewPage, square: WatchedSite
) -> None:
    page = open_page("/", view="zh.light", size=(390, 844))
    page.get_by_text("急停回路断开").first.click()
    page.click("#act-ack")
    expect(page.locator("#came")).to_have_class("fine")
    found = _state(square, "/alarm/hoist-1/emergency-stop")
    assert (found["state"], found["acked_by"]) == ("acknowledged", "crew")
    expect(page.locator("main")).to_contain_text("已确认")


def test_it_is_shelved_with_a_reason_and_the_shelf_is_ended(open_page: NewPage, square: WatchedSite) -> None:
    page = open_page(LAMP)
    page.click("#shelf summary")
    page.fill("#comment", "lamps come at ten")
    page.select_option("#until", "2h")
    page.click("#act-shelve")
    expect(page.locator("#came")).to_have_class("fine")
    assert _state(square, LAMP)["state"] == "shelved"
    expect(page.locator("main")).to_contain_text("lamps come at ten")
    page.click("#act-unshelve")
    expect(page.locator("#came")).to_have_class("fine")
    assert _state(square, LAMP)["state"] != "shelved"


def test_a_repair_is_taken_and_done_with_a_comment_and_what_is_written_stays_text(
    open_page: NewPage, square: WatchedSite
) -> None:
    page = open_page(LAMP)
    page.fill("#comment", HOSTILE)
    page.click("#act-take")
    expect(page.locator("#came")).to_have_class("fine")
    expect(page.locator("main")).to_contain_text(HOSTILE)
    assert page.locator("main img, main script").count() == 0
    page.click("#act-done")
    expect(page.locator("#came")).to_have_class("fine")
    (task,) = [one for one in square.signed_in("vi").api("/tasks?all=true") if one["device"] == "bridges"]
    assert task["state"] == "done"
    assert page.problems == []


def test_a_shelf_without_a_reason_is_refused_and_says_why(open_page: NewPage) -> None:
    page = open_page(LEAK)
    page.click("#shelf summary")
    page.click("#act-shelve")
    expect(page.locator("#came")).to_have_class("wrong")
    assert len(page.locator("#came").inner_text()) > len("It was refused:") + 5


def test_without_a_script_it_is_acknowledged_too(open_page: NewPage, square: WatchedSite) -> None:
    page = open_page(LEAK, java_script_enabled=False)
    page.click("#act-ack")
    assert page.locator("#came").get_attribute("class") == "fine"
    assert _state(square, LEAK)["state"] == "acknowledged"


def test_a_viewer_sees_it_and_may_do_nothing(open_page: NewPage, square: WatchedSite) -> None:
    page = open_page(LAMP, user="vi")
    expect(page.locator(".lead").first).to_be_visible()
    assert page.locator(".act form").count() == 0
    viewer = square.signed_in("vi")
    body = f"csrf={viewer.headers['X-CSRF-Token']}&command=ack&occurrence=1&key=a".encode()
    assert viewer.ask("POST", LAMP, raw=body, Content_Type=FORM).status == 403


@pytest.mark.parametrize("token", ["", "0" * 32])
def test_a_form_without_the_token_of_its_session_does_nothing(square: WatchedSite, token: str) -> None:
    crew = square.signed_in("bo")
    before = list(square.peer.service.inbox.folder.glob("*"))
    body = f"csrf={token}&command=ack&occurrence=1&key=a".encode()
    assert crew.ask("POST", LEAK, raw=body, Content_Type=FORM).status == 403
    assert list(square.peer.service.inbox.folder.glob("*")) == before


@pytest.mark.parametrize("command", ["reload", "maintenance", "write-register", "", "done"])
def test_nothing_else_can_be_asked_of_an_alarm(square: WatchedSite, command: str) -> None:
    crew = square.signed_in("bo")
    body = f"csrf={crew.headers['X-CSRF-Token']}&command={command}&occurrence=1&key=b".encode()
    assert crew.ask("POST", LEAK, raw=body, Content_Type=FORM).status in (403, 404, 422)


def test_the_same_form_with_another_button_is_another_request(square: WatchedSite) -> None:
    """A browser may have kept the form: its key alone does not make two requests one."""
    crew = square.signed_in("bo")
    occurrence = next(
        one["occurrence"] for one in crew.api("/alarms?device=bridges") if one["rule"] == "lamp-failed"
    )
    form = f"csrf={crew.headers['X-CSRF-Token']}&occurrence={occurrence}&key=kept&comment=new+lamps"
    for command, shelved in (("shelve", True), ("unshelve", False)):
        body = f"{form}&command={command}".encode()
        assert crew.ask("POST", LAMP, raw=body, Content_Type=FORM).status == 303
        assert (_state(square, LAMP)["state"] == "shelved") is shelved


def test_what_is_ticked_stays_ticked_on_this_device(open_page: NewPage) -> None:
    page = open_page(LEAK)
    page.locator(".steps input").first.check()
    page.reload()
    expect(page.locator(".steps input").first).to_be_checked()


def test_who_does_not_exist_is_told_so_as_a_page(open_page: NewPage) -> None:
    page = open_page("/alarm/fountain-22/leakage")
    expect(page.locator("[role=alert].lead")).to_contain_text("fountain-22")


def test_a_typed_comment_is_not_lost_when_something_happens(open_page: NewPage, square: WatchedSite) -> None:
    page = open_page(LEAK)
    _type(page, "I am on my")
    square.do(lambda running: running.hazard("hoist-1-io", "silent"))
    square.advance("5min")
    page.wait_for_timeout(600)
    page.keyboard.type(" way")
    assert page.input_value("#comment") == "I am on my way"
    square.do(lambda running: running.hazard("hoist-1-io", "none"))


def _type(page: Page, text: str) -> None:
    page.focus("#comment")
    page.keyboard.type(text)


def test_a_form_sent_after_the_session_ended_leads_to_signing_in_and_back(open_page: NewPage) -> None:
    page = open_page(LEAK)
    page.fill("#comment", "on my way")
    page.context.clear_cookies(name="facilityd-session")
    page.locator(".act form button").first.click()
    expect(page.locator("[role=alert].lead")).to_be_visible()
    page.locator("a[href^='/sign-in?next=']").first.click()
    expect(page.locator("#password")).to_be_visible()
    assert page.url.endswith("/sign-in?next=/alarm/fountain-2/leakage")


def test_a_double_tap_and_going_back_acknowledge_once(open_page: NewPage, square: WatchedSite) -> None:
    page = open_page(STOP)
    if page.locator("#act-ack").count() == 0:  # another test has: it is taken back first
        page.click("#rarer summary")
        page.click("#rarer button")
        expect(page.locator("#came")).to_have_class("fine")
    page.dblclick("#act-ack")
    expect(page.locator("#came")).to_have_class("fine")
    changes = square.signed_in("vi").api("/alarms/hoist-1/emergency-stop")["changes"]
    kinds = [one["kind"] for one in changes]
    assert kinds[-1] == "acknowledge"
    assert kinds.count("acknowledge") - kinds.count("re-alarm") == 1
    page.go_back()
    expect(page.locator("#act-ack")).to_have_count(0)
