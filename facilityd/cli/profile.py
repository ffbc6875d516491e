"""facilityd profile: a register list becomes a profile, and a profile is checked before any site uses it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

import click

from devices.profile import ModbusProfile
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import json_option, print_json, say
from facilityd.cli.profile_list import ListedPoint, read_list
from facilityd.cli.profile_live import live
from facilityd.cli.words import counted, sentence
from facilityd.errors import UsageError, system_reason
from facilityd.model.message import Wording
from facilityd.model.text import Language

ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
GOLDEN = 4
"""Points that are proposed to be worked by hand."""


@click.group()
def profile() -> None:
    """Make a profile from a register list, and check one."""


@profile.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--from", "source", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True,
    help="The register list, as CSV: its head names address, name, and where known type, scale and unit.",
)  # fmt: skip
@click.option("--maker", default="MAKER", help="As on the nameplate.")
@click.option("--model", default="MODEL", help="As on the nameplate.")
@click.option("--manual", default="MANUAL, page", help="Document and page of the list.")
@click.option("--serial", default="", metavar="SETTINGS", help="Factory settings, such as '9600 8N1'.")
@click.option("--one-based", is_flag=True, help="The list counts registers from 1.")
@lang_option
@json_option
def new(
    file: Path, *, source: Path, maker: str, model: str, manual: str, serial: str, one_based: bool,
    lang: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Write the skeleton of a profile FILE from a register list.

    Every row becomes a point. What the list does not say (how the model is recognised, words worked by
    hand) stands there as a comment to fill in; then 'profile check' says whether it is whole.
    """
    language = chosen(lang)
    if not ID.fullmatch(file.stem) or file.suffix != ".yaml":
        raise UsageError(Wording("ask.no-profile-file", name=file.name), hint=Wording("ask.profile-file"))
    if file.exists():
        raise UsageError(Wording("ask.folder-taken"), where=str(file), hint=Wording("ask.another-file"))
    points = read_list(source)
    about = {"profile": file.stem, "protocol": "modbus", "maker": maker, "model": model, "manual": manual}
    text = _skeleton(
        about | {"evidence": "A"} | ({"serial": serial} if serial else {}),
        points,
        language,
        one_based=one_based,
    )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        what = Wording("ask.cannot-written", error=system_reason(error))
        raise UsageError(what, where=str(file)) from error
    if as_json:
        print_json({"file": str(file), "points": [one.name for one in points]})
        return
    say(
        sentence("profile-written", language, file=str(file), points=counted(len(points), "points", language))
    )


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


def _skeleton(
    about: dict[str, str], points: Iterable[ListedPoint], language: Language, *, one_based: bool
) -> str:
    points = list(points)
    tables = [one.table for one in points if one.table]
    table = max(set(tables), key=tables.count, default="holding-register")
    head = "".join(f"{key}: {_quoted(value)}\n" for key, value in about.items())
    rows = "".join(_row(one, table, one_based=one_based) for one in points)
    todo = _comment("profile-todo", language)
    golden = "".join(f"#  - {{point: {one.name}, words: [0], value: 0}}\n" for one in points[:GOLDEN])
    identity = f'#  - {{point: {points[0].name}, between: [0, 1], why: ""}}\n' if points else ""
    return (
        f"{head}table: {table}\nmax_gap: 0\npoints:\n{rows}{todo}identity:\n{identity}"
        f"{_comment('profile-golden', language)}golden:\n{golden}"
    )


def _row(one: ListedPoint, table: str, *, one_based: bool) -> str:
    address = one.address - 1 if one_based and not one.table and one.address else one.address
    parts = [f"address: {address}", f"doc: {_quoted(one.doc, always=True)}", f"type: {one.type}"]
    if one.table and one.table != table:
        parts.append(f"table: {one.table}")
    if one.scale != 1.0 and one.type != "bit":
        parts.append(f"scale: {one.scale:g}")
    if one.unit and one.type != "bit":
        parts.append(f"unit: {_quoted(one.unit)}")
    return f"  {one.name}: {{{', '.join(parts)}}}\n"


def _comment(name: str, language: Language) -> str:
    return "".join(f"# {line}\n" for line in sentence(name, language).splitlines())


def _quoted(text: str, *, always: bool = False) -> str:
    return (
        text if re.fullmatch(r"[A-Za-z][\w-]*", text) and not always else json.dumps(text, ensure_ascii=False)
    )
