"""A notice as JSON by HTTP POST. Judged by the status; never follows a redirect."""

from __future__ import annotations

import re
from typing import Any

import aiohttp

from facilityd.model.http import retry_after
from facilityd.model.http_session import bounded
from facilityd.model.notice import DeliveryOutcome, DeliveryResult, Notice, SendFailure
from facilityd.model.sample import NS
from facilityd.notify.failures import of_error, of_http

_LONGEST = 200
_LATER = frozenset({408, 425, 429})
_GATEWAY_TIMEOUT = 504
_OK, _REDIRECT, _SERVER = 200, 300, 500
_PAGES = ("text/html", "application/xhtml+xml")
_PAGE = re.compile(r"\s*(<\?xml[^>]*>\s*)?<(!doctype html|html|head|body)\b", re.IGNORECASE)


class Webhook:
    """``token`` goes out as a bearer token. URL and token never appear in a reason."""

    def __init__(self, url: str, token: str = "", timeout_s: float = 15.0) -> None:
        self._url, self._token = url, token
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, connect=timeout_s / 2)

    async def send(self, notice: Notice) -> DeliveryResult:
        """Post once. Raises nothing that the network can cause."""
        headers = {"Idempotency-Key": notice.key, "User-Agent": "facilityd"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout, **bounded()) as session,
                session.post(
                    self._url, json=_payload(notice), headers=headers, allow_redirects=False
                ) as answer,
            ):
                return await self._outcome(answer)
        except aiohttp.InvalidURL:
            return DeliveryResult(
                DeliveryOutcome.REJECTED, "the URL is not valid", failure=SendFailure.ADDRESS
            )
        except aiohttp.ClientConnectorError as error:
            reason = f"cannot connect: {error.os_error.strerror or error.os_error}"
            return DeliveryResult(DeliveryOutcome.TRANSIENT, reason, failure=of_error(error, connecting=True))
        except aiohttp.ConnectionTimeoutError:
            return DeliveryResult(
                DeliveryOutcome.TRANSIENT, "cannot connect in time", failure=SendFailure.CONNECTION
            )
        except TimeoutError:
            return DeliveryResult(DeliveryOutcome.UNKNOWN, "no answer in time", failure=SendFailure.TIMEOUT)
        except aiohttp.ClientError as error:
            reason = f"the connection broke: {type(error).__name__}"
            return DeliveryResult(DeliveryOutcome.UNKNOWN, reason, failure=SendFailure.CUT)

    async def _outcome(self, answer: aiohttp.ClientResponse) -> DeliveryResult:
        if _OK <= answer.status < _REDIRECT:
            return await self._taken(answer)
        reason = f"HTTP {answer.status} {self._masked(await _said(answer))}".rstrip()
        failure = of_http(answer.status)
        if answer.status == _GATEWAY_TIMEOUT:
            return DeliveryResult(DeliveryOutcome.UNKNOWN, reason, _wait(answer), failure)
        if answer.status in _LATER or answer.status >= _SERVER:
            return DeliveryResult(DeliveryOutcome.TRANSIENT, reason, _wait(answer), failure)
        return DeliveryResult(DeliveryOutcome.REJECTED, reason, failure=failure)

    async def _taken(self, answer: aiohttp.ClientResponse) -> DeliveryResult:
        """Believe a 2xx, except where a page for people stands in the receiver's place: a login, a portal."""
        if answer.content_type not in _PAGES or not _PAGE.match(await _said(answer)):
            return DeliveryResult(DeliveryOutcome.ACCEPTED)
        reason = f"HTTP {answer.status}, but a web page answers, such as a login or a portal's"
        return DeliveryResult(DeliveryOutcome.REJECTED, reason, failure=SendFailure.WEB_PAGE)

    def _masked(self, text: str) -> str:
        for secret in filter(None, (self._token, self._url)):
            text = text.replace(secret, "***")
        return text


def _payload(notice: Notice) -> dict[str, Any]:
    return {
        "key": notice.key, "purpose": notice.purpose.value, "recipient": notice.recipient,
        "language": notice.language, "subject": notice.subject, "body": notice.body,
        "device": notice.device, "rule": notice.rule, "occurrence": notice.occurrence,
        "priority": notice.priority, "at_ns": notice.at,
    }  # fmt: skip


async def _said(answer: aiohttp.ClientResponse) -> str:
    """Return the beginning of an error's text in one line; what it cannot read is left out."""
    try:
        text = (await answer.read()).decode(errors="replace")
    except (aiohttp.ClientError, TimeoutError):
        return ""
    return " ".join(text.split())[:_LONGEST]


def _wait(answer: aiohttp.ClientResponse) -> int | None:
    """Return Retry-After in ns."""
    wait = retry_after(answer.headers)
    return None if wait is None else round(wait * NS)
