"""Without the server: the page as it was last, with its age; nothing that is tapped is kept to be sent later."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from support.browser import WatchedSite, served_site, sign_in
from support.web import add_user

from facilityd.web.sessions import SessionStore

MANY = 8
"""Questions that are more than there are threads for small ones."""


@contextmanager
def _calm_site(folder: Path, page: Page) -> Iterator[WatchedSite]:
    """A site on which all is well, with somebody signed in."""
    calm = lambda running: running.advance("20min")  # noqa: E731
    with served_site(folder, ("weather",), "2026-06-10T10:00", calm) as site:
        add_user(site.running.site, "bo", "crew")
        sign_in(page, site.url, "bo")
        yield site


def test_the_last_state_is_shown_with_its_age_and_nothing_is_queued(tmp_path: Path, browser: Browser) -> None:
    context = browser.new_context(locale="en")
    page = context.new_page()
    page.clock.install()
    with _calm_site(tmp_path, page) as site:
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.goto(site.url + "/")
        expect(page.locator("h1")).to_have_text("All is well")
        url = site.url
    page.clock.fast_forward("10:00")
    page.goto(url + "/")
    expect(page.locator("h1")).to_have_text("All is well")
    expect(page.locator("#lost")).to_be_visible()
    expect(page.locator("#lost")).to_contain_text("10 min")
    page.goto(url + "/tasks")
    expect(page.locator("h1")).to_have_text("No connection")
    page.goto(url + "/")
    page.click("button[name=language]")
    expect(page.locator("main")).to_contain_text("nothing is kept to be sent later")
    context.close()


@contextmanager
def _no_answer(site: WatchedSite) -> Iterator[None]:
    """Let the server take requests and answer none, as a slow network does."""
    over = threading.Event()
    asking = [threading.Thread(target=asyncio.run, args=(_ask(site, over),)) for _ in range(MANY)]
    for one in asking:
        one.start()
    try:
        yield
    finally:
        over.set()
        for one in asking:
            one.join()


async def _ask(site: WatchedSite, over: threading.Event) -> None:
    """Take up one of the threads that answer small questions."""
    await site.peer.service.pool.ask_quickly(lambda _: over.wait(60))


def test_what_was_seen_lately_is_shown_at_once_with_its_age_until_the_new_is_there(
    tmp_path: Path, browser: Browser
) -> None:
    context = browser.new_context(locale="en")
    page = context.new_page()
    page.clock.install()
    with _calm_site(tmp_path, page) as site:
        kept = f"caches.open('facilityd-pages-2').then((pages) => pages.match('{site.url}/')).then(Boolean)"
        while not page.evaluate(kept):
            page.wait_for_timeout(50)
        page.goto("about:blank")
        site.do(lambda running: running.hazard("weather-station", "silent"))
        site.advance("30min")
        page.clock.fast_forward("30:00")
        with _no_answer(site):
            page.goto(site.url + "/")
            expect(page.locator("h1")).to_have_text("All is well")
            expect(page.locator("#lost")).to_contain_text("30 min")
        expect(page.locator("h1")).to_contain_text("a hand")
        expect(page.locator("#lost")).to_be_hidden()
    context.close()


def test_nothing_of_who_is_no_longer_signed_in_stays_on_the_page(tmp_path: Path, browser: Browser) -> None:
    context = browser.new_context(locale="en")
    page = context.new_page()
    with served_site(
        tmp_path, ("weather",), "2026-06-10T10:00", lambda running: running.advance("20min")
    ) as site:
        add_user(site.running.site, "bo", "crew")
        sign_in(page, site.url, "bo")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.goto(site.url + "/tasks")
        expect(page.locator("h1")).to_have_text("Tasks")
        journal = Path(site.running.site.store.path)
        site.peer.service.sessions = SessionStore(journal, lambda: 2.0**40)  # every session is over
        page.goto(site.url + "/tasks")
        expect(page.locator("#password")).to_be_visible()
        assert "next=/tasks" in page.url
        page.goto(site.url + "/tasks")
        expect(page.locator("#password")).to_be_visible()
    context.close()
