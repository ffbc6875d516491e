"""A back-test as one HTML page: the rule's signals, the marks, what was raised then and what would be now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from facilityd.app.backtest import BacktestResult
from facilityd.app.replay import AlarmSpan
from facilityd.config.site import Site
from facilityd.model.sample import NS, Value
from facilityd.model.text import Language
from facilityd.notify.evidence_text import EvidenceFormatter
from facilityd.query.instants import show_second
from facilityd.scenario.html import document
from facilityd.scenario.plot import COLUMNS, Axis, Bar, lanes, line
from facilityd.store.reader import JournalReader

WORDS = {
    "zh": {"title": "回测", "then": "当时", "now": "现在", "incident": "标记故障", "healthy": "标记正常",
           "service": "检修", "set": "改变的参数", "none": "无", "same": "相同"},
    "en": {"title": "Back-test", "then": "then", "now": "now", "incident": "marked incident",
           "healthy": "marked healthy", "service": "service", "set": "parameters changed",
           "none": "none", "same": "the same"},
}  # fmt: skip
MOST = 6
"""Signals plotted for one device."""


def page(
    site: Site,
    reader: JournalReader,
    results: Sequence[BacktestResult],
    settings: Mapping[str, Any],
    language: Language,
) -> str:
    """Return a page that needs nothing else."""
    words = WORDS[language]
    rule = site.devices[results[0].device].family.rules[results[0].rule]
    title = f"{words['title']}: {rule.name.in_(language)}"
    told = ", ".join(f"{name}={value}" for name, value in settings.items()) or words["none"]
    head = f"<h1>{escape(title)}</h1><p>{words['set']}: {escape(told)}</p>"
    return document(title, head + "".join(_device(site, reader, one, language) for one in results))


def _device(site: Site, reader: JournalReader, result: BacktestResult, language: Language) -> str:
    words, device = WORDS[language], site.devices[result.device]
    axis = Axis(result.since, result.until)
    marks = [
        Bar(
            m.since,
            min(m.until, result.until),
            words[m.kind.value],
            f"{m.fault} {m.note} ({m.person})",
            "act",
        )
        for m in result.marks
    ]
    then = _bars(site, result, result.then, words["then"], language)
    now = _bars(site, result, result.now, words["now"], language)
    plots = [lanes(axis, [*marks, *then, *now])] if marks or then or now else []
    inputs = [s for s in device.family.rules[result.rule].detect.inputs if s in device.bound]
    edges = sorted({span.since for span in (*result.then, *result.now)})
    for signal in inputs[:MOST]:
        about = device.family.signals[signal]
        series = _series(reader, result, signal)
        plots.append(line(axis, about.name.in_(language), about.unit, series, edges))
    span = " – ".join(show_second(at, site.timezone) for at in (result.since, result.until))
    counts = f"{words['then']} {len(result.then)} · {words['now']} {len(result.now)}"
    said = f"{span} · {counts} · {words['same']} {result.same}"
    title = f"{device.name.in_(language)} ({device.id})"
    return f"<h2>{escape(title)}</h2><p>{escape(said)}</p>{''.join(plots)}"


def _bars(
    site: Site, result: BacktestResult, spans: Iterable[AlarmSpan], label: str, language: Language
) -> list[Bar]:
    formatter = EvidenceFormatter(
        site.devices[result.device].family.signals, language, ZoneInfo(site.timezone)
    )
    return [
        Bar(
            span.since,
            span.end(result.until),
            label,
            formatter.evidence(span.evidence) if span.evidence else "",
            "alarm",
        )
        for span in spans
    ]


def _series(reader: JournalReader, result: BacktestResult, signal: str) -> list[tuple[int, Value | None]]:
    """Return the least and the greatest of each column; a column without a good value is a gap."""
    width = max(NS, (result.until - result.since) // COLUMNS)
    series: list[tuple[int, Value | None]] = []
    last = result.since
    for bucket in reader.buckets(result.device, signal, result.since, result.until, width):
        if bucket.low is None or bucket.high is None:
            series.append((bucket.start, None))
            continue
        if bucket.start - last > GAP * width:
            series.append((last + width, None))
        series += [(bucket.start, bucket.low), (bucket.start, bucket.high)]
        last = bucket.start
    return series


GAP = 8
"""Empty columns that are a gap rather than a slow signal."""
