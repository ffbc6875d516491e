"""facilityd init: a new site from a few answers, or more units for one, in files that pass `check`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import yaml

from facilityd.cli.init_files import (
    NewSite,
    NewUnit,
    Taken,
    added_file,
    equipment_files,
    init_words,
    site_file,
)
from facilityd.cli.init_questions import ID, IdParam, ZoneParam, ask, ask_units
from facilityd.cli.init_template import template_files
from facilityd.cli.init_units import fresh_units, unit_told, units_of_scan
from facilityd.cli.init_write import SITE_FILE, add_file, site_there, write_site
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import json_option, print_json, say
from facilityd.cli.words import counted, sentence
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.text import LANGUAGES, Language, Text

if TYPE_CHECKING:
    from facilityd.config.site import Site

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "schemas" / "site.json"
NEXT = ("check {site}", "plan {site}", "probe {site} {unit}")
RUN, RELOAD, SIMULATE = "run {site}", "reload {site}", "simulate serve {site} --broker"
LATITUDE, LONGITUDE = click.FloatRange(-90, 90), click.FloatRange(-180, 180)
ToldUnit = tuple[str, str, str]
"""A model, where it is connected, and its device id or topic."""
TEMPLATES = click.Choice(list(init_words().templates))


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
    "--template", type=TEMPLATES, default=None, help="Begin with an example of the simulated square."
)
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
    folder: Path, *, scan: Path | None, told: tuple[ToldUnit, ...], lang: str | None, as_json: bool,
    **about: Any,
) -> None:  # fmt: skip
    """Write a new site into FOLDER, or add units to it.

    Asks for what the options do not say; without a terminal they must say all but the id, the time zone and
    the units. The files pass 'check'. A file that is there is never changed: what is added stands in a file
    of its own, and units that the site has already are left out.
    """
    spoken, there = chosen(lang), site_there(folder)
    schema = os.path.relpath(SCHEMA, folder.resolve()) if SCHEMA.is_file() else ""
    made = (
        _added(folder, there, about, scan, told, spoken, schema)
        if there
        else _new(folder, about, scan, told, spoken, schema)
    )
    made.tell(spoken, as_json=as_json)


@dataclass(frozen=True, slots=True)
class InitResult:
    """What was written: new ``units`` and ``devices``; so many units were ``skipped``: they are there.

    ``left``: units that stand there as comments, for nobody knows yet what they are.
    """

    folder: Path
    files: tuple[str, ...]
    units: list[str]
    devices: int
    following: tuple[str, ...]
    skipped: int = 0
    left: int = 0

    def tell(self, language: Language, *, as_json: bool) -> None:
        """Say it, and what comes next."""
        first = self.units[0] if self.units else ""
        following = [
            f"facilityd {line.format(site=self.folder, unit=first)}"
            for line in (*NEXT, *self.following)
            if first or "{unit}" not in line
        ]
        if as_json:
            made = {"folder": str(self.folder), "files": list(self.files), "units": self.units}
            more = {"devices": self.devices, "skipped": self.skipped, "left": self.left}
            print_json(made | more | {"next": following})
            return
        for name in self.files:
            say(str(self.folder / name))
        if self.skipped:
            say(sentence("init-skipped", language, units=counted(self.skipped, "unit", language)))
        parts = counted(len(self.units), "unit", language), counted(self.devices, "device", language)
        say(sentence("init-written", language, units=parts[0], devices=parts[1]))
        for line in following:
            click.echo(f"  {line}")
        if self.left:
            units = counted(self.left, "unit", language)
            say(sentence("init-left", language, units=units, folder=self.folder))


def _new(
    folder: Path, about: Mapping[str, Any], scan: Path | None, told: tuple[ToldUnit, ...],
    spoken: Language, schema: str,
) -> InitResult:  # fmt: skip
    from devices.tables import families, profiles

    template, known, kinds = about["template"], profiles(folder), families(folder)
    new = _site(folder, about, spoken)
    units = _units(scan, told, spoken, [], known, kinds, ask_too=not template)
    files = {SITE_FILE: site_file(new, schema)}
    if template:
        files |= template_files(template, new.language, schema)
    if template and units:
        files["added.yaml"] = added_file(units, Taken({}, _names(files)), known, kinds, new.language, schema)
    elif not template or not files.keys() - {SITE_FILE}:
        files |= equipment_files(units, known, kinds, new.language, schema)
    site = write_site(folder, files)
    following = (SIMULATE, RUN) if template and site.units else (RUN,)
    return InitResult(folder, tuple(files), list(site.units), len(site.devices), following, left=_left(units))


def _added(
    folder: Path, there: Site, about: Mapping[str, Any], scan: Path | None,
    told: tuple[ToldUnit, ...], spoken: Language, schema: str,
) -> InitResult:  # fmt: skip
    from devices.tables import families, profiles

    if given := [
        f"--{key.replace('site_', '').replace('_', '-')}" for key, value in about.items() if value is not None
    ]:
        said = Wording("ask.site-is-there", options=", ".join(sorted(given)))
        raise UsageError(said, where=str(folder), hint=Wording("ask.add-what"))
    known, kinds = profiles(folder), families(folder)
    before = [NewUnit(link, "", ()) for link in there.links.values()]
    asked = _units(scan, told, spoken, before, known, kinds)
    units = fresh_units(asked, there)
    if not units:
        what = "ask.all-there" if asked else "ask.nothing-to-add"
        raise UsageError(Wording(what), where=str(folder), hint=Wording("ask.add-what"))
    taken = Taken(there.links, frozenset({*there.links, *there.units, *there.devices}))
    file, site = add_file(folder, added_file(units, taken, known, kinds, there.language or spoken, schema))
    new = [one for one in site.units if one not in there.units]
    return InitResult(
        folder, (file,), new, len(site.devices) - len(there.devices), (RELOAD,), len(asked) - len(units),
        _left(units),
    )  # fmt: skip


def _left(units: Iterable[NewUnit]) -> int:
    return sum(not one.placed for one in units)


def _names(files: Mapping[str, str]) -> frozenset[str]:
    """Return what links, units and devices in files are called."""
    read = [yaml.safe_load(text) for name, text in files.items() if "/" not in name]
    return frozenset(
        one for part in read for key in ("links", "units", "devices") for one in part.get(key) or ()
    )


def _units(
    scan: Path | None, told: tuple[ToldUnit, ...], spoken: Language, before: list[NewUnit],
    known: Mapping[str, Any], kinds: Mapping[str, Any], *, ask_too: bool = True,
) -> list[NewUnit]:  # fmt: skip
    """Return the units that a scan found, options tell or somebody says; ``before``: on links there are."""
    units = list(units_of_scan(scan, known)) if scan else []
    for profile, where, address in told:
        units.append(unit_told(profile, where, address, known, [*before, *units]))
    if ask_too and sys.stdin.isatty() and not scan and not told:
        ask_units(units, known, kinds, spoken)
    return units


def _site(folder: Path, about: Mapping[str, Any], spoken: Language) -> NewSite:
    """Return what options say of the site, and where they do not, somebody."""
    site_id, name, zone = about["site_id"], about["name"], about["timezone"]
    latitude, longitude = about["latitude"], about["longitude"]
    if not sys.stdin.isatty():
        site_id, zone = site_id or _id(folder), zone or _zone()
        _refuse_missing({"--name": name, "--latitude": latitude, "--longitude": longitude})
    site_id = site_id or ask("id", IdParam(), spoken, _id(folder))
    name = name or ask("name", click.STRING, spoken)
    latitude = ask("latitude", LATITUDE, spoken) if latitude is None else latitude
    longitude = ask("longitude", LONGITUDE, spoken) if longitude is None else longitude
    zone = zone or ask("timezone", ZoneParam(), spoken, _zone())
    said = Text(zh=name, en=about["name_en"] or name)
    return NewSite(site_id, said, latitude, longitude, zone, about["language"] or spoken)


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
