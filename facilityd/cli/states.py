"""facilityd states: how long a switch, a code or a text was what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.arguments import device_argument, one_site, signal_argument
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, say, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.when import InstantParam, between
from facilityd.cli.words import sentence
from facilityd.query.instants import show_second
from facilityd.query.words import span_text

if TYPE_CHECKING:
    from facilityd.model.text import Language
    from facilityd.query.state_spans import StateAnswer

SPANS = (whole("from", "起"), whole("to", "止"), whole("lasted", "时长"), Column("state", "状态"))
TOTALS = (Column("state", "状态"), whole("times", "次数"), whole("in all", "合计"))
MOST = 5000


@click.command()
@one_site
@device_argument
@signal_argument
@click.option("--since", type=InstantParam(), default="1d", show_default=True, help="Span back, or a time.")
@click.option("--until", type=InstantParam(), default=None, help="Span back, or a time.  [default: now]")
@lang_option
@json_option
def states(
    site: Path, device: str, signal: str, since: int, until: int | None, lang: str | None, as_json: bool
) -> None:  # fmt: skip
    """Show how long a SIGNAL was in which state.

    Of a switch, a code or a text of a DEVICE. A time without a value says why there is none. Below stands
    how often each state began, and how long it held in all.
    """
    from facilityd.cli.headline import warn_unwatched
    from facilityd.config.load import load
    from facilityd.query.site import SiteQuery

    loaded = load(site, secrets=False)
    language = chosen(lang, loaded)
    span = between(loaded, since, until)
    with SiteQuery(loaded) as query:
        warn_unwatched(loaded, query.journal, language)
        answer = query.states(device, signal, *span, MOST)
    if as_json:
        print_json(answer.plain())
        return
    _show(answer, language)


def _show(answer: StateAnswer, language: Language) -> None:
    zone, about = answer.zone, answer.about
    title = f"{answer.device} {answer.signal}  {about.name.in_(language)}"
    rows = [
        (show_second(one.since, zone), show_second(one.until, zone),
         span_text(one.until - one.since, language), one.text(about, language))
        for one in answer.spans
    ]  # fmt: skip
    if not rows:
        say(sentence("nothing-stored", language))
        return
    console().print(table(title, SPANS, rows, language=language))
    click.echo()
    names = {(type(one.value), one.value): one for one in reversed(answer.spans)}
    unknown = sentence("not-known", language)
    totals = [
        (
            names[type(value), value].text(about, language) if value is not None else unknown,
            str(times), span_text(held, language),
        )
        for value, times, held in answer.totals()
    ]  # fmt: skip
    console().print(table("", TOTALS, totals, language=language))
