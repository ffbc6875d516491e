"""A forecast or warnings at a URL: asked rarely and for news only; answers are bounded in size and time."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import aiohttp

from devices.forecast.source import LONGEST, Fetched, ForecastSource
from facilityd.errors import UnreadableForecast
from facilityd.model.http import retry_after
from facilityd.model.http_session import bounded
from facilityd.model.message import Wording
from facilityd.model.socket_errors import connection_failure

TIMEOUT_S = 30.0
"""For a whole answer: what drips longer is given up."""
_OK, _NOT_MODIFIED = 200, 304
_CONDITIONS = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}
_LONGEST_HEADER = 500


class HttpLook:
    """Asks one URL. ``retry_after``: the seconds for which the server last asked to be left alone."""

    def __init__(self, source: ForecastSource, timeout_s: float = TIMEOUT_S) -> None:
        self._url, self._token, self._seconds = source.where, source.token, timeout_s
        self._where = urlsplit(source.where).netloc
        self._conditions: dict[str, str] = {}
        self.retry_after: float | None = None

    async def fetch(self, now: int) -> Fetched:
        """Ask once; ``now`` in ns UTC. Raises UnreadableForecast for whatever network or server do."""
        headers = {"User-Agent": "facilityd", **self._conditions}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        limit, self.retry_after = aiohttp.ClientTimeout(total=self._seconds), None
        try:
            async with (
                aiohttp.ClientSession(timeout=limit, **bounded()) as session,
                session.get(self._url, headers=headers, allow_redirects=False) as answer,
            ):
                return await self._taken(answer, now)
        except TimeoutError as error:
            raise self._bad(Wording("forecast.answer-slow", seconds=f"{self._seconds:g}")) from error
        except (aiohttp.ClientError, OSError, UnicodeError, ValueError) as error:
            raise self._bad(Wording("forecast.cannot-read", strerror=_why(error))) from error

    async def _taken(self, answer: aiohttp.ClientResponse, now: int) -> Fetched:
        if answer.status == _NOT_MODIFIED and self._conditions:
            return Fetched(None, now)
        if answer.status != _OK:
            self.retry_after = retry_after(answer.headers)
            raise self._bad(Wording("forecast.answer-status", status=answer.status))
        content = bytearray()
        while part := await answer.content.read(65_536):
            content += part
            if len(content) > LONGEST:
                answer.close()
                raise self._bad(Wording("forecast.answer-too-long", most="2 MiB"))
        self._conditions = _conditions(answer.headers)
        return Fetched(((self._where, bytes(content)),), now)

    def forget(self) -> None:
        """Ask for the whole next time: what came was of no use."""
        self._conditions = {}

    def _bad(self, what: str) -> UnreadableForecast:
        return UnreadableForecast(what, where=self._where)


def _conditions(headers: Mapping[str, str]) -> dict[str, str]:
    """Return what makes the next request a conditional one (RFC 9110, 13.1)."""
    found = {asked: headers.get(name, "") for name, asked in _CONDITIONS.items()}
    return {asked: value for asked, value in found.items() if 0 < len(value) <= _LONGEST_HEADER}


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and not isinstance(error, aiohttp.ClientError):
        return connection_failure(error)
    inner = getattr(error, "os_error", None)
    return connection_failure(inner) if isinstance(inner, OSError) else type(error).__name__
