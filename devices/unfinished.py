"""Profiles that are not whole yet: their points can be read, and what is still missing is said plainly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from devices.profile import Golden, IdentityCheck, ModbusProfile
from facilityd.model.message import Wording
from facilityd.yaml_source import Document, Problem, validate

GAPS = ("identity", "golden")
"""Lists that a profile needs before a site may trust it, and that only a person can fill in."""


class ReadablePoints(ModbusProfile):
    """A Modbus profile whose points can be read, whatever it lacks for a site to trust it."""

    identity: tuple[IdentityCheck, ...] = ()
    golden: tuple[Golden, ...] = ()


def without(document: Document, keys: tuple[str, ...] = GAPS) -> Document:
    """Return a document without some of its keys."""
    return replace(document, data={key: value for key, value in document.data.items() if key not in keys})


def is_modbus(data: Any) -> bool:
    """Return whether a file's data is a Modbus profile's."""
    return isinstance(data, dict) and data.get("protocol") == "modbus"


def with_gaps(document: Document, problems: list[Problem]) -> tuple[ReadablePoints | None, list[Problem]]:
    """Return the problems of a profile with what is still to be filled in said as such.

    Where only that keeps a Modbus profile from being checked, it is returned without, and what else is wrong
    with it is among the problems.
    """
    data = document.data
    if not isinstance(data, dict):
        return None, problems
    empty = tuple(key for key in GAPS if not data.get(key) and _told(document, problems, key))
    if not empty:
        return None, problems
    said = [one for one in problems if not any(_is(document, one, key) for key in empty)]
    gaps = [Problem(document.location((key,)), *_SAID[key]) for key in empty]
    item, more = validate(ReadablePoints, without(document, empty)) if is_modbus(data) else (None, [])
    return item, [*gaps, *said, *(one for one in more if one not in said)]


_SAID = {
    "identity": (Wording("tables.identity-empty"), Wording("tables.identity-fill-in")),
    "golden": (Wording("tables.golden-empty"), Wording("tables.golden-fill-in")),
}


def _told(document: Document, problems: list[Problem], key: str) -> bool:
    return any(_is(document, one, key) for one in problems)


def _is(document: Document, problem: Problem, key: str) -> bool:
    """Return whether a problem is that a list is empty or absent."""
    if key in document.data:
        return problem.location == document.location((key,))
    return problem.what == Wording("yaml.missing-2", str=key)


__all__ = ["GAPS", "ReadablePoints", "is_modbus", "with_gaps", "without"]
