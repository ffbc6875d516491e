"""A timeline as tables in one language, for whatever writes them; beside it the span before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from facilityd.config.site import Device
from facilityd.model.plain import plain
from facilityd.model.sample import NS
from facilityd.model.text import Language, Text
from facilityd.query.kpi_answer import alarm_words
from facilityd.query.kpi_tables import priority_word
from facilityd.query.report_table import LONGEST, ReportCell, ReportTable
from facilityd.query.report_tables import ReportPage, ReportTile
from facilityd.query.timeline import Timeline
from facilityd.query.timeline_entries import Key, TimelineEntry, name_of
from facilityd.query.timeline_words import timeline_sentence, timeline_words
from facilityd.query.words import span_text

_TONES = {"critical": "over", "high": "over", "medium": "tolerable"}
WORSE = frozenset({"incidents", "told", "unacknowledged", "standing", "no_data", "not_watched"})
"""Figures of which more is worse."""


@dataclass(frozen=True, slots=True)
class AlarmTimes:
    """How often an alarm came in a span, and in the one before."""

    device: str
    rule: str
    where: Text
    what: Text
    now: int
    before: int


def alarm_times(now: Timeline, before: Timeline, devices: Mapping[str, Device]) -> list[AlarmTimes]:
    """Return the alarms that came more often or less often than before, the greatest differences first."""
    if not (now.window.spans() and before.window.spans()):
        return []
    counts = [_counts(one) for one in (now, before)]
    keys = sorted(counts[0].keys() | counts[1].keys())
    rows = [
        AlarmTimes(*key, name_of(devices, key[0]), alarm_words(devices, *key)[0], *(c[key] for c in counts))
        for key in keys
    ]
    found = [row for row in rows if row.now != row.before]
    return sorted(found, key=lambda row: (-(row.now - row.before), row.device, row.rule))


def _counts(timeline: Timeline) -> Counter[Key]:
    """Return how often each alarm stood for an incident."""
    found: Counter[Key] = Counter()
    for one in timeline.of("incident"):
        found.update({(alarm.device, alarm.rule): alarm.times for alarm in one.alarms if alarm.lead})
    return found


def timeline_page(
    now: Timeline, before: Timeline | None, devices: Mapping[str, Device], language: Language
) -> ReportPage:
    """Return the timeline as tables; with ``before`` the figures of both spans, and what is new or gone."""
    tables = [_entries(now, language)]
    if before:
        tables = [_figures(now, before, language), _alarms(now, before, devices, language), *tables]
    notes = [note.in_(language) for note in now.window.notes()]
    return ReportPage(
        title_of(now, language), summary_of(now, language), tuple(notes),
        tuple(_tiles(now, before, language)), tuple(tables), "", timeline_sentence("nothing", language),
    )  # fmt: skip


def title_of(one: Timeline, language: Language) -> str:
    """Return of what and of when a timeline is."""
    window = one.window
    edges = {"since": window.shown(one.query.since), "until": window.shown(one.query.until)}
    if not one.names:
        return timeline_sentence("title", language, site=one.site, **edges)
    names = (
        "、".join(name.zh for name in one.names) if language == "zh" else ", ".join(n.en for n in one.names)
    )
    return timeline_sentence("of-devices", language, site=one.site, devices=names, **edges)


def summary_of(one: Timeline, language: Language) -> str:
    """Return the figures that say most in one sentence."""
    values = {figure.id: round(figure.value or 0) for figure in one.figures()}
    return timeline_sentence("summary", language, **values)


def figure_text(value: float | None, language: Language, *, seconds: bool) -> str:
    """Return a figure as people read it; a dash for what is not known."""
    if value is None:
        return "—"
    return span_text(round(value) * NS, language) if seconds else str(round(value))


def _tiles(now: Timeline, before: Timeline | None, language: Language) -> list[ReportTile]:
    earlier = {one.id: one for one in before.figures()} if before else {}
    found = []
    for one in now.figures():
        was = earlier.get(one.id)
        basis = (
            f"{_column('before', language)}: {figure_text(was.value, language, seconds=was.seconds)}"
            if was
            else ""
        )
        shown = figure_text(one.value, language, seconds=one.seconds)
        found.append(
            ReportTile(timeline_words().figure[one.id].in_(language), shown, basis, _tone(one.id, one.value))
        )
    return found


def _tone(figure: str, value: float | None) -> str:
    return "tolerable" if value and figure in {"standing", "no_data", "not_watched", "unacknowledged"} else ""


def _column(name: str, language: Language) -> str:
    return timeline_words().column[name].in_(language)


def _figures(now: Timeline, before: Timeline, language: Language) -> ReportTable:
    rows = []
    for one, was in zip(now.figures(), before.figures(), strict=True):
        change = None if one.value is None or was.value is None else one.value - was.value
        shown, tone = _change(one.id, change, language, seconds=one.seconds)
        rows.append((
            ReportCell(timeline_words().figure[one.id].in_(language)),
            ReportCell(figure_text(one.value, language, seconds=one.seconds), one.value),
            ReportCell(figure_text(was.value, language, seconds=one.seconds), was.value),
            ReportCell(shown, change, tone),
        ))  # fmt: skip
    heads = tuple(_column(name, language) for name in ("figure", "now", "before", "change"))
    about = before.window
    edges = {"since": about.shown(before.query.since), "until": about.shown(before.query.until)}
    note = " ".join(one.in_(language) for one in about.notes())
    title = timeline_sentence("compared-with", language, **edges)
    return ReportTable("figures", title, heads, tuple(rows), note)


def _change(figure: str, change: float | None, language: Language, *, seconds: bool) -> tuple[str, str]:
    """Return by how much a figure is another, and whether that is good."""
    if not change:
        return ("—" if change is None else "="), ""
    tone = "over" if (change > 0) == (figure in WORSE) else "good"
    return f"{'+' if change > 0 else '−'}{figure_text(abs(change), language, seconds=seconds)}", tone


def _alarms(
    now: Timeline, before: Timeline, devices: Mapping[str, Device], language: Language
) -> ReportTable:
    rows = []
    for one in alarm_times(now, before, devices):
        named = "none-before" if not one.before else "none-now" if not one.now else ""
        said = timeline_sentence(named, language) if named else f"{one.now - one.before:+d}"
        rows.append((
            ReportCell(one.where.in_(language)), ReportCell(one.what.in_(language)),
            ReportCell(str(one.now), one.now), ReportCell(str(one.before), one.before),
            ReportCell(said, None, "over" if one.now > one.before else "good"),
        ))  # fmt: skip
    heads = tuple(_column(name, language) for name in ("device", "what", "now", "before", "change"))
    return ReportTable("alarm-times", timeline_sentence("alarm-times", language), heads, tuple(rows))


def _entries(now: Timeline, language: Language) -> ReportTable:
    heads = ("since", "until", "lasted", "kind", "priority", "device", "what", "times", "more")
    rows = tuple(_row(one, now, language) for one in now.entries)
    title = timeline_sentence("entries", language)
    return ReportTable("timeline", title, tuple(_column(name, language) for name in heads), rows)


def _row(one: TimelineEntry, now: Timeline, language: Language) -> tuple[ReportCell, ...]:
    until = one.until
    lasted = until - one.since if until is not None else None
    more = ("；" if language == "zh" else "; ").join(line.text.in_(language) for line in one.lines)
    return (
        ReportCell(now.window.shown(one.since)),
        ReportCell(now.window.shown(until) if until is not None else timeline_sentence("goes-on", language)),
        ReportCell(span_text(lasted, language), lasted / NS) if lasted else ReportCell("—"),
        ReportCell(timeline_words().kind[one.kind].in_(language)),
        ReportCell(priority_word(one.priority, language), None, _TONES.get(one.priority, "")),
        ReportCell(plain(one.where.in_(language), LONGEST)),
        ReportCell(plain(one.what.in_(language), LONGEST)),
        ReportCell(str(one.times), one.times), ReportCell(plain(more, LONGEST)),
    )  # fmt: skip
