"""facilityd plan: the reads that go over each link, what they cost and what they bring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from facilityd.cli.output import console, json_option, print_json, site_argument, table
from facilityd.cli.sheet import Column, whole
from facilityd.config.site import Site
from facilityd.model.measure import spell_duration

COLUMNS = (
    whole("unit"), whole("id", named=True), Column("period", gives=1), Column("table", gives=3),
    whole("address", named=True), Column("count", gives=2), whole("bus", named=True), Column("brings"),
)  # fmt: skip


@click.command()
@site_argument
@json_option
def plan(site: tuple[Path, ...], as_json: bool) -> None:
    """Show the merged reads per link, with bus time in % and what each read brings."""
    from facilityd.config.load import load

    loaded = load(*site, secrets=False)
    links = [_link(loaded, name) for name in loaded.links]
    if as_json:
        print_json(links)
        return
    out = console()
    for link in links:
        load_text = f", bus time {link['load']:.1%}" if "load" in link else ""
        about = f"{link['link']} ({link['protocol']}, {link['where']}{load_text})"
        out.print(table(about, COLUMNS, _rows(link)))
        out.print()


def _rows(link: dict[str, Any]) -> list[tuple[object, ...]]:
    return [
        (unit["unit"], unit["address"], unit["period"], read.get("table", "topic"), read["at"],
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
    from facilityd.model.sample import NS

    planned, period = plan_unit(unit, link), unit.pace.fastest
    reads = [
        {"table": str(read.table), "function_code": read.table.function_code, "at": read.address,
         "count": read.count, "load": read.seconds(link) / (period / NS), "brings": list(read.names)}
        for read in planned.reads
    ]  # fmt: skip
    return {"unit": unit.id, "address": unit.device_id, "period": _periods(unit), "reads": reads}


def _periods(unit: Any) -> str:
    pace = unit.pace
    states = [f"{state} {spell_duration(ns)}" for state, ns in pace.by_state.items()]
    return ", ".join([spell_duration(pace.rest), *states])


def _mqtt_unit(unit: Any) -> dict[str, Any]:
    topics: dict[str, list[str]] = {}
    for binding in unit.bindings:
        for source in binding.point.sources:
            topics.setdefault(f"{unit.topic}/{source.topic}", []).append(binding.name)
    reads = [{"at": topic, "brings": names} for topic, names in topics.items()]
    return {"unit": unit.id, "address": unit.topic, "period": _periods(unit), "reads": reads}
