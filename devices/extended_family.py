"""A family beside a site that adds to a shipped one: signals that it lacks, rules of the house."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from facilityd.model.message import Wording
from facilityd.yaml_source import Document, Problem

SECTIONS = ("signals", "states", "rules", "sensors", "simulate", "readiness")
"""Tables by name that may be added to; what stands in one already keeps what it says."""


def extends(told: Any) -> bool:
    """Return whether what a family's file says adds to a shipped one."""
    return isinstance(told, Mapping) and told.get("extends") is True


def with_shipped(document: Document, shipped: Document | None) -> tuple[Document, list[Problem]]:
    """Return a file's family as the shipped one with what it adds, and what cannot be added.

    ``shipped``: the file of the family of the same name, None where there is none.
    """
    told = document.data
    if shipped is None:
        at = document.location(("extends",))
        hint = Wording("tables.extends-nothing-hint")
        return document, [Problem(at, Wording("tables.extends-nothing", family=told.get("family")), hint)]
    base, problems = shipped.data, list(_twice(document, shipped.data))
    sections = {
        section: {**base.get(section, {}), **own}
        for section in SECTIONS
        if isinstance(own := told.get(section, {}), Mapping)
    }
    whole = {**base, **told, **{key: one for key, one in sections.items() if one}}
    return replace(document, data=whole), problems


def _twice(document: Document, base: Mapping[str, Any]) -> Iterator[Problem]:
    for section in SECTIONS:
        own = document.data.get(section, {})
        for name in own if isinstance(own, Mapping) else ():
            if name in base.get(section, {}):
                what = Wording("tables.extends-what-is-there", name=name)
                at = document.location((section, name), key=True)
                yield Problem(at, what, Wording("tables.extends-what-is-there-hint"))
