"""Answers of the read model as HTTP tells them: instants as ISO 8601 with their offset, ages in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.query.instant_text import LATEST, MONTHS, at_site, bucket_width, parse_instant, span

_INSTANTS = frozenset(
    ("at", "since", "until", "opened_at", "due", "taken_at", "done_at", "closed_at", "next_at", "asked_at",
     "ceremony", "told_at", "outdated_since", "oldest_notice", "acknowledged_at", "seen")
)  # fmt: skip
_AGES = frozenset(("age", "message_age"))
_BY_SIGNAL = frozenset(("values", "ages_s", "assumed", "numbers", "payload"))
"""What holds names that the site chose: a signal may be called as an instant is."""
_PLUS_LOST = -6
"""Where the space stands that a '+' in a URL became, in '2026-06-10T04:20:00 08:00'."""


def iso(at: int, zone: ZoneInfo) -> str:
    """Return an instant (ns UTC) in a zone, to the ms, with its offset."""
    when = datetime.fromtimestamp(at // NS, zone).replace(microsecond=at % NS // 1000)
    return when.isoformat(timespec="milliseconds")


def with_offsets(data: Any, zone: ZoneInfo) -> Any:
    """Return an answer's ``plain()`` with its instants and ages as HTTP tells them; 0 and None are null."""
    if isinstance(data, list):
        return [with_offsets(one, zone) for one in data]
    if not isinstance(data, Mapping):
        return data
    return dict(_entry(name, value, zone) for name, value in data.items())


def _entry(name: str, value: Any, zone: ZoneInfo) -> tuple[str, Any]:
    if name in _BY_SIGNAL:
        return name, value
    number = isinstance(value, int) and not isinstance(value, bool)
    if name in _INSTANTS and number:
        return name, iso(value, zone) if 0 < value <= LATEST else None
    if name in _AGES:
        return f"{name}_s", None if value is None else value / NS
    return name, with_offsets(value, zone)


def read_instant(text: str, zone: str, now: int) -> int:
    """Return the instant (ns UTC) that a person asks for; '' is ``now``. Raises UsageError.

    A '+' that nobody escaped in the URL arrives as a space, and is read as what was meant.
    """
    if not text.strip():
        return now
    meant = text.strip()
    if meant[_PLUS_LOST : _PLUS_LOST + 1] == " " and "T" in meant:
        meant = f"{meant[:_PLUS_LOST]}+{meant[_PLUS_LOST + 1 :]}"
    try:
        return at_site(parse_instant(meant), zone)
    except (ValueError, OverflowError) as error:
        what = Wording("ask.not", text=text[:80], forms=Wording("ask.instant-forms"))
        raise UsageError(what, hint=Wording("web.instant-forms")) from error


def read_span(text: str) -> int:
    """Return the ns of '10min', '1h', '7d', '2w'; '' is 0. Raises UsageError."""
    if not text.strip():
        return 0
    try:
        return span(text.strip())
    except ValueError as error:
        raise UsageError(Wording("ask.span-longer-than-expected"), hint=Wording("web.span-forms")) from error


def read_bucket(text: str) -> int:
    """Return the width (ns) of a bucket: '10min', '1d', 'month'; '' is 0. Raises UsageError."""
    return bucket_width(text) if text.strip() in MONTHS else read_span(text)


def read_deadline(text: str, zone: str, now: int) -> int:
    """Return until when (ns UTC) something is asked: an instant, or a span from ``now`` on; '' is 0.

    Raises UsageError.
    """
    if not text.strip():
        return 0
    try:
        return now + span(text.strip())
    except ValueError:
        return read_instant(text, zone, now)
