"""facilityd notices and facilityd notify test: who was told what, and whether the ways to people work."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.arguments import one_site
from facilityd.cli.command import send
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.when import InstantParam, at_site
from facilityd.cli.words import sentence, word
from facilityd.errors import UsageError
from facilityd.model.command import TryChannels
from facilityd.model.message import spoken
from facilityd.query.instants import show_second
from facilityd.query.words import query_words
from facilityd.supervise.inbox import whoami

if TYPE_CHECKING:
    from facilityd.config.site import Site
    from facilityd.model.text import Language
    from facilityd.query.notices import NoticeRow

COLUMNS = (
    whole("time", "时间"), whole("to", "接收人"), Column("over", "渠道", gives=2),
    Column("notice", "通知", least=30),
    whole("outcome", "结果"), Column("tries", "次数", gives=1), Column("note", "备注", gives=3),
)  # fmt: skip
LOOK_S = 0.2
FAILED = 1


@click.command()
@one_site
@click.option("--since", type=InstantParam(), default="7d", show_default=True, help="From when on.")
@click.option("--waiting", is_flag=True, help="Only what has not left yet.")
@click.option("--person", default="", help="Only what this recipient was sent.")
@lang_option
@json_option
def notices(
    site: Path, since: int, waiting: bool, person: str, lang: str | None, as_json: bool
) -> None:  # fmt: skip
    """List who was told what, and what became of it.

    What quiet hours put off is listed too. That a notice was accepted does not say that anybody has read it.
    """
    from facilityd.cli.headline import warn_unwatched
    from facilityd.config.load import load
    from facilityd.query.notices import notice_rows
    from facilityd.query.site import open_journal

    loaded = load(site, secrets=False)
    language = chosen(lang, loaded)
    _known(loaded, person, language)
    with open_journal(loaded) as reader:
        warn_unwatched(loaded, reader, language)
    rows = notice_rows(Path(loaded.store.path), at_site(since, loaded.timezone), person, waiting=waiting)
    if as_json:
        print_json([row.plain() for row in rows])
    elif not rows:
        click.echo(sentence("no-notices", language))
    else:
        _show(loaded, rows, language)


@click.group()
def notify() -> None:
    """Try the ways to people."""


@notify.command()
@one_site
@click.option("--person", default="", help="Only to this recipient.")
@click.option(
    "--wait", type=click.FloatRange(0, 600), default=30.0, show_default=True, help="At most so many seconds."
)
@click.option("--by", "by", default=None, help="Your name.  [default: the user of this machine]")
@lang_option
@json_option
def test(
    site: Path, person: str, wait: float, by: str | None, lang: str | None, as_json: bool
) -> None:  # fmt: skip
    """Send a harmless test message over every channel.

    The daemon that runs sends it, and each channel's outcome is waited for. Exit status 0: all took it.
    1: some did not.
    """
    from facilityd.config.load import load

    loaded = load(site, secrets=False)
    language = chosen(lang, loaded)
    _known(loaded, person, language)
    since = time.time_ns()
    send(loaded, TryChannels, person=by or whoami(), recipient=person)
    rows = _settled(loaded, person, since, wait)
    taken = sum(row.outcome == "accepted" for row in rows)
    if as_json:
        print_json([row.plain() for row in rows])
    else:
        _show(loaded, rows, language)
        click.echo(sentence("channels-took", language, taken=taken, count=len(rows)))
    if taken < len(rows):
        raise click.exceptions.Exit(FAILED)


def _settled(site: Site, person: str, since: int, wait: float) -> list[NoticeRow]:
    """Return the test messages once each was tried, or the time is up."""
    from facilityd.query.notices import notice_rows

    deadline = time.monotonic() + wait
    while True:
        found = notice_rows(Path(site.store.path), since, person)
        mine = [row for row in found if row.purpose == "test"]
        if (mine and all(row.attempts for row in mine)) or time.monotonic() > deadline:
            return mine
        time.sleep(LOOK_S)


def _known(site: Site, person: str, language: Language) -> None:
    if person and person not in site.recipients:
        raise UsageError(sentence("no-recipient", language, who=repr(person)))


def _show(site: Site, rows: list[NoticeRow], language: Language) -> None:
    shown = [
        (
            show_second(row.at, site.timezone), row.recipient, row.channel, row.subject,
            word(query_words().notice, row.outcome, language), str(row.attempts),
            spoken(row.reason, language),
        )
        for row in rows
    ]  # fmt: skip
    console().print(table("", COLUMNS, shown, language=language))
