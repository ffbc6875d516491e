"""facilityd report: what a month or a quarter was, for the committee, as a page, a workbook or text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.arguments import one_site
from facilityd.cli.kpi import print_table
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import json_option, print_json, say, writing
from facilityd.cli.span_options import asked_period, span_options
from facilityd.cli.words import sentence
from facilityd.errors import UsageError
from facilityd.model.message import Wording

if TYPE_CHECKING:
    from facilityd.model.text import Language
    from facilityd.query.report import SiteReport
    from facilityd.query.report_tables import ReportPage

SUFFIXES = {".html": "html", ".htm": "html", ".md": "md", ".csv": "csv", ".xlsx": "xlsx"}


@click.command()
@one_site
@span_options
@click.option("--html", "kinds", flag_value="html", multiple=True, help="As one HTML page with plots.")
@click.option("--md", "kinds", flag_value="md", multiple=True, help="As Markdown.")
@click.option("--csv", "kinds", flag_value="csv", multiple=True, help="As CSV, for a spreadsheet.")
@click.option("--xlsx", "kinds", flag_value="xlsx", multiple=True, help="As a workbook.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), default=None,
    help="Write it to this file; its ending says as what.",
)  # fmt: skip
@lang_option
@json_option
def report(
    site: Path,
    month: str,
    quarter: str,
    since: int | None,
    until: int | None,
    kinds: tuple[str, ...],
    output: Path | None,
    lang: str | None,
    as_json: bool,
) -> None:
    """Report a month or a quarter of the site.

    Ceremonies with their readiness and how they ran, availability, alarms by kind, times to acknowledge and
    to repair, tasks, figures, open hazards: each with what it rests on. Without a file or a format it is
    printed as tables.
    """
    from facilityd.app.builtin import all_devices
    from facilityd.config.load import load
    from facilityd.query.report_tables import report_page
    from facilityd.query.site import SiteQuery

    kind = _kind(kinds, output, as_json=as_json)
    loaded = load(site, secrets=False)
    language = chosen(lang, loaded)
    period = asked_period(loaded, month, quarter, since, until)
    with SiteQuery(loaded) as asked:
        made = asked.report(*period)
    if as_json:
        print_json(made.plain())
        return
    page = report_page(made, all_devices(loaded), language)
    if kind:
        _write(made, page, kind, output, language)
    else:
        _print(page, language)


def _kind(kinds: tuple[str, ...], output: Path | None, *, as_json: bool) -> str:
    """Return the format that is asked for, "" for tables in the terminal. Raises UsageError."""
    named = output and SUFFIXES.get(output.suffix.lower())
    asked = [*dict.fromkeys(kinds), *(["json"] if as_json else [])]
    if len(asked) > 1:
        raise UsageError(Wording("ask.one-format"), hint=Wording("ask.give-one-them"))
    if output and not asked and not named:
        raise UsageError(Wording("ask.no-format", file=output.name), hint=Wording("ask.formats"))
    if asked == ["xlsx"] and output is None:
        raise UsageError(Wording("ask.workbook-needs-file"), hint=Wording("ask.workbook-file"))
    return asked[0] if asked else named or ""


def _write(made: SiteReport, page: ReportPage, kind: str, output: Path | None, language: Language) -> None:
    if kind == "xlsx" and output:
        from facilityd.report.workbook import workbook

        with writing(output):
            output.write_bytes(workbook(made, page))
    else:
        text = _text(made, page, kind, language)
        if output is None:
            click.echo(text, nl=False)
            return
        with writing(output):
            output.write_text(text, encoding="utf-8", newline="")
    say(sentence("report-written", language, file=output))


def _text(made: SiteReport, page: ReportPage, kind: str, language: Language) -> str:
    from facilityd.report.html import html_page
    from facilityd.report.text_files import csv_text, markdown

    if kind == "html":
        return html_page(made, page, language)
    return markdown(page) if kind == "md" else csv_text(page)


def _print(page: ReportPage, language: Language) -> None:
    say(page.title)
    say(page.window)
    for note in page.notes:
        say(note)
    for one in page.tiles:
        say(f"{one.name}: {one.value} ({one.basis})")
    for table in page.tables:
        if table.rows and table.id != "days":
            print_table(table, language)
    say(page.made)
