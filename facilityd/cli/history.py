"""facilityd history: what was, with its gaps shown as gaps."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from facilityd.cli.output import console, json_option, print_json, table
from facilityd.cli.when import Instant, Span, show_instant, show_span
from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.model.sample import NS
from facilityd.store.reader import Reader

PLOT_POINTS = 400
ROWS = 5000


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: a signal over a span, in ns UTC."""

    site: Site
    device: str
    signal: str
    since: int
    until: int
    bucket: int


@click.command()
@click.argument("site", type=click.Path(exists=True, path_type=Path))
@click.argument("device")
@click.argument("signal")
@click.option("--since", type=Instant(), default="1h", show_default=True, help="Span back, or a time.")
@click.option("--until", type=Instant(), default=None, help="Span back, or a time.  [default: now]")
@click.option("--bucket", type=Span(), default=None, help="Mean, least and greatest per span, such as 1min.")
@click.option("--plot", is_flag=True, help="Draw it in the terminal.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@json_option
def history(
    site: Path, device: str, signal: str, since: int, until: int | None, bucket: int | None,
    plot: bool, as_csv: bool, as_json: bool,
) -> None:  # fmt: skip
    """Show the values of a SIGNAL of a DEVICE, and where there are none, and why."""
    from facilityd.config.load import load

    loaded = load(site)
    _must_exist(loaded, device, signal)
    asked = Asked(loaded, device, signal, since, until or time.time_ns(), bucket or 0)
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
    from facilityd.marked import suggestion

    if device not in site.devices:
        raise UsageError(f"no device {device!r}", hint=suggestion(device, site.devices))
    bound = {name for stream in site.devices[device].streams for name in stream.signals}
    if signal not in bound:
        raise UsageError(f"{device} has no signal {signal!r}", hint=suggestion(signal, bound))


def _unit(asked: Asked) -> str:
    return asked.site.devices[asked.device].family.signals[asked.signal].unit


def _reader(asked: Asked) -> Reader:
    from facilityd.cli.snapshot import open_journal

    return open_journal(asked.site)


def _values(asked: Asked) -> Iterator[dict[str, object]]:
    rows = _reader(asked).history(asked.device, asked.signal, asked.since, asked.until)
    for at, value, reason in rows:
        yield {"at": at, "time": _iso(asked, at), "value": value, "quality": str(reason or "good")}


def _buckets(asked: Asked) -> Iterator[dict[str, object]]:
    first = asked.since - asked.since % asked.bucket
    found = _reader(asked).buckets(asked.device, asked.signal, first, asked.until, asked.bucket)
    known = {bucket.start: bucket for bucket in found}
    for start in range(first, asked.until, asked.bucket):
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


def _gaps(asked: Asked) -> list[dict[str, object]]:
    gaps = _reader(asked).gaps(asked.device, asked.signal, asked.since, asked.until)
    return [
        {"from": _iso(asked, gap.since), "to": _iso(asked, gap.until),
         "seconds": (gap.until - gap.since) / NS, "reason": str(gap.reason or "nothing was stored")}
        for gap in gaps
    ]  # fmt: skip


def _iso(asked: Asked, at: int) -> str:
    return show_instant(at, asked.site.timezone).replace(" ", "T")


def _csv(rows: list[dict[str, object]]) -> None:
    if rows:
        writer = csv.DictWriter(sys.stdout, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _table(asked: Asked, rows: list[dict[str, object]]) -> None:
    out, shown = console(), rows[-ROWS:]
    name = asked.site.devices[asked.device].family.signals[asked.signal].name
    unit = f" ({_unit(asked)})" if _unit(asked) else ""
    title = f"{asked.device} {asked.signal}{unit}  {name.zh} / {name.en}"
    columns = [column for column in (rows[0] if rows else {"time": ""}) if column != "at"]
    cells = [["" if row[c] is None else _number(row[c]) for c in columns] for row in shown]
    out.print(table(title, columns, cells))
    if len(rows) > ROWS:
        out.print(f"… the last {ROWS} of {len(rows)}; narrow it with --since and --until, or use --bucket")
    for gap in _gaps(asked):
        out.print(
            f"gap {gap['from']} - {gap['to']} ({show_span(float(str(gap['seconds'])) * NS)}): {gap['reason']}"
        )
    if not rows:
        out.print("nothing stored in this span")


def _number(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _plot(asked: Asked) -> None:
    """Draw bucket means; an empty bucket is a gap in the line."""
    import plotext

    width = max(NS, (asked.until - asked.since) // PLOT_POINTS)
    rows = list(_buckets(Asked(asked.site, asked.device, asked.signal, asked.since, asked.until, width)))
    zone = ZoneInfo(asked.site.timezone)
    times = [float(str(row["at"])) / NS for row in rows]
    values = [float("nan") if row["mean"] is None else float(str(row["mean"])) for row in rows]
    plotext.clear_figure()
    plotext.title(f"{asked.device} {asked.signal} {_unit(asked)} ({zone.key})")
    plotext.plot(times, values)
    step = max(1, len(times) // 6)
    ticks = times[::step]
    plotext.xticks(ticks, [show_instant(int(t) * NS, zone.key, date=False)[:8] for t in ticks])
    if not sys.stdout.isatty():
        plotext.plot_size(100, 25)
        click.echo(plotext.uncolorize(plotext.build()))
        return
    plotext.show()
