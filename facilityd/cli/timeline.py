"""facilityd timeline: what happened, last night or in a week, as incidents with their evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.arguments import Asked, site_and_names
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.night_options import asked_night, night_options
from facilityd.cli.output import json_option, print_json, warn
from facilityd.cli.report_file import asked_format, write_report

if TYPE_CHECKING:
    from facilityd.model.text import Language
    from facilityd.query.report_tables import ReportPage
    from facilityd.query.timeline import Timeline

SUFFIXES = {".html": "html", ".htm": "html", ".xlsx": "xlsx"}


@click.command()
@site_and_names("device", more=True)
@night_options
@click.option("--compare", is_flag=True, help="The span before beside it.")
@click.option(
    "--days-before", "back", type=click.IntRange(1, 3660), default=None,
    help="How many days before the other span begins.  [default: as long as the span is]",
)  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="Every line, also what devices did as always.")
@click.option("--html", "kinds", flag_value="html", multiple=True, help="As one HTML page.")
@click.option("--xlsx", "kinds", flag_value="xlsx", multiple=True, help="As a workbook.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), default=None,
    help="Write it to this file; its ending says as what.",
)  # fmt: skip
@lang_option
@json_option
def timeline(  # noqa: PLR0917 - click hands its options in
    asked: Asked, last_night: bool, night: str, week: bool, since: int | None, until: int | None,
    compare: bool, back: int | None, everything: bool, kinds: tuple[str, ...], output: Path | None,
    lang: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Tell what happened: last night, in a week or in any span.

    Alarms that belong together are one incident, with what came first, its evidence, who acknowledged it and
    its tasks; beside them flags raised and lowered, shows, lights, times without data or without a watch,
    maintenance and marks.
    """
    from facilityd.app.builtin import all_devices
    from facilityd.config.load import load
    from facilityd.query.night import days_earlier, whole_days
    from facilityd.query.site import SiteQuery
    from facilityd.query.timeline import TimelineQuery
    from facilityd.query.timeline_page import timeline_page

    hints = "ask.timeline-formats", "ask.timeline-file"
    kind = asked_format(kinds, output, SUFFIXES, hints, as_json=as_json)
    loaded = load(*asked.site, secrets=False)
    language = chosen(lang, loaded)
    span = asked_night(loaded, (last_night, night, week, since, until))
    days = back or whole_days(*span)
    first, last = (days_earlier(at, days, loaded.timezone) for at in span)
    with SiteQuery(loaded) as query:
        now = query.timeline(TimelineQuery(*span, asked.names))
        before = query.timeline(TimelineQuery(first, last, asked.names)) if compare or back else None
        warning = query.liveness().warning(loaded.timezone, language)
    if as_json or kind:
        warn(warning, red=True)
    if as_json:
        print_json(now.plain() | {"before": before.plain() if before else None})
    elif kind:
        page = timeline_page(now, before, all_devices(loaded), language)
        write_report(
            kind, output, language,
            lambda: _workbook(page, now.window.now), lambda: _html(page, now, language),
        )  # fmt: skip
    else:
        from facilityd.cli.timeline_lines import print_timeline

        print_timeline(now, before, all_devices(loaded), language, warning, everything=everything)


def _workbook(page: ReportPage, now: int) -> bytes:
    from facilityd.report.workbook import tables_workbook

    return tables_workbook(page, now)


def _html(page: ReportPage, now: Timeline, language: Language) -> str:
    from facilityd.report.timeline import timeline_html

    return timeline_html(now, page, language)
