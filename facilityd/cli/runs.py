"""facilityd runs: the runs of a device laid over each other."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import click

from facilityd.cli.arguments import device_argument, one_site
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, say, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.when import InstantParam, between
from facilityd.cli.words import sentence
from facilityd.model.sample import NS
from facilityd.query.instants import show_second
from facilityd.query.words import span_text

if TYPE_CHECKING:
    from facilityd.cli.history_plot import PlotFiles
    from facilityd.model.text import Language
    from facilityd.query.runs import RunsAnswer

COLUMNS = (whole("began", "开始"), whole("took", "用时"), Column("kind", "类别"))
SHOWN = 12
"""Of the newest runs that stand in the table."""


@click.command()
@one_site
@device_argument
@click.argument("signals", nargs=-1, metavar="[SIGNAL]...")
@click.option("--last", type=click.IntRange(1, 1000), default=60, show_default=True, help="How many runs.")
@click.option("--kind", default="", help="Only runs of this kind, such as raising.")
@click.option("--mode", default="", help="Another operating mode than the first one.")
@click.option("--since", type=InstantParam(), default=None, help="No run that began before.")
@click.option("--until", type=InstantParam(), default=None, help="To when.  [default: now]")
@click.option("--csv", "as_csv", is_flag=True, help="Print the envelopes as CSV.")
@click.option(
    "--svg", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Draw it as an SVG file."
)
@click.option(
    "--png", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Draw it as a PNG file."
)
@lang_option
@json_option
def runs(  # noqa: PLR0917 - click hands its options in
    site: Path, device: str, signals: tuple[str, ...], last: int, kind: str, mode: str, since: int | None,
    until: int | None, as_csv: bool, svg: Path | None, png: Path | None, lang: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Lay the last runs of a DEVICE over each other.

    They are aligned at their starts: the median, the band in which 10 to 90 % of them lie, the newest run.
    Of any device with operating modes: raisings of a flag, shows of a fountain, nights of a light.
    """
    from facilityd.cli.headline import warn_unwatched
    from facilityd.cli.history_plot import PlotFiles
    from facilityd.config.load import load
    from facilityd.query.runs import RunsQuery
    from facilityd.query.site import SiteQuery

    files = PlotFiles(svg, png)
    loaded = load(site, secrets=False)
    language = chosen(lang, loaded)
    begin, end = between(loaded, 0 if since is None else since, until)
    with SiteQuery(loaded) as query:
        warn_unwatched(loaded, query.journal, language)
        answer = query.runs(RunsQuery(device, end, begin, mode, kind, last, signals))
    if as_json:
        print_json(answer.plain())
    elif as_csv:
        _csv(answer)
    else:
        _show(answer, loaded.timezone, language, files)


def _csv(answer: RunsAnswer) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(["signal", "unit", "seconds", "median", "p10", "p90", "runs", "newest"])
    for one in answer.envelopes:
        columns = (one.seconds, one.middle, one.low, one.high, one.count, one.newest)
        for row in zip(*columns, strict=True):
            writer.writerow(
                [one.signal, one.about.unit, f"{row[0]:.3f}", *("" if v is None else v for v in row[1:])]
            )


def _show(answer: RunsAnswer, zone: str, language: Language, files: PlotFiles) -> None:
    from facilityd.cli.history_plot import print_panels
    from facilityd.query.plot_legend import legend
    from facilityd.query.plot_series import run_panel

    where, name = answer.where.in_(language), answer.name.in_(language)
    if not answer.runs:
        say(sentence("no-runs", language, where=where, what=name))
        return
    took = sorted(answer.lengths)
    shown = {key: span_text(round(s) * NS, language) for key, s in
             (("middle", median(took)), ("least", took[0]), ("most", took[-1]))}  # fmt: skip
    first, last = (show_second(answer.runs[n].since, zone)[:16] for n in (0, -1))
    title = sentence("runs", language, where=where, what=name, n=len(took), first=first, last=last, **shown)
    panels = [run_panel(answer, one, language) for one in answer.envelopes]
    if files:
        files.write(title, panels, language, legend(panels, language))
        return
    say(title)
    print_panels(panels, language)
    rows = [
        (show_second(one.since, zone), span_text(one.until - one.since, language), _kind(answer, n, language))
        for n, one in list(enumerate(answer.runs))[-SHOWN:]
    ]
    console().print(table("", COLUMNS, rows, language=language))


def _kind(answer: RunsAnswer, n: int, language: Language) -> str:
    return answer.names[n].in_(language)
