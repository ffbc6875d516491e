"""The shelf of profiles and families: shipped ones, and a site's own beside its files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter

from devices.family import Family
from devices.golden import slips
from devices.limits import family_faults
from devices.possible import Fault, faults
from devices.profile import ModbusProfile, MqttProfile, Profile
from facilityd.model.message import Wording
from facilityd.yaml_source import Problem, raise_problems, read, validate

SHELF = Path(__file__).parent
_PROFILE: TypeAdapter[Any] = TypeAdapter(Profile)
_FAMILY: TypeAdapter[Any] = TypeAdapter(Family)


def load_profile(path: Path) -> ModbusProfile | MqttProfile:
    """Return one profile. Raises ConfigError with every mistake in the file."""
    profile, problems = _load(_PROFILE, path, "profile")
    raise_problems(problems)
    return cast("ModbusProfile | MqttProfile", profile)


def load_family(path: Path) -> Family:
    """Return one family. Raises ConfigError with every mistake in the file."""
    family, problems = _load(_FAMILY, path, "family")
    raise_problems(problems)
    return cast("Family", family)


def profiles(extra: Path | None = None) -> dict[str, ModbusProfile | MqttProfile]:
    """Return all profiles by id; ``extra`` is a site's folder. Raises ConfigError."""
    own = _shelf(_PROFILE, extra / "profiles", "profile") if extra else {}
    return {**_shelf(_PROFILE, SHELF / "profiles", "profile"), **own}


def families(extra: Path | None = None) -> dict[str, Family]:
    """Return all families by id; ``extra`` is a site's folder. Raises ConfigError."""
    own = _shelf(_FAMILY, extra / "families", "family") if extra else {}
    return {**_shelf(_FAMILY, SHELF / "families", "family"), **own}


@dataclass(frozen=True, slots=True)
class OwnTables:
    """What stands beside a site, by id; ids of broken tables, problems, files that replace shipped ones."""

    profiles: dict[str, ModbusProfile | MqttProfile]
    families: dict[str, Family]
    broken: frozenset[str]
    problems: list[Problem]
    replaced: list[Path]


def own_tables(folder: Path) -> OwnTables:
    """Return a site's own tables. Raises nothing: what is wrong with one hides nothing of the others."""
    own_profiles, wrong = _collect(_PROFILE, folder / "profiles", "profile")
    own_families, also_wrong = _collect(_FAMILY, folder / "families", "family")
    files = [*_files(folder / "profiles"), *_files(folder / "families")]
    shipped = {"profiles": _shipped("profile"), "families": _shipped("family")}
    return OwnTables(
        own_profiles,
        own_families,
        frozenset(path.stem for path in files) - own_profiles.keys() - own_families.keys(),
        wrong + also_wrong,
        [path for path in files if path.stem in shipped[path.parent.name]],
    )


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.yaml"))


def _shelf(adapter: TypeAdapter[Any], folder: Path, kind: str) -> dict[str, Any]:
    if folder.parent == SHELF:
        return _shipped(kind)
    return _read(adapter, folder, kind)


@cache
def _shipped(kind: str) -> dict[str, Any]:
    adapter: TypeAdapter[Any] = _PROFILE if kind == "profile" else _FAMILY
    return _read(adapter, SHELF / {"profile": "profiles", "family": "families"}[kind], kind)


def _read(adapter: TypeAdapter[Any], folder: Path, kind: str) -> dict[str, Any]:
    out, problems = _collect(adapter, folder, kind)
    raise_problems(problems)
    return out


def _collect(adapter: TypeAdapter[Any], folder: Path, kind: str) -> tuple[dict[str, Any], list[Problem]]:
    out: dict[str, Any] = {}
    problems: list[Problem] = []
    for path in _files(folder):
        item, found = _load(adapter, path, kind)
        problems += found
        if item is not None:
            out[path.stem] = item
    return out, problems


def _load(adapter: TypeAdapter[Any], path: Path, kind: str) -> tuple[Any, list[Problem]]:
    document = read(path)
    if document.problems:
        return None, document.problems
    item, problems = validate(adapter, document)
    if item is not None and getattr(item, kind) != path.stem:
        what = Wording("tables.stands-in-file", kind=kind, item=getattr(item, kind), path=path.name)
        problems.append(Problem(document.location((kind,)), what, Wording("tables.both-must-have-same-name")))
    problems += [Problem(document.location(where), what, hint) for where, what, hint in _faults(item)]
    return item, problems


def _faults(item: Family | ModbusProfile | MqttProfile | None) -> list[Fault]:
    """Return what each setting may be and all together cannot."""
    if item is None:
        return []
    if isinstance(item, Family):
        return family_faults(item)
    hint = Wording("tables.work-again-or-look-at")
    return [*faults(item), *((("golden", number), what, hint) for number, what in slips(item).items())]
