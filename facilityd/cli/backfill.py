"""facilityd backfill: what the journal holds, into an InfluxDB that does not have it yet."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from facilityd.cli.arguments import one_site
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import json_option, print_json, say
from facilityd.cli.words import sentence

if TYPE_CHECKING:
    from facilityd.config.site import Site
    from facilityd.model.settings import InfluxSettings
    from facilityd.store.backfill import BackfillState
    from facilityd.store.backfill_check import BackfillCheck

RATE = 5000


@click.command()
@one_site
@click.argument("sink", default="influxdb")
@click.option(
    "--rate", type=click.IntRange(1, 1_000_000), default=RATE, show_default=True,
    help="Lines a second at most; the daemon's own come first.",
)  # fmt: skip
@click.option("--anew", is_flag=True, help="Forget how far an earlier run has come.")
@lang_option
@json_option
def backfill(site: Path, sink: str, rate: int, anew: bool, lang: str | None, as_json: bool) -> None:
    """Fill an InfluxDB from the journal.

    What it lacks is sent, sealed hours too. SINK is the id of one of the site's sinks, or influxdb where
    there is one only. An interrupted run is gone on with; nothing is there twice. At the end the InfluxDB
    counts what it has.
    """
    from facilityd.config.load import load
    from facilityd.config.one_sink import load_influx

    loaded = load(site, secrets=False)
    settings = load_influx([site], sink)
    language = chosen(lang, loaded)
    path = Path(f"{loaded.store.path}.backfill-{settings.id}.json")
    if anew:
        path.unlink(missing_ok=True)
    with suppress(OSError):
        os.nice(10)
    state, went_on, check = _sent(loaded, settings, path, rate)
    missing = sum(check.missing.values())
    if as_json:
        print_json(
            {
                "sink": settings.id, "went_on": went_on, "sent": check.sent, "there": check.there,
                "missing": missing, "missing_by_series": check.missing, "refused": state.refused,
            }
        )  # fmt: skip
    else:
        _say(settings.id, path, state, check, missing, language)
    if missing:
        raise click.exceptions.Exit(1)


def _sent(
    loaded: Site, settings: InfluxSettings, path: Path, rate: int
) -> tuple[BackfillState, bool, BackfillCheck]:
    from facilityd.query.site import open_journal
    from facilityd.store.backfill import Backfill, begin_or_go_on
    from facilityd.store.backfill_check import check_backfill
    from facilityd.store.influx import InfluxSink
    from facilityd.store.influx_query import InfluxQueryClient

    with open_journal(loaded) as reader, closing(InfluxQueryClient(settings)) as client:
        client.version()  # nothing is begun where nobody answers
        state, went_on = begin_or_go_on(path, settings, reader)
        with _shown(state) as told:
            work = Backfill(
                reader, loaded.id, InfluxSink(settings), settings, state, path, rate=rate, told=told
            )
            asyncio.run(work.run())
        families = (stream.family for stream in reader.streams().values())
        return state, went_on, check_backfill(client, loaded.id, state, families)


def _say(
    sink: str, path: Path, state: BackfillState, check: BackfillCheck, missing: int, language: Any
) -> None:
    from facilityd.store.backfill import refused_file

    say(sentence("backfill-done", language, sent=f"{check.sent:,}", there=f"{check.there:,}", sink=sink))
    if state.refused:
        say(sentence("backfill-refused", language, count=f"{state.refused:,}", path=refused_file(path)))
    if missing:
        worst = max(check.missing, key=lambda name: check.missing[name])
        say(sentence("backfill-missing", language, count=f"{missing:,}", series=worst))


@contextmanager
def _shown(state: BackfillState) -> Iterator[Callable[[BackfillState], None]]:
    """Show a bar on a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn

    columns = (BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=state.sample_until + state.change_until)
        bar.update(task, completed=state.sample + state.change)
        yield lambda now: bar.update(task, completed=now.sample + now.change)
