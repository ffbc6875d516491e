"""facilityd history: what was, with its gaps shown as gaps."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from facilityd.app.builtin import all_devices
from facilityd.cli.arguments import Asked, site_and_names, store_option
from facilityd.cli.history_many import fitting_bucket, print_many
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, say, table
from facilityd.cli.text_table import whole
from facilityd.cli.when import BucketParam, InstantParam, between
from facilityd.cli.words import sentence, show_quality, show_span
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS, SignalType
from facilityd.model.text import Language, Text
from facilityd.notify.texts import texts
from facilityd.notify.value_text import scaled
from facilityd.query.history import MOST_BUCKETS, HistoryAnswer, HistoryQuery, read_history, require_signal
from facilityd.query.instants import show_second
from facilityd.query.selection import SignalName, selected, selected_numbers, signals_of
from facilityd.store.history_reader import HistoryReader

if TYPE_CHECKING:
    from facilityd.cli.history_plot import PlotFiles
    from facilityd.config.site import Site
    from facilityd.store.reader import JournalReader

PLOT_POINTS, MOST_SIGNALS = 400, 24
ROWS, GAPS = 5000, 40
UNIT = {"zh": "（{unit}）", "en": " ({unit})"}
HEADS = {
    "time": "时间", "value": "数值", "quality": "质量", "mean": "平均", "least": "最小", "greatest": "最大",
    "bad": "无效", "count": "个数",
}  # fmt: skip
NUMBERS = frozenset({"mean", "least", "greatest", "bad", "count"})


@click.command()
@site_and_names("device", "signal", more=True)
@click.option("--since", type=InstantParam(), default="1h", show_default=True, help="Span back, or a time.")
@click.option("--until", type=InstantParam(), default=None, help="Span back, or a time.  [default: now]")
@click.option(
    "--bucket", type=BucketParam(), default=None, help="Mean, least and greatest per span: 1min, 1d, month."
)
@store_option
@click.option("--plot", is_flag=True, help="Draw it in the terminal, with extremes, gaps and alarms.")
@click.option(
    "--svg", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Draw it as an SVG file."
)
@click.option(
    "--png", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Draw it as a PNG file."
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@lang_option
@json_option
def history(  # noqa: PLR0917 - click hands its options in
    asked: Asked, since: int, until: int | None, bucket: int | None, store: str, plot: bool, svg: Path | None,
    png: Path | None, as_csv: bool, lang: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Show the values of a SIGNAL of a DEVICE, and its gaps.

    Each gap has its reason: a bad value's, that nobody watched, or that nothing came. Several signals stand
    beside each other, named as DEVICE or DEVICE.SIGNAL with * and ? for letters: 'gate-*.power'.
    """
    from facilityd.cli.headline import warn_unwatched
    from facilityd.cli.history_plot import PlotFiles
    from facilityd.config.load import load
    from facilityd.query.backends import open_history

    loaded = load(*asked.site, secrets=False)
    files = PlotFiles(svg, png)
    names, drawn = _named(loaded, asked.names), plot or bool(files)
    first, last = between(loaded, since, until)
    language = chosen(lang, loaded)
    with open_history(loaded, store) as reader:
        if reader.journal:
            warn_unwatched(loaded, reader.journal, language)

        def ask(first: int) -> list[HistoryAnswer]:
            width = (bucket or max(NS, (last - first) // PLOT_POINTS)) if drawn else bucket or 0
            if len(names) > 1 and not width:
                width = fitting_bucket(last - first)
            queries = [HistoryQuery(d, s, first, last, width, gaps=not as_csv) for d, s in names]
            _refuse(loaded, queries, drawn=drawn)
            return [read_history(loaded, reader, one) for one in queries]

        answers = ask(first)
        if drawn and (begun := _begun(reader.journal, answers, first)) > first:
            answers = ask(begun)
        older = _older(loaded, reader, first)
        if drawn:
            _draw(loaded, answers, reader.journal, files, language)
            return
    if len(answers) > 1:
        print_many(answers, language, as_json=as_json, as_csv=as_csv)
    elif as_csv:
        _csv(answers[0])
    elif as_json:
        print_json(answers[0].plain())
    else:
        _table(answers[0], language)
    if older and not as_csv and not as_json:
        oldest, sink = older
        say(sentence("older-in-influxdb", language, since=oldest, sink=sink))


def _named(site: Site, names: Sequence[str]) -> list[SignalName]:
    """Return the signals that are meant: DEVICE SIGNAL, or patterns. Raises UsageError."""
    if not names:
        raise UsageError(Wording("ask.which-signal"), hint=Wording("ask.signal-forms"))
    device, *signals = names
    if len(signals) == 1 and not set(device) & set("*?[") and _is_signal(site, signals[0]):
        require_signal(site, device, signals[0])
        return [(device, signals[0])]
    names = _of_device(site, device, signals) or names
    found = selected_numbers(site, names)
    if len(found) > MOST_SIGNALS:
        raise UsageError(
            Wording("ask.too-many-signals", n=len(found), most=MOST_SIGNALS), hint=Wording("ask.signal-forms")
        )
    return found or selected(site, names)[:1]


def _is_signal(site: Site, name: str) -> bool:
    return not set(name) & set(".*?[") and name not in all_devices(site)


def _of_device(site: Site, device: str, signals: Sequence[str]) -> list[str]:
    """Return patterns of signals of a device (or several), where they follow its name; else nothing."""
    every = all_devices(site)
    of = [name for known in every if fnmatchcase(known, device) for name in signals_of(every[known])]
    unknown = [one for one in signals if not any(fnmatchcase(name, one) for name in of)]
    if unknown and device in every and all(_is_signal(site, one) for one in unknown):
        require_signal(site, device, unknown[0])
    return [] if unknown else [f"{device}.{one}" for one in signals]


def _refuse(site: Site, queries: Sequence[HistoryQuery], *, drawn: bool) -> None:
    """Raise UsageError for a text that is to be drawn, and for more rows than anybody reads."""
    for one in queries:
        about = require_signal(site, one.device, one.signal)
        if about.type is SignalType.TEXT and (one.bucket or drawn):
            raise UsageError(
                Wording("ask.text-has-no-mean-no", signal=one.signal),
                hint=Wording("ask.leave-bucket-plot-away"),
            )
        if one.size > MOST_BUCKETS:
            raise UsageError(
                Wording("ask.more-than-rows", most_buckets=MOST_BUCKETS),
                hint=Wording("ask.give-longer-bucket-or-shorter"),
            )


def _draw(
    site: Site, answers: Sequence[HistoryAnswer], journal: JournalReader | None, files: PlotFiles,
    language: Language,
) -> None:  # fmt: skip
    """Draw the answers with the alarms of their devices; where the journal is not asked there are none."""
    from facilityd.cli.history_plot import print_panels
    from facilityd.query.occurrences import OccurrenceQuery, read_occurrences
    from facilityd.query.plot_legend import legend
    from facilityd.query.plot_series import history_panel

    devices, first = all_devices(site), answers[0].query
    names = tuple(dict.fromkeys(one.query.device for one in answers))
    query = OccurrenceQuery(first.since, first.until, names)
    rows = read_occurrences(devices, journal, query, site.timezone) if journal else []
    panels = [
        history_panel(
            one, [row for row in rows if row.device == one.query.device], language,
            device=devices[one.query.device].name.in_(language),
        )
        for one in answers
    ]  # fmt: skip
    if not files:
        print_panels(panels, language)
        return
    edges = " – ".join(show_second(at, site.timezone)[:16] for at in (first.since, first.until))
    foot = legend([one for one in panels if not one.empty], language)
    files.write(f"{site.name.in_(language)}  {edges}", panels, language, foot)


def _begun(journal: JournalReader | None, answers: Sequence[HistoryAnswer], first: int) -> int:
    """Return when there was anything at all, ns UTC: else a young journal's plot is an empty box."""
    known = min(
        (one.at for answer in answers for one in answer.buckets if one.mean is not None), default=first
    )
    if journal is None:
        return first
    begun = journal.beginning()
    return max(first, begun if known + answers[0].query.bucket > begun else known)


def _older(site: Site, reader: HistoryReader, since: int) -> tuple[str, str] | None:
    """Return from when on the journal has values, and who has older ones; None where nobody needs to know."""
    from facilityd.query.backends import influx_sinks

    known, oldest = influx_sinks(site), reader.oldest()
    if not known or since >= oldest:
        return None
    return show_second(oldest, site.timezone), known[0]


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
    said_unit = scaled(0.0, answer.signal, answer.signal.unit)[2]
    unit = UNIT[language].format(unit=said_unit) if said_unit else ""
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
        return str(value)[: 19 if answer.query.bucket else 23].replace("T", " ")
    if column == "quality":
        return show_quality(str(value), language)
    known: Mapping[Any, Text] = {**answer.signal.values, **answer.signal.words}
    named = known.get(value) if column == "value" else None
    if named:
        return named.in_(language)
    if isinstance(value, bool):
        return texts().switch["on" if value else "off"].in_(language)
    if not isinstance(value, float):
        return str(value)
    return f"{scaled(value, answer.signal, answer.signal.unit)[0] + 0.0:.6g}"
