"""facilityd probe: for the technician at the cabinet."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from devices.profile import ModbusProfile, MqttProfile
from devices.unit import ModbusLink, MqttLink, Unit, every_point
from facilityd.cli.arguments import NameParam, one_site
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, styled, table
from facilityd.cli.text_table import Column
from facilityd.cli.when import SecondsParam
from facilityd.cli.words import sentence, show_quality, word, words
from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.model.text import Language
from facilityd.notify.texts import texts
from facilityd.notify.value_text import format_span
from facilityd.yaml_source import suggestion

if TYPE_CHECKING:
    from devices.modbus.probe import ProbeLine

LISTEN_S = 15.0
ASKED = (
    Column("point", "测点"), Column("address", "地址"), Column("manual", "手册编号"), Column("read", "读数"),
    Column("expected", "应为"), Column("ok", "相符"),
)  # fmt: skip
HEARD = (Column("topic", "主题"), Column("payload", "内容"), Column("values", "数值"))
AnyProfile = ModbusProfile | MqttProfile


@click.command()
@one_site
@click.argument("names", nargs=-1, required=True, metavar="[LINK] UNIT", type=NameParam("unit"))
@click.option("--profile", default="", help="With a device id or topic for UNIT: the model to expect there.")
@click.option(
    "--seconds", type=SecondsParam(), default=LISTEN_S, show_default=True, help="How long to listen (MQTT)."
)
@lang_option
@json_option
@click.pass_context
def probe(
    ctx: click.Context, site: Path, names: tuple[str, ...], profile: str, seconds: float, lang: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Tell whether a UNIT's address, word order and model fit.

    UNIT is a unit of the site; or, with its LINK and --profile, a device id (or topic) that the site
    does not know yet. Exit status 0: it is the right one. 1: it is not, or does not answer. Only reads.
    """
    from devices.tables import profiles
    from facilityd.config.load import load

    loaded = load(site)
    known = profiles(site if site.is_dir() else site.parent)
    unit = _stranger(loaded, names, known, profile) if profile else _known(loaded, names)
    language = None if as_json else chosen(lang, loaded)
    link = loaded.links[unit.link]
    good = (
        listen(link, unit, seconds, language)
        if isinstance(link, MqttLink)
        else ask(link, unit, known, language)
    )
    ctx.exit(0 if good else 1)


def _known(site: Site, names: tuple[str, ...]) -> Unit:
    *link, name = names
    if name not in site.units:
        raise UsageError(Wording("ask.no-unit", name=name), hint=suggestion(name, site.units))
    unit = site.units[name]
    if link and link != [unit.link]:
        raise UsageError(Wording("ask.unit-on-link-not-on", name=name, link=unit.link, link2=" ".join(link)))
    return unit


def _stranger(site: Site, names: tuple[str, ...], known: Mapping[str, AnyProfile], profile: str) -> Unit:
    if len(names) != 2:  # noqa: PLR2004
        raise UsageError(Wording("ask.profile-goes-with-link-device"))
    link, address = names
    if link not in site.links:
        raise UsageError(Wording("ask.no-link", link=link), hint=suggestion(link, site.links))
    if profile not in known:
        raise UsageError(Wording("ask.no-profile", profile=profile), hint=suggestion(profile, known))
    if isinstance(site.links[link], MqttLink):
        return every_point(address, link, known[profile])
    if not address.isdigit():
        raise UsageError(Wording("ask.not-device-id", address=address), hint=Wording("ask.number-from"))
    return Unit(f"{link}/{address}", link, known[profile], (), (), device_id=int(address))


def ask(link: ModbusLink, unit: Unit, known: Mapping[str, AnyProfile], language: Language | None) -> bool:
    """Ask a Modbus unit, and return whether it is the model that is expected.

    Without a ``language`` the answer is JSON.
    """
    from devices.modbus.probe import Diagnosis
    from devices.modbus.probe import probe as read
    from facilityd.doctor.ports import refuse_taken

    refuse_taken(link.serial_port)
    models = {n: p for n, p in known.items() if isinstance(p, ModbusProfile)}
    report = asyncio.run(read(link, unit, models))
    good = report.diagnosis is Diagnosis.OK
    if language is None:
        print_json(asdict(report) | {"advice": [text.model_dump() for text in report.advice]})
        return good
    rows = [
        (line.point, line.address, line.doc, _read(line, language), line.expected,
         texts().switch["on" if line.ok else "off"].in_(language))
        for line in report.lines
    ]  # fmt: skip
    out = console()
    if rows:
        about = sentence(
            "probed",
            language,
            unit=unit.id,
            where=link.where,
            id=unit.device_id,
            profile=unit.profile.profile,
        )
        out.print(table(about, ASKED, rows, language=language))
    out.print(styled(word(words().diagnosis, report.diagnosis, language), "" if good else "high", calm=good))
    for text in report.advice:
        out.print(text.in_(language))
    return good


def listen(link: MqttLink, unit: Unit, seconds: float, language: Language | None) -> bool:
    """Listen to an MQTT unit, and return whether it is the model that is expected.

    Without a ``language`` the answer is JSON.
    """
    from devices import mqtt

    report = asyncio.run(mqtt.probe(link, unit, seconds))
    found, good = report.diagnosis, report.diagnosis is mqtt.ListenDiagnosis.OK
    if language is None:
        print_json({"unit": unit.id, "diagnosis": found, "heard": [asdict(m) for m in report.heard]})
        return good
    rows = [(m.topic, m.payload, ", ".join(f"{k}={v}" for k, v in m.values.items())) for m in report.heard]
    about = sentence("listened", language, unit=unit.id, where=link.where, topic=unit.topic)
    out = console()
    out.print(table(about, HEARD, rows, language=language) if rows else about)
    out.print(styled(word(words().diagnosis, found, language), "" if good else "high", calm=good))
    period = max((stream.expected / NS for stream in unit.streams), default=0.0)
    spans = {"seconds": format_span(seconds, language), "period": format_span(period, language)}
    out.print(sentence(f"heard-{found}", language, topic=unit.topic, **spans))
    return good


def _read(line: ProbeLine, language: Language) -> str:
    if line.reason is not None:
        return show_quality(str(line.reason), language)
    return line.value if isinstance(line.value, str) else f"{line.value:.6g}"
