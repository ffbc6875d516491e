"""The options that name a night, a week, or from when to when."""

from __future__ import annotations

import time
from collections.abc import Callable

import click

from facilityd.cli.output import Command
from facilityd.cli.when import InstantParam, between
from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS

LONGEST = 400 * 86_400 * NS
"""Of a timeline, ns."""
Options = tuple[bool, str, bool, int | None, int | None]
"""Last night, the day of a night, this week, since, until."""


def night_options(command: Command) -> Command:
    """Give a command ``last_night``, ``night``, ``week``, ``since`` and ``until``."""
    options: list[Callable[[Command], Command]] = [
        click.option(
            "--last-night", is_flag=True, help="The night that began yesterday evening."
        ),
        click.option(
            "--night", metavar="YYYY-MM-DD", default="", help="The night that began on this day."
        ),
        click.option("--week", is_flag=True, help="The last seven days, up to now."),
        click.option("--since", type=InstantParam(), default=None, help="From when on.  [default: 1d]"),
        click.option("--until", type=InstantParam(), default=None, help="To when.  [default: now]"),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def asked_night(site: Site, asked: Options) -> tuple[int, int]:
    """Return the span in ns UTC; the last day where none is named. Raises UsageError."""
    from facilityd.query.night import last_night, night_span, read_day, week_span

    last, night, week, since, until = asked
    if last + bool(night) + week + (since is not None or until is not None) > 1:
        raise UsageError(Wording("ask.one-night"))
    now = time.time_ns()
    if last or night:
        return night_span(site, read_day(night) if night else last_night(site, now))
    if week:
        return week_span(site.timezone, now)
    first = InstantParam().convert("1d", None, None) if since is None else since
    span = between(site, first, until)
    if span[1] - span[0] > LONGEST:
        raise UsageError(Wording("ask.timeline-too-long"), hint=Wording("ask.shorter-span"))
    return span
