"""A heartbeat to somebody outside, as healthchecks takes it: one POST, nothing of the site in it."""

from __future__ import annotations

from facilityd.model.notice import DeliveryOutcome, DeliveryResult
from facilityd.notify.http_post import HttpPost

TIMEOUT_S = 10.0


async def ping(url: str) -> str:
    """Call a URL once; return why that was no success, or nothing."""
    result = await HttpPost(TIMEOUT_S, url)(url, b"", {}, _heard)
    return "" if result.result is DeliveryOutcome.ACCEPTED else result.reason


def _heard(_content_type: str, _body: bytes) -> DeliveryResult:
    return DeliveryResult(DeliveryOutcome.ACCEPTED)
