"""What `init` asks in a terminal: of the site, and of its units one by one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar
from zoneinfo import ZoneInfo

import click

from devices.family import Family
from facilityd.cli.hardware_table import HardwareModel, fitting, model_of
from facilityd.cli.init_files import AnyProfile, NewUnit
from facilityd.cli.init_units import unit_told
from facilityd.cli.language import in_words, named
from facilityd.cli.output import say
from facilityd.cli.words import sentence
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.text import Language

ID = re.compile(r"[a-z][a-z0-9-]{0,39}")
SHOWN = 9
"""Models offered for a few words."""
T = TypeVar("T")


class ZoneParam(click.ParamType[str]):
    """'Asia/Shanghai': a time zone."""

    name = "zone"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return its name."""
        try:
            return ZoneInfo(str(value)).key
        except (OSError, ValueError, KeyError):
            self.fail(in_words(Wording("ask.no-zone", value=value)), param, ctx)


class IdParam(click.ParamType[str]):
    """'north-square': an id."""

    name = "id"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it."""
        if not ID.fullmatch(str(value)):
            self.fail(in_words(Wording("ask.no-id", value=value)), param, ctx)
        return str(value)


class WhichParam(click.ParamType[int]):
    """'2', or 'eastron_sdm630': one of the models that are listed, by its number or its name."""

    name = "which"

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return its number, from 1 on."""
        text = str(value).strip()
        if text in self._names:
            return self._names.index(text) + 1
        if not text.isdecimal() or not 1 <= int(text) <= len(self._names):
            self.fail(in_words(Wording("ask.none-listed", value=text, most=len(self._names))), param, ctx)
        return int(text)


def ask(what: str, kind: click.ParamType[T], language: Language, default: T | None = None) -> T:
    """Return an answer; Enter alone gives the default, where there is one."""
    question = sentence(f"init-{what}", language)
    answer: T = click.prompt(question, type=kind, default=default, show_default=default != "", err=True)
    return answer


def ask_units(
    units: list[NewUnit], known: Mapping[str, AnyProfile], families: Mapping[str, Family], language: Language
) -> None:
    """Ask for units until somebody just presses Enter."""
    models = [model_of(one, own=False) for one in known.values()]
    kinds = {name: family.name for name, family in families.items()}
    say(sentence("init-units", language), err=True)
    while words := ask("model", click.STRING, language, ""):
        listed = fitting(models, words.split(), kinds)
        exact = [one for one in listed if one.profile == words]
        if not listed or len(listed) > SHOWN:
            said = "init-many" if listed else "init-no-model"
            say(sentence(said, language, count=len(listed)), err=True)
            continue
        model = (exact or listed)[0]
        if len(listed) > 1 and not exact:
            for number, one in enumerate(listed, 1):
                say(f"  {number}  {one.profile}  {one.maker} {one.model}", err=True)
            model = listed[ask("which", WhichParam([one.profile for one in listed]), language, 1) - 1]
        say(f"  {model.profile}  {model.maker} {model.model}", err=True)
        if unit := _placed(model, units, known, language):
            units.append(unit)
            say(f"  + {model.profile}  {unit.link.where}  {unit.address}", err=True)


def _placed(
    model: HardwareModel, units: list[NewUnit], known: Mapping[str, AnyProfile], language: Language
) -> NewUnit | None:
    """Return a unit of a model, asked for until it can be; None where Enter alone leaves it out."""
    where, again = "", False
    while True:
        where = ask(f"where-{model.protocol}", click.STRING, language, where or None)
        address = ask(f"address-{model.protocol}", click.STRING, language, "" if again else None)
        if not address:
            return None
        try:
            return unit_told(model.profile, where, address, known, units)
        except UsageError as error:
            say(named(error), err=True, red=True)
            again = True
