"""facilityd status: every device, live."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import click
from rich.cells import cell_len
from rich.console import ConsoleDimensions, Group
from rich.live import Live
from rich.text import Text

from facilityd.app.builtin import DAEMON
from facilityd.cli.arguments import Asked, NameParam, site_and_names
from facilityd.cli.headline import daemon_lines, headline, not_watched_lines, warning
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import PLAIN_WIDTH, STYLES, console, json_option, print_json, styled, table, warn
from facilityd.cli.text_table import Column, TextTable, whole
from facilityd.cli.when import InstantParam, at_site
from facilityd.cli.words import show_quality, show_span
from facilityd.cli.wrapping import KEPT, joined, wrapped
from facilityd.model.rule import Priority
from facilityd.model.text import Language
from facilityd.query.devices import DeviceRow, SignalRow
from facilityd.query.site import SiteQuery

REFRESH_S = 1.0
DEVICE_COLUMNS = (
    whole("device", "设备"), Column("name", "名称", gives=2), whole("state", "状态"),
    Column("values", "数值"), whole("age", "距今"), Column("quality", "质量", gives=1),
    Column("link", "链路", gives=3),
)  # fmt: skip
SHOWN_VALUES = 4
"""Values of a device that its line shows."""
SIGNAL_COLUMNS = (
    whole("signal", "信号"), whole("value", "数值"), whole("age", "距今"),
    Column("last message", "上次报文", gives=2), Column("quality", "质量", gives=1),
    Column("unit", "单元", gives=3), Column("link", "链路", gives=4),
)  # fmt: skip


@click.command()
@site_and_names("device", more=True)
@click.option(
    "--device", "-d", "devices", multiple=True, type=NameParam("device"),
    help="Only this device, with all its signals; the same as to name it after SITE.",
)  # fmt: skip
@click.option(
    "--at", "instant", type=InstantParam(), default=None, help="As it was then: 21:00, 2026-06-10T04:46."
)
@click.option("--once", is_flag=True, help="Print once and end (always so without a terminal).")
@lang_option
@json_option
def status(
    asked: Asked, devices: tuple[str, ...], instant: int | None, once: bool, lang: str | None, as_json: bool
) -> None:  # fmt: skip
    """Show each device: state, value, age, quality, link.

    Live in a terminal; Ctrl-C ends it. Of a DEVICE that is named all signals are shown.

    The age is that of the last good value, the oldest one of a device; of a DEVICE that of the unit's last
    message stands beside it. A dash: never, or too long ago to be found.

    With --at: what every signal read then, with its age and quality as they were, and which alarms stood.
    """
    from facilityd.config.load import load

    loaded, devices = load(*asked.site, secrets=False), (*asked.names, *devices)
    query, language = SiteQuery(loaded), chosen(lang, loaded)
    if instant is not None:
        from facilityd.cli.as_of import show_as_of

        at = at_site(instant, loaded.timezone)
        show_as_of(query, devices, at, language, as_json=as_json)
        return
    if as_json:
        print_json(query.status(devices).plain())
        warn(warning(query, language), red=True)
        return
    out = console()
    if once or not sys.stdout.isatty():
        out.print(_view(query, language, devices))
        return
    with Live(console=out, screen=True, auto_refresh=False) as live:
        while True:
            live.update(_view(query, language, devices, out.size), refresh=True)
            time.sleep(REFRESH_S)


def _view(
    query: SiteQuery, language: Language, devices: tuple[str, ...], window: ConsoleDimensions | None = None
) -> Group:
    """Return what is shown; in a ``window`` no more than it has room for."""
    width = window.width if window else console().width
    said = warning(query, language)
    first = wrapped(said, width) if said else []
    about_daemon = not devices or DAEMON in devices
    counts = daemon_lines(query, language, width=width, brief=window is not None) if about_daemon else []
    counts += [] if devices else not_watched_lines(query, language, width)
    room = max(1, window.height - len(first) - len(counts)) if window else 0
    above = (Text(line, style=STYLES["critical"]) for line in first)
    lines, about = query.devices(devices), headline(query, language)
    if devices:
        return Group(*above, Text(about, style="bold"), *_each(lines, language, width, room - 1), *counts)
    return Group(*above, _table(lines, about, language, room, width), *counts)


def _table(lines: list[DeviceRow], about: str, language: Language, room: int, width: int) -> TextTable:
    shown = sorted(lines, key=urgency) if room else lines
    # In a narrow window that has an end, more devices are worth more than more values of each.
    most = 1 if room and width < PLAIN_WIDTH else SHOWN_VALUES
    rows = [device_row(line, language, most) for line in shown]
    return table(about, DEVICE_COLUMNS, rows, language=language, lines=room)


def _each(lines: list[DeviceRow], language: Language, width: int, room: int) -> Iterator[Text | TextTable]:
    """Yield for each device a line with its state, and a table of its signals; they share the ``room``."""
    own = max(3, room // max(1, len(lines))) if room > 0 else 0
    for line in lines:
        state = line.state.in_(language)
        state = state.replace(" ", KEPT) if cell_len(state) <= width else state
        said = wrapped(f"{line.device} {state} {line.title.in_(language)}", width)
        calm = not line.priority and line.quality == "good"
        yield from (styled(part, line.priority, calm=calm) for part in said)
        rows = [_signal(signal, language) for signal in line.signals]
        yield table("", SIGNAL_COLUMNS, rows, language=language, lines=max(2, own - len(said)) if own else 0)


def urgency(line: DeviceRow) -> int:
    """Return a key that sorts devices: the most urgent alarm first, then those without one."""
    return -Priority[line.priority.upper()] if line.priority else 1


def device_row(line: DeviceRow, language: Language, most: int = SHOWN_VALUES) -> tuple[object, ...]:
    """Return one line for a device: its state coloured, its first values, ``most`` of them."""
    values = joined(
        (f"{s.label.in_(language)} {s.shown.in_(language)}" for s in line.signals[:most]), language
    )
    links = ", ".join(line.links)
    return (
        line.device,
        line.title.in_(language),
        _state(line, language),
        values,
        show_span(line.age, language),
        _quality(line.quality, language),
        links,
    )


def _state(line: DeviceRow, language: Language) -> Text:
    return styled(line.state.in_(language), line.priority, calm=not line.priority and line.quality == "good")


def _quality(quality: str, language: Language) -> Text:
    return Text(show_quality(quality, language), style="" if quality == "good" else "yellow")


def _signal(signal: SignalRow, language: Language) -> tuple[object, ...]:
    return (
        signal.label.in_(language), signal.shown.in_(language), show_span(signal.age, language),
        show_span(signal.message_age, language), _quality(signal.quality, language),
        signal.unit_id, signal.link,
    )  # fmt: skip
