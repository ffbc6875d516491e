"""The square of the tests of the page, and who is signed in there."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from playwright.sync_api import Browser

from facilityd.testing.site import SimulatedSite
from support.browser import WatchedSite, served_site, sign_in
from support.web import add_user

ONLY = ("hoist-1", "weather", "bridges", "fountain-2")


def _morning(running: SimulatedSite) -> None:
    running.advance("5min")
    running.fault("bridges", "L1")
    running.fault("fountain-2", "leakage")
    running.advance("20min")
    running.fault("hoist-1", "estop")
    running.advance("2min")
    for name, role in (("bo", "crew"), ("vi", "viewer"), ("eva", "engineer")):
        add_user(running.site, name, role, "crew" if name == "bo" else "")


def morning(folder: Path) -> AbstractContextManager[WatchedSite]:
    """A June morning on which three things are wrong, and the daemon watches."""
    return served_site(folder, ONLY, "2026-06-10T04:20", _morning)


def cookies_of(square: WatchedSite, browser: Browser) -> dict[str, list[dict[str, object]]]:
    """Return the cookies of each user: signed in once, for the hash of a password takes its time."""
    found = {}
    for user in ("bo", "vi", "eva"):
        context = browser.new_context(service_workers="block")
        sign_in(context.new_page(), square.url, user)
        found[user] = list(context.cookies())
        context.close()
    return found
