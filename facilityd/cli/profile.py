"""facilityd profile: a register list becomes a profile, and a profile is checked before any site uses it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from devices.profile import ModbusProfile
from facilityd.cli.language import chosen, in_words, lang_option
from facilityd.cli.output import json_option, print_json, say
from facilityd.cli.profile_draft import skeleton
from facilityd.cli.profile_list import RegisterList, read_list
from facilityd.cli.profile_live import live
from facilityd.cli.profile_rows import column_name
from facilityd.cli.profile_words import list_words
from facilityd.cli.words import counted, sentence
from facilityd.errors import UsageError, system_reason
from facilityd.model.message import Wording
from facilityd.model.text import Language

ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
SHOWN = 5
"""Points of a list that are shown before it is written."""
LISTED = 12
"""Rows that are named for one reason."""


class ColumnsParam(click.ParamType[dict[str, str]]):
    """'address=B,name=C': which column of a list holds what, by letter or heading."""

    name = "columns"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, str]:
        """Return the column of each."""
        if isinstance(value, dict):
            return value
        parts = [one.partition("=")[::2] for one in str(value).split(",")]
        said = {key.strip(): column.strip() for key, column in parts}
        known = list_words().columns
        if not said.keys() <= known.keys() or not all(said.values()):
            told = Wording("ask.no-columns", value=value, known=", ".join(known))
            self.fail(in_words(told), param, ctx)
        return said


@click.group()
def profile() -> None:
    """Make a profile from a register list, and check one."""


@profile.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--from", "source", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True,
    help="The register list, CSV or workbook: its head names address, name and, if known, type, scale, unit.",
)  # fmt: skip
@click.option(
    "--columns", "told", type=ColumnsParam(), default=None, metavar="NAME=COLUMN,…",
    help="Which columns hold what, such as address=B,name=C: where a guess is wrong.",
)  # fmt: skip
@click.option("--maker", default="MAKER", help="As on the nameplate.")
@click.option("--model", default="MODEL", help="As on the nameplate.")
@click.option("--manual", default="MANUAL, page", help="Document and page of the list.")
@click.option("--serial", default="", metavar="SETTINGS", help="Factory settings, such as '9600 8N1'.")
@click.option("--one-based", is_flag=True, help="The list counts registers from 1.")
@lang_option
@json_option
def new(
    file: Path, *, source: Path, told: dict[str, str] | None, maker: str, model: str, manual: str,
    serial: str, one_based: bool, lang: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Write the skeleton of a profile FILE from a register list.

    Every row that can be read becomes a point; headings, reserved and write-only rows are left out. Cells
    that are not understood are all named, and nothing is written until they are corrected or blank. What the
    list does not say (how the model is recognised, words worked by hand) stands there as a comment to fill
    in: 'profile live' shows what a device answers, 'profile check' says what is missing.
    """
    language = chosen(lang)
    if not ID.fullmatch(file.stem) or file.suffix != ".yaml":
        raise UsageError(Wording("ask.no-profile-file", name=file.name), hint=Wording("ask.profile-file"))
    if file.exists():
        raise UsageError(Wording("ask.folder-taken"), where=str(file), hint=Wording("ask.another-file"))
    listed = read_list(source, told)
    points = listed.points
    if not told and not as_json and sys.stdin.isatty():
        _confirm(listed, language)
    about = {"profile": file.stem, "protocol": "modbus", "maker": maker, "model": model, "manual": manual}
    about |= {"evidence": "C"} | ({"serial": serial} if serial else {})
    text = skeleton(about, points, language, one_based=one_based)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        what = Wording("ask.cannot-written", error=system_reason(error))
        raise UsageError(what, where=str(file)) from error
    if as_json:
        print_json({"file": str(file), **_plain(listed)})
    else:
        _tell(listed, file, language)


@profile.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@lang_option
@json_option
def check(file: Path, *, lang: str | None, as_json: bool) -> None:
    """Check one profile FILE: every mistake, with its line.

    The words under 'golden' are decoded by the code that will read the unit. Exit status 1 where something
    is wrong.
    """
    from devices.tables import load_profile

    language, found = chosen(lang), load_profile(file)
    modbus = isinstance(found, ModbusProfile)
    told = {"profile": found.profile, "points": len(found.expanded), "golden": len(found.golden)}
    if as_json:
        print_json(told | {"ok": True})
        return
    said = counted(len(found.expanded), "points", language)
    say(sentence("profile-right", language, profile=found.profile, points=said, golden=len(found.golden)))
    if modbus:
        say(sentence("profile-next", language, profile=found.profile))


profile.add_command(live)


def _columns(listed: RegisterList) -> str:
    """Return which column was taken for what, as --columns takes it, with its heading."""
    return ", ".join(f"{key}={column_name(n)} ({head})" for key, (n, head) in listed.columns.items())


def _plain(listed: RegisterList) -> dict[str, object]:
    """Return what was read, and what was made of it, as data."""
    return {
        "points": [one.name for one in listed.points],
        "columns": {key: column_name(n) for key, (n, _) in listed.columns.items()},
        "left": sum(map(len, listed.left.values())),
        "left_out": listed.left,
        "units_left_out": [{"row": row, "unit": unit} for row, unit in listed.unitless],
        "assumed": {"type": listed.untyped, "bit": listed.flags, "order": _unordered(listed)},
    }


def _unordered(listed: RegisterList) -> int:
    """Return how many points have an order of words that the list does not say."""
    return sum(one.is_long and not one.order for one in listed.points)


def _tell(listed: RegisterList, file: Path, language: Language) -> None:
    """Say what was read, what was left out, what was assumed, and what to do next."""
    say(sentence("list-read", language, where=listed.where, columns=_columns(listed)))
    for why, rows in listed.left.items():
        say(sentence(f"list-{why}", language, rows=_some([*map(str, rows)])))
    if listed.unitless:
        said = [sentence("list-row-unit", language, row=row, unit=unit) for row, unit in listed.unitless]
        say(sentence("list-units", language, units=_some(said)))
    assumed = {"untyped": listed.untyped, "flags": listed.flags, "orders": _unordered(listed)}
    for what, count in assumed.items():
        if count:
            say(sentence(f"list-{what}", language, points=counted(count, "points", language)))
    made = counted(len(listed.points), "points", language)
    say(sentence("profile-written", language, file=str(file), base=file.name, points=made))


def _some(names: list[str]) -> str:
    """Return the first of some names, and that there are more."""
    return ", ".join([*names[:LISTED], *(["…"] if len(names) > LISTED else [])])


def _confirm(listed: RegisterList, language: Language) -> None:
    """Show what the list was taken for, and ask whether it is so. Raises UsageError where it is not."""
    say(sentence("list-read", language, where=listed.where, columns=_columns(listed)), err=True)
    for one in listed.points[:SHOWN]:
        scale = "" if one.scale == 1.0 else f" × {one.scale:g}"
        say(f"  {one.doc}  {one.name}  {one.type}{scale}  {one.unit}", err=True)
    if not click.confirm(sentence("list-right", language), default=True, err=True):
        raise UsageError(Wording("ask.columns-wrong"), hint=Wording("ask.columns-as"))
