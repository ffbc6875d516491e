"""What HTTP answers say that every client of ours reads the same way."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

LONGEST_WAIT_S = 86_400.0
_DIGITS = 9
"""More digits than this are a number of centuries; a foreign text of thousands is not worth converting."""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds Retry-After asks for, at most a day; None where it asks for nothing.

    A date counts from the server's own clock (RFC 9110, 10.2.3).
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        digits = value.lstrip("0")
        return LONGEST_WAIT_S if len(digits) > _DIGITS else min(float(digits or 0), LONGEST_WAIT_S)
    try:
        until, now = parsedate_to_datetime(value), parsedate_to_datetime(headers.get("Date", ""))
        return min(max(0.0, (until - now).total_seconds()), LONGEST_WAIT_S)
    except (TypeError, ValueError, OverflowError):
        return None
