"""facilityd probe: for the technician at the cabinet."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path

import click

from facilityd.cli.output import console, json_option, print_json, said, table
from facilityd.config.site import Site
from facilityd.errors import UsageError

LISTEN_S = 15.0


@click.command()
@click.argument("site", type=click.Path(exists=True, path_type=Path))
@click.argument("unit")
@click.option("--seconds", type=float, default=LISTEN_S, show_default=True, help="How long to listen (MQTT).")
@json_option
@click.pass_context
def probe(ctx: click.Context, site: Path, unit: str, seconds: float, as_json: bool) -> None:
    """Tell whether a UNIT's address, word order and model are right, and which is not.

    Exit status 0: it is the right one. 1: it is not, or it does not answer. Only reads.
    """
    from devices.unit import MqttLink
    from facilityd.config.load import load
    from facilityd.marked import suggestion

    loaded = load(site)
    if unit not in loaded.units:
        raise UsageError(f"no unit {unit!r}", hint=suggestion(unit, loaded.units))
    over_mqtt = isinstance(loaded.links[loaded.units[unit].link], MqttLink)
    folder = site if site.is_dir() else site.parent
    good = _listen(loaded, unit, seconds, as_json) if over_mqtt else _ask(loaded, unit, folder, as_json)
    ctx.exit(0 if good else 1)


def _ask(site: Site, name: str, folder: Path, as_json: bool) -> bool:
    from devices.modbus.probe import Diagnosis
    from devices.modbus.probe import probe as ask
    from devices.profile import ModbusProfile
    from devices.tables import profiles
    from devices.unit import ModbusLink

    unit, known = site.units[name], profiles(folder)
    link = site.links[unit.link]
    if not isinstance(link, ModbusLink):
        raise TypeError(f"{link.id} is not a Modbus link")
    models = {n: p for n, p in known.items() if isinstance(p, ModbusProfile)}
    report = asyncio.run(ask(link, unit, models))
    good = report.diagnosis is Diagnosis.OK
    if as_json:
        print_json(asdict(report) | {"advice": [text.model_dump() for text in report.advice]})
        return good
    rows = [
        (line.point, line.address, line.doc, line.reason or f"{line.value:.6g}", line.expected,
         "yes" if line.ok else "no")
        for line in report.lines
    ]  # fmt: skip
    where = f"{link.where}, device id {unit.device_id}, {unit.profile.profile}"
    out = console()
    if rows:
        out.print(table(f"{name} ({where})", ("point", "address", "manual", "read", "expected", "ok"), rows))
    out.print(said(str(report.diagnosis), "" if good else "high", calm=good))
    for text in report.advice:
        out.print(f"{text.zh}\n{text.en}")
    return good


def _listen(site: Site, name: str, seconds: float, as_json: bool) -> bool:
    from devices import mqtt
    from devices.unit import MqttLink

    unit = site.units[name]
    link = site.links[unit.link]
    if not isinstance(link, MqttLink):
        raise TypeError(f"{link.id} is not an MQTT link")
    heard = asyncio.run(mqtt.probe(link, unit, seconds))
    good = any(message.values for message in heard)
    if as_json:
        print_json(
            {"unit": name, "diagnosis": "ok" if good else "silent", "heard": [asdict(m) for m in heard]}
        )
        return good
    rows = [(m.topic, m.payload, ", ".join(f"{k}={v}" for k, v in m.values.items())) for m in heard]
    console().print(table(f"{name} ({link.where}, {unit.topic}/#)", ("topic", "payload", "values"), rows))
    if not good:
        click.echo(f"{seconds:g} 秒内没有收到该型号的消息：核对主题前缀和设备的 MQTT 设置。")
        click.echo(f"Nothing of this model in {seconds:g} s: check the topic and the device's MQTT settings.")
    return good
