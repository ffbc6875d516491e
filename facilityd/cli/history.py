"""facilityd history: what was, with its gaps shown as gaps."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from facilityd.cli.arguments import device_argument, one_site, signal_argument
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, say, table
from facilityd.cli.text_table import whole
from facilityd.cli.when import DurationParam, InstantParam, between
from facilityd.cli.words import sentence, show_quality, show_span
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS, SignalType
from facilityd.model.text import Language, Text
from facilityd.notify.texts import texts
from facilityd.query.history import MOST_BUCKETS, HistoryAnswer, HistoryQuery, require_signal
from facilityd.query.instants import show_instant, show_second
from facilityd.query.site import SiteQuery

PLOT_POINTS, TICKS = 400, 6
Spot = tuple[int, float]
"""An instant in ns UTC and a value."""
ROWS, GAPS = 5000, 40
UNIT = {"zh": "（{unit}）", "en": " ({unit})"}
HEADS = {
    "time": "时间", "value": "数值", "quality": "质量", "mean": "平均", "least": "最小", "greatest": "最大",
    "bad": "无效", "count": "个数",
}  # fmt: skip
NUMBERS = frozenset({"mean", "least", "greatest", "bad", "count"})


@click.command()
@one_site
@device_argument
@signal_argument
@click.option("--since", type=InstantParam(), default="1h", show_default=True, help="Span back, or a time.")
@click.option("--until", type=InstantParam(), default=None, help="Span back, or a time.  [default: now]")
@click.option(
    "--bucket", type=DurationParam(), default=None, help="Mean, least and greatest per span, such as 1min."
)
@click.option("--plot", is_flag=True, help="Draw it in the terminal.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@lang_option
@json_option
def history(  # noqa: PLR0917 - click hands its options in
    site: Path, device: str, signal: str, since: int, until: int | None, bucket: int | None,
    plot: bool, as_csv: bool, lang: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Show the values of a SIGNAL of a DEVICE, and its gaps.

    Each gap has its reason: a bad value's, that nobody watched, or that nothing came.
    """
    from facilityd.cli.headline import warn_unwatched
    from facilityd.config.load import load

    loaded = load(site, secrets=False)
    about = require_signal(loaded, device, signal)
    if about.type is SignalType.TEXT and (bucket or plot):
        raise UsageError(
            Wording("ask.text-has-no-mean-no", signal=signal), hint=Wording("ask.leave-bucket-plot-away")
        )
    first, last = between(loaded, since, until)
    asked = HistoryQuery(device, signal, first, last, bucket or 0, gaps=not as_csv)
    if asked.size > MOST_BUCKETS:
        raise UsageError(
            Wording("ask.more-than-rows", most_buckets=MOST_BUCKETS),
            hint=Wording("ask.give-longer-bucket-or-shorter"),
        )
    with SiteQuery(loaded) as query:
        warn_unwatched(loaded, query.journal, chosen(lang, loaded))
        if plot:
            width = max(NS, (last - first) // PLOT_POINTS)
            _plot(query.history(HistoryQuery(device, signal, first, last, width)))
            return
        answer = query.history(asked)
    if as_csv:
        _csv(answer)
    elif as_json:
        print_json(answer.plain())
    else:
        _table(answer, chosen(lang, loaded))


def _csv(answer: HistoryAnswer) -> None:
    rows = answer.rows()
    if first := next(rows, None):
        writer = csv.DictWriter(sys.stdout, list(first))
        writer.writeheader()
        writer.writerow(first)
        writer.writerows(rows)


def _table(answer: HistoryAnswer, language: Language) -> None:
    """Print the rows that hold something; where there is nothing a line says from when to when, and why."""
    rows = list(answer.rows())
    known = [row for row in rows if row.get("count") != 0 or row["bad"]]
    out, shown = console(), known[-ROWS:]
    unit = UNIT[language].format(unit=answer.signal.unit) if answer.signal.unit else ""
    columns = [column for column in (rows[0] if rows else {"time": ""}) if column != "at"]
    cells = [["" if row[c] is None else _said(answer, c, row[c], language) for c in columns] for row in shown]
    # In a narrow window a row becomes lines: numbers without their names would say nothing.
    heads = [whole(column, HEADS.get(column, ""), named=column in NUMBERS) for column in columns]
    title = f"{answer.query.device} {answer.query.signal}  {answer.signal.name.in_(language)}{unit}"
    _say_gaps(answer, language)
    if shown:
        out.print(table(title, heads, cells, language=language))
    else:
        say(title)
        say(sentence("nothing-stored", language))
    if len(known) > ROWS:
        say(sentence("last-rows", language, shown=f"{ROWS:,}", all=f"{len(known):,}"))


def _say_gaps(answer: HistoryAnswer, language: Language) -> None:
    """Say before the values what is missing among them; the newest where there are many."""
    if len(answer.gaps) > GAPS:
        say(sentence("earlier-gaps", language, count=len(answer.gaps) - GAPS))
    for gap in answer.gaps[-GAPS:]:
        since, until = (show_second(at, answer.zone) for at in (gap.since, gap.until))
        length = show_span(gap.until - gap.since, language)
        say(sentence("gap", language, since=since, until=until, span=length, reason=gap.text(language)))


def _said(answer: HistoryAnswer, column: str, value: object, language: Language) -> str:
    """Return a cell as people read it: a time to the second, a code and a word by their names."""
    if column == "time":
        return str(value)[:19].replace("T", " ") if answer.query.bucket else str(value).replace("T", " ")
    if column == "quality":
        return show_quality(str(value), language)
    known: Mapping[Any, Text] = {**answer.signal.values, **answer.signal.words}
    named = known.get(value) if column == "value" else None
    if named:
        return named.in_(language)
    if isinstance(value, bool):
        return texts().switch["on" if value else "off"].in_(language)
    return f"{value + 0.0:.6g}" if isinstance(value, float) else str(value)


def _plot(answer: HistoryAnswer) -> None:
    """Draw bucket means as lines that a gap interrupts."""
    import plotext

    asked, zone = answer.query, answer.zone
    points = [(bucket.at, float(bucket.mean)) for bucket in answer.buckets if bucket.mean is not None]
    figure = plotext.figure
    figure.clear()
    figure.title(f"{asked.device} {asked.signal} {answer.signal.unit} ({zone})")
    for run in _runs(points, [gap.since for gap in answer.gaps]):
        figure.draw(figure.signal([(at - asked.since) / NS for at, _ in run], [v for _, v in run]).lines())
    span = (asked.until - asked.since) / NS
    ticks = [span * n / TICKS for n in range(TICKS + 1)]
    names = [show_instant(asked.since + round(t * NS), zone, date=False)[:8] for t in ticks]
    figure.ruler("x").lim(0, span)
    figure.ruler("x").ticks(ticks, names)
    if not sys.stdout.isatty():
        figure.plot_size(100, 25)
    figure.show(colorless=not sys.stdout.isatty())


def _runs(points: Sequence[Spot], gaps: Sequence[int]) -> list[list[Spot]]:
    """Split points at the gaps: plotext draws no line through what it is not given."""
    runs: list[list[Spot]] = []
    for at, value in points:
        if not runs or any(runs[-1][-1][0] <= gap < at for gap in gaps):
            runs.append([])
        runs[-1].append((at, value))
    return runs
