"""facilityd plan: the reads that go over each link, what they cost and what they bring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from devices.unit import Unit
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, site_argument, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.words import sentence, word, words
from facilityd.config.site import Site
from facilityd.model.measure import spell_duration
from facilityd.model.sample import NS
from facilityd.model.text import Language
from facilityd.notify.value_text import format_span
from facilityd.query.words import listed

COLUMNS = (
    whole("unit", "单元"), whole("id or topic", "站号／主题", named=True), Column("period", "周期", gives=1),
    Column("table", "数据表", gives=3), whole("address", "地址", named=True),
    Column("count", "个数", gives=2),
    whole("bus", "总线占用", named=True), Column("brings", "读到的点", least=30),
)  # fmt: skip


@click.command()
@site_argument
@lang_option
@json_option
def plan(site: tuple[Path, ...], lang: str | None, as_json: bool) -> None:
    """Show the merged reads of each link, and how busy it is.

    Bus time in %, and what each read brings.
    """
    from facilityd.config.load import load

    loaded = load(*site, secrets=False)
    links = [_link(loaded, name) for name in loaded.links]
    if as_json:
        print_json(links)
        return
    out, language = console(), chosen(lang, loaded)
    for link in links:
        fields = link | {"load": f"{link.get('load', 0):.1%}"}
        about = sentence("link-load" if "load" in link else "link", language, **fields)
        out.print(table(about, COLUMNS, _rows(loaded, link, language), language=language))
        out.print()


def _rows(site: Site, link: dict[str, Any], language: Language) -> list[tuple[object, ...]]:
    return [
        (unit["unit"], unit["address"], _said_periods(site, site.units[unit["unit"]], language),
         word(words().table, read.get("table", "topic"), language), read["at"],
         read.get("count", ""), f"{read['load']:.2%}" if "load" in read else "", ", ".join(read["brings"]))
        for unit in link["units"]
        for read in unit["reads"]
    ]  # fmt: skip


def _link(site: Site, name: str) -> dict[str, Any]:
    from devices.unit import ModbusLink

    link = site.links[name]
    units = site.units_of(name)
    if not isinstance(link, ModbusLink):
        return {
            "link": name,
            "protocol": "mqtt",
            "where": link.where,
            "units": [_mqtt_unit(u) for u in units],
        }
    rows = [_modbus_unit(unit, link) for unit in units]
    load = sum(read["load"] for row in rows for read in row["reads"])
    return {"link": name, "protocol": link.protocol, "where": link.where, "load": load, "units": rows}


def _modbus_unit(unit: Any, link: Any) -> dict[str, Any]:
    from devices.modbus.plan import plan_unit

    planned, period = plan_unit(unit, link), unit.poll_rates.fastest
    reads = [
        {"table": str(read.table), "function_code": read.table.function_code, "at": read.address,
         "count": read.count, "load": read.seconds(link) / (period / NS), "brings": list(read.names)}
        for read in planned.reads
    ]  # fmt: skip
    return {"unit": unit.id, "address": unit.device_id, "period": _periods(unit), "reads": reads}


def _periods(unit: Any) -> str:
    poll_rates = unit.poll_rates
    states = [f"{state} {spell_duration(ns)}" for state, ns in poll_rates.by_state.items()]
    return ", ".join([spell_duration(poll_rates.rest), *states])


def _said_periods(site: Site, unit: Unit, language: Language) -> str:
    """Return the periods by the operating modes' own names."""
    named = {
        state: about.name.in_(language)
        for stream in unit.streams
        if stream.device in site.devices
        for state, about in site.devices[stream.device].family.states.items()
    }
    poll_rates = unit.poll_rates
    states = [
        f"{named.get(state) or word(words().mode, state, language)} {format_span(ns / NS, language)}"
        for state, ns in poll_rates.by_state.items()
    ]
    return listed([format_span(poll_rates.rest / NS, language), *states], language)


def _mqtt_unit(unit: Any) -> dict[str, Any]:
    topics: dict[str, list[str]] = {}
    for binding in unit.bindings:
        for source in binding.point.sources:
            topics.setdefault(f"{unit.topic}/{source.topic}", []).append(binding.name)
    reads = [{"at": topic, "brings": names} for topic, names in topics.items()]
    return {"unit": unit.id, "address": unit.topic, "period": _periods(unit), "reads": reads}
