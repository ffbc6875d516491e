"""facilityd hardware: which models are known, what is known of one, and whether a unit is one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click
from rich.text import Text as Styled

from devices.profile import ModbusProfile, Point, TopicPoint
from facilityd.cli.hardware_table import (
    AnyProfile,
    HardwareModel,
    fitting,
    model_of,
    names_of,
    quantity_of,
    sorts_of,
)
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, say, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.words import counted, sentence, word, words
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.text import Language, Text
from facilityd.yaml_source import suggestion

PROTOCOLS = {"modbus": "Modbus", "mqtt": "MQTT"}
"""Names that both languages write alike."""
SHOW, TRY = "show", "try"
MODELS = (
    whole("profile", "型号表"),
    Column("maker", "厂家"),
    Column("model", "型号"),
    Column("what", "种类", gives=3),
    Column("over", "协议", gives=2),
    Column("measures", "测量", least=24, gives=1),
    Column("for", "用于", gives=4),
    Column("serial", "串口", gives=5),
    Column("evidence", "依据", gives=6),
)
POINTS = (
    whole("point", "测点"),
    Column("address", "地址"),
    Column("manual", "手册编号"),
    Column("type", "类型", gives=1),
    Column("unit", "单位"),
    Column("measures", "测量", gives=2),
)
TOPICS = (
    whole("point", "测点"),
    Column("topic", "主题"),
    Column("unit", "单位"),
    Column("measures", "测量", gives=2),
)
FACTS = (whole("", ""), Column("", ""))


@click.command()
@click.argument("asked", nargs=-1, metavar="[WORDS]... | show MODEL | try MODEL WHERE ID")
@click.option(
    "--site",
    type=click.Path(exists=True, path_type=Path),
    default=None,
    help="List the models beside this site too.",
)
@lang_option
@json_option
@click.pass_context
def hardware(
    ctx: click.Context, asked: tuple[str, ...], site: Path | None, lang: str | None, as_json: bool
) -> None:
    """List known hardware; show a MODEL, or try it on a unit.

    WORDS narrow the list: parts of the maker, the model, the kind of device or what it measures, in Chinese
    or English; a model must fit all of them. For 'try' WHERE is a host[:port] or a serial port, and ID the
    unit's device id (or topic); it only reads. Exit status 1: it is another model, or does not answer.
    """
    from devices.tables import families, own_tables, profiles
    from facilityd.yaml_source import raise_problems

    folder = site if site is None or site.is_dir() else site.parent
    own = own_tables(folder) if folder else None
    if own:
        raise_problems(own.problems)
    known = {**profiles(), **(own.profiles if own else {})}
    kinds = {name: one.name for name, one in families(folder).items()}
    models = {name: model_of(one, own=bool(own and name in own.profiles)) for name, one in known.items()}
    language = chosen(lang)
    if asked[:1] == (TRY,):
        from facilityd.cli.hardware_try import try_unit

        name, where, address = _tried(asked[1:], models, kinds)
        ctx.exit(0 if try_unit(where, address, name, known, None if as_json else language) else 1)
    if asked[:1] == (SHOW,):
        name = _one(asked[1:], models, kinds)
        _show(known[name], models[name], kinds, None if as_json else language)
        return
    listed = fitting((models[name] for name in sorted(models)), asked, kinds)
    if as_json:
        print_json([one.plain() for one in listed])
    elif listed:
        _list(listed, kinds, language)
    else:
        say(sentence("no-hardware", language, words=" ".join(asked)))


def _tried(
    words: tuple[str, ...], models: Mapping[str, HardwareModel], kinds: Mapping[str, Text]
) -> tuple[str, str, str]:
    """Return model, place and id of the unit to try. Raises UsageError where one is missing."""
    *names, where, address = words if len(words) > 2 else ("", "", "")  # noqa: PLR2004
    if not where:
        raise UsageError(Wording("ask.try-what"), hint=Wording("ask.try-as"))
    return _one(tuple(names), models, kinds), where, address


def _one(names: tuple[str, ...], models: Mapping[str, HardwareModel], kinds: Mapping[str, Text]) -> str:
    """Return the id of the model that is meant. Raises UsageError where it is none or several."""
    if not names:
        raise UsageError(Wording("ask.show-which-model"), hint=Wording("ask.list-hardware"))
    asked = " ".join(names)
    if asked in models:
        return asked
    near = [one.profile for one in fitting(models.values(), names, kinds)]
    if len(near) == 1:
        return near[0]
    if near:
        raise UsageError(Wording("ask.several-models", asked=asked), hint=", ".join(sorted(near)))
    raise UsageError(
        Wording("ask.no-profile", profile=asked),
        hint=suggestion(asked, models) or Wording("ask.list-hardware"),
    )


def _list(listed: list[HardwareModel], kinds: Mapping[str, Text], language: Language) -> None:
    rows = [
        (
            one.profile,
            _maker(one, language),
            one.model,
            _listed(sorts_of(one.profile, language), language),
            PROTOCOLS[one.protocol],
            _listed(names_of(one.measures, language), language),
            _listed(_kinds(one, kinds, language), language),
            one.serial,
            one.evidence,
        )
        for one in listed
    ]
    out = console()
    out.print(table(counted(len(listed), "models", language), MODELS, rows, language=language))
    say(sentence("hardware-next", language))


def _maker(model: HardwareModel, language: Language) -> str:
    return (
        f"{model.maker_zh} {model.maker}".strip()
        if language == "zh" and model.maker_zh != model.maker
        else model.maker
    )


def _kinds(model: HardwareModel, kinds: Mapping[str, Text], language: Language) -> list[str]:
    return [kinds[one].in_(language) if one in kinds else one for one in model.families]


def _listed(names: list[str], language: Language) -> str:
    return ("、" if language == "zh" else ", ").join(names)


def _show(
    profile: AnyProfile, model: HardwareModel, kinds: Mapping[str, Text], language: Language | None
) -> None:
    """Show one model; without a ``language`` as JSON."""
    modbus = isinstance(profile, ModbusProfile)
    rows = [_point(name, point) for name, point in profile.points.items()]
    if language is None:
        print_json(model.plain() | {"notes": profile.notes, "map": rows, "identity": _proof(profile)})
        return
    facts = {
        "maker": _maker(model, language),
        "model": model.model,
        "what": _listed(sorts_of(model.profile, language), language),
        "families": _listed(_kinds(model, kinds, language), language),
        "protocol": PROTOCOLS[model.protocol],
        "serial": model.serial,
        "identity": _identity(profile, language),
        "evidence": word(words().evidence, model.evidence, language),
        "source": model.manual,
        "notes": profile.notes,
    }
    lines = [
        (Styled(word(words().fact, key, language), style="bold"), said) for key, said in facts.items() if said
    ]
    out = console()
    out.print(table(model.profile, FACTS, lines, language=language))
    out.print()
    shown = [
        (
            row["point"],
            row["where"],
            *((row["doc"], row["type"]) if modbus else ()),
            row["unit"],
            _listed(names_of([row["measures"]], language), language),
        )
        for row in rows
    ]
    title = counted(model.points, "points", language)
    out.print(table(title, POINTS if modbus else TOPICS, shown, language=language))
    say(sentence("hardware-use" if modbus else "hardware-use-topic", language, profile=model.profile))


def _point(name: str, point: Point | TopicPoint) -> dict[str, str]:
    """Return a point as it is shown; ``repeat`` is one row, with the numbers that {n} stands for."""
    repeat = point.repeat
    shown = name.replace("{n}", f"{repeat.first}…{repeat.first + repeat.count - 1}") if repeat else name
    measures = {"unit": point.unit, "measures": quantity_of(name, point.unit)}
    if isinstance(point, TopicPoint):
        where = " / ".join(f"{one.topic} {one.pointer}".strip() for one in point.sources)
        return {"point": shown, "where": where, "doc": "", "type": point.type, **measures}
    return {
        "point": shown,
        "where": str(point.address),
        "doc": point.doc,
        "type": point.type.value,
        **measures,
    }


def _proof(profile: AnyProfile) -> list[dict[str, object]]:
    return [one.model_dump(exclude_defaults=True) for one in profile.identity]


def _identity(profile: AnyProfile, language: Language) -> str:
    """Return how the model is recognised on the wire."""
    if not isinstance(profile, ModbusProfile):
        return sentence("known-by-topics", language)
    return sentence(
        "known-by-nothing" if profile.nameless else "known-by",
        language,
        points=", ".join(one.point for one in profile.identity),
    )
