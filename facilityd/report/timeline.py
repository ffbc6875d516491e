"""A timeline as one HTML page: figures, a bar for each device over time, and what happened as a table."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from facilityd.model.text import Language
from facilityd.query.kpi_tables import priority_word
from facilityd.query.report_tables import ReportPage
from facilityd.query.timeline import Timeline
from facilityd.query.timeline_entries import TimelineEntry
from facilityd.query.timeline_words import timeline_sentence, timeline_words
from facilityd.report.html import axis, colour_key, tables_page
from facilityd.report.svg import time_bar

MOST_BARS = 40
"""Bars that are drawn; what there is beyond them stands in the table."""
_PRIORITIES = ("critical", "high", "medium", "low")
_DRAWN = {"gap": "dark", "downtime": "dark", "held": "tolerable", "run": "good"}
TICKS = 5


def timeline_html(now: Timeline, page: ReportPage, language: Language) -> str:
    """Return the page in one language."""
    return tables_page(page, language, {"timeline": _bars(now, language)} if now.entries else {})


def _bars(now: Timeline, language: Language) -> str:
    """Return one bar for each entry that lasts, incidents first; what they mean stands above them."""
    lasting = [one for one in now.entries if one.kind in ("incident", "standing", *_DRAWN)]
    lasting.sort(key=lambda one: (one.kind == "run", one.since))
    entries = [(name, priority_word(name, language)) for name in _PRIORITIES]
    entries += [
        (kind, timeline_words().kind[name].in_(language))
        for name, kind in _DRAWN.items()
        if name != "downtime"
    ]
    rows = "".join(_bar(one, now, language) for one in lasting[:MOST_BARS])
    ticks = axis(*_ticks(now))
    return f'{colour_key(entries)}<div class="bars">{rows}<span></span><div>{ticks}</div><span></span></div>'


def _bar(one: TimelineEntry, now: Timeline, language: Language) -> str:
    since, until = now.query.since, now.window.end
    end = one.until if one.until is not None else until
    length = max(1, until - since)
    edges = (max(0.0, (one.since - since) / length), min(1.0, (end - since) / length))
    kind = _DRAWN.get(one.kind) or (one.priority if one.priority in _PRIORITIES else "low")
    said = timeline_sentence("of", language, where=one.where, what=one.what)
    return (
        f"<span>{escape(said)}</span>{time_bar([(kind, *edges)], said)}"
        f'<span class="n">{escape(now.window.shown(one.since)[11:])}</span>'
    )


def _ticks(now: Timeline) -> Iterator[str]:
    since, until = now.query.since, now.window.end
    for n in range(TICKS):
        yield now.window.shown(since + (until - since) * n // (TICKS - 1))[5:]
