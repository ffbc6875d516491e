"""A register list as makers publish it, as points of a profile."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from facilityd.cli.profile_rows import ListedRows, Row, column_name, filled, tables_of
from facilityd.errors import UsageError
from facilityd.model.message import Wording

COLUMNS = {
    "address": ("address", "addr", "register", "reg", "offset", "地址", "寄存器"),
    "name": ("name", "parameter", "description", "signal", "名称", "参数", "说明", "描述"),
    "type": ("type", "format", "类型", "格式"),
    "scale": ("scale", "factor", "multiplier", "resolution", "系数", "倍率", "精度"),
    "unit": ("unit", "units", "单位"),
}
"""Words by which a column is known, in its head."""
TYPES = {
    "u16": ("u16", "uint16", "unsigned16", "word", "unsigned", "ushort"),
    "s16": ("s16", "int16", "signed16", "short", "signed", "int"),
    "u32": ("u32", "uint32", "unsigned32", "dword", "ulong"), "s32": ("s32", "int32", "signed32", "long"),
    "f32": ("f32", "float", "float32", "real", "single"), "u64": ("u64", "uint64"), "s64": ("s64", "int64"),
    "f64": ("f64", "float64", "double"), "bit": ("bit", "bool", "boolean", "coil"),
}  # fmt: skip
TABLES = {"0": "coil", "1": "discrete-input", "3": "input-register", "4": "holding-register"}
"""By the first of five or six digits, as Modicon numbered them."""
UNITS = {
    "℃": "°C",
    "degC": "°C",
    "c": "°C",
    "m3/h": "m³/h",
    "w/m2": "W/m²",
    "KW": "kW",
    "kwh": "kWh",
    "KWh": "kWh",
    "hz": "Hz",
    "v": "V",
    "a": "A",
    "w": "W",
    "°": "deg",
}


@dataclass(frozen=True, slots=True)
class ListedPoint:
    """One row: ``table`` is empty where the list does not say it."""

    name: str
    address: int
    doc: str
    type: str
    table: str
    scale: float
    unit: str


@dataclass(frozen=True, slots=True)
class RegisterList:
    """What was read: ``columns`` says which column (A is 0) was taken for what, with its heading.

    ``left`` counts rows without an address, such as headings.
    """

    where: str
    columns: Mapping[str, tuple[int, str]]
    points: list[ListedPoint]
    left: int


def read_list(path: Path, told: Mapping[str, str] | None = None) -> RegisterList:
    """Return the register list of a CSV or a workbook, of the first sheet that has one.

    ``told``: letters or headings of columns, by what they hold. Raises UsageError with the line that cannot
    be understood.
    """
    found = ((table, *_head(table, told or {})) for table in tables_of(path))
    table, head, columns = next((one for one in found if one[2]), (None, 0, {}))
    if table is None:
        hint = Wording("ask.list-columns")
        raise UsageError(Wording("ask.list-has-no-head"), where=str(path), hint=hint)
    names: dict[str, int] = {}
    points, left = list[ListedPoint](), 0
    for n, row in filled(table.rows, head):
        if not _of(row, columns, "address"):
            left += 1  # a heading over the registers that follow
            continue
        points.append(_point(row, columns, names, table.place(n)))
    said = {key: (n, table.rows[head][n].strip()) for key, n in columns.items()}
    return RegisterList(table.where, said, points, left)


def _head(table: ListedRows, told: Mapping[str, str]) -> tuple[int, dict[str, int]]:
    """Return which row is the head and which column is what; nothing where no row is one."""
    return next(((n, found) for n, row in enumerate(table.rows) if (found := _columns(row, told))), (0, {}))


def _columns(row: Row, told: Mapping[str, str]) -> dict[str, int]:
    """Return which column is what; nothing where the row is no head: address and name are needed."""
    heads = [cell.strip().lower() for cell in row]
    if not any(heads):
        return {}
    found: dict[str, int] = {}
    for key, said in told.items():
        if (n := _told_column(said, heads)) is None:
            return {}
        found[key] = n
    for n, cell in enumerate(heads):
        free = n not in found.values()
        kind = next(
            (k for k, words in COLUMNS.items() if free and k not in found and any(w in cell for w in words)),
            "",
        )
        if kind:
            found[kind] = n
    return found if {"address", "name"} <= found.keys() else {}


def _told_column(said: str, heads: Sequence[str]) -> int | None:
    """Return the column that is meant by its heading, or by its letter."""
    if said.strip().lower() in heads:
        return heads.index(said.strip().lower())
    return next((n for n in range(len(heads)) if column_name(n) == said.strip().upper()), None)


def _of(row: Row, columns: Mapping[str, int], key: str) -> str:
    n = columns.get(key)
    return row[n].strip() if n is not None and n < len(row) else ""


def _point(row: Row, columns: Mapping[str, int], names: dict[str, int], where: str) -> ListedPoint:
    cells = {key: _of(row, columns, key) for key in columns}
    table, address = _address(cells["address"], where)
    kind = _type(cells.get("type", ""), where)
    if table in ("coil", "discrete-input"):
        kind = "bit"
    return ListedPoint(
        _name(cells["name"], names, address), address, cells["address"], kind, table,
        _scale(cells.get("scale", ""), where), UNITS.get(cells.get("unit", ""), cells.get("unit", "")),
    )  # fmt: skip


def _address(text: str, where: str) -> tuple[str, int]:
    """Return table and wire address of 40001, 0x0010, 0010H or 16; of 40001-40002 the first."""
    if both := re.fullmatch(r"(\w+)\s*(?:[-–~～…]|\.{2,3}|至|to)\s*[0-9]\w*", text):
        text = both[1]
    if found := re.fullmatch(r"0[xX]([0-9a-fA-F]{1,4})|([0-9a-fA-F]{1,4})[hH]", text):
        return "", int(found[1] or found[2], 16)
    if (found := re.fullmatch(r"([0134])(\d{4,5})", text)) and int(found[2]) >= 1:
        return TABLES[found[1]], int(found[2]) - 1
    if text.isdigit() and int(text) <= 0xFFFF:  # noqa: PLR2004
        return "", int(text)
    raise UsageError(Wording("ask.no-address", value=text), where=where, hint=Wording("ask.addresses"))


def _type(text: str, where: str) -> str:
    said = re.sub(r"[^a-z0-9]", "", text.lower())
    if not said:
        return "u16"
    kind = next((key for key, words in TYPES.items() if said in words), "")
    if not kind:
        raise UsageError(Wording("ask.no-wire-type", value=text), where=where, hint=", ".join(TYPES))
    return kind


def _scale(text: str, where: str) -> float:
    """Return the factor: 0.1, 1/10, x0.1."""
    said = text.lower().lstrip("x×*").strip()
    if not said:
        return 1.0
    first, _, second = said.partition("/")
    try:
        value = float(first) / (float(second) if second else 1.0)
    except (ValueError, ZeroDivisionError):
        value = 0.0
    if not value or abs(value) == float("inf") or value != value:  # noqa: PLR0124
        raise UsageError(Wording("ask.no-scale", value=text), where=where, hint=Wording("ask.scales"))
    return value


def _name(text: str, names: dict[str, int], address: int) -> str:
    """Return a name for a point, once each: of a Chinese description the register's number."""
    made = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:40] or f"register_{address}"
    made = made if made[0].isalpha() else f"register_{made}"
    names[made] = names.get(made, 0) + 1
    return made if names[made] == 1 else f"{made}_{names[made]}"
