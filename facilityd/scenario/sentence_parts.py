"""What the sentences of a scenario are made of: names and spans of time."""

from __future__ import annotations

from facilityd.model.measure import duration

TIME = r"(\d+(?:\.\d+)? ?(?:ms|s|min|h|d))"
WORD = r"([\w.-]+)"


def span(text: str) -> int:
    """Return a span of time in ns. Raises ValueError."""
    return duration(text.replace(" ", ""))


def span_or_none(text: str | None) -> int | None:
    """Return the same, and None for a part of a sentence that was left out."""
    return None if text is None else span(text)
