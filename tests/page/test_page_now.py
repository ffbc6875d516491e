"""*Now*: what needs a hand stands there in order, comes by itself, and says when nobody watches."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from playwright.sync_api import Browser, expect
from support.browser import NewPage, WatchedSite, served_site, sign_in
from support.web import add_user

from facilityd.model.text import LANGUAGES
from facilityd.query.liveness import State
from facilityd.web.page.render import LIVE_WORDS
from facilityd.web.page.words import site_page_words, word

TEMPLATES = Path("facilityd/web/page/templates")
MOST_BYTES = 100_000


def test_what_needs_a_hand_stands_there_the_most_urgent_first(open_page: NewPage) -> None:
    page = open_page("/")
    expect(page.locator("h1")).to_have_text(re.compile("needs? a hand"))
    wanted = page.locator(".hazards").first.locator(".hazard")
    levels = [one.get_attribute("class").split()[1] for one in wanted.all()]
    assert levels == sorted(levels, key=["critical", "high", "medium", "low"].index)
    first = wanted.first
    expect(first.locator(".urgency")).to_have_text(re.compile("critical", re.IGNORECASE))
    expect(first.locator("time")).to_have_text(re.compile("ago$"))


def test_the_ceremony_says_when_and_what_stands_against_it(open_page: NewPage) -> None:
    found = open_page("/").locator(".ceremony")
    expect(found).to_contain_text("Flag down at")
    expect(found).to_contain_text("against it")


def test_what_happens_on_the_square_comes_to_the_page_by_itself(
    open_page: NewPage, square: WatchedSite
) -> None:
    page = open_page("/")
    before = page.locator(".hazard").count()
    square.do(lambda running: running.hazard("hoist-1-plc", "silent"))
    square.advance("30min")
    expect(page.locator(".hazard")).not_to_have_count(before)
    square.do(lambda running: running.hazard("hoist-1-plc", "none"))  # the square is everybody's
    square.advance("5min")


def test_a_first_visit_fetches_little(open_page: NewPage, square: WatchedSite) -> None:
    page = open_page("/sign-in", user="bo")
    network = page.context.new_cdp_session(page)
    sizes: list[float] = []
    network.send("Network.enable")
    network.send("Network.clearBrowserCache")
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(square.url + "/")
    assert len(sizes) >= 2, "the page and its script; the style stands within"
    assert sum(sizes) <= MOST_BYTES


def test_where_nothing_is_wrong_it_says_so_and_turns_red_when_the_daemon_is_gone(
    tmp_path: Path, browser: Browser
) -> None:
    with served_site(
        tmp_path, ("weather",), "2026-06-10T10:00", lambda running: running.advance("20min")
    ) as site:
        add_user(site.running.site, "bo", "crew")
        page = browser.new_page(service_workers="block", locale="en")
        sign_in(page, site.url, "bo")
        expect(page.locator("h1")).to_have_text("All is well")
        expect(page.locator("#beat")).to_have_class("beat running")
        site.end_daemon()
        expect(page.locator("#dead")).to_be_visible()
        expect(page.locator("#beat")).to_have_class("beat stopped")
        page.context.close()


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_a_template_says_nothing_that_has_no_words_in_both_languages(template: Path) -> None:
    known = site_page_words()
    text = template.read_text(encoding="utf-8")
    for name in re.findall(r"""\bt\(\s*["']([\w.-]+)["']\s*[,)]""", text):
        assert known[name].zh, name
    for prefix in re.findall(r"""\bt\(\s*["']([\w.-]+[.-])["']\s*~""", text):
        assert any(name.startswith(prefix) for name in known), prefix
    markup = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.DOTALL)
    spoken = re.sub(r"<[^>]*>", "", markup)
    assert not re.search(r"[A-Za-z\u4e00-\u9fff]{2,}", spoken), "a template holds no text of its own"


def test_both_languages_have_the_same_blanks() -> None:
    for name, text in site_page_words().items():
        assert set(re.findall(r"\{(\w+)\}", text.zh)) == set(re.findall(r"\{(\w+)\}", text.en)), name


def test_what_happened_while_the_page_was_being_fetched_is_not_missed(
    open_page: NewPage, square: WatchedSite
) -> None:
    """The stream begins with the present: what came between the page and the stream is fetched."""
    page = open_page("/", java_script_enabled=True)
    page.evaluate("document.body.dataset.change = '0'")
    page.evaluate(
        "() => import(document.querySelector('script[type=module]').src).then((live) => live.listen())"
    )
    expect(page.locator("body")).not_to_have_attribute("data-change", "0")


@pytest.mark.parametrize("state", get_args(State))
def test_every_state_of_the_daemon_has_its_words(state: str) -> None:
    assert state in LIVE_WORDS
    assert all(word(f"frame.{state}", language) for language in LANGUAGES)
