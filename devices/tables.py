"""The shelf of profiles and families: shipped ones, and a site's own beside its files."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter

from devices.family import Family
from devices.golden import slips
from devices.profile import ModbusProfile, MqttProfile, Profile
from facilityd.marked import Problem, fail, read, validate

SHELF = Path(__file__).parent
_PROFILE: TypeAdapter[Any] = TypeAdapter(Profile)
_FAMILY: TypeAdapter[Any] = TypeAdapter(Family)


def load_profile(path: Path) -> ModbusProfile | MqttProfile:
    """Return one profile. Raises ConfigError with every mistake in the file."""
    profile, problems = _load(_PROFILE, path, "profile")
    fail(problems)
    return cast("ModbusProfile | MqttProfile", profile)


def load_family(path: Path) -> Family:
    """Return one family. Raises ConfigError with every mistake in the file."""
    family, problems = _load(_FAMILY, path, "family")
    fail(problems)
    return cast("Family", family)


def profiles(extra: Path | None = None) -> dict[str, ModbusProfile | MqttProfile]:
    """Return all profiles by id; ``extra`` is a site's folder. Raises ConfigError."""
    own = _shelf(_PROFILE, extra / "profiles", "profile") if extra else {}
    return {**_shelf(_PROFILE, SHELF / "profiles", "profile"), **own}


def families(extra: Path | None = None) -> dict[str, Family]:
    """Return all families by id; ``extra`` is a site's folder. Raises ConfigError."""
    own = _shelf(_FAMILY, extra / "families", "family") if extra else {}
    return {**_shelf(_FAMILY, SHELF / "families", "family"), **own}


def _shelf(adapter: TypeAdapter[Any], folder: Path, kind: str) -> dict[str, Any]:
    if folder.parent == SHELF:
        return _shipped(kind)
    return _read(adapter, folder, kind)


@cache
def _shipped(kind: str) -> dict[str, Any]:
    adapter: TypeAdapter[Any] = _PROFILE if kind == "profile" else _FAMILY
    return _read(adapter, SHELF / {"profile": "profiles", "family": "families"}[kind], kind)


def _read(adapter: TypeAdapter[Any], folder: Path, kind: str) -> dict[str, Any]:
    out: dict[str, Any] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        item, found = _load(adapter, path, kind)
        problems += found
        if item is not None:
            out[path.stem] = item
    fail(problems)
    return out


def _load(adapter: TypeAdapter[Any], path: Path, kind: str) -> tuple[Any, list[Problem]]:
    document = read(path)
    if document.problems:
        return None, document.problems
    item, problems = validate(adapter, document)
    if item is not None and getattr(item, kind) != path.stem:
        what = f"{kind} {getattr(item, kind)!r} stands in file {path.name!r}"
        problems.append(Problem(document.mark((kind,)), what, "both must have the same name"))
    if isinstance(item, ModbusProfile | MqttProfile):
        for number, what in slips(item).items():
            hint = "work it again, or look at the point's type, order and scale"
            problems.append(Problem(document.mark(("golden", number)), what, hint))
    return item, problems
