"""One browser and one living square for all tests of the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from support.browser import NewPage, WatchedSite, chromium
from support.page_square import cookies_of, morning

PATIENCE = 30_000
"""ms: a browser beside other tests, on few cores, takes seconds for what it does at once when it is alone."""


TRIES, BUSY = 5, 503


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with chromium() as found:
        yield found


@pytest.fixture(scope="package")
def square(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[WatchedSite]:
    """A morning that is everybody's: who acknowledges or takes something has one of their own."""
    with morning(tmp_path_factory.mktemp("square")) as site:
        yield site


@pytest.fixture(scope="package")
def sessions(square: WatchedSite, browser: Browser) -> dict[str, list[dict[str, object]]]:
    """The cookies of each user on the square that is everybody's."""
    return cookies_of(square, browser)


@pytest.fixture
def open_page(
    browser: Browser, square: WatchedSite, sessions: dict[str, list[dict[str, object]]]
) -> Iterator[NewPage]:
    """Return what opens a page: of a user, in a language and colours, in a window of a size."""
    contexts: list[BrowserContext] = []

    def make(
        path: str,
        user: str = "bo",
        view: str = "en.light",
        size: tuple[int, int] = (1280, 800),
        **options: object,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, **{"service_workers": "block", **options}
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        if user:
            context.add_cookies(sessions[user])
        context.add_cookies([{"name": "facilityd-view", "value": view, "url": square.url}])
        page = context.new_page()
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", lambda said: page.problems.append(said.text) if said.type == "error" else None)
        for _ in range(TRIES):
            answer = page.goto(square.url + path)
            if answer is None or answer.status != BUSY:
                break
            page.wait_for_timeout(
                2000
            )  # too many questions at once: it says itself that one is to come again
            page.problems.clear()
        return page

    yield make
    for context in contexts:
        for page in context.pages:
            page.unroute_all(behavior="ignoreErrors")  # what is still under way would fail in another test
        context.close()
