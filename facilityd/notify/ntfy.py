"""A notice to an ntfy topic (ntfy.sh, or one's own server), as JSON."""

from __future__ import annotations

import json

from facilityd.model.message import Wording
from facilityd.model.notice import DeliveryOutcome, DeliveryResult, Notice, Purpose, SendFailure
from facilityd.notify.http_post import HttpPost, in_one_line, packed
from facilityd.notify.split import cut

LIMIT = 4000
"""Bytes of a message; beyond 4,096 a server makes a file of it, which nobody opens at night."""
URGENCY = {1: 2, 2: 3, 3: 4, 4: 5}
"""ntfy's priority by ours: 5 sounds for long, 2 does not sound."""
_ENDS = (Purpose.CLEARED, Purpose.UNWATCHED, Purpose.ACKNOWLEDGED, Purpose.TEST)


class Ntfy:
    """``url`` is the server's, ``topic`` stands in the body. The answer names the message that it took."""

    def __init__(self, *, url: str, topic: str, token: str = "", timeout_s: float = 10.0) -> None:
        self._url, self._topic, self._token = url.rstrip("/"), topic, token
        self._post = HttpPost(timeout_s, token)

    async def send(self, notice: Notice) -> DeliveryResult:
        """Post once. Raises nothing that the network can cause."""
        urgency = 2 if notice.purpose in _ENDS else URGENCY.get(notice.priority, 3)
        content = {
            "topic": self._topic, "title": cut(notice.subject, 250), "message": cut(notice.body, LIMIT),
            "priority": urgency,
        }  # fmt: skip
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return await self._post(f"{self._url}/", packed(content), headers, _judge)


def _judge(_content_type: str, body: bytes) -> DeliveryResult:
    try:
        taken = bool(json.loads(body)["id"])
    except (ValueError, TypeError, KeyError, RecursionError):
        taken = False
    if taken:
        return DeliveryResult(DeliveryOutcome.ACCEPTED)
    reason = Wording("send.no-id", words=in_one_line(body))
    return DeliveryResult(DeliveryOutcome.REJECTED, reason, failure=SendFailure.WEB_PAGE)
