"""facilityd alarms: what is wrong; of a device, or one alarm whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from facilityd.cli.arguments import Asked, site_and_names
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, loud, print_json, styled, table, warn
from facilityd.cli.suppressed import only_held, print_suppressed
from facilityd.cli.text_table import Column, whole
from facilityd.cli.when import InstantParam, between
from facilityd.cli.words import sentence, show_priority
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.query.instants import show_second

if TYPE_CHECKING:
    from facilityd.model.text import Language
    from facilityd.query.alarms import AlarmRow
    from facilityd.query.site import SiteQuery

COLUMNS = (
    whole("priority", "优先级"), whole("state", "状态"), whole("device", "设备"), whole("rule", "规则"),
    whole("since", "起始时间"), Column("what", "内容"), Column("do first", "首要措施"),
)  # fmt: skip


@click.command()
@site_and_names("device", "rule")
@click.option("--all", "everything", is_flag=True, help="Also what is normal again.")
@click.option("--since", type=InstantParam(), default=None, help="Every occurrence from then on.")
@click.option("--until", type=InstantParam(), default=None, help="To when.  [default: now]")
@click.option("--family", default="", help="Every occurrence on devices of this family.")
@click.option("--rule", "of_rule", default="", help="Every occurrence of this rule.")
@click.option("--about", default="", help="Every occurrence that one word means: lamps, leaks, brakes.")
@lang_option
@json_option
def alarms(
    asked: Asked, everything: bool, since: int | None, until: int | None, family: str, of_rule: str,
    about: str, lang: str | None, as_json: bool,
) -> None:  # fmt: skip
    """List what is wrong, urgent first, and what to do first.

    Of a DEVICE only its own alarms; of a RULE of it that one alarm whole: record, evidence, life and a plot.

    With --since, --family, --rule or --about: every occurrence of a span (of 7 days, where none is named).
    """
    from facilityd.config.load import load
    from facilityd.query.site import SiteQuery

    loaded = load(*asked.site, secrets=False)
    language = chosen(lang, loaded)
    with SiteQuery(loaded) as query:
        device, rule = (*asked.names, "", "")[:2]
        if since is not None or until is not None or family or of_rule or about:
            _occurrences(query, (device, rule), (since, until), (family, of_rule, about), language, as_json)
            return
        if rule:
            from facilityd.cli.alarm import show_alarm

            show_alarm(query, device, rule, language, as_json=as_json)
        else:
            _list(query, device, language, everything=everything, as_json=as_json)


def _occurrences(
    query: SiteQuery, names: tuple[str, str], edges: tuple[int | None, int | None], of: tuple[str, str, str],
    language: Language, as_json: bool,
) -> None:  # fmt: skip
    from facilityd.cli.headline import warning
    from facilityd.cli.occurrences import show_occurrences
    from facilityd.query.occurrences import OccurrenceQuery

    if names[1]:
        raise UsageError(Wording("ask.rule-and-span"))
    since = InstantParam().convert("7d", None, None) if edges[0] is None else edges[0]
    span = between(query.site, since, edges[1])
    devices = (names[0],) if names[0] else ()
    warn(warning(query, language))
    show_occurrences(query, OccurrenceQuery(*span, devices, *of), language, as_json=as_json)


def _list(query: SiteQuery, device: str, language: Language, *, everything: bool, as_json: bool) -> None:
    from facilityd.cli.headline import doubt, warning

    lines, first = query.alarms(everything=everything, device=device), warning(query, language)
    if as_json:
        print_json([line.plain() for line in lines])
        warn(first or ("" if lines else doubt(query, language).lstrip("：: ")), red=bool(first))
        return
    if first:
        console().print(loud(first))
    if not lines:
        click.echo(f"{sentence('no-alarms', language)}{doubt(query, language)}")
        return
    rows = [_row(line, query.site.timezone, language) for line in lines if not only_held(line)]
    if rows:
        console().print(table("", COLUMNS, rows, language=language))
    print_suppressed(lines, query.site.devices, query.site.timezone, language)


def _row(line: AlarmRow, zone: str, language: Language) -> tuple[object, ...]:
    return (
        styled(show_priority(line.priority, language), line.priority),
        line.state.in_(language),
        line.device,
        line.rule,
        show_second(line.since, zone) if line.since else "",
        line.what.in_(language),
        line.first.in_(language),
    )
