"""The skeleton of a profile, written of the points of a register list."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from facilityd.cli.profile_list import ListedPoint
from facilityd.cli.profile_types import ORDER_OF
from facilityd.cli.words import sentence
from facilityd.model.text import Language

BITS = ("coil", "discrete-input")
GOLDEN = 4
"""Points that are proposed to be worked by hand."""


def skeleton(
    about: Mapping[str, str], points: Sequence[ListedPoint], language: Language, *, one_based: bool
) -> str:
    """Return a profile's file: all that a list says, and as comments what it does not."""
    bits = all(one.type == "bit" for one in points)
    tables = [one.table for one in points if one.table and (one.table in BITS) == bits]
    table = max(set(tables), key=tables.count, default="holding-register")
    head = "".join(f"{key}: {_quoted(value)}\n" for key, value in about.items())
    rows = "".join(_row(one, table, one_based=one_based) for one in points)
    todo = _comment("profile-todo", language)
    golden = "".join(map(_golden, points[:GOLDEN]))
    known = next((one.name for one in points if one.type != "string"), "")
    identity = f'#  - {{point: {known}, between: [0, 1], why: ""}}\n' if known else ""
    return (
        f"{head}table: {table}\nmax_gap: 0\npoints:\n{rows}{todo}identity:\n{identity}"
        f"{_comment('profile-golden', language)}golden:\n{golden}"
    )


def _row(one: ListedPoint, table: str, *, one_based: bool) -> str:
    address = one.address - 1 if one_based and not one.table and one.address else one.address
    flag = one.type == "bit" and (one.table or table) not in BITS
    doc, kind = _quoted(one.doc, always=True), "u16" if flag else one.type
    parts = [f"address: {address}", f"doc: {doc}", f"type: {kind}"]
    if one.table and one.table != table:
        parts.append(f"table: {one.table}")
    if flag:
        parts.append("bit: 0")
    parts += [f"{key}: {value}" for key, value in ORDER_OF.get(one.order, {}).items()]
    if one.type == "string":
        parts.append(f"length: {one.span}")
    elif one.type != "bit":
        parts += [f"scale: {one.scale:.12g}"] if one.scale != 1.0 else []
        parts += [f"unit: {_quoted(one.unit)}"] if one.unit else []
        parts += [f"no_value: {list(one.no_value)}"] if one.no_value else []
    return f"  {one.name}: {{{', '.join(parts)}}}" + (f"  # {one.said}\n" if one.said else "\n")


def _golden(one: ListedPoint) -> str:
    """Return the line of an example to be worked by hand, with as many words as the point takes."""
    value = {"string": "null", "bit": "false"}.get(one.type, "0")
    return f"#  - {{point: {one.name}, words: {[0] * one.words}, value: {value}}}\n"


def _comment(name: str, language: Language) -> str:
    return "".join(f"# {line}\n" for line in sentence(name, language).splitlines())


def _quoted(text: str, *, always: bool = False) -> str:
    return (
        text if re.fullmatch(r"[A-Za-z][\w-]*", text) and not always else json.dumps(text, ensure_ascii=False)
    )
