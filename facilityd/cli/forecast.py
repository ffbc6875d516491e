"""facilityd forecast: official weather warnings, the coming hours, and how old what is said is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.arguments import one_site
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.words import sentence, word, words
from facilityd.model.forecast import QUANTITIES
from facilityd.model.sample import NS
from facilityd.notify.value_text import format_span

if TYPE_CHECKING:
    from facilityd.model.text import Language
    from facilityd.query.forecast import ForecastAnswer, ForecastSourceRow

SOURCES = (
    whole("source", "来源"), Column("name", "名称"), whole("age", "制作至今"), Column("note", "说明"),
)  # fmt: skip
WARNINGS = (
    whole("from", "起"), whole("until", "止"), whole("severity", "级别"), Column("warning", "预警"),
    Column("areas", "地区", gives=1), whole("source", "来源"),
)  # fmt: skip


@click.command()
@one_site
@click.option("--hours", is_flag=True, help="The coming 48 hours, hour by hour.")
@lang_option
@json_option
def forecast(site: Path, hours: bool, lang: str | None, as_json: bool) -> None:
    """Show weather warnings and what is forecast, by source.

    The gust at the next ceremony, the lowest temperature of the night, every warning that is in force or will
    be, and how old each source is. One that is too old is not believed.
    """
    from facilityd.cli.headline import warn_unwatched
    from facilityd.config.load import load
    from facilityd.query.site import SiteQuery

    loaded = load(site, secrets=False)
    language = chosen(lang, loaded)
    with SiteQuery(loaded) as asked:
        warn_unwatched(loaded, asked.journal, language)
        answer = asked.forecast()
    if as_json:
        print_json(answer.plain())
        return
    if not answer.sources:
        click.echo(sentence("no-forecast", language))
        return
    for line in _headline(answer, language):
        click.echo(line)
    warnings = [
        (
            _minute(told["from"]), _minute(told["until"]), severity_text(one.warning.severity, language),
            one.warning.headline(language), ", ".join(one.warning.areas), one.source.id,
        )
        for one in answer.warnings for told in [one.plain()]
    ]  # fmt: skip
    if warnings:
        console().print(table("", WARNINGS, warnings, language=language))
    rows = [(r.source.id, r.source.name.in_(language), _age(r, language), _note(r, language))
            for r in answer.sources]  # fmt: skip
    console().print(table("", SOURCES, rows, language=language))
    if hours:
        _print_hours(answer, language)


def severity_text(severity: str, language: Language) -> str:
    """Return a severity of CAP as people say it."""
    return word(words().severity, severity.lower(), language)


def _minute(instant: str) -> str:
    return instant[:16].replace("T", " ")


def _headline(answer: ForecastAnswer, language: Language) -> list[str]:
    lines = []
    for name, found in (("forecast-gust", answer.gust), ("forecast-night", answer.minimum)):
        if found is None:
            lines.append(sentence(f"{name}-unknown", language))
        else:
            age = format_span(found[1] // NS // 60 * 60, language)
            lines.append(sentence(name, language, value=f"{found[0]:.1f}", age=age))
    if any(one.source.warns for one in answer.sources):
        known = {True: "forecast-warned", False: "forecast-no-warning", None: "forecast-warned-unknown"}
        lines.append(sentence(known[answer.warned], language))
    return lines


def _age(row: ForecastSourceRow, language: Language) -> str:
    return "" if row.age is None else format_span(row.age // NS // 60 * 60, language)


def _note(row: ForecastSourceRow, language: Language) -> str:
    notes = [row.trouble.in_(language)] if row.trouble else []
    if row.age is None:
        notes.insert(0, sentence("forecast-never", language))
    elif not row.fresh:
        notes.insert(0, sentence("forecast-old", language, most=format_span(row.source.valid / NS, language)))
    return " / ".join(notes)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _print_hours(answer: ForecastAnswer, language: Language) -> None:
    names = words().quantity
    columns = [whole("source", "来源"), whole("time", "时刻")]
    columns += [
        whole(f"{names[name].en} ({unit})", f"{names[name].zh}（{unit}）")
        for name, (unit, _, _) in QUANTITIES.items()
    ]
    rows = [
        (row.source.id, _minute(hour["at"]), *(_number(hour[name]) for name in QUANTITIES))
        for row in answer.sources for hour in row.hours
    ]  # fmt: skip
    console().print(table("", columns, rows, language=language))
