"""facilityd history: what was, with its gaps shown as gaps."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from facilityd.cli.language import both, chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, say, table
from facilityd.cli.text_table import whole
from facilityd.cli.when import DurationParam, InstantParam, between, show_instant
from facilityd.cli.words import say as sentence
from facilityd.cli.words import say_reason, show_quality, show_span
from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.model.downtime import Downtime
from facilityd.model.sample import NS, SignalType
from facilityd.model.text import Language, Text
from facilityd.notify.texts import texts
from facilityd.store.history import Gap
from facilityd.store.reader import JournalReader

PLOT_POINTS, TICKS = 400, 6
Spot = tuple[int, float]
"""An instant in ns UTC and a value."""
ROWS = 5000
UNIT = {"zh": "（{unit}）", "en": " ({unit})"}
NOTHING = {"zh": "没有存入任何数据", "en": "nothing was stored"}
HEADS = {
    "time": "时间", "value": "数值", "quality": "质量", "mean": "平均", "least": "最小", "greatest": "最大",
    "bad": "无效", "count": "个数",
}  # fmt: skip
MOST_BUCKETS = 100_000
HOUR, DAY = 3600 * NS, 86_400 * NS


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """One question: a signal over a span, in ns UTC."""

    site: Site
    device: str
    signal: str
    since: int
    until: int
    bucket: int
    language: Language = "en"


@click.command()
@click.argument("site", type=click.Path(exists=True, path_type=Path))
@click.argument("device")
@click.argument("signal")
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
    from facilityd.config.load import load

    loaded = load(site, secrets=False)
    _must_exist(loaded, device, signal)
    kind = loaded.devices[device].family.signals[signal].type
    if kind is SignalType.TEXT and (bucket or plot):
        raise UsageError(
            f"{signal} is a text: it has no mean and no curve", hint="leave --bucket and --plot away"
        )
    first, last = between(loaded, since, until)
    asked = HistoryQuery(loaded, device, signal, first, last, bucket or 0, chosen(lang, loaded))
    if bucket and (last - first) // bucket > MOST_BUCKETS:
        raise UsageError(f"more than {MOST_BUCKETS:,} rows", hint="give a longer --bucket or a shorter time")
    rows = list(_buckets(asked) if bucket else _values(asked))
    if plot:
        _plot(asked)
    elif as_csv:
        _csv(rows)
    elif as_json:
        print_json(
            {"device": device, "signal": signal, "unit": _unit(asked), "rows": rows, "gaps": _gaps(asked)}
        )
    else:
        _table(asked, rows)


def _must_exist(site: Site, device: str, signal: str) -> None:
    from facilityd.yaml_source import suggestion

    if device not in site.devices:
        raise UsageError(f"no device {device!r}", hint=suggestion(device, site.devices))
    bound = {name for stream in site.devices[device].streams for name in stream.signals}
    if signal not in bound:
        raise UsageError(f"{device} has no signal {signal!r}", hint=suggestion(signal, bound))


def _unit(asked: HistoryQuery) -> str:
    return asked.site.devices[asked.device].family.signals[asked.signal].unit


def _reader(asked: HistoryQuery) -> JournalReader:
    from facilityd.cli.snapshot import open_journal

    return open_journal(asked.site)


def _values(asked: HistoryQuery) -> Iterator[dict[str, object]]:
    rows = _reader(asked).history(asked.device, asked.signal, asked.since, asked.until)
    for at, value, reason in rows:
        yield {"at": at, "time": _iso(asked, at), "value": value, "quality": str(reason or "good")}


def _buckets(asked: HistoryQuery) -> Iterator[dict[str, object]]:
    reader = _reader(asked)
    for first, last, width in _grid(asked):
        known = {one.start: one for one in reader.buckets(asked.device, asked.signal, first, last, width)}
        for start in range(first, last, width):
            one = known.get(start)
            yield {
                "at": start,
                "time": _iso(asked, start),
                "count": one.count if one else 0,
                "mean": one.mean if one else None,
                "least": one.low if one else None,
                "greatest": one.high if one else None,
                "bad": one.bad if one else 0,
            }


def _grid(asked: HistoryQuery) -> Iterator[tuple[int, int, int]]:
    """Iterate over spans (from, to, width of the buckets in it), in ns: buckets begin with the site's days.

    A day on which the clock is put forward or back has 23 or 25 hours.
    """
    zone, bucket = ZoneInfo(asked.site.timezone), asked.bucket
    day = datetime.fromtimestamp(asked.since // NS, zone).date()
    start = _midnight(day, zone)
    if bucket <= HOUR or (bucket % DAY and DAY % bucket):
        yield start + (asked.since - start) // bucket * bucket, asked.until, bucket
        return
    while start < asked.until:
        day += timedelta(days=max(1, bucket // DAY))
        end = _midnight(day, zone)
        width = bucket if bucket < DAY else end - start
        first = start + max(0, asked.since - start) // width * width
        yield first, min(end, asked.until), width
        start = end


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, datetime.min.time(), zone).timestamp()) * NS


def _gaps(asked: HistoryQuery) -> list[dict[str, object]]:
    gaps = _reader(asked).gaps(asked.device, asked.signal, asked.since, asked.until)
    return [
        {"from": _iso(asked, gap.since), "to": _iso(asked, gap.until),
         "seconds": (gap.until - gap.since) / NS, "code": None if gap.reason is None else str(gap.reason),
         "reason": both(partial(_reason, asked, gap)), "downtime": _downtime(asked, gap.downtime)}
        for gap in gaps
    ]  # fmt: skip


def _reason(asked: HistoryQuery, gap: Gap, language: Language) -> str:
    """Return why there is no value: a bad value's reason, or that nobody watched, or that nothing came."""
    if gap.reason is not None:
        return say_reason(str(gap.reason), language)
    if gap.downtime is None:
        return NOTHING[language]
    since, until = (
        show_instant(at, asked.site.timezone)[:19] for at in (gap.downtime.since, gap.downtime.until)
    )
    return gap.downtime.sentence(since, until, language)


def _downtime(asked: HistoryQuery, downtime: Downtime | None) -> dict[str, object] | None:
    """Return data for JSON; ``why`` is the same in every language."""
    if downtime is None:
        return None
    span = {"from": _iso(asked, downtime.since), "to": _iso(asked, downtime.until)}
    return {"why": downtime.why.value, **span, "seconds": downtime.seconds}


def _iso(asked: HistoryQuery, at: int) -> str:
    return show_instant(at, asked.site.timezone).replace(" ", "T")


def _csv(rows: list[dict[str, object]]) -> None:
    if rows:
        writer = csv.DictWriter(sys.stdout, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _table(asked: HistoryQuery, rows: list[dict[str, object]]) -> None:
    """Print the rows that hold something; where there is nothing a line says from when to when, and why."""
    language, known = asked.language, [row for row in rows if row.get("count") != 0 or row["bad"]]
    out, shown = console(), known[-ROWS:]
    name = asked.site.devices[asked.device].family.signals[asked.signal].name.in_(language)
    unit = UNIT[language].format(unit=_unit(asked)) if _unit(asked) else ""
    columns = [column for column in (rows[0] if rows else {"time": ""}) if column != "at"]
    cells = [["" if row[c] is None else _said(asked, c, row[c]) for c in columns] for row in shown]
    heads = [whole(column, HEADS.get(column, "")) for column in columns]
    title = f"{asked.device} {asked.signal}  {name}{unit}"
    if shown:
        out.print(table(title, heads, cells, language=language))
    else:
        say(title)
        say(sentence("nothing-stored", language))
    if len(known) > ROWS:
        say(sentence("last-rows", language, shown=f"{ROWS:,}", all=f"{len(known):,}"))
    _say_gaps(asked)


def _say_gaps(asked: HistoryQuery) -> None:
    zone, language = asked.site.timezone, asked.language
    for gap in _reader(asked).gaps(asked.device, asked.signal, asked.since, asked.until):
        since, until = (show_instant(at, zone)[:19] for at in (gap.since, gap.until))
        length, why = show_span(gap.until - gap.since, language), _reason(asked, gap, language)
        say(sentence("gap", language, since=since, until=until, span=length, reason=why))


def _said(asked: HistoryQuery, column: str, value: object) -> str:
    """Return a cell as people read it: a time to the second, a code and a word by their names."""
    if column == "time":
        return str(value)[:19].replace("T", " ") if asked.bucket else str(value).replace("T", " ")
    if column == "quality":
        return show_quality(str(value), asked.language)
    signal = asked.site.devices[asked.device].family.signals[asked.signal]
    known: Mapping[Any, Text] = {**signal.values, **signal.words}
    named = known.get(value) if column == "value" else None
    if named:
        return named.in_(asked.language)
    if isinstance(value, bool):
        return texts().switch["on" if value else "off"].in_(asked.language)
    return f"{value + 0.0:.6g}" if isinstance(value, float) else str(value)


def _plot(asked: HistoryQuery) -> None:
    """Draw bucket means as lines that a gap interrupts."""
    import plotext

    width = max(NS, (asked.until - asked.since) // PLOT_POINTS)
    zone, edges = asked.site.timezone, (asked.since, asked.until)
    rows = _buckets(HistoryQuery(asked.site, asked.device, asked.signal, *edges, width))
    points = [(int(str(row["at"])), float(str(row["mean"]))) for row in rows if row["mean"] is not None]
    gaps = [gap.since for gap in _reader(asked).gaps(asked.device, asked.signal, *edges)]
    figure = plotext.figure
    figure.clear()
    figure.title(f"{asked.device} {asked.signal} {_unit(asked)} ({zone})")
    for run in _runs(points, gaps):
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
