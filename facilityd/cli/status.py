"""facilityd status: every device, live."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
from rich.live import Live
from rich.table import Table

from facilityd.cli.output import console, json_option, print_json, site_argument, table
from facilityd.cli.snapshot import DeviceLine, Snapshot
from facilityd.cli.when import show_span

REFRESH_S = 1.0
_STYLES = {"critical": "bold white on red", "high": "bold red", "medium": "yellow", "low": "cyan"}


@click.command()
@site_argument
@click.option("--device", "-d", "devices", multiple=True, help="Only this device, with all its signals.")
@click.option("--once", is_flag=True, help="Print once and end (always so without a terminal).")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="en", show_default=True)
@json_option
def status(site: tuple[Path, ...], devices: tuple[str, ...], once: bool, lang: str, as_json: bool) -> None:
    """Show each device: state, value, age, quality, link. Live in a terminal; Ctrl-C ends it."""
    from facilityd.config.load import load

    snapshot = Snapshot(load(*site), "zh" if lang == "zh" else "en")
    if as_json:
        print_json([line.as_dict() for line in snapshot.lines(devices)])
        return
    out = console()
    if once or not sys.stdout.isatty():
        out.print(_view(snapshot, devices))
        return
    with Live(_view(snapshot, devices), console=out, screen=True, auto_refresh=False) as live:
        while True:
            time.sleep(REFRESH_S)
            live.update(_view(snapshot, devices), refresh=True)


def _view(snapshot: Snapshot, devices: tuple[str, ...]) -> Table:
    lines = snapshot.lines(devices)
    rows = [row for line in lines for row in (_signals(line) if devices else [_device(line)])]
    headings = ("device", "state", "signal", "value", "age", "quality", "link")
    columns = headings if devices else ("device", "state", "values", "age", "quality", "link")
    return table(snapshot.headline(), columns, rows)


def _state(line: DeviceLine) -> str:
    style = _STYLES.get(line.priority, "green" if line.state == "normal" else "")
    return f"[{style}]{line.state}[/]" if style else line.state


def _device(line: DeviceLine) -> tuple[str, ...]:
    values = "  ".join(f"{signal.label} {signal.shown}" for signal in line.signals[:5])
    return (line.title, _state(line), values, show_span(line.age), line.quality, ", ".join(line.links))


def _signals(line: DeviceLine) -> list[tuple[str, ...]]:
    return [
        (line.title if not number else "", _state(line) if not number else "", signal.label, signal.shown,
         show_span(signal.age), signal.quality, signal.link)
        for number, signal in enumerate(line.signals)
    ]  # fmt: skip
