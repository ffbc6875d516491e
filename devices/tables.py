"""The shelf of profiles and families: shipped ones, and a site's own beside its files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

from devices.extended_family import extends, with_shipped
from devices.family import Family
from devices.golden import slips
from devices.limits import family_faults
from devices.one_language import in_both, languages_of
from devices.possible import Fault, faults
from devices.profile import ModbusProfile, MqttProfile, Profile
from devices.unfinished import ReadablePoints, is_modbus, with_gaps, without
from facilityd.model.message import Wording
from facilityd.model.text import Language
from facilityd.yaml_source import Problem, raise_problems, read, validate

SHELF = Path(__file__).parent
_PROFILE: TypeAdapter[Any] = TypeAdapter(Profile)
_FAMILY: TypeAdapter[Any] = TypeAdapter(Family)
_FOLDERS = {"profile": "profiles", "family": "families"}
T = TypeVar("T")


def load_profile(path: Path) -> ModbusProfile | MqttProfile:
    """Return one profile. Raises ConfigError with every mistake in the file."""
    profile, problems = _load(_PROFILE, path, "profile")
    raise_problems(problems)
    return cast("ModbusProfile | MqttProfile", profile)


def load_points(path: Path) -> ModbusProfile | MqttProfile:
    """Return a profile to read by, whatever it lacks for a site to trust it.

    Identity and golden of registers are not looked at: what somebody still has to find out is read for.
    Raises ConfigError with every other mistake in the file.
    """
    document = read(path)
    if document.problems or not is_modbus(document.data):
        return load_profile(path)
    profile, problems = validate(ReadablePoints, without(document))
    found = faults(profile) if profile else []
    raise_problems(
        [*problems, *(Problem(document.location(where), what, hint) for where, what, hint in found)]
    )
    return cast("ModbusProfile", profile)


def load_family(path: Path) -> Family:
    """Return one family. Raises ConfigError with every mistake in the file."""
    family, problems = _load(_FAMILY, path, "family")
    raise_problems(problems)
    return cast("Family", family)


class Tables(Mapping[str, T]):
    """Tables by id: the shipped ones, each read when it is asked for, and a site's own in their place.

    A site uses a few of those that are shipped; reading all took a third of a short command's time.
    Raises ConfigError where a shipped one that is asked for is damaged.
    """

    def __init__(self, kind: str, own: Mapping[str, T]) -> None:
        self._kind, self._own = kind, own
        self._ids = {path.stem: None for path in _files(SHELF / _FOLDERS[kind])} | dict.fromkeys(own)

    def __getitem__(self, item: str) -> T:
        if item in self._own:
            return self._own[item]
        if item not in self._ids:
            raise KeyError(item)
        return cast("T", _shipped(self._kind, item))

    def __contains__(self, item: object) -> bool:
        return item in self._ids

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


def profiles(extra: Path | None = None) -> Tables[ModbusProfile | MqttProfile]:
    """Return all profiles by id; ``extra`` is a site's folder. Raises ConfigError."""
    return Tables("profile", _read(_PROFILE, extra / "profiles", "profile") if extra else {})


def families(extra: Path | None = None) -> Tables[Family]:
    """Return all families by id; ``extra`` is a site's folder. Raises ConfigError."""
    return Tables("family", _read(_FAMILY, extra / "families", "family") if extra else {})


@dataclass(frozen=True, slots=True)
class OwnTables:
    """What stands beside a site, by id; kind and id of broken tables, files that replace shipped ones."""

    profiles: dict[str, ModbusProfile | MqttProfile]
    families: dict[str, Family]
    broken: frozenset[tuple[str, str]]
    problems: list[Problem]
    replaced: list[Path]
    monolingual: dict[Path, Language]
    """The one language of families that say nothing in the other."""


def own_tables(folder: Path) -> OwnTables:
    """Return a site's own tables. Raises nothing: what is wrong with one hides nothing of the others."""
    own_profiles, wrong = _collect(_PROFILE, folder / "profiles", "profile")
    own_families, also_wrong = _collect(_FAMILY, folder / "families", "family")
    files = [*_files(folder / "profiles"), *_files(folder / "families")]
    shipped: dict[str, Tables[Any]] = {folder: Tables(kind, {}) for kind, folder in _FOLDERS.items()}
    kinds = {folder: kind for kind, folder in _FOLDERS.items()}
    return OwnTables(
        own_profiles,
        own_families,
        frozenset((kinds[path.parent.name], path.stem) for path in files)
        - {("profile", name) for name in own_profiles}
        - {("family", name) for name in own_families},
        wrong + also_wrong,
        [path for path in files if path.stem in shipped[path.parent.name] and not extends(read(path).data)],
        _monolingual(folder / "families"),
    )


def _monolingual(folder: Path) -> dict[Path, Language]:
    told = {path: languages_of(read(path).data) for path in _files(folder)}
    return {path: next(iter(found)) for path, found in told.items() if len(found) == 1}


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.yaml"))


def _read(adapter: TypeAdapter[Any], folder: Path, kind: str) -> dict[str, Any]:
    out, problems = _collect(adapter, folder, kind)
    raise_problems(problems)
    return out


@cache
def _shipped(kind: str, item: str) -> Any:
    path = SHELF / _FOLDERS[kind] / f"{item}.yaml"
    return load_profile(path) if kind == "profile" else load_family(path)


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
    if kind == "family" and path.parent != SHELF / _FOLDERS[kind]:
        document = replace(document, data=in_both(document.data))
        if extends(document.data):
            shipped = SHELF / _FOLDERS[kind] / path.name
            document, more = with_shipped(document, read(shipped) if shipped.is_file() else None)
            if more:
                return None, more
    item, problems = validate(adapter, document)
    whole = item
    if kind == "profile" and item is None:
        item, problems = with_gaps(document, problems)
    if item is not None and getattr(item, kind) != path.stem:
        what = Wording("tables.stands-in-file", kind=kind, item=getattr(item, kind), path=path.name)
        problems.append(Problem(document.location((kind,)), what, Wording("tables.both-must-have-same-name")))
    problems += [Problem(document.location(where), what, hint) for where, what, hint in _faults(item)]
    return whole, problems


def _faults(item: Family | ModbusProfile | MqttProfile | None) -> list[Fault]:
    """Return what each setting may be and all together cannot."""
    if item is None:
        return []
    if isinstance(item, Family):
        return family_faults(item)
    hint = Wording("tables.work-again-or-look-at")
    return [*faults(item), *((("golden", number), what, hint) for number, what in slips(item).items())]
