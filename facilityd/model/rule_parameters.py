"""A rule's parameters as people write them in a file, one of them changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from facilityd.model.measure import duration, spell_duration
from facilityd.model.message import Wording
from facilityd.model.validation import said_of


def dump(model: BaseModel) -> dict[str, Any]:
    """Return a model as it would stand in a YAML file: durations spelled, what is not given left out."""
    told: dict[str, Any] = {}
    for name, about in type(model).model_fields.items():
        value = getattr(model, name)
        if value is None:
            continue
        spelled = any(getattr(one, "func", None) is duration for one in about.metadata)
        told[about.alias or name] = spell_duration(value) if spelled else _plain(value)
    return told


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return dump(value)
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return {name: _plain(one) for name, one in value.items()} if isinstance(value, Mapping) else value


def parameter(model: BaseModel, path: str) -> Any:
    """Return one parameter as it would stand in a file. Raises ValueError where there is none."""
    place: Any = dump(model)
    for key in path.split("."):
        try:
            place = place[int(key) if isinstance(place, list) else key]
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise ValueError(Wording("model.no-parameter", path=path)) from error
    return place


def override(model: BaseModel, settings: Mapping[str, Any]) -> BaseModel:
    """Return the model with parameters set, by dotted name such as ``on_delay`` or ``all.0.below``.

    Values are as YAML reads them. Raises ValueError where there is no such parameter, or it does not fit.
    """
    told = dump(model)
    for path, value in settings.items():
        _set(told, path, value, _known(model))
    try:
        return type(model).model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        said = said_of(first)
        raise ValueError(
            Wording("model.parameter-says", where=where, said=said) if where else said
        ) from error


def _known(model: BaseModel) -> list[str]:
    return [about.alias or name for name, about in type(model).model_fields.items() if name != "kind"]


def _set(told: Any, path: str, value: Any, known: list[str]) -> None:
    first, *rest = path.split(".")
    if first not in known:
        raise ValueError(Wording("model.no-parameter-there", path=path, known=[*known]))
    place, keys = told, [first, *rest]
    for key in keys[:-1]:
        try:
            place = place[int(key) if isinstance(place, list) else key]
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise ValueError(Wording("model.no-parameter-not-there-2", path=path, key=key)) from error
    last = keys[-1]
    try:
        place[int(last) if isinstance(place, list) else last] = value
    except (IndexError, ValueError, TypeError) as error:
        raise ValueError(Wording("model.no-parameter-not-there", path=path, last=last)) from error
