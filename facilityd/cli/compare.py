"""facilityd compare: this week against last, signal by signal."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.arguments import one_site, store_option
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, say, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.when import InstantParam, between
from facilityd.cli.words import sentence
from facilityd.model.sample import NS, SignalType
from facilityd.query.instants import show_instant

if TYPE_CHECKING:
    from facilityd.model.text import Language
    from facilityd.query.compare import CompareAnswer, ComparedSignal, SpanFigures

COLUMNS = (
    whole("signal", "信号"), whole("mean", "平均"), whole("before", "之前"), whole("change", "变化"),
    Column("least … greatest", "最小 … 最大"), Column("before", "之前"), Column("known", "有数据"),
)  # fmt: skip
_DAY, _ALL, _LITTLE = 86_400 * NS, 0.995, 0.005
_ORDERS = ("change", "mean", "greatest", "least", "unknown")


@click.command()
@one_site
@click.argument("signals", nargs=-1, metavar="[DEVICE[.SIGNAL]]...")
@click.option("--since", type=InstantParam(), default="7d", show_default=True, help="Span back, or a time.")
@click.option("--until", type=InstantParam(), default=None, help="Span back, or a time.  [default: now]")
@click.option(
    "--days-before", "back", type=click.IntRange(1, 3660), default=None,
    help="How many days before the other span begins.  [default: as long as the span is]",
)  # fmt: skip
@click.option(
    "--top", type=click.IntRange(1, 10_000), default=30, show_default=True, help="How many signals."
)
@click.option(
    "--by", "order", type=click.Choice(_ORDERS), default="change", show_default=True, help="What comes first."
)
@store_option
@lang_option
@json_option
def compare(  # noqa: PLR0917 - click hands its options in
    site: Path, signals: tuple[str, ...], since: int, until: int | None, back: int | None, top: int,
    order: str, store: str, lang: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Compare a span with one before: this week with last.

    Signals are named as DEVICE or DEVICE.SIGNAL, with * and ? for letters. Means are by time, of whole
    hours; how much of a span is known stands beside them. Days are those of the site's clock.
    """
    from facilityd.cli.headline import warn_unwatched
    from facilityd.config.load import load
    from facilityd.query.backends import open_history
    from facilityd.query.compare import CompareQuery, days_before, read_comparison, whole_hours
    from facilityd.query.selection import selected

    loaded = load(site, secrets=False)
    language = chosen(lang, loaded)
    first, last = whole_hours(*between(loaded, since, until))
    days = back or max(1, round((last - first) / _DAY))
    before = days_before(first, days, loaded.timezone)
    query = CompareQuery(tuple(selected(loaded, signals)), first, last, before, order, top)
    with open_history(loaded, store) as reader:
        if reader.journal:
            warn_unwatched(loaded, reader.journal, language)
        answer = read_comparison(loaded, reader, query)
    if as_json:
        print_json(answer.plain())
        return
    _show(answer, language)


def _show(answer: CompareAnswer, language: Language) -> None:
    asked, zone = answer.query, answer.zone
    length = asked.until - asked.since
    edges = (asked.since, min(asked.until, time.time_ns()), asked.before, asked.before + length)
    since, until, first, last = (show_instant(at, zone)[:16] for at in edges)
    say(sentence("compare-spans", language, since=since, until=until, first=first, last=last))
    rows = [_row(one, language) for one in answer.signals]
    if rows:
        console().print(table("", COLUMNS, rows, language=language))
    else:
        say(sentence("nothing-stored", language))


def _row(one: ComparedSignal, language: Language) -> tuple[str, ...]:
    change, name = one.change, f"{one.device} {one.signal}  {one.about.name.in_(language)}"
    percent = f" ({one.relative:+.0%})" if change and one.about.type is not SignalType.BOOL else ""
    told = "–" if change is None else _figure(one, change, sign="+") + percent
    return (
        name, _figure(one, one.now.mean), _figure(one, one.before.mean), told, _edges(one, one.now),
        _edges(one, one.before), f"{_share(one.now.good)} / {_share(one.before.good)}",
    )  # fmt: skip


def _figure(one: ComparedSignal, value: float | None, sign: str = "") -> str:
    """Return a mean as people say it: of a switch the share of time that it is on."""
    from facilityd.notify.value_text import scaled

    if value is None:
        return "–"
    if one.about.type is SignalType.BOOL:
        return f"{100 * value:{sign}.1f} %"
    number, decimals, unit = scaled(value, one.about, one.about.unit)
    return f"{number:{sign}.{max(decimals, 1)}f} {unit}".rstrip()


def _edges(one: ComparedSignal, of: SpanFigures) -> str:
    if of.least is None or one.about.type is SignalType.BOOL:
        return ""
    return f"{_figure(one, of.least).split(' ', 1)[0]} … {_figure(one, of.greatest)}"


def _share(part: float) -> str:
    if 0 < part < _LITTLE:  # a mean stands beside it, which "0 %" would deny
        return "<1 %"
    return "100 %" if part >= _ALL else f"{100 * part:.0f} %"
