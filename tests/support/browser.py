"""Debian's Chromium, driven by playwright, and a simulated site beside it on a thread of its own.

playwright's loop stays in the thread that started it, so virtual time has to pass in another one.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from facilityd.model.sample import NS
from facilityd.testing.site import SimulatedSite, begin
from support.web import PASSWORD, WebPeer, web_server

T = TypeVar("T")
NewPage = Callable[..., Page]
"""Opens a page: of a user, in a language and colours, in a window of a size."""
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser; without one skip, or fail with FACILITYD_REQUIRE_SERVERS."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if found is None:
        say = pytest.fail if os.environ.get("FACILITYD_REQUIRE_SERVERS") else pytest.skip
        say("NO CHROMIUM: the page is not tested (apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class WatchedSite:
    """A simulated site that is served; everything of it happens on one thread."""

    thread: ThreadPoolExecutor
    stack: ExitStack
    running: SimulatedSite
    peer: WebPeer = field(init=False)
    ended: int = 0
    _signed_in: dict[str, WebPeer] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)

    def now(self) -> int:
        """Return the instant of the site, ns UTC."""
        return self.ended or round(self.running.now.timestamp()) * NS

    def do(self, act: Callable[[SimulatedSite], T]) -> T:
        """Do something with the site, on its thread."""
        return self.thread.submit(act, self.running).result(60)

    def advance(self, time: str) -> None:
        self.do(lambda running: running.advance(time))

    def signed_in(self, user: str) -> WebPeer:
        """Return a browser in which somebody has signed in; always the same, for a user has twenty sessions."""
        if user not in self._signed_in:
            self._signed_in[user] = self.peer.signed_in(user)
        return self._signed_in[user]

    def end_daemon(self) -> None:
        """Let the daemon end; what it stored is still served, at the instant of its end."""
        self.ended = self.now()
        self.thread.submit(self.stack.close).result(60)

    def pump(self) -> None:
        """Let time pass whenever somebody has asked something: in virtual time the daemon looks then."""
        while not self._over.wait(0.05):
            if list(self.peer.service.inbox.folder.glob("*.json")):
                self.advance("10s")

    def stop(self) -> None:
        self._over.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.peer.port}"


@contextmanager
def served_site(
    folder: Path, only: tuple[str, ...], start: str, story: Callable[[SimulatedSite], Any]
) -> Iterator[WatchedSite]:
    """Play a story, then serve the site with its daemon alive."""
    with ThreadPoolExecutor(1) as thread, ExitStack() as stack:
        enter = lambda: stack.enter_context(begin("square", folder, only, start, 1, real=False))  # noqa: E731
        site = WatchedSite(thread, stack, thread.submit(enter).result(60))
        site.do(story)
        try:
            with web_server(site.running.site, clock=site.now) as site.peer:
                pumping = threading.Thread(target=site.pump, daemon=True)
                pumping.start()
                yield site
        finally:
            site.stop()
            if not site.ended:
                site.end_daemon()


def sign_in(page: Page, url: str, user: str, target: str = "/") -> None:
    """Sign in as a person does."""
    page.goto(f"{url}{target}")
    page.fill("#user", user)
    page.fill("#password", PASSWORD)
    page.click("form[action='/sign-in'] button")


def violations(page: Page) -> list[str]:
    """Return what axe-core finds."""
    found = Axe().run(page, options=AXE).response["violations"]
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]
