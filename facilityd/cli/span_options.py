"""The options that name a span of time: a month, a quarter, or from when to when."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

import click

from facilityd.cli.output import Command
from facilityd.cli.when import InstantParam, between
from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.model.text import Text
from facilityd.query.calendar_span import month_span, period_name, quarter_span
from facilityd.query.instants import show_second

LONGEST = 800 * 86_400 * NS
"""Of a report, ns: two years and what leads up to them."""


def span_options(command: Command) -> Command:
    """Give a command ``month``, ``quarter``, ``since`` and ``until``."""
    options: list[Callable[[Command], Command]] = [
        click.option("--month", metavar="YYYY-MM", default="", help="A month, such as 2026-10."),
        click.option("--quarter", metavar="YYYY-Qn", default="", help="A quarter, such as 2026-Q4."),
        click.option("--since", type=InstantParam(), default=None, help="From when on.  [default: 30d]"),
        click.option("--until", type=InstantParam(), default=None, help="To when.  [default: now]"),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def asked_span(
    site: Site, month: str, quarter: str, since: int | None, until: int | None
) -> tuple[int, int]:  # fmt: skip
    """Return the span in ns UTC; the last 30 days where none is named. Raises UsageError."""
    named = since is not None or until is not None
    if bool(month) + bool(quarter) + named > 1:
        raise UsageError(Wording("ask.one-span"))
    zone = ZoneInfo(site.timezone)
    if month:
        return month_span(month, zone)
    if quarter:
        return quarter_span(quarter, zone)
    first = InstantParam().convert("30d", None, None) if since is None else since
    return between(site, first, until)


def asked_period(
    site: Site, month: str, quarter: str, since: int | None, until: int | None
) -> tuple[Text, int, int]:  # fmt: skip
    """Return the name of a period in both languages, and its span in ns UTC. Raises UsageError."""
    first, last = asked_span(site, month, quarter, since, until)
    if last - first > LONGEST:
        raise UsageError(Wording("ask.report-too-long"), hint=Wording("ask.quarter-form"))
    shown = show_second(first, site.timezone)[:16], show_second(last, site.timezone)[:16]
    return period_name(month, quarter, shown), first, last
