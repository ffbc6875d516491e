"""Single posts to programs: a heartbeat, as healthchecks takes it, and alerts, as an Alertmanager does."""

from __future__ import annotations

import json
from typing import Any

from facilityd.model.notice import DeliveryOutcome, DeliveryResult
from facilityd.model.people import AlertmanagerSettings
from facilityd.notify.http_post import HttpPost

TIMEOUT_S = 10.0


async def post_alerts(to: AlertmanagerSettings, alerts: list[dict[str, Any]]) -> str:
    """Post alerts to an Alertmanager once; return why that was no success, or nothing."""
    headers = {"Authorization": f"Bearer {to.token}"} if to.token else {}
    url = f"{to.url.rstrip('/')}/api/v2/alerts"
    result = await HttpPost(TIMEOUT_S, to.token)(url, json.dumps(alerts).encode(), headers, _heard)
    return "" if result.result is DeliveryOutcome.ACCEPTED else result.reason


async def ping(url: str) -> str:
    """Call a URL once; return why that was no success, or nothing."""
    result = await HttpPost(TIMEOUT_S, url)(url, b"", {}, _heard)
    return "" if result.result is DeliveryOutcome.ACCEPTED else result.reason


def _heard(_content_type: str, _body: bytes) -> DeliveryResult:
    return DeliveryResult(DeliveryOutcome.ACCEPTED)
