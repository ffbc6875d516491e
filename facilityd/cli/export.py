"""facilityd export: what was, in a file that somebody takes away."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from facilityd.cli.arguments import one_site, store_option
from facilityd.cli.export_file import ResumableFile, whole_file
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import json_option, print_json, print_json_line, say
from facilityd.cli.when import BucketParam, InstantParam, between
from facilityd.cli.words import sentence
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.query.instants import show_second

if TYPE_CHECKING:
    from facilityd.config.site import Site
    from facilityd.model.text import Language
    from facilityd.query.export import ExportQuery, ExportRow
    from facilityd.store.history_reader import HistoryReader

_ENDINGS = {
    "": "csv", ".csv": "csv", ".txt": "csv", ".xlsx": "xlsx", ".lp": "lines", ".parquet": "parquet",
    ".arrow": "arrow", ".feather": "arrow",
}  # fmt: skip
_FORMATS = ("csv", "spreadsheet", "xlsx", "parquet", "arrow", "lines")
_WHOLE = ("xlsx", "parquet", "arrow")
"""Formats that only a file can be, and that cannot be gone on with."""
_BOM = "\N{BYTE ORDER MARK}"


@dataclass(frozen=True, slots=True)
class _Export:
    site: Site
    query: ExportQuery
    language: Language
    people: bool
    store: str


@click.command()
@one_site
@click.argument("signals", nargs=-1, metavar="[DEVICE[.SIGNAL]]...")
@click.option("--since", type=InstantParam(), default="1d", show_default=True, help="Span back, or a time.")
@click.option("--until", type=InstantParam(), default=None, help="Span back, or a time.  [default: now]")
@click.option(
    "--bucket", type=BucketParam(), default=None, help="Mean, least and greatest per span: 15min, 1d, month."
)
@store_option
@click.option(
    "--format", "kind", type=click.Choice(_FORMATS), default=None,
    help="spreadsheet: CSV for people.  [default: by the file's name, else csv]",
)  # fmt: skip
@click.option(
    "-o", "--output", "target", type=click.Path(dir_okay=False, path_type=Path), default=None,
    help="A file that is not there yet.  [default: standard output]",
)  # fmt: skip
@lang_option
@json_option
def export(  # noqa: PLR0917 - click hands its options in
    site: Path, signals: tuple[str, ...], since: int, until: int | None, bucket: int | None,
    store: str, kind: str | None, target: Path | None, lang: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Write what was into CSV, xlsx, Parquet or line protocol.

    Signals are named as DEVICE or DEVICE.SIGNAL, with * and ? for letters; without names, all of the
    site. Values have the signal's decimals and the unit that people read; a time without data has a row that
    says why. An export as CSV or line protocol that was interrupted goes on where it was.
    """
    from facilityd.cli.headline import warn_unwatched
    from facilityd.config.load import load
    from facilityd.query.backends import JOURNAL, open_history
    from facilityd.query.export import ExportQuery
    from facilityd.query.selection import selected

    loaded = load(site, secrets=False)
    target = None if target == Path("-") else target
    kind = kind or _named(target)
    if kind in _WHOLE and target is None:
        raise UsageError(Wording("ask.format-wants-file", kind=kind))
    if kind in ("parquet", "arrow"):
        import_module("pyarrow")  # where it is not installed that is said before anything is read
    if kind == "lines" and bucket:
        raise UsageError(Wording("ask.lines-have-no-buckets"))
    if kind == "lines" and store != JOURNAL:
        raise UsageError(Wording("ask.lines-are-of-journal"))
    first, last = between(loaded, since, until)
    query = ExportQuery(tuple(selected(loaded, signals)), first, last, bucket or 0)
    asked = _Export(loaded, query, chosen(lang, loaded), kind in ("spreadsheet", "xlsx"), store)
    with open_history(loaded, store) as reader:
        if reader.journal:
            warn_unwatched(loaded, reader.journal, asked.language)
        if target is None and as_json:
            _print_json(asked, reader)
        elif target is None:
            _print(asked, reader, kind)
        else:
            works = {"xlsx": _workbook, "parquet": _arrow, "arrow": _arrow}
            count = works.get(kind, _file)(asked, reader, target, kind)
            if as_json:
                print_json({"file": str(target), "rows": count})
            else:
                say(sentence("export-done", asked.language, path=target, count=f"{count:,}"), err=True)


def _named(target: Path | None) -> str:
    """Return the format that a file's ending names, CSV without one. Raises UsageError."""
    ending = target.suffix.lower() if target else ""
    if target and ending not in _ENDINGS:
        raise UsageError(Wording("ask.no-format", file=target.name), hint=Wording("ask.export-endings"))
    return _ENDINGS[ending]


def _print_json(asked: _Export, reader: HistoryReader) -> None:
    """Print a JSON object for each row, with ids and codes."""
    from facilityd.query.export import export_rows
    from facilityd.query.export_text import ExportText, fields

    text, names = ExportText(asked.site, asked.query, asked.language, people=False), fields(asked.query)
    for row in export_rows(asked.site, reader, asked.query):
        print_json_line(dict(zip(names, text.cells(row), strict=True)))


def _print(asked: _Export, reader: HistoryReader, kind: str) -> None:
    out = sys.stdout.buffer
    out.write(b"" if kind == "lines" else _head(asked))
    for text, _ in _texts(asked, reader, kind, None):
        out.write(text)
    out.flush()


def _file(asked: _Export, reader: HistoryReader, target: Path, kind: str) -> int:
    key = {
        "signals": asked.query.signals, "bucket": asked.query.bucket, "format": kind, "people": asked.people,
        "language": asked.language, "store": asked.store, "marks": 2,
    }  # fmt: skip
    notes = {"since": asked.query.since, "until": asked.query.until}
    with ResumableFile(target, key, notes) as file:
        asked = replace(asked, query=replace(asked.query, **file.kept))
        if file.mark is not None:
            zone = asked.site.timezone
            span = (show_second(at, zone) for at in (asked.query.since, asked.query.until))
            say(sentence("export-goes-on", asked.language, since=next(span), until=next(span)), err=True)
        file.begin(b"" if kind == "lines" else _head(asked))
        with _shown() as step:
            lines = (_stepped(one, step) for one in _texts(asked, reader, kind, file.mark))
            count = file.write(lines)
        file.finish()
    return count


def _workbook(asked: _Export, reader: HistoryReader, target: Path, _kind: str) -> int:
    from facilityd.query.export import export_rows
    from facilityd.query.export_text import ExportText, heads
    from facilityd.query.workbook import write_workbook

    text = ExportText(asked.site, asked.query, asked.language, people=True)
    with whole_file(target) as part, _shown() as step:
        cells = (text.cells(_stepped(row, step)) for row in export_rows(asked.site, reader, asked.query))
        return write_workbook(part, heads(asked.query, asked.language), cells)


def _arrow(asked: _Export, reader: HistoryReader, target: Path, kind: str) -> int:
    from facilityd.query.arrow_table import ArrowTable, write_arrow
    from facilityd.query.export import export_rows

    table = ArrowTable(asked.site, asked.query)
    with whole_file(target) as part, part.open("wb") as out, _shown() as step:
        rows = (_stepped(row, step) for row in export_rows(asked.site, reader, asked.query))
        return write_arrow(out, table, rows, "parquet" if kind == "parquet" else "arrow")


def _head(asked: _Export) -> bytes:
    from facilityd.query.export_text import csv_line, fields, heads

    if asked.people:
        return (_BOM + csv_line(heads(asked.query, asked.language))).encode()
    return csv_line(fields(asked.query)).encode()


def _texts(asked: _Export, reader: HistoryReader, kind: str, mark: Any) -> Iterator[tuple[bytes, Any]]:
    """Yield the lines behind a mark, each with its own."""
    from facilityd.query.export import NOT_RUNNING, NOTHING, export_lines
    from facilityd.query.export_text import ExportText, csv_line

    query = asked.query
    if kind == "lines" and reader.journal is not None:
        devices = sorted({device for device, _ in query.signals})
        for line in export_lines(asked.site, reader.journal, devices, query.since, query.until, mark or 0):
            yield line.text + b"\n", line.id
        return
    text = ExportText(asked.site, query, asked.language, people=asked.people)
    for row in _rows(asked, reader, mark):
        gap = row.quality in (NOTHING, NOT_RUNNING)
        yield csv_line(text.text(row)).encode(), [row.device, row.signal, row.at, gap]


def _rows(asked: _Export, reader: HistoryReader, mark: Any) -> Iterator[ExportRow]:
    from facilityd.query.export import NOT_RUNNING, NOTHING, export_rows, rows_of

    query = asked.query
    if mark is None:
        yield from export_rows(asked.site, reader, query)
        return
    device, signal, at, in_gap = mark
    place = query.signals.index((device, signal))
    for row in rows_of(asked.site, reader, query, device, signal, at + 1):
        if in_gap and row.at == at + 1 and row.quality in (NOTHING, NOT_RUNNING):
            continue  # the rest of the gap that was told
        yield row
    yield from export_rows(asked.site, reader, replace(query, signals=query.signals[place + 1 :]))


def _stepped(one: Any, step: Callable[[], None]) -> Any:
    step()
    return one


@contextmanager
def _shown() -> Iterator[Callable[[], None]]:
    """Show on a terminal how many rows there are."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn

    with Progress(SpinnerColumn(), MofNCompleteColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda: bar.advance(task)
