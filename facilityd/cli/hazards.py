"""facilityd hazards: everything that is open, since when, who has it and what comes next."""

from __future__ import annotations

import time
from dataclasses import replace

import click

from facilityd.cli.arguments import Asked, site_and_names
from facilityd.cli.headline import warning
from facilityd.cli.kpi import print_table
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, loud, print_json, warn
from facilityd.cli.words import sentence


@click.command()
@site_and_names("device")
@lang_option
@json_option
def hazards(asked: Asked, lang: str | None, as_json: bool) -> None:
    """List every open hazard, who has it and what comes next.

    Alarms that stand, what is shelved, out of service, in maintenance or waived, tasks that are overdue,
    readings that are away, and rules that cannot be judged.
    """
    from facilityd.config.load import load
    from facilityd.query.hazard_table import hazard_table
    from facilityd.query.site import SiteQuery

    loaded = load(*asked.site, secrets=False)
    language = chosen(lang, loaded)
    with SiteQuery(loaded) as query:
        rows = query.hazards(*asked.names)
        first = warning(query, language)
    if as_json:
        print_json([row.plain() for row in rows])
        warn(first, red=True)
        return
    if first:
        console().print(loud(first))
    if rows:
        ledger = hazard_table(rows, time.time_ns(), loaded.timezone, language)
        print_table(replace(ledger, note=""), language)
    else:
        click.echo(sentence("no-hazards", language))
