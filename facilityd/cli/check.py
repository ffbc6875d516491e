"""facilityd check: does exactly what start does, minus the network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from facilityd.cli.language import chosen, lang_option, problem_lines
from facilityd.cli.output import json_option, print_json, say, site_argument, warn
from facilityd.cli.words import counted, sentence
from facilityd.errors import ConfigError
from facilityd.model.message import Wording, spoken
from facilityd.model.sample import NS
from facilityd.model.text import LANGUAGES
from facilityd.query.words import listed
from facilityd.yaml_source import Problem, SourceLocation

if TYPE_CHECKING:
    from facilityd.app.ceremony import Deviation
    from facilityd.config.site import Site
    from facilityd.model.text import Language

_PLACE = re.compile(r"(?P<file>.+?):(?P<line>\d+):(?P<column>\d+): (?P<what>.*)", re.DOTALL)

_NAMES = {"sunrise": "config.sunrise", "sunset": "config.sunset"}


@click.command()
@site_argument
@lang_option
@json_option
@click.pass_context
def check(ctx: click.Context, site: tuple[Path, ...], lang: str | None, as_json: bool) -> None:
    """Report all mistakes of a SITE, as file:line:column.

    A published time more than 3 min from the sun's is a warning, not a mistake.

    Exit status 0: nothing is wrong. 1: something is.
    """
    from facilityd.config.load import load
    from facilityd.query.liveness import outdated_warning

    try:
        loaded = load(*site)
    except ConfigError as error:
        if as_json:
            print_json({"ok": False, "problems": [located(line) for line in error.problems]})
        else:
            for line in problem_lines(error):
                say(line)
            language = chosen(lang)
            count = counted(len(error.problems), "problem", language)
            say(sentence("problems", language, count=count), err=True)
        ctx.exit(1)
    counts = {
        "links": len(loaded.links),
        "units": len(loaded.units),
        "devices": len(loaded.devices),
        "signals": sum(len(s.signals) for d in loaded.devices.values() for s in d.streams),
    }
    language = chosen(lang, loaded)
    warnings = [*loaded.warnings, *_slips(loaded), *_untold(loaded)]
    assumed = sum(len(d.assumed) + len(d.assumed_items) for d in loaded.devices.values())
    if as_json:
        more = {"warnings": [located(line) for line in warnings], "assumed": assumed}
        print_json({"ok": True, "site": loaded.id, **counts, **more, "templates": _templates(loaded)})
        warn(outdated_warning(loaded, language))
    else:
        for line in warnings:
            say(spoken(line, language), err=True)
        shown = [counted(count, name.removesuffix("s"), language) for name, count in counts.items()]
        say(sentence("fine", language, site=loaded.id, counts=listed(shown, language)))
        for template in _templates(loaded):
            say(_explained(template, language))
        if assumed:
            say(sentence("assumed", language, count=counted(assumed, "assumed", language)))
        warn(outdated_warning(loaded, language))


def _templates(site: Site) -> list[dict[str, Any]]:
    """Return what each wildcard topic brings, and what was heard behind it and is not watched."""
    if not site.templates:
        return []
    from facilityd.config.templates import topic_of
    from facilityd.query.unwatched import unwatched

    heard = unwatched(site)
    return [
        {
            "unit": name,
            "topic": one.unit.topic,
            "listed": {known: topic_of(one, known) for known in one.names[: one.listed]},
            "found": {known: topic_of(one, known) for known in one.unit_names},
            "room": one.room,
            "heard": heard[name],
        }
        for name, one in site.templates.items()
    ]


def _explained(template: dict[str, Any], language: Language) -> str:
    """Return a wildcard topic in words."""
    none, room = sentence("none", language), template["room"]
    names = {key: listed(template[key], language) or none for key in ("listed", "found")}
    more = sentence("template-room" if room else "template-full", language, room=room)
    lines = [
        sentence("template", language, unit=template["unit"], topic=template["topic"]),
        sentence("template-names", language, **names, more=more),
    ]
    by_reason: dict[str, list[str]] = {}
    for name, why in template["heard"].items():
        by_reason.setdefault(why, []).append(name)
    lines += [
        sentence("template-heard", language, why=why, names=listed(map(repr, names), language))
        for why, names in by_reason.items()
    ]
    return "\n".join(lines)


def _slips(site: Site) -> list[str]:
    """Return a warning for each published time that the sun contradicts; it is used all the same."""
    if site.timetable is None:
        return []
    from facilityd.app.ceremony import Ceremonies

    return [_slip(site.timetable.file, one) for one in Ceremonies.of(site).deviations()]


def _slip(file: str, one: Deviation) -> str:
    what = Wording(
        "config.slip", day=one.day, name=Wording(_NAMES[one.name]), minutes=abs(one.off) / (60 * NS),
        early=Wording("config.later" if one.off > 0 else "config.earlier"),
    )  # fmt: skip
    return Problem(SourceLocation(file, one.line), what, Wording("config.slip-hint")).message("warning")


def _untold(site: Site) -> list[str]:
    """Return a warning where no alarm reaches anybody."""
    if site.recipients:
        return []
    return [Wording("yaml.warning", location=str(site.source), what=Wording("config.nobody-told"))]


def located(line: str) -> dict[str, object]:
    """Return a mistake told as file:line:column, in parts."""
    found, text = _PLACE.fullmatch(line), {one: spoken(line, one) for one in LANGUAGES}
    if not found:
        return {"what": line, "text": text}
    place = {"file": found["file"], "line": int(found["line"]), "column": int(found["column"])}
    what, _, hint = found["what"].partition("; ")
    return {**place, "what": what, "hint": hint, "text": text}
