"""facilityd kpi: how well alarms serve people, beside the limits of the standards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.arguments import one_site
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, say, styled, table
from facilityd.cli.span_options import asked_span, span_options
from facilityd.cli.text_table import Column, whole

if TYPE_CHECKING:
    from facilityd.model.text import Language
    from facilityd.query.report_table import ReportCell, ReportTable

GIVES = {"kpi": {0: 3, 6: 2, 3: 1}}
"""Of a table the columns that are left out first in a narrow window."""
LONG = 20
"""Characters of a cell that is never broken in the terminal."""
LEAST = 24
_TONES = {"over": "high", "tolerable": "medium"}


@click.command()
@one_site
@span_options
@lang_option
@json_option
def kpi(
    site: Path,
    month: str,
    quarter: str,
    since: int | None,
    until: int | None,
    lang: str | None,
    as_json: bool,
) -> None:
    """Show how well alarms serve people.

    Alarm rate, floods, nuisance alarms, priorities, notices per person and night, time to acknowledge: each
    with how many it rests on, beside the limit of ISA-18.2, IEC 62682 or EEMUA 191. What is not known is
    unknown, not zero; when nobody watched is said.
    """
    from facilityd.app.builtin import all_devices
    from facilityd.cli.headline import warn_unwatched
    from facilityd.config.load import load
    from facilityd.query.kpi_tables import kpi_tables, window_line
    from facilityd.query.site import SiteQuery

    loaded = load(site, secrets=False)
    language = chosen(lang, loaded)
    span = asked_span(loaded, month, quarter, since, until)
    with SiteQuery(loaded) as asked:
        warn_unwatched(loaded, asked.journal, language)
        answer = asked.kpi(*span)
    if as_json:
        print_json(answer.plain())
        return
    say(window_line(answer, language))
    for note in answer.window.notes():
        say(note.in_(language))
    for one in kpi_tables(answer, all_devices(loaded), language):
        print_table(one, language)


def print_table(one: ReportTable, language: Language) -> None:
    """Print a table of a report in the terminal, with its note."""
    gives = GIVES.get(one.id, {})
    columns = [
        Column(head, gives=gives.get(n, 0), least=LEAST) if n in gives or _is_long(one, n) else whole(head)
        for n, head in enumerate(one.columns)
    ]
    rows = [[_styled(cell) for cell in row] for row in one.rows]
    click.echo()
    console().print(table(one.title, columns, rows, language=language))
    if one.note:
        say(one.note)


def _is_long(one: ReportTable, n: int) -> bool:
    """Return whether a column holds texts that may be broken."""
    return max((len(row[n].shown) for row in one.rows), default=0) > LONG


def _styled(cell: ReportCell) -> object:
    return styled(cell.shown, _TONES.get(cell.tone, ""), calm=cell.tone == "good")
