"""A notice as JSON by HTTP POST. The HTTP status decides; never follows a redirect."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable
from typing import Any

from facilityd.model.message import Wording
from facilityd.model.notice import DeliveryOutcome, DeliveryResult, Notice, SendFailure
from facilityd.notify.http_post import HttpPost, in_one_line, packed

_PAGES = ("text/html", "application/xhtml+xml")
_PAGE = re.compile(r"\s*(<\?xml[^>]*>\s*)?<(!doctype html|html|head|body)\b", re.IGNORECASE)


class Webhook:
    """``token`` goes out as a bearer token. With ``secret`` each post is signed: nobody else's need be taken.

    The signature is the HMAC-SHA256 in hex of the timestamp (s, as it stands in its header), a full stop and
    the body. None of the three ever appears in a reason.
    """

    def __init__(
        self, url: str, token: str = "", secret: str = "", timeout_s: float = 15.0,
        now: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._url, self._token, self._secret, self._now = url, token, secret, now
        self._post = HttpPost(timeout_s, token, secret, url)

    async def send(self, notice: Notice) -> DeliveryResult:
        """Post once. Raises nothing that the network can cause."""
        body, headers = packed(payload(notice)), {"Idempotency-Key": notice.key}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if self._secret:
            headers |= signature(self._secret, str(int(self._now())), body)
        return await self._post(self._url, body, headers, _taken)


def signature(secret: str, timestamp: str, body: bytes) -> dict[str, str]:
    """Return the headers that prove sender and time."""
    mac = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return {"X-Facilityd-Timestamp": timestamp, "X-Facilityd-Signature": f"sha256={mac.hexdigest()}"}


def payload(notice: Notice) -> dict[str, Any]:
    """Return a notice as it is posted."""
    return {
        "key": notice.key, "purpose": notice.purpose.value, "recipient": notice.recipient,
        "language": notice.language, "subject": notice.subject, "body": notice.body,
        "device": notice.device, "rule": notice.rule, "occurrence": notice.occurrence,
        "priority": notice.priority, "at_ns": notice.at,
        "alarms": [dict(zip(("device", "rule", "occurrence"), one, strict=True)) for one in notice.alarms],
    }  # fmt: skip


def _taken(content_type: str, body: bytes) -> DeliveryResult:
    """Believe a 2xx, except where a page for people stands in the receiver's place: a login, a portal."""
    if content_type not in _PAGES or not _PAGE.match(in_one_line(body)):
        return DeliveryResult(DeliveryOutcome.ACCEPTED)
    return DeliveryResult(DeliveryOutcome.REJECTED, Wording("send.web-page"), failure=SendFailure.WEB_PAGE)
