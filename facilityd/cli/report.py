"""facilityd report: what a month or a quarter was, for the committee, as a page, a workbook or text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.arguments import one_site
from facilityd.cli.kpi import print_table
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import json_option, print_json, say
from facilityd.cli.report_file import asked_format, write_report
from facilityd.cli.span_options import asked_period, span_options

if TYPE_CHECKING:
    from facilityd.config.site import Site
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
    from facilityd.cli.headline import warn_unwatched
    from facilityd.config.load import load
    from facilityd.query.report_tables import report_page
    from facilityd.query.site import SiteQuery

    hints = "ask.formats", "ask.workbook-file"
    kind = asked_format(kinds, output, SUFFIXES, hints, as_json=as_json)
    loaded = load(site, secrets=False)
    language = chosen(lang, loaded)
    period = asked_period(loaded, month, quarter, since, until)
    with SiteQuery(loaded) as asked:
        warn_unwatched(loaded, asked.journal, language)
        made = asked.report(*period)
    if as_json:
        print_json(made.plain())
        return
    page = report_page(made, all_devices(loaded), language)
    if kind:
        write_report(
            kind,
            output,
            language,
            lambda: _workbook(made, page),
            lambda: _text(made, page, kind, language, loaded),
        )
    else:
        _print(page, language)


def _workbook(made: SiteReport, page: ReportPage) -> bytes:
    from facilityd.report.workbook import workbook

    return workbook(made, page)


def _text(made: SiteReport, page: ReportPage, kind: str, language: Language, site: Site) -> str:
    from facilityd.report.html import html_page
    from facilityd.report.text_files import csv_text, markdown
    from facilityd.supervise.photos import PhotoFolder

    if kind == "html":
        return html_page(made, page, language, PhotoFolder(Path(site.store.path)))
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
