"""The figures as tables in one language."""

from __future__ import annotations

from collections.abc import Mapping

from facilityd.config.site import Device
from facilityd.model.sample import NS
from facilityd.model.text import Language
from facilityd.notify.texts import texts
from facilityd.notify.value_text import format_span
from facilityd.query.kpi_answer import Figure, KpiAnswer, alarm_words
from facilityd.query.kpi_people import AnswerTimes
from facilityd.query.kpi_table import kpi_table
from facilityd.query.observed import ObservedWindow
from facilityd.query.report_table import (
    ReportCell,
    ReportTable,
    make_table,
    number_cell,
    report_sentence,
    report_word,
)
from facilityd.query.words import span_text


def kpi_tables(answer: KpiAnswer, devices: Mapping[str, Device], language: Language) -> list[ReportTable]:
    """Return the table of figures and those behind it that have rows."""
    made = [
        _figures(answer, language), _split(answer, language), _bad_actors(answer, language),
        _people(answer, language), _answers(answer, language), _floods(answer, language),
        _chattering(answer, devices, language), _stale(answer, devices, language),
    ]  # fmt: skip
    return [one for one in made if one.rows]


def _figures(answer: KpiAnswer, language: Language) -> ReportTable:
    table = kpi_table()
    rows = [
        _figure(group if not n else "", answer.figure(name), language)
        for group, names in table.groups.items()
        for n, name in enumerate(names)
    ]
    return make_table("kpi", ("group", "figure", "value", "n", "limit", "verdict", "source"), rows, language)


def _figure(group: str, figure: Figure, language: Language) -> tuple[ReportCell | str, ...]:
    table = kpi_table()
    verdict, limit = figure.verdict, figure.words.limit
    return (
        table.group_names[group].in_(language) if group else "", figure.words.name.in_(language),
        ReportCell(figure.shown(language), figure.value), figure.counted(language), figure.limit(language),
        ReportCell(table.verdict[verdict].in_(language), tone=verdict),
        limit.source.in_(language) if limit else "",
    )  # fmt: skip


def _split(answer: KpiAnswer, language: Language) -> ReportTable:
    rows = [
        (priority_word(one.priority, language), one.alarms, _share(one.share), _share(one.wanted, 0))
        for one in answer.priorities
    ]
    return make_table(
        "priorities", ("priority", "alarms", "share", "wanted"), rows if answer.alarms else (), language
    )


def _bad_actors(answer: KpiAnswer, language: Language) -> ReportTable:
    rows = [
        (one.where.in_(language), one.what.in_(language), one.alarms, _share(one.share))
        for one in answer.bad_actors
    ]
    return make_table("bad-actors", ("device", "alarm", "alarms", "share"), rows, language)


def _people(answer: KpiAnswer, language: Language) -> ReportTable:
    rows = [
        (
            one.name.in_(language), one.notices, number_cell(one.per_day), one.worst_10min, one.at_night,
            one.worst_night, number_cell(one.per_week_at_night), one.undelivered,
        )
        for one in answer.people
    ]  # fmt: skip
    columns = (
        "person", "notices", "per-day", "worst-10min", "at-night", "worst-night", "per-week-at-night",
        "undelivered",
    )  # fmt: skip
    return make_table("people", columns, rows, language)


def _answers(answer: KpiAnswer, language: Language) -> ReportTable:
    rows = [(priority_word(one.priority, language), *answer_cells(one, language)) for one in answer.answers]
    columns = ("priority", "alarms", "acknowledged", "median", "p95", "longest")
    return make_table("answers", columns, rows, language)


def answer_cells(one: AnswerTimes, language: Language) -> tuple[ReportCell | int, ...]:
    """Return the cells of one priority: alarms, acknowledged, median, 95th percentile, longest."""
    times = (span_cell(value, language) for value in (one.median, one.p95, one.longest))
    return one.alarms, one.acknowledged, *times


def _floods(answer: KpiAnswer, language: Language) -> ReportTable:
    window = answer.window
    rows = [
        (window.shown(one.since), span_cell((one.until - one.since) / NS, language), one.alarms, one.most)
        for one in answer.floods
    ]
    return make_table("floods", ("since", "lasted", "alarms", "most-10min"), rows, language)


def _chattering(answer: KpiAnswer, devices: Mapping[str, Device], language: Language) -> ReportTable:
    rows = [
        (*_names(devices, one.device, one.rule, language), one.episodes, one.most)
        for one in answer.chattering
    ]
    return make_table("chattering", ("device", "alarm", "episodes", "most-1min"), rows, language)


def _stale(answer: KpiAnswer, devices: Mapping[str, Device], language: Language) -> ReportTable:
    window = answer.window
    end = min(window.end, window.watched_until)
    rows = [
        (
            *_names(devices, one.device, one.rule, language), window.shown(one.since),
            window.shown(one.until) if one.until else report_word("stands", language),
            span_cell(((one.until or end) - one.since) / NS, language),
        )
        for one in answer.stale
    ]  # fmt: skip
    return make_table("stale", ("device", "alarm", "since", "until", "lasted"), rows, language)


def window_line(answer: KpiAnswer, language: Language) -> str:
    """Return the window, how much of it was watched and how many alarms came before people in it."""
    window = answer.window
    name = "window" if window.spans() else "window-unwatched"
    return report_sentence(
        name, language, since=window.shown(window.since), until=window.shown(window.until),
        zone=window.zone.key, watched=watched_words(window, language), alarms=answer.alarms,
        first=answer.first, again=answer.again, untold=answer.untold,
    )  # fmt: skip


def watched_words(window: ObservedWindow, language: Language) -> str:
    """Return how long of a window was watched: in days, or as a span where that is less than one."""
    if window.days < 1:
        return span_text(window.observed, language)
    return report_sentence("days", language, days=f"{window.days:.1f}")


def priority_word(priority: str, language: Language) -> str:
    """Return what a priority is called."""
    known = texts().priority.get(priority)
    return known.in_(language) if known else report_word("unknown", language)


def span_cell(seconds: float | None, language: Language) -> ReportCell:
    """Return a time as people read it, with its seconds; a dash for what is not known."""
    if seconds is None:
        return ReportCell("—")
    return ReportCell(format_span(seconds, language), round(seconds, 3))


def _names(devices: Mapping[str, Device], device: str, rule: str, language: Language) -> tuple[str, str]:
    what, where = alarm_words(devices, device, rule)
    return where.in_(language), what.in_(language)


def _share(value: float | None, decimals: int = 1) -> ReportCell:
    return number_cell(value, decimals, "%")
