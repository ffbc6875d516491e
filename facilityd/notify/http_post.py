"""One HTTP request for a notice, with whatever the other side or the network makes of it as a result."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from facilityd.model.http import retry_after
from facilityd.model.http_session import bounded
from facilityd.model.message import Wording
from facilityd.model.notice import DeliveryOutcome, DeliveryResult, SendFailure
from facilityd.model.sample import NS
from facilityd.notify.failures import of_error, of_http, words_of_error

LONGEST = 200
"""Characters of a server's own words in a reason."""
_LATER = frozenset({408, 425, 429})
_GATEWAY_TIMEOUT = 504
_OK, _REDIRECT, _SERVER = 200, 300, 500
Judge2xx = Callable[[str, bytes], DeliveryResult]
"""Says what a 2xx answer means, from its content type and the beginning of its body."""


class HttpPost:
    """Never follows a redirect. None of ``secrets`` appears in a reason."""

    def __init__(self, timeout_s: float, *secrets: str) -> None:
        self._secrets = tuple(filter(None, secrets))
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, connect=timeout_s / 2)

    async def __call__(
        self, url: str, data: bytes, headers: Mapping[str, str], judge: Judge2xx, method: str = "POST"
    ) -> DeliveryResult:
        """Ask once. Raises nothing that the network can cause."""
        headers = {"User-Agent": "facilityd", "Content-Type": "application/json", **headers}
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout, **bounded()) as session,
                session.request(method, url, data=data, headers=headers, allow_redirects=False) as answer,
            ):
                return await self._outcome(answer, judge)
        except (aiohttp.InvalidURL, UnicodeError):  # the latter: a host that no DNS can have
            failure = SendFailure.ADDRESS
            return DeliveryResult(DeliveryOutcome.REJECTED, Wording("send.url-not-valid"), failure=failure)
        except aiohttp.ClientConnectorError as error:
            reason = Wording("send.cannot-connect", why=words_of_error(error))
            return DeliveryResult(DeliveryOutcome.TRANSIENT, reason, failure=of_error(error, connecting=True))
        except aiohttp.ConnectionTimeoutError:
            failure = SendFailure.CONNECTION
            return DeliveryResult(
                DeliveryOutcome.TRANSIENT, Wording("send.cannot-connect-in-time"), failure=failure
            )
        except TimeoutError:
            return DeliveryResult(
                DeliveryOutcome.UNKNOWN, Wording("send.no-answer"), failure=SendFailure.TIMEOUT
            )
        except aiohttp.ClientError:
            return DeliveryResult(DeliveryOutcome.UNKNOWN, Wording("send.broke"), failure=SendFailure.CUT)

    async def _outcome(self, answer: aiohttp.ClientResponse, judge: Judge2xx) -> DeliveryResult:
        if _OK <= answer.status < _REDIRECT:
            found = judge(answer.content_type, await answer.read())
            return DeliveryResult(found.result, self.masked(found.reason), found.retry_after, found.failure)
        words = self.masked(await _beginning(answer))
        status = answer.status
        reason = (
            Wording("send.http", status=status, words=words)
            if words
            else Wording("send.http-alone", status=status)
        )
        failure = of_http(answer.status)
        if answer.status == _GATEWAY_TIMEOUT:
            return DeliveryResult(DeliveryOutcome.UNKNOWN, reason, _wait(answer), failure)
        if answer.status in _LATER or answer.status >= _SERVER:
            return DeliveryResult(DeliveryOutcome.TRANSIENT, reason, _wait(answer), failure)
        return DeliveryResult(DeliveryOutcome.REJECTED, reason, failure=failure)

    def masked(self, text: str) -> str:
        """Return a text without the secrets."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def in_one_line(body: bytes) -> str:
    """Return the beginning of a body as one line of text."""
    return " ".join(body.decode(errors="replace").split())[:LONGEST]


def packed(content: Mapping[str, Any]) -> bytes:
    """Return JSON as it is posted."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


async def _beginning(answer: aiohttp.ClientResponse) -> str:
    """Return the beginning of an error's text in one line; what cannot be read is left out."""
    try:
        return in_one_line(await answer.read())
    except (aiohttp.ClientError, TimeoutError):
        return ""


def _wait(answer: aiohttp.ClientResponse) -> int | None:
    """Return Retry-After in ns."""
    wait = retry_after(answer.headers)
    return None if wait is None else round(wait * NS)
