"""The hardware that is known, as somebody looks for it: by maker, model, family and what it measures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from devices.profile import ModbusProfile, MqttProfile, Point, TopicPoint
from facilityd.model.text import LANGUAGES, Language, Strict, Text
from facilityd.model.word_table import shipped_table

AnyProfile = ModbusProfile | MqttProfile


class Quantity(Strict):
    """Something that hardware measures; a point is one where its unit and a part of its name fit."""

    id: str
    name: Text
    points: tuple[str, ...] = ()
    units: tuple[str, ...] = ()

    def is_of(self, name: str, unit: str) -> bool:
        """Return whether a point of this name and unit measures it."""
        named = not self.points or any(part in name for part in self.points)
        return named and (not self.units or unit in self.units)


class Sort(Strict):
    """What some models are, such as meters."""

    name: Text
    profiles: tuple[str, ...]


class HardwareWords(Strict):
    """What ``hardware.yaml`` holds."""

    maker: dict[str, str]
    sort: tuple[Sort, ...]
    quantity: tuple[Quantity, ...]


@dataclass(frozen=True, slots=True)
class HardwareModel:
    """One model: how it is found, and what has to be known to wire it. ``own``: from beside a site."""

    profile: str
    maker: str
    maker_zh: str
    model: str
    protocol: str
    families: tuple[str, ...]
    measures: tuple[str, ...]
    points: int
    serial: str
    nameless: bool
    evidence: str
    manual: str
    own: bool

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


@cache
def hardware_words() -> HardwareWords:
    """Return the table that is shipped."""
    return shipped_table("facilityd.cli", "hardware.yaml", HardwareWords)


def model_of(profile: AnyProfile, *, own: bool) -> HardwareModel:
    """Return a profile as a model that somebody may look for."""
    return HardwareModel(
        profile=profile.profile, maker=profile.maker, maker_zh=hardware_words().maker.get(profile.maker, ""),
        model=profile.model, protocol=profile.protocol, families=profile.families,
        measures=tuple(measured(profile.points)), points=len(profile.expanded),
        serial=profile.serial if isinstance(profile, ModbusProfile) else "",
        nameless=isinstance(profile, ModbusProfile) and profile.nameless,
        evidence=profile.evidence, manual=profile.manual, own=own,
    )  # fmt: skip


def measured(points: Mapping[str, Point] | Mapping[str, TopicPoint]) -> Iterator[str]:
    """Yield the ids of the quantities that these points measure, each once."""
    found = {quantity_of(name, point.unit) for name, point in points.items()}
    yield from (one.id for one in hardware_words().quantity if one.id in found)


def quantity_of(name: str, unit: str) -> str:
    """Return the id of the quantity that a point measures; nothing where it is none of the table's."""
    return next((one.id for one in hardware_words().quantity if one.is_of(name, unit)), "")


def names_of(ids: Iterable[str], language: Language) -> list[str]:
    """Return quantities as a person reads them."""
    wanted = set(ids)
    return [one.name.in_(language) for one in hardware_words().quantity if one.id in wanted]


def sorts_of(profile: str, language: Language) -> list[str]:
    """Return what a model is, as a person says it."""
    return [one.name.in_(language) for one in hardware_words().sort if profile in one.profiles]


def fitting(
    models: Iterable[HardwareModel], words: Iterable[str], families: Mapping[str, Text]
) -> list[HardwareModel]:
    """Return the models that every word is said of: a part of the maker, the model, a family, a quantity."""
    asked = [word.casefold() for word in words]
    return [one for one in models if all(word in _said_of(one, families) for word in asked)]


def _said_of(model: HardwareModel, families: Mapping[str, Text]) -> str:
    kinds = [
        families[one].in_(language) for one in model.families if one in families for language in LANGUAGES
    ]
    sorts = [name for language in LANGUAGES for name in sorts_of(model.profile, language)]
    measures = [name for language in LANGUAGES for name in names_of(model.measures, language)]
    parts = (
        model.profile, model.maker, model.maker_zh, model.model, model.protocol, model.serial,
        *model.families, *kinds, *sorts, *model.measures, *measures,
    )  # fmt: skip
    return "\n".join(parts).casefold()
