"""Cells of a register list: addresses, scales, units, and what a remark says plainly."""

from __future__ import annotations

import re
from dataclasses import dataclass

from facilityd.cli.profile_words import is_nothing, list_words, narrow
from facilityd.model.measure import unit_name
from facilityd.model.message import Wording

TABLES = {"0": "coil", "1": "discrete-input", "3": "input-register", "4": "holding-register"}
"""By the first of five or six digits, as Modicon numbered them."""
BY_FUNCTION = {1: "coil", 2: "discrete-input", 3: "holding-register", 4: "input-register"}
"""The four functions that read (Modbus Application Protocol V1.1b3, 6.1-6.4)."""
UNIT = re.compile(r"[A-Za-zµΩ°%][A-Za-zµΩ°%²³·*/ .-]{0,15}")
HIGHEST = 0xFFFF
LIMITS = (0x7FFF, 0x8000, 0xFFFF, -0x8000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, -0x8000_0000)
"""Numbers at the edge of a type: they are raw numbers, whatever the scale."""


class CellError(ValueError):
    """A cell that cannot be understood. The message says what and, as ``hint``, what could stand there."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class ListedAddress:
    """``address`` counts from 0; ``table`` and ``span`` (registers) are 0 or empty where not said."""

    table: str
    address: int
    span: int = 0


def listed_address(text: str, *, bare_hex: bool = False) -> ListedAddress:
    """Return 40001, 4x0001, 0x0010, 0010H, 16, 16.0, 0x10(16), 16-17. Raises CellError.

    ``bare_hex``: the list writes hexadecimal numbers without saying so.
    """
    said = narrow(text)
    if (one := _one(said, bare_hex=bare_hex)) is not None:
        return one
    if twice := re.fullmatch(r"(\w+)\s*\((\w+)\)", said):
        first, second = (_one(part, bare_hex=bare_hex) for part in twice.groups())
        if first and second and first.address == second.address:
            return first if first.table else second
    elif both := re.fullmatch(r"(\w+)\s*(?:[-–—~/,、…]|\.{2,3}|至|到|to)\s*(\w+)", said):
        first, second = (_one(part, bare_hex=bare_hex) for part in both.groups())
        if first and second and first.address == second.address:
            return first if first.table else second
        short = both[2].isdigit() and len(both[2]) < len(both[1])
        if first and second and short and (first.table or second.address < first.address):  # 40001-02
            second = _one(both[1][: -len(both[2])] + both[2], bare_hex=bare_hex)
        if first and second and second.table in ("", first.table) and second.address > first.address:
            return ListedAddress(first.table, first.address, second.address - first.address + 1)
    raise CellError(Wording("ask.no-address", value=text), Wording("ask.addresses"))


def _one(text: str, *, bare_hex: bool) -> ListedAddress | None:
    if found := re.fullmatch(r"0[xX]([0-9a-fA-F]{1,4})[hH]?|([0-9a-fA-F]{1,5})[hH]", text):
        number = int(found[1] or found[2], 16)
        return ListedAddress("", number) if number <= HIGHEST else None
    if bare_hex and re.fullmatch(r"[0-9a-fA-F]{4}", text):
        return ListedAddress("", int(text, 16))
    if (found := re.fullmatch(r"([134])[xX]\s?(\d{1,5})|([0134])(\d{4,5})", text)) and int(
        found[2] or found[4]
    ) >= 1:
        return ListedAddress(TABLES[found[1] or found[3]], int(found[2] or found[4]) - 1)
    if (found := re.fullmatch(r"(\d{1,5})(?:\.0+)?", text, re.ASCII)) and int(found[1]) <= HIGHEST:
        return ListedAddress("", int(found[1])) if "." not in text else _one(found[1], bare_hex=bare_hex)
    return None


def listed_scale(text: str) -> tuple[float, str]:
    """Return factor and unit of 0.1, 0,1, 1/10, /10, ÷10, x0.1, 10^-1, 0.1V, '-'. Raises CellError."""
    if is_nothing(text):
        return 1.0, ""
    said = re.sub(r"^[x×*]", "", narrow(text)).replace(" ", "").replace("−", "-")
    if found := re.fullmatch(r"(?:扩大|放大)(\d+)倍", said):
        said = f"/{found[1]}"
    if found := re.fullmatch(r"(?:小数)?(\d)(?:位小数|decimals?)", said):
        said = f"10^-{found[1]}"
    number = r"\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|\d+,\d{1,2}|0,\d+"
    power = r"10\^\(?([-+]?\d)\)?"
    value, unit = 0.0, ""
    if found := re.fullmatch(power, said):
        value = 10.0 ** int(found[1])
    elif found := re.fullmatch(rf"({number})?[/÷]({number})", said):
        divisor = _number(found[2])
        value = _number(found[1] or "1") / divisor if divisor else 0.0
    elif found := re.fullmatch(rf"(-?(?:{number}))([^\d.,]\S*)?", said):
        value, unit = _number(found[1]), found[2] or ""
        if unit and not listed_unit(unit):
            value = 0.0
    if not value or abs(value) == float("inf"):
        raise CellError(Wording("ask.no-scale", value=text), Wording("ask.scales"))
    return value, listed_unit(unit)


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def scaled_unit(text: str) -> tuple[float, str]:
    """Return factor and unit of '0.1V'; of 'V' the factor is 1."""
    said = narrow(text)
    if found := re.fullmatch(r"(\d+[.,]\d+|1/10+|10+)\s*(\D.*)", said):
        try:
            return listed_scale(found[1])[0], found[2]
        except CellError:
            pass
    return 1.0, said


def listed_unit(text: str, name: str = "") -> str:
    """Return a unit as profiles write it; nothing where nobody knows it. ``name``: of the point."""
    said = narrow(text).strip("()[]")
    if is_nothing(said):
        return ""
    if said == "度":
        return next((unit for part, unit in list_words().degrees.items() if part in name), "")
    for unit, words in list_words().units.items():
        if said == unit or said.lower() in words:
            return unit
    same = [unit for unit in list_words().units if unit.lower() == said.lower()]
    if len(same) == 1:
        return same[0]
    try:  # arithmetic (9**9**9) would be worked out, however long it takes
        return unit_name(said) if UNIT.fullmatch(said) and "**" not in said else ""
    except ValueError:
        return ""


def missing_codes(remark: str, wire: str, scale: float) -> tuple[int, ...]:
    """Return the raw numbers that a remark plainly calls 'no sensor' or the like, as the type holds them."""
    if wire[0] not in "us" or not wire[1:].isdigit():
        return ()
    words = "|".join(map(re.escape, sorted(list_words().no_sensor, key=len, reverse=True)))
    told = re.findall(
        rf"(?<![\w.,-])(-?\d+|0x[0-9a-f]+)\s*(?:=|:|->|表示|为|means)\s*(?:{words})", narrow(remark).lower()
    )
    size = int(wire[1:])
    low, high = (-(2 ** (size - 1)), 2 ** (size - 1) - 1) if wire[0] == "s" else (0, 2**size - 1)
    codes = list[int]()
    for text in told:
        code = int(text, 16) if text.startswith("0x") else int(text)
        if scale != 1.0 and code not in LIMITS and not text.startswith("0x"):
            continue  # raw, or already scaled: it does not say
        if wire[0] == "s" and text.startswith("0x") and high < code < 2**size:
            code -= 2**size
        if low <= code <= high:
            codes.append(code)
    return tuple(dict.fromkeys(codes))


def functions_of(text: str) -> frozenset[int]:
    """Return the function codes that a cell names: 03, 0x10, 03H, '03/06'; none where it is other text."""
    said = re.split(r"[\s/,、&+;()]+", re.sub(r"功能码|fc|h\b", "", narrow(text).lower()))
    codes = [part for part in said if part]
    if not all(re.fullmatch(r"(0x)?\d{1,2}", code) for code in codes):
        return frozenset()
    return frozenset(int(code, 16 if code.startswith("0x") else 10) for code in codes)


def is_reserved(name: str) -> bool:
    """Return whether a row is one that the maker keeps for later."""
    said = re.sub(r"[\s\d\-_#.]|\(.*\)|寄存器|register|字$|位$", "", narrow(name).lower())
    return bool(said) and said in {word.replace(" ", "") for word in list_words().reserved}


def is_write_only(access: str) -> bool:
    """Return whether a cell of access, or a remark, says that a register can be written and not read."""
    said = narrow(access).lower()
    if re.search(r"只写|仅写|write[ -]?only", said):
        return True
    return said in ("w", "wo", "w/o", "写", "可写", "write", "写入")


__all__ = [
    "BY_FUNCTION", "HIGHEST", "CellError", "ListedAddress", "functions_of", "is_reserved", "is_write_only",
    "listed_address", "listed_scale", "listed_unit", "missing_codes", "scaled_unit",
]  # fmt: skip
