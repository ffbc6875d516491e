"""A register list as makers publish it, as points of a profile."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from facilityd.errors import UsageError, system_reason
from facilityd.model.message import Wording

LARGEST, MOST = 2**20, 2000
"""Bytes of a list, and rows in it."""
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


def read_list(path: Path) -> list[ListedPoint]:
    """Return the points of a CSV. Raises UsageError with the line that cannot be understood."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST)
    except OSError as error:
        what = Wording("ask.cannot-be-read", error=system_reason(error))
        raise UsageError(what, where=str(path)) from error
    try:
        rows = list(csv.reader(io.StringIO(_text(content), newline=""), dialect=_dialect(content)))[
            : MOST + 1
        ]
    except csv.Error:  # no table at all
        rows = []
    head, columns = next(((n, found) for n, row in enumerate(rows) if (found := _columns(row))), (0, {}))
    if not columns:
        raise UsageError(Wording("ask.list-has-no-head"), where=str(path), hint=Wording("ask.list-columns"))
    names: dict[str, int] = {}
    return [_point(row, columns, names, f"{path}:{n}") for n, row in _filled(rows, head)]


def _text(content: bytes) -> str:
    """Return the text: UTF-8, else what Chinese Windows writes."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030", errors="replace")


def _dialect(content: bytes) -> type[csv.Dialect]:
    first = _text(content).splitlines()[:1]
    kind = csv.excel_tab if first and "\t" in first[0] else csv.excel
    if first and first[0].count(";") > first[0].count(","):
        return type("Semicolons", (csv.excel,), {"delimiter": ";"})
    return kind


def _filled(rows: Sequence[Sequence[str]], head: int) -> Iterator[tuple[int, Sequence[str]]]:
    yield from ((n, row) for n, row in enumerate(rows[head + 1 :], head + 2) if any(map(str.strip, row)))


def _columns(row: Sequence[str]) -> dict[str, int]:
    """Return which column is what; nothing where the row is no head: address and name are needed."""
    found: dict[str, int] = {}
    for n, cell in enumerate(row):
        said = cell.strip().lower()
        kind = next(
            (key for key, words in COLUMNS.items() if key not in found and any(w in said for w in words)), ""
        )
        if kind:
            found[kind] = n
    return found if {"address", "name"} <= found.keys() else {}


def _point(row: Sequence[str], columns: Mapping[str, int], names: dict[str, int], where: str) -> ListedPoint:
    cells = {key: row[n].strip() if n < len(row) else "" for key, n in columns.items()}
    table, address = _address(cells["address"], where)
    kind = _type(cells.get("type", ""), where)
    if table in ("coil", "discrete-input"):
        kind = "bit"
    return ListedPoint(
        _name(cells["name"], names, address), address, cells["address"], kind, table,
        _scale(cells.get("scale", ""), where), UNITS.get(cells.get("unit", ""), cells.get("unit", "")),
    )  # fmt: skip


def _address(text: str, where: str) -> tuple[str, int]:
    """Return table and wire address of 40001, 0x0010, 0010H or 16."""
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
