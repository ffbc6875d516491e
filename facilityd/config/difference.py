"""The difference of two versions of a site, by name: for people, and for the reload."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from devices.unit import Binding, Unit
from facilityd.config.site import Site

SECTIONS = ("links", "units", "devices", "rules", "recipients", "sinks", "groups", "wildcards")
_STORE = ("keep", "max_size", "group", "retention", "seal_after")
_SETTINGS = {
    "name": "name", "latitude": "latitude", "longitude": "longitude", "timezone": "timezone",
    "language": "language", "ceremony": "ceremony", "timetable": "timetable", "duty": "duty",
    "alarms": "limits", "tasks": "tasks", "seasons": "seasons", "web": "web",
    "page": "page", "forecast": "forecasts",
    **{f"store.{name}": name for name in _STORE},
}  # fmt: skip
"""The name of a plain setting, and of its attribute in the site or in its store."""
SHOWN = 20
"""Names in one line of a log."""


@dataclass(frozen=True, slots=True)
class Changed:
    """Names of what is new, gone, and not as it was."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @classmethod
    def of(cls, old: Mapping[str, Any], new: Mapping[str, Any]) -> Self:
        """Compare two sets of things, by name."""
        return cls(
            tuple(name for name in new if name not in old),
            tuple(name for name in old if name not in new),
            tuple(name for name in new if name in old and old[name] != new[name]),
        )

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True)
class SiteChanges:
    """By section what is not the same, and the plain settings that are not."""

    sections: Mapping[str, Changed] = field(default_factory=dict)
    settings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.settings or any(self.sections.values()))

    def plain(self) -> dict[str, Any]:
        """Return data for JSON: what is empty is left out."""
        found: dict[str, Any] = {
            name: {kind: list(names) for kind in _KINDS if (names := getattr(one, kind))}
            for name, one in self.sections.items()
            if one
        }
        return found | ({"settings": list(self.settings)} if self.settings else {})

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Self:
        """Return what ``plain`` returned."""
        sections = {
            name: Changed(**{kind: tuple(data[name].get(kind, ())) for kind in _KINDS})
            for name in SECTIONS
            if name in data
        }
        return cls(sections, tuple(data.get("settings", ())))

    def lines(self) -> list[str]:
        """Return one line for a log on each section that is not the same."""
        found = []
        for name, one in self.sections.items():
            parts = [f"{kind} {_some(names)}" for kind in _KINDS if (names := getattr(one, kind))]
            found += [f"{name}: {'; '.join(parts)}"] if parts else []
        return found + ([f"settings: changed {_some(self.settings)}"] if self.settings else [])


_KINDS = ("added", "removed", "changed")


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def compare(old: Site, new: Site) -> SiteChanges:
    """Return what is not the same; ``rules`` are those of devices that are in both, as ``device rule``."""
    both = [name for name in new.devices if name in old.devices]
    pairs = {
        "links": (old.links, new.links),
        "units": (old.units, new.units),
        "devices": (old.devices, new.devices),
        "rules": (_rules(old, both), _rules(new, both)),
        "recipients": (old.recipients, new.recipients),
        "sinks": (old.sinks, new.sinks),
        "groups": (old.groups, new.groups),
        "wildcards": (old.templates, new.templates),
    }
    sections = {name: Changed.of(*pair) for name, pair in pairs.items()}
    settings = (name for name, where in _SETTINGS.items() if _setting(old, where) != _setting(new, where))
    return SiteChanges(sections, tuple(settings))


def same_hours(old: Site, new: Site) -> bool:
    """Return whether days and ceremonies are at the same times."""
    names = ("latitude", "longitude", "timezone", "ceremony", "timetable")
    return all(_setting(old, name) == _setting(new, name) for name in names)


def _rules(site: Site, devices: Iterable[str]) -> dict[str, Any]:
    return {
        f"{name} {rule}": content
        for name in devices
        for rule, content in site.devices[name].family.rules.items()
    }


def _setting(site: Site, where: str) -> Any:
    value = getattr(site.store if hasattr(site.store, where) else site, where)
    return value.days if where == "timetable" and value else value


def moved(old: Site, new: Site) -> frozenset[str]:
    """Return the units that are asked elsewhere, over another connection or as another model."""
    return frozenset(
        name
        for name, unit in new.units.items()
        if (was := old.units.get(name)) is not None
        and (_address(old, was) != _address(new, unit) or was.profile != unit.profile)
    )


def _address(site: Site, unit: Unit) -> tuple[Any, ...]:
    return site.links.get(unit.link), unit.link, unit.device_id, unit.base, unit.topic


def rebound(old: Site, new: Site) -> frozenset[tuple[str, str]]:
    """Return the (device, signal) whose values mean something else: from another point, or scaled anew."""
    before, after = _bindings(old), _bindings(new)
    return frozenset(key for key, one in after.items() if key in before and before[key] != one)


def _bindings(site: Site) -> dict[tuple[str, str], tuple[Any, ...]]:
    return {
        (one.stream.device, one.stream.signals[one.slot]): (unit.id, _meaning(one))
        for unit in site.units.values()
        for one in unit.bindings
    }


def _meaning(one: Binding) -> tuple[Any, ...]:
    return one.point, one.type, one.scale, one.offset, one.invert, one.low, one.high, one.codes
