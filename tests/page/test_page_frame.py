"""What holds for every page: both languages, all colours, every window, no script, no stranger's content."""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect
from support.browser import NewPage, WatchedSite, violations

PAGES = (
    "/", "/alarm/fountain-2/leakage", "/device/hoist-1", "/history?s=fountain-2.leakage&since=1h", "/square",
    "/hoist", "/lighting", "/tasks", "/system", "/night?device=fountain-2",
)  # fmt: skip
VIEWS = ("zh.light", "en.dark", "zh.contrast")
PHONE = (360, 740)
REACHABLE = """() => [...document.querySelectorAll("a[href], button, summary, input, select, textarea, [tabindex='0']")]
    .filter((one) => one.type !== "hidden" && one.checkVisibility())
    .map((one, number) => { one.dataset.number = number; return number; })"""
FOCUSED = """() => {
    const one = document.activeElement, style = getComputedStyle(one);
    const within = one.closest(".hazard");
    const ring = style.outlineStyle !== "none" || within && getComputedStyle(within).outlineStyle !== "none";
    return {number: Number(one.dataset.number ?? -1), outlined: Boolean(ring), html: one.outerHTML.slice(0, 120)};
}"""


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_in_any_language_and_colours(
    open_page: NewPage, square: WatchedSite, path: str
) -> None:
    page = open_page(path, view=VIEWS[0])
    for view in VIEWS:
        page.context.add_cookies([{"name": "facilityd-view", "value": view, "url": square.url}])
        page.reload()
        assert page.locator("html").get_attribute("data-theme") == view[3:]
        assert violations(page) == [], view
    assert page.problems == []


@pytest.mark.parametrize("path", ["/sign-in", "/offline", "/alarm/nobody/nothing"])
def test_axe_finds_nothing_on_pages_at_the_edge(open_page: NewPage, square: WatchedSite, path: str) -> None:
    page = open_page(path, user="" if path == "/sign-in" else "bo")
    for view in VIEWS:
        page.context.add_cookies([{"name": "facilityd-view", "value": view, "url": square.url}])
        page.reload()
        assert violations(page) == [], view


@pytest.mark.parametrize("path", PAGES)
def test_the_keyboard_alone_reaches_everything_and_shows_where_it_is(open_page: NewPage, path: str) -> None:
    page = open_page(path)
    wanted = page.evaluate(REACHABLE)
    reached = []
    for _ in range(len(wanted) + 5):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if found["number"] in (-1, *reached):
            break  # behind the last one the browser's own come
        reached.append(found["number"])
        assert found["outlined"], found["html"]
    assert set(wanted) <= set(reached), sorted(set(wanted) - set(reached))


@pytest.mark.parametrize("path", PAGES)
def test_a_small_phone_shows_it_whole_with_targets_for_gloves(open_page: NewPage, path: str) -> None:
    page = open_page(path, size=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    small = page.evaluate("""[...document.querySelectorAll("button, .button, nav a, summary, select, input")]
        .filter((one) => one.type !== "hidden" && one.checkVisibility())
        .map((one) => [one.outerHTML.slice(0, 120), (one.closest("label") || one).getBoundingClientRect()])
        .filter(([, box]) => box.height < 48 || box.width < 48).map(([html]) => html)""")
    assert small == []


@pytest.mark.parametrize("path", PAGES)
def test_it_is_read_without_a_script(open_page: NewPage, path: str) -> None:
    with_script = open_page(path).locator("main h1").inner_text()
    assert open_page(path, java_script_enabled=False).locator("main h1").inner_text() == with_script


@pytest.mark.parametrize("path", PAGES)
def test_nothing_runs_within_a_page_and_nothing_comes_from_elsewhere(square: WatchedSite, path: str) -> None:
    answer = square.signed_in("bo").get(path)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    (style,) = re.findall(rb"<style>(.*?)</style>", answer.body, re.DOTALL)
    proof = base64.b64encode(hashlib.sha256(style).digest()).decode()
    assert f"style-src 'sha256-{proof}';" in policy, "the one style that is allowed is the one that is there"
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(
        rb"<style[^>]|<script(?! type=\"module\" src=\"/static/)| style=| on[a-z]+=",
        answer.body.replace(style, b""),
    )
    assert not re.search(rb"(?:src|href|action)=\"(?:https?:|//)", answer.body)
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
def test_who_has_not_signed_in_is_asked_to_and_led_back(open_page: NewPage, path: str) -> None:
    page = open_page(path, user="")
    assert "/sign-in?next=" in page.url
    assert page.locator("#password").is_visible()


def test_no_text_of_the_other_language_is_left(open_page: NewPage) -> None:
    chinese = open_page("/", view="zh.light").locator("body").inner_text()
    assert not re.search(r"\b(the|is|ago|Now|needs?|alarm)\b", chinese), chinese
    english = open_page("/", view="en.light").locator("main").inner_text()
    assert not re.search(r"[\u4e00-\u9fff]", english), english


def test_the_language_is_switched_at_once_and_stays(open_page: NewPage) -> None:
    page = open_page("/")
    page.click("button[name=language]")
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert "需要处理" in page.locator("h1").inner_text()
    page.goto(page.url)
    assert page.locator("html").get_attribute("lang") == "zh-CN"


def test_who_chose_nothing_reads_their_own_language(square: WatchedSite) -> None:
    """The recipient that the user is has a language; who is none reads what their browser asks for."""
    assert b'lang="zh-CN"' in square.signed_in("bo").get("/", Accept_Language="en").body
    assert b'lang="en"' in square.signed_in("eva").get("/", Accept_Language="en").body


@pytest.mark.parametrize("scripts", [True, False])
def test_who_is_new_is_led_through_three_steps_and_not_asked_again(
    browser: Browser, square: WatchedSite, sessions: dict[str, list[dict[str, object]]], scripts: bool
) -> None:
    size = {"width": PHONE[0], "height": PHONE[1]}
    context = browser.new_context(
        service_workers="block", locale="en", java_script_enabled=scripts, viewport=size
    )
    context.add_cookies(sessions["eva"])
    page = context.new_page()
    page.goto(square.url + "/")
    page.click("#tour-begin")
    for step in (1, 2, 3):
        expect(page.locator(".tour")).to_contain_text(f"Step {step} of 3")
        if scripts:
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
            page.set_viewport_size({"width": 1280, "height": 800})
            assert violations(page) == []
            page.set_viewport_size(size)
        if step < 3:
            page.click("#tour-next")
    expect(page.locator("#tour-next")).to_have_count(0)
    page.click("#tour-end")
    assert page.url == square.url + "/"
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("#tour-begin")).to_have_count(0)
    context.close()


@pytest.mark.parametrize("step", ["0", "4", "x", "11", "-1", "٣"])
def test_a_step_that_there_is_not_is_none(square: WatchedSite, step: str) -> None:
    answer = square.signed_in("bo").get(f"/?tour={quote(step)}")
    assert answer.status == 200
    assert b'class="card tour"' not in answer.body


def test_colours_are_chosen_by_hand(open_page: NewPage) -> None:
    page = open_page("/")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click(".menu summary")
    page.click("button[value=dark]")
    expect(page.locator("body")).not_to_have_css("background-color", before)


def test_on_a_wall_there_is_no_menu_and_letters_are_large(open_page: NewPage) -> None:
    page = open_page("/?kiosk", size=(3840, 2160))
    assert not page.locator("nav").is_visible()
    assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") > 26
    assert page.evaluate("document.documentElement.scrollWidth") <= 3840


def test_on_a_wall_all_of_the_square_is_seen_without_scrolling(open_page: NewPage) -> None:
    page = open_page("/square?kiosk", size=(1920, 1080))
    page.evaluate(
        "document.querySelector('main').prepend(Object.assign(document.createElement('p'), {className: 'more'}))"
    )
    page.evaluate("document.querySelector('.more').style.height = '15rem'")
    assert page.evaluate("document.documentElement.scrollHeight > innerHeight")
    page.evaluate("document.dispatchEvent(new Event('facilityd:main'))")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    page.evaluate("document.querySelector('.more').remove()")


def test_static_files_are_kept_for_ever_and_lead_nowhere_else(square: WatchedSite) -> None:
    page = square.signed_in("bo").get("/").body.decode()
    address = re.search(r'src="(/static/\w+/live\.js)"', page)[1]
    answer = square.peer.get(address, Accept_Encoding="gzip")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    for path in ("/static/x/../words.yaml", "/static/x/..%2fwords.yaml", "/static/x/words.yaml"):
        assert square.peer.get(path).status == 404


def test_the_manifest_lets_a_phone_install_it(square: WatchedSite) -> None:
    found = square.peer.get("/manifest.webmanifest", Accept_Language="en").json
    assert (found["short_name"], found["display"]) == ("Civic square", "standalone")
    assert square.peer.get(found["icons"][0]["src"]).headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize("view", ["en.light", "zh.light"])
def test_no_word_of_the_navigation_is_broken_on_a_small_phone(open_page: NewPage, view: str) -> None:
    page = open_page("/", view=view, size=(360, 740))
    labels = page.locator(".nav span")
    line = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.nav span')).lineHeight)")
    for one in labels.all():
        assert one.bounding_box()["height"] < 1.5 * line, one.inner_text()
    right = labels.last.bounding_box()
    assert right["x"] + right["width"] <= 360


@pytest.mark.parametrize("size", [(360, 740), (1280, 800)])
def test_banners_stand_above_the_page_and_no_taller_than_their_words(
    open_page: NewPage, size: tuple[int, int]
) -> None:
    page = open_page("/tasks", size=size)
    page.evaluate(
        "for (let n = 0; n < 4; n++) document.getElementById('lost').after(Object.assign("
        "document.createElement('div'), {className: 'banner warn', textContent: 'said'}))"
    )
    page.evaluate("document.querySelectorAll('main > :not(h1)').forEach((one) => one.remove())")
    boxes = [one.bounding_box() for one in page.locator(".banner.warn").all()]
    assert all(box["height"] < 60 for box in boxes)
    main, nav = page.locator("main").bounding_box(), page.locator(".nav").bounding_box()
    assert boxes[-1]["y"] + boxes[-1]["height"] <= main["y"]
    assert nav["y"] + nav["height"] <= size[1] + 1
