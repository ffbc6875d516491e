"""The text table: every word of a message, in both languages, checked when it is loaded."""

from __future__ import annotations

from functools import cache

from facilityd.model.text import Strict, Text
from facilityd.model.word_table import shipped_table


class Texts(Strict):
    """What ``texts.yaml`` holds. Templates are ``str.format`` templates."""

    evidence: dict[str, Text]
    held: Text
    repeated: Text
    because: dict[str, Text]
    plot: Text
    together: Text
    separator: Text
    too: Text
    beside: dict[str, Text]
    per: dict[str, Text]
    digest: dict[str, Text]
    subject: dict[str, Text]
    brief: dict[str, Text]
    body: dict[str, Text]
    priority: dict[str, Text]
    priority_short: dict[str, Text]
    switch: dict[str, Text]
    span: dict[str, Text]
    reason: dict[str, Text]
    outcome: dict[str, Text]
    readiness: dict[str, Text]
    affected: dict[str, Text]
    task: dict[str, Text]
    state: dict[str, Text]
    morning: dict[str, Text]


@cache
def texts() -> Texts:
    """Return the table that is shipped."""
    return shipped_table("facilityd.notify", "texts.yaml", Texts)
