"""facilityd profile live: what a unit says now, by a profile that is not trusted yet."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from devices.profile import ModbusProfile
from devices.unit import ModbusLink
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, say, table
from facilityd.cli.text_table import Column
from facilityd.cli.words import sentence, show_quality
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.text import Language
from facilityd.yaml_source import suggestion

if TYPE_CHECKING:
    from devices.golden import Found
    from devices.modbus.live import LivePoint

SERIAL = re.compile(r"\d+ 8[NEO][12]?")


@click.command()
@click.argument("model")
@click.argument("where", metavar="LINK")
@click.argument("number", metavar="ID")
@click.option("--serial", default="", metavar="SETTINGS", help="Of a serial port.  [default: the profile's]")
@lang_option
@json_option
@click.pass_context
def live(
    ctx: click.Context, model: str, where: str, number: str, *, serial: str, lang: str | None, as_json: bool
) -> None:
    """Show every point of a profile with its words, in all four orders.

    MODEL is a profile's file, finished or not, or a name; LINK a HOST[:PORT] or a serial port, ID the unit's.
    Only reads, one point at a time. Exit status 1 where nothing answers.
    """
    from devices.modbus.live import live as read_live
    from facilityd.cli.init_units import unit_told
    from facilityd.doctor.ports import refuse_taken

    profile = _profile(model)
    if serial and not SERIAL.fullmatch(serial):
        raise UsageError(Wording("ask.no-serial-settings", value=serial), hint=Wording("ask.serial-settings"))
    profile = profile.model_copy(update={"serial": serial}) if serial else profile
    link = unit_told(profile.profile, where, number, {profile.profile: profile}, ()).link
    if not isinstance(link, ModbusLink):
        raise TypeError(f"{profile.profile} is not on a Modbus link")
    refuse_taken(link.serial_port)

    async def read() -> list[LivePoint]:
        return [one async for one in read_live(link, profile, int(number))]

    points = asyncio.run(read())
    if as_json:
        print_json([one.plain() for one in points])
    else:
        _show(points, profile, f"{where} {number}", chosen(lang))
    if not any(one.words for one in points):
        ctx.exit(1)


def _profile(model: str) -> ModbusProfile:
    """Return the profile of a file, or of a name that is shipped. Raises UsageError and ConfigError."""
    from devices.tables import load_points, profiles

    if Path(model).is_file():
        found = load_points(Path(model))
    else:
        known = profiles()
        if model not in known:
            raise UsageError(Wording("ask.no-profile", profile=model), hint=suggestion(model, known))
        found = known[model]
    if not isinstance(found, ModbusProfile):
        raise UsageError(Wording("ask.live-of-registers", profile=found.profile))
    return found


def _show(points: list[LivePoint], profile: ModbusProfile, where: str, language: Language) -> None:
    from devices.modbus.live import ORDERS

    columns = (
        Column("point", "测点"), Column("address", "地址"), Column("manual", "手册编号"),
        Column("words", "字"),
        *(Column(order) for order in ORDERS), Column("unit", "单位"),
    )  # fmt: skip
    rows = [
        (
            one.name, one.point.address, one.point.doc,
            " ".join(f"{word:04X}" for word in one.words) or show_quality(str(one.reason), language),
            *(_cell(one, order) for order in ORDERS), one.point.unit,
        )
        for one in points
    ]  # fmt: skip
    about = sentence("live", language, profile=profile.profile, where=where)
    console().print(table(about, columns, rows, language=language))
    say(sentence("live-orders" if any(one.words for one in points) else "live-silent", language))


def _cell(one: LivePoint, order: str) -> str:
    """Return a value; in brackets where it cannot be, and marked where the profile takes it so."""
    if order not in one.values:
        return ""
    value = one.values[order]
    text = _text(value) if one.possible(value) else f"({_text(value)})"
    return f"*{text}" if order == one.order else text


def _text(value: Found) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:.7g}" if isinstance(value, int | float) else value or "-"
