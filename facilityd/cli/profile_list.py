"""A register list as makers publish it, as points of a profile."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from facilityd.cli.profile_cells import (
    BY_FUNCTION,
    HIGHEST,
    CellError,
    ListedAddress,
    functions_of,
    is_reserved,
    is_write_only,
    listed_address,
    listed_scale,
    listed_unit,
    missing_codes,
    scaled_unit,
)
from facilityd.cli.profile_columns import columns_of
from facilityd.cli.profile_names import point_name
from facilityd.cli.profile_rows import ListedRows, Row, column_name, filled, tables_of
from facilityd.cli.profile_types import ListedType, listed_type, words_of
from facilityd.cli.profile_words import bit_table, is_nothing, narrow
from facilityd.errors import ConfigError, UsageError
from facilityd.model.message import Wording

T = TypeVar("T")
WIRE = ("u16", "s16", "u32", "s32", "f32", "u64", "s64", "f64", "bcd16", "bcd32", "bit", "string")
TOLD = 20
"""Cells that are not understood, told in one run."""
LONGEST_TEXT = 64
"""Registers of a text, at most."""
LONGEST_REMARK = 200


@dataclass(frozen=True, slots=True)
class ListedPoint:
    """One row: ``table`` is empty where the list does not say it, ``order`` too (ABCD, CDAB, …).

    ``span``: registers of a text; ``said``: what the maker wrote, for people.
    """

    name: str
    address: int
    doc: str
    type: str
    table: str
    scale: float
    unit: str
    order: str = ""
    span: int = 0
    no_value: tuple[int, ...] = ()
    said: str = ""

    @property
    def words(self) -> int:
        """Registers that it takes; of a bit one."""
        return self.span if self.type == "string" else words_of(self.type)

    @property
    def is_long(self) -> bool:
        """True where the order of its words makes a difference."""
        return self.type != "string" and self.words > 1


@dataclass(slots=True)
class RegisterList:
    """What was read: ``columns`` says which column (A is 0) was taken for what, with its heading.

    ``left``: rows that became no point, by why: heading, reserved, write-only. ``unitless``: rows whose unit
    nobody knows; ``untyped``: points whose type the list does not say; ``flags``: bits in whole registers.
    """

    where: str
    columns: Mapping[str, tuple[int, str]]
    points: list[ListedPoint] = field(default_factory=list)
    left: dict[str, list[int]] = field(default_factory=dict)
    unitless: list[tuple[int, str]] = field(default_factory=list)
    untyped: int = 0
    flags: int = 0


def read_list(path: Path, told: Mapping[str, str] | None = None) -> RegisterList:
    """Return the register list of a CSV or a workbook, of the first sheet that has one.

    ``told``: letters or headings of columns, by what they hold. Raises UsageError where there is no list,
    and ConfigError with every cell that cannot be understood.
    """
    found = ((table, *columns_of(table, told or {})) for table in tables_of(path))
    table, head, columns = next((one for one in found if one[2]), (None, 0, {}))
    if table is None:
        hint = Wording("ask.list-columns")
        raise UsageError(Wording("ask.list-has-no-head"), where=str(path), hint=hint)
    reading = _Reading(table, head, columns)
    for n, row in filled(table.rows, head):
        reading.take(n, row)
    reading.raise_problems()
    return reading.listed


class _Reading:
    """One pass over the rows of a list; cells that are not understood are gathered."""

    def __init__(self, table: ListedRows, head: int, columns: Mapping[str, int]) -> None:
        said = {key: (n, table.rows[head][n].strip()) for key, n in columns.items()}
        self.listed = RegisterList(table.where, said)
        self._table, self._head, self._columns = table, table.rows[head], columns
        self._problems: list[Wording] = []
        self._names: set[str] = set()
        self._hex = _bare_hex([_of(row, columns, "address") for _, row in filled(table.rows, head)])

    def take(self, n: int, row: Row) -> None:
        """Read one row into a point, or say why it is none."""
        cells = {key: _of(row, self._columns, key) for key in self._columns}
        if why := self._left_out(row, cells):
            self.listed.left.setdefault(why, []).append(n + 1)
            return
        before = len(self._problems)
        at = self._tried(n, "address", lambda: listed_address(cells["address"], bare_hex=self._hex))
        if at and not at.table:
            at = replace(at, table=bit_table(cells.get("type", "")) or _table(cells.get("function", "")))
        kind = self._tried(n, "type", lambda: _type(cells.get("type", ""), at)) if at else None
        scale, unit = self._tried(n, "scale", lambda: _scaled(cells)) or (1.0, "")
        if at and kind and len(self._problems) == before:
            self._add(n, cells, at, kind, scale, unit)

    def raise_problems(self) -> None:
        """Raise ConfigError with every cell that was not understood, up to a bound."""
        if not self._problems:
            return
        more = len(self._problems) - TOLD
        rest = (Wording("ask.cells-more", count=more),) if more > 0 else ()
        raise ConfigError((*self._problems[:TOLD], *rest))

    def _left_out(self, row: Row, cells: Mapping[str, str]) -> str:
        """Return why a row becomes no point: heading, reserved, write-only; nothing where it becomes one."""
        address = cells["address"]
        others = [text for key, text in cells.items() if key not in ("address", "remark") and text != address]
        if any(is_reserved(text) for text in (address, cells["name"], cells.get("type", ""))):
            return "reserved"
        if is_nothing(address) or not any(others) or [*map(str.strip, row)] == [*map(str.strip, self._head)]:
            return "heading"
        functions = functions_of(cells.get("function", ""))
        if functions and not functions & BY_FUNCTION.keys():
            return "write-only"
        if is_write_only(cells.get("access", "")) or _says_write_only(cells.get("remark", "")):
            return "write-only"
        return ""

    def _tried(self, n: int, key: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except CellError as error:
            column = column_name(self._columns.get(key, self._columns["address"]))
            parts = {"location": f"{self._table.place(n)}:{column}", "what": error.args[0]}
            hint = Wording("ask.correct-or-blank", hint=error.hint)
            self._problems.append(Wording("yaml.problem-with-hint", **parts, hint=hint))
            return None

    def _add(
        self, n: int, cells: Mapping[str, str], at: ListedAddress, kind: ListedType, scale: float, unit: str
    ) -> None:
        name = self._name(cells["name"], at.address)
        printed = scaled_unit(cells.get("unit", ""))[1]
        unit = listed_unit(printed, name) or unit
        said = [cells["name"], cells.get("remark", "")]
        if printed and not unit and not is_nothing(printed) and kind.wire not in ("bit", "string"):
            self.listed.unitless.append((n + 1, printed))
            said.append(printed)
        bits = at.table in ("coil", "discrete-input")
        self.listed.untyped += not cells.get("type") and not bits
        self.listed.flags += kind.wire == "bit" and not bits
        self.listed.points.append(
            ListedPoint(
                name, at.address, cells["address"], "bit" if bits else kind.wire, at.table, scale, unit,
                kind.order, at.span, missing_codes(cells.get("remark", ""), kind.wire, scale),
                _remark(said),
            )
        )  # fmt: skip

    def _name(self, text: str, address: int) -> str:
        """Return a name for a point, once each: where it is not understood, by the register's number."""
        made = point_name(text) or f"register_{address}"
        made = made if made[0].isalpha() else f"register_{made}"
        others = (f"{made}_{n}" for n in range(2, len(self._names) + 3))
        name = next(one for one in (made, *others) if one not in self._names)
        self._names.add(name)
        return name


def _of(row: Row, columns: Mapping[str, int], key: str) -> str:
    n = columns.get(key)
    return row[n].strip() if n is not None and n < len(row) else ""


def _bare_hex(cells: Sequence[str]) -> bool:
    """Return whether addresses are hexadecimal and do not say so: four digits each, with letters in some."""
    said = [cell for cell in map(narrow, cells) if re.fullmatch(r"\w+", cell) and re.search(r"\d", cell)]
    four = all(re.fullmatch(r"[0-9a-fA-F]{4}", cell) for cell in said)
    return four and any(re.search("[a-fA-F]", cell) for cell in said)


def _type(text: str, at: ListedAddress) -> ListedType:
    """Return the type of a value. Raises CellError where it is not known, or has not that many registers."""
    if at.table in ("coil", "discrete-input"):
        return ListedType("bit")
    if is_nothing(text):
        if at.span > 1:
            raise CellError(Wording("ask.spans-untyped", span=at.span), Wording("ask.wire-types", types=WIRE))
        return ListedType("u16")
    kind = listed_type(text, at.span)
    if not kind.wire:
        raise CellError(Wording("ask.no-wire-type", value=text), Wording("ask.wire-types", types=WIRE))
    if kind.wire == "string":
        if not 0 < at.span <= LONGEST_TEXT:
            raise CellError(Wording("ask.text-length", value=text), Wording("ask.text-range"))
        return kind
    words = words_of(kind.wire)
    if at.address + words > HIGHEST + 1:
        told = Wording(
            "tables.at-goes-beyond-last-register", type=kind.wire, address=at.address, highest=HIGHEST
        )
        raise CellError(told, Wording("ask.wire-types", types=WIRE))
    if at.span and at.span != words:
        told = Wording("ask.spans-other", span=at.span, type=text, words=words)
        raise CellError(told, Wording("ask.wire-types", types=WIRE))
    return kind


def _table(functions: str) -> str:
    """Return the table that function codes read; nothing where they read several, or none."""
    read = [table for code, table in BY_FUNCTION.items() if code in functions_of(functions)]
    return read[0] if len(read) == 1 else ""


def _scaled(cells: Mapping[str, str]) -> tuple[float, str]:
    """Return factor and unit, which both may stand in either cell. Raises CellError where they differ."""
    (scale, unit), (other, _) = listed_scale(cells.get("scale", "")), scaled_unit(cells.get("unit", ""))
    if other not in (1.0, scale) and not is_nothing(cells.get("scale", "")):
        raise CellError(
            Wording("ask.two-scales", one=cells["scale"], other=cells["unit"]), Wording("ask.scales")
        )
    return scale if other == 1.0 else other, unit


def _says_write_only(remark: str) -> bool:
    return len(remark) < LONGEST_TEXT and is_write_only(remark)


def _remark(said: Sequence[str]) -> str:
    """Return what the maker wrote, on one line that any file can hold."""
    line = "; ".join(" ".join(text.split()) for text in dict.fromkeys(said) if text.strip())
    return "".join(sign for sign in line if sign.isprintable())[:LONGEST_REMARK]
