"""What a time-series server's answer to a write means for the lines in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from facilityd.model.http import retry_after
from facilityd.store.sink import WriteAction, WriteOutcome

_REASONS = {
    401: (WriteAction.HELD, "unauthorized"),
    403: (WriteAction.HELD, "forbidden"),
    404: (WriteAction.HELD, "not-found"),
    408: (WriteAction.RETRY, "timeout"),
    413: (WriteAction.SPLIT, "too-large"),
    425: (WriteAction.RETRY, "overloaded"),
    429: (WriteAction.RETRY, "overloaded"),
    400: (WriteAction.REFUSED, "refused"),
    422: (WriteAction.REFUSED, "refused"),
    503: (WriteAction.RETRY, "overloaded"),
}
_LONGEST = 300
_READ = 16_384
"""Bytes of an error body that are looked at: what a server says of its error stands at the beginning."""


def classify(status: int, headers: Mapping[str, str], body: bytes | str | None) -> WriteOutcome:
    """Return what an answer outside 2xx means."""
    text = body_text(body) or f"HTTP {status}"
    action, reason = _REASONS.get(status, _other(status))
    # Early 2.0 answered 500 to a partial write: retried for ever, it would stop everything behind it.
    if action is WriteAction.RETRY and "partial write" in text:
        action, reason = WriteAction.REFUSED, "refused"
    # Zero asks for no time: then the wait is our own.
    wait = retry_after(headers) or None if action is WriteAction.RETRY else None
    return WriteOutcome(action, reason, text, wait)


def _other(status: int) -> tuple[WriteAction, str]:
    return (WriteAction.RETRY, "server-error") if status >= 500 else (WriteAction.HELD, "unexpected-answer")  # noqa: PLR2004


def body_text(body: bytes | str | None) -> str:
    """Return the message in an error body, in one line."""
    body = (body or "")[:_READ]
    text = body.decode(errors="replace") if isinstance(body, bytes) else body
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    if isinstance(data, dict):
        text = str(data.get("message") or data.get("error") or text)
    return " ".join(text.split())[:_LONGEST]
