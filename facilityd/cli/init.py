"""facilityd init: a new site from a few answers, in files that pass `check` and say what comes next."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.init_files import NewSite, site_files
from facilityd.cli.init_questions import ID, IdParam, ZoneParam, ask, ask_units
from facilityd.cli.init_units import unit_told, units_of_scan
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import json_option, print_json, say
from facilityd.cli.words import counted, sentence
from facilityd.errors import ConfigError, UsageError, system_reason
from facilityd.model.message import Wording
from facilityd.model.text import LANGUAGES, Language, Text

if TYPE_CHECKING:
    from facilityd.config.site import Site

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "schemas" / "site.json"
NEXT = ("check {site}", "plan {site}", "probe {site} {unit}", "run {site}")


LATITUDE, LONGITUDE = click.FloatRange(-90, 90), click.FloatRange(-180, 180)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--id", "site_id", type=IdParam(), metavar="ID", help="[default: the folder's name]")
@click.option("--name", metavar="TEXT", help="Of the site, as people call it.")
@click.option("--name-en", metavar="TEXT", help="The same in English.  [default: as --name]")
@click.option("--latitude", type=LATITUDE, metavar="DEGREES", help="For sunrise; north is positive.")
@click.option("--longitude", type=LONGITUDE, metavar="DEGREES", help="East is positive.")
@click.option("--timezone", type=ZoneParam(), metavar="ZONE", help="Such as Asia/Shanghai.")
@click.option("--language", type=click.Choice(LANGUAGES), help="What people on site read.  [default: --lang]")
@click.option(
    "--from-scan", "scan", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=None,
    help="The units that 'scan -o' found.",
)  # fmt: skip
@click.option(
    "--unit", "told", type=(str, str, str), multiple=True, metavar="MODEL WHERE ID",
    help="A unit: its model, host[:port] or serial port, and device id (topic); may be repeated.",
)  # fmt: skip
@lang_option
@json_option
def init(
    folder: Path, *, site_id: str | None, name: str | None, name_en: str | None, latitude: float | None,
    longitude: float | None, timezone: str | None, language: Language | None, scan: Path | None,
    told: tuple[tuple[str, str, str], ...], lang: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Write a new site into FOLDER, and say what to edit next.

    Asks for what the options do not say; without a terminal they must say all but the id, the time zone and
    the units. The files pass 'check'. A folder in which something is already is refused.
    """
    from devices.tables import families, profiles

    spoken = chosen(lang)
    _refuse_taken(folder)
    known, kinds = profiles(), families()
    asked = sys.stdin.isatty()
    if not asked:
        site_id, timezone = site_id or _id(folder), timezone or _zone()
        _refuse_missing({"--name": name, "--latitude": latitude, "--longitude": longitude})
    site_id = site_id or ask("id", IdParam(), spoken, _id(folder))
    name = name or ask("name", click.STRING, spoken)
    latitude = ask("latitude", LATITUDE, spoken) if latitude is None else latitude
    longitude = ask("longitude", LONGITUDE, spoken) if longitude is None else longitude
    timezone = timezone or ask("timezone", ZoneParam(), spoken, _zone())
    units = list(units_of_scan(scan, known)) if scan else []
    for profile, where, address in told:
        units.append(unit_told(profile, where, address, known, units))
    if asked and not scan and not told:
        ask_units(units, known, kinds, spoken)
    site = NewSite(
        site_id, Text(zh=name, en=name_en or name), latitude, longitude, timezone, language or spoken
    )
    schema = os.path.relpath(SCHEMA, folder.resolve()) if SCHEMA.is_file() else ""
    files = site_files(site, units, known, kinds, schema)
    count = _write(folder, files)
    placed = sum(unit.placed for unit in units)
    _tell(folder, files, count, placed, spoken, as_json=as_json)


def _refuse_missing(given: Mapping[str, object]) -> None:
    """Raise UsageError where nobody can be asked and an option is missing."""
    if missing := [option for option, value in given.items() if value is None]:
        said = Wording("ask.options-missing", options=", ".join(missing))
        raise UsageError(said, hint=Wording("ask.or-in-terminal"))


def _id(folder: Path) -> str:
    """Return an id from a folder's name; "site" where that has no letter."""
    made = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")
    return made if ID.fullmatch(made) else "site"


def _zone() -> str:
    """Return this machine's time zone; that of China where it has none of its own."""
    found = os.path.realpath("/etc/localtime").partition("zoneinfo/")[2]
    return found if "/" in found and not found.startswith("Etc/") else "Asia/Shanghai"


def _refuse_taken(folder: Path) -> None:
    try:
        taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as error:
        raise _unwritable(folder, error) from error
    if taken:
        raise UsageError(Wording("ask.folder-taken"), where=str(folder), hint=Wording("ask.another-folder"))


def _checked(made: Path) -> Site:
    """Return the site in a folder that nobody has seen. Raises UsageError: what is wrong with an answer."""
    from facilityd.config.load import load

    try:
        return load(made, secrets=False)
    except ConfigError as error:
        first = error.problems[0]
        why = first.parts["what"] if isinstance(first, Wording) else first
        raise UsageError(Wording("ask.answer-refused", why=why)) from error


def _unwritable(folder: Path, error: OSError) -> UsageError:
    return UsageError(Wording("ask.cannot-written", error=system_reason(error)), where=str(folder))


def _write(folder: Path, files: Mapping[str, str]) -> tuple[list[str], int]:
    """Write the files, all or none, and return units and how many devices there are.

    Raises UsageError where they are no site, or cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".init-", dir=folder.parent) as beside:
            made = Path(beside) / folder.name
            made.mkdir()
            for name, text in files.items():
                (made / name).write_text(text, encoding="utf-8")
            site = _checked(made)
            folder.mkdir(exist_ok=True)
            for name in files:
                shutil.move(made / name, folder / name)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return list(site.units), len(site.devices)


def _tell(
    folder: Path, files: Mapping[str, str], count: tuple[list[str], int], placed: int, language: Language, *,
    as_json: bool,
) -> None:  # fmt: skip
    units, devices = count
    following = [
        f"facilityd {line.format(site=folder, unit=units[0] if units else '')}".rstrip()
        for line in NEXT
        if units or "{unit}" not in line
    ]
    if as_json:
        made = {"folder": str(folder), "files": list(files), "units": units, "devices": devices}
        print_json(made | {"next": following})
        return
    for name in files:
        say(str(folder / name))
    parts = counted(placed, "unit", language), counted(devices, "device", language)
    say(sentence("init-written", language, units=parts[0], devices=parts[1]))
    for line in following:
        click.echo(f"  {line}")
