"""The files of a new site: links, units and devices as they would be written by hand, and what comes next."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import count

from devices.family import Family
from devices.profile import ModbusProfile, MqttProfile
from devices.unit import Link, ModbusLink
from facilityd.config.kinds import suits
from facilityd.model.measure import conversion
from facilityd.model.scan_result import ScannedUnit
from facilityd.model.text import Language, Strict, Text
from facilityd.model.word_table import shipped_table

AnyProfile = ModbusProfile | MqttProfile
SHOWN = 8
"""Points that are named beside a device."""


class InitWords(Strict):
    """What ``init.yaml`` holds."""

    aliases: dict[str, tuple[str, ...]]
    templates: dict[str, tuple[str, ...]]
    text: dict[str, Text]


@cache
def init_words() -> InitWords:
    """Return the table that is shipped."""
    return shipped_table("facilityd.cli", "init.yaml", InitWords)


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A unit to write: behind which link, at which device id or topic, and the models it may be.

    One profile is written as it is; several, or none, as a comment. ``aside``: settings of the line at which
    it was found, where its bus is written with others: a comment too, as what is not ``sure``. ``likely``:
    its values fit the model, which an unknown one may do too: that is said beside it.
    """

    link: Link
    address: str
    profiles: tuple[str, ...]
    aside: str = ""
    sure: bool = True
    likely: bool = False

    @classmethod
    def of_scan(cls, link: Link, unit: ScannedUnit, aside: str = "") -> NewUnit:
        """Return a unit that a scan found; one known by its registers alone is left to the nameplate."""
        sure = unit.certain or unit.likely
        return cls(link, str(unit.device_id), unit.fits, aside, sure, unit.likely)

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


@dataclass(frozen=True, slots=True)
class Taken:
    """What a site has already: links by name, and the names of its links, units and devices."""

    links: Mapping[str, Link] = field(default_factory=dict)
    names: frozenset[str] = frozenset()


class Names:
    """Gives each thing of a kind its number, past names that are taken."""

    def __init__(self, taken: Collection[str]) -> None:
        self._taken = set(taken)

    def next(self, kind: str) -> tuple[str, int]:
        """Return a name that nothing has, and its number."""
        number = next(n for n in count(1) if f"{kind}-{n}" not in self._taken)
        self._taken.add(f"{kind}-{number}")
        return f"{kind}-{number}", number


def site_file(site: NewSite, schema: str = "") -> str:
    """Return the text that says what the site is and where; ``schema``: where an editor finds its own."""
    about = {
        "id": site.id, "name": site.name.model_dump(), "latitude": site.latitude, "longitude": site.longitude,
        "timezone": site.timezone, "language": site.language,
    }  # fmt: skip
    lines = "".join(f"  {key}: {flow(value)}\n" for key, value in about.items())
    return f"{_head(schema)}{commented('site', site.language)}site:\n{lines}"


def equipment_files(
    units: Iterable[NewUnit], known: Mapping[str, AnyProfile], families: Mapping[str, Family],
    language: Language, schema: str = "",
) -> dict[str, str]:  # fmt: skip
    """Return the texts of a new site's links, and of its units and devices, by file."""
    units, names = tuple(units), Names(())
    links, written = _links(units, {}, names), dict[str, str]()
    if links:
        rows = "".join(f"  {name}: {flow(_link(link))}\n" for link, name in links.items())
        written["links.yaml"] = f"{_head(schema)}{commented('links', language)}links:\n{rows}"
    text = _equipment(units, links, known, families, language, names)
    return written | {"equipment.yaml": _head(schema) + commented("equipment", language) + text}


def added_file(
    units: Iterable[NewUnit], taken: Taken, known: Mapping[str, AnyProfile], families: Mapping[str, Family],
    language: Language, schema: str = "",
) -> str:  # fmt: skip
    """Return the text of one file more of a site: links that it has not, units, devices."""
    units, names = tuple(units), Names(taken.names)
    links = _links(units, taken.links, names)
    rows = "".join(
        f"  {name}: {flow(_link(link))}\n" for link, name in links.items() if name not in taken.links
    )
    text = section("links", rows) + _equipment(units, links, known, families, language, names)
    return _head(schema) + commented("added", language) + text


def _head(schema: str) -> str:
    return f"# yaml-language-server: $schema={schema}\n" if schema else ""


def _links(units: Iterable[NewUnit], there: Mapping[str, Link], names: Names) -> dict[Link, str]:
    """Return each link with its name: the one that it has already where the site knows its place."""
    known = {(isinstance(link, ModbusLink), link.where): name for name, link in there.items()}
    found: dict[Link, str] = {}
    for unit in units:
        modbus = isinstance(unit.link, ModbusLink)
        kind = "bus" if isinstance(unit.link, ModbusLink) and unit.link.is_serial_line else "controller"
        if unit.link not in found:
            name = known.get((modbus, unit.link.where))
            found[unit.link] = name or names.next(kind if modbus else "broker")[0]
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
    families: Mapping[str, Family], language: Language, names: Names,
) -> str:  # fmt: skip
    if not units:
        example = "# units:\n#   meter-1: {link: bus-1, profile: eastron_sdm630, device_id: 1, period: 30s}\n"
        return commented("no-units", language) + example
    rows, placed = _rows(units, links, known, language, names)
    devices = "".join(_device(name, known[one], families, names, language) for name, one in placed)
    return section("units", rows) + section("devices", devices)


def proposed_units(
    units: Iterable[NewUnit], link: str, taken: Collection[str], known: Mapping[str, AnyProfile],
    language: Language,
) -> str:  # fmt: skip
    """Return the text of units found on a link that a site has; ``taken``: the site's names."""
    units = tuple(units)
    links = {unit.link: link for unit in units}
    return section("units", _rows(units, links, known, language, Names(taken))[0])


def _rows(
    units: Iterable[NewUnit], links: Mapping[Link, str], known: Mapping[str, AnyProfile],
    language: Language, names: Names,
) -> tuple[str, list[tuple[str, str]]]:  # fmt: skip
    """Return the lines of units, and name and profile of each that is more than a comment."""
    rows, placed = "", list[tuple[str, str]]()
    for unit in units:
        link = links[unit.link]
        if len(unit.profiles) != 1 or not unit.sure:
            said = "unsure" if unit.profiles else "unknown"
            said = said if isinstance(unit.link, ModbusLink) else "unsure-topic"
            rows += commented(said, language, "  ", link=link, id=unit.address, where=unit.link.where)
            rows += "".join(f"  # {_unit(one, one, link, unit.address, known)}" for one in unit.profiles)
            continue
        (profile,) = unit.profiles
        name, _ = names.next(re.sub(r"[^a-z0-9]+", "-", profile))
        if unit.aside:
            rows += commented("aside", language, "  ", link=link, id=unit.address, settings=unit.aside)
            rows += f"  # {_unit(name, profile, link, unit.address, known)}"
            continue
        rows += commented("likely", language, "  ", model=profile) if unit.likely else ""
        rows += f"  {_unit(name, profile, link, unit.address, known)}"
        placed.append((name, profile))
    return rows, placed


def section(name: str, rows: str) -> str:
    """Return a section of a file; its head is a comment where nothing but comments would stand in it."""
    only = all(line.lstrip().startswith("#") for line in rows.splitlines())
    return f"{'# ' if only else ''}{name}:\n{rows}" if rows else ""


def _unit(name: str, profile: str, link: str, address: str, known: Mapping[str, AnyProfile]) -> str:
    modbus = isinstance(known[profile], ModbusProfile)
    where = {"device_id": int(address)} if modbus else {"topic": address}
    period = "30s" if modbus else "10min"
    said = {"link": link, "profile": profile, **where, "period": period}
    return f"{name.replace('_', '-')}: {flow(said)}\n"


def _device(
    unit: str, profile: AnyProfile, families: Mapping[str, Family], names: Names, language: Language
) -> str:
    """Return the device that a unit feeds: of the first of its families that it has signals for."""
    bound = {name: feeds(families[name], profile) for name in profile.families if name in families}
    family = next((name for name in bound if bound[name]), "")
    if not family:
        return commented("unbound", language, "  ", unit=unit, family=", ".join(profile.families) or "-")
    name, number = names.next(family)
    said = {lang: f"{families[family].name.in_(lang)} {number}" for lang in ("zh", "en")}
    text = f"  {name}:\n    family: {family}\n    name: {flow(said)}\n    signals:\n"
    text += "".join(f"      {signal}: {unit}.{point}\n" for signal, point in bound[family].items())
    others = [one for one in bound if one != family and bound[one]]
    if others:
        text += commented("other-family", language, "    ", families=", ".join(others))
    free = [point for point in profile.expanded if point not in bound[family].values()]
    if free:
        more = ", ".join(free[:SHOWN]) + (" …" if len(free) > SHOWN else "")
        text += commented("more-points", language, "    ", unit=unit, points=more)
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


def commented(said: str, language: Language, indent: str = "", **fields: object) -> str:
    """Return a text of the table as lines of comment."""
    text = init_words().text[said].in_(language).format(**fields)
    return "".join(f"{indent}# {line}\n" for line in text.splitlines())


def flow(value: object) -> str:
    """Return a value as one line of YAML: quotes only where it needs them."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, int) else repr(value)
    text = str(value)
    plain = re.fullmatch(r"[A-Za-z/.][A-Za-z0-9_./+-]*|[0-9]+(?:ms|s|min|h|d)", text)
    odd = text.lower() in {"y", "n", "yes", "no", "on", "off", "true", "false", "null", ".nan", ".inf"}
    return text if plain and not odd else json.dumps(text, ensure_ascii=False)
