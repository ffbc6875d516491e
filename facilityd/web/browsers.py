"""Browsers in which somebody has signed in before: a signed cookie that is worth nothing but a count."""

from __future__ import annotations

import hashlib
import hmac


class KnownBrowsers:
    """``key`` is the site's; a cookie holds a random name and its signature for one user."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def name(self, user: str, browser: str) -> str:
        """Return the cookie of a browser for a user."""
        return f"{browser}.{self._sign(user, browser)}"

    def read(self, user: str, cookie: str) -> str:
        """Return the browser's name; "" where the cookie is not one of this user's."""
        browser, _, signature = cookie.rpartition(".")
        return browser if browser and hmac.compare_digest(signature, self._sign(user, browser)) else ""

    def _sign(self, user: str, browser: str) -> str:
        return hmac.new(self._key, f"browser\0{user}\0{browser}".encode(), hashlib.sha256).hexdigest()[:32]
