"""The files of a new site: links, units and devices as they would be written by hand, and what comes next."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from devices.family import Family
from devices.profile import ModbusProfile, MqttProfile
from devices.unit import Link, ModbusLink
from facilityd.config.kinds import suits
from facilityd.model.measure import conversion
from facilityd.model.text import Language, Strict, Text
from facilityd.model.word_table import shipped_table

AnyProfile = ModbusProfile | MqttProfile
SHOWN = 8
"""Points that are named beside a device."""


class InitWords(Strict):
    """What ``init.yaml`` holds."""

    aliases: dict[str, tuple[str, ...]]
    text: dict[str, Text]


@cache
def init_words() -> InitWords:
    """Return the table that is shipped."""
    return shipped_table("facilityd.cli", "init.yaml", InitWords)


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A unit to write: behind which link, at which device id or topic, and the models it may be.

    One profile is written as it is; several, or none, as a comment. ``aside``: settings of the line at which
    it was found, where its bus is written with others: a comment too, as what is not ``sure``.
    """

    link: Link
    address: str
    profiles: tuple[str, ...]
    aside: str = ""
    sure: bool = True

    @property
    def placed(self) -> bool:
        """Return whether it is written as a unit, not as a comment."""
        return len(self.profiles) == 1 and self.sure and not self.aside


@dataclass(frozen=True, slots=True)
class NewSite:
    """What was answered of the site."""

    id: str
    name: Text
    latitude: float
    longitude: float
    timezone: str
    language: Language


def site_files(
    site: NewSite, units: Iterable[NewUnit], known: Mapping[str, AnyProfile], families: Mapping[str, Family],
    schema: str = "",
) -> dict[str, str]:  # fmt: skip
    """Return the texts of a site's files by name; ``schema``: where an editor finds theirs."""
    units, language = tuple(units), site.language
    links = _links(units)
    head = f"# yaml-language-server: $schema={schema}\n" if schema else ""
    about = {
        "id": site.id, "name": site.name.model_dump(), "latitude": site.latitude, "longitude": site.longitude,
        "timezone": site.timezone, "language": language,
    }  # fmt: skip
    lines = "".join(f"  {key}: {_flow(value)}\n" for key, value in about.items())
    written = {"site.yaml": f"{head}{_comment('site', language)}site:\n{lines}"}
    if links:
        rows = "".join(f"  {name}: {_flow(_link(link))}\n" for link, name in links.items())
        written["links.yaml"] = f"{head}{_comment('links', language)}links:\n{rows}"
    text = _equipment(units, links, known, families, language)
    written["equipment.yaml"] = head + _comment("equipment", language) + text
    return written


def _links(units: Iterable[NewUnit]) -> dict[Link, str]:
    """Return each link with its name."""
    found: dict[Link, str] = {}
    for unit in units:
        kind = "bus" if isinstance(unit.link, ModbusLink) and unit.link.is_serial_line else "controller"
        kind = kind if isinstance(unit.link, ModbusLink) else "broker"
        if unit.link not in found:
            found[unit.link] = f"{kind}-{1 + sum(name.startswith(kind) for name in found.values())}"
    return found


def _link(link: Link) -> dict[str, object]:
    if not isinstance(link, ModbusLink):
        return {"protocol": "mqtt", "host": link.host, "port": link.port}
    if link.serial_port:
        wire = {"serial_port": link.serial_port, "baudrate": link.baudrate, "parity": link.parity}
        return {"protocol": link.protocol, **wire}
    return {"protocol": link.protocol, "host": link.host, "port": link.port}


def _equipment(
    units: tuple[NewUnit, ...], links: Mapping[Link, str], known: Mapping[str, AnyProfile],
    families: Mapping[str, Family], language: Language,
) -> str:  # fmt: skip
    if not units:
        example = "# units:\n#   meter-1: {link: bus-1, profile: eastron_sdm630, device_id: 1, period: 30s}\n"
        return _comment("no-units", language) + example
    rows, devices, names = "", "", dict[str, int]()
    for unit in units:
        link = links[unit.link]
        if len(unit.profiles) != 1 or not unit.sure:
            said = "unsure" if unit.profiles else "unknown"
            rows += _comment(said, language, "  ", link=link, id=unit.address)
            rows += "".join(f"  # {_unit(one, one, link, unit.address, known)}" for one in unit.profiles)
            continue
        (profile,) = unit.profiles
        name = _next(re.sub(r"[^a-z0-9]+", "-", profile), names)
        if unit.aside:
            rows += _comment("aside", language, "  ", link=link, id=unit.address, settings=unit.aside)
            rows += f"  # {_unit(name, profile, link, unit.address, known)}"
            continue
        rows += f"  {_unit(name, profile, link, unit.address, known)}"
        devices += _device(name, known[profile], families, names, language)
    return _section("units", rows) + _section("devices", devices)


def _section(name: str, rows: str) -> str:
    """Return a section of a file; its head is a comment where nothing but comments would stand in it."""
    only = all(line.lstrip().startswith("#") for line in rows.splitlines())
    return f"{'# ' if only else ''}{name}:\n{rows}" if rows else ""


def _unit(name: str, profile: str, link: str, address: str, known: Mapping[str, AnyProfile]) -> str:
    modbus = isinstance(known[profile], ModbusProfile)
    where = {"device_id": int(address)} if modbus else {"topic": address}
    period = "30s" if modbus else "10min"
    said = {"link": link, "profile": profile, **where, "period": period}
    return f"{name.replace('_', '-')}: {_flow(said)}\n"


def _device(
    unit: str, profile: AnyProfile, families: Mapping[str, Family], names: dict[str, int], language: Language
) -> str:
    """Return the device that a unit feeds: of the first of its families that it has signals for."""
    bound = {name: feeds(families[name], profile) for name in profile.families if name in families}
    family = next((name for name in bound if bound[name]), "")
    if not family:
        return _comment("unbound", language, "  ", unit=unit, family=", ".join(profile.families) or "-")
    name = _next(family, names)
    number = names[family]
    said = {lang: f"{families[family].name.in_(lang)} {number}" for lang in ("zh", "en")}
    text = f"  {name}:\n    family: {family}\n    name: {_flow(said)}\n    signals:\n"
    text += "".join(f"      {signal}: {unit}.{point}\n" for signal, point in bound[family].items())
    others = [one for one in bound if one != family and bound[one]]
    if others:
        text += _comment("other-family", language, "    ", families=", ".join(others))
    free = [point for point in profile.expanded if point not in bound[family].values()]
    if free:
        more = ", ".join(free[:SHOWN]) + (" …" if len(free) > SHOWN else "")
        text += _comment("more-points", language, "    ", unit=unit, points=more)
    return text


def feeds(family: Family, profile: AnyProfile) -> dict[str, str]:
    """Return which point of a model may feed which signal of a family: names, kinds and units must fit."""
    points = profile.expanded
    found: dict[str, str] = {}
    for name, signal in family.signals.items():
        for point in (name, *init_words().aliases.get(name, ())):
            made = points.get(point)
            if made and suits(signal, made) and _converts(made.unit, signal.unit):
                found[name] = point
                break
    return found


def _converts(source: str, target: str) -> bool:
    if bool(source) != bool(target):
        return False
    try:
        conversion(source, target)
    except ValueError:
        return False
    return True


def _next(name: str, names: dict[str, int]) -> str:
    names[name] = names.get(name, 0) + 1
    return f"{name}-{names[name]}"


def _comment(said: str, language: Language, indent: str = "", **fields: object) -> str:
    text = init_words().text[said].in_(language).format(**fields)
    return "".join(f"{indent}# {line}\n" for line in text.splitlines())


def _flow(value: object) -> str:
    """Return a value as one line of YAML: quotes only where it needs them."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, int) else repr(value)
    text = str(value)
    plain = re.fullmatch(r"[A-Za-z/.][A-Za-z0-9_./+-]*|[0-9]+(?:ms|s|min|h|d)", text)
    odd = text.lower() in {"y", "n", "yes", "no", "on", "off", "true", "false", "null", ".nan", ".inf"}
    return text if plain and not odd else json.dumps(text, ensure_ascii=False)


__all__ = ["NewSite", "NewUnit", "feeds", "init_words", "site_files"]
