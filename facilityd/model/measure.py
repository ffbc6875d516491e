"""Units of measure and durations, as people write them in files."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from facilityd.model.message import Wording
from facilityd.model.sample import NS

if TYPE_CHECKING:
    import pint

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)", re.ASCII)
LONGEST = 36_500 * 86_400 * NS
"""A hundred years in ns: what is longer is a slip, and does not fit where instants are kept."""
_SCALE = {"ms": NS // 1000, "s": NS, "min": 60 * NS, "m": 60 * NS, "h": 3600 * NS, "d": 86400 * NS}


def duration(text: object) -> int:
    """Return ns for '500ms', '30s', '5min', '2h' or '1d'. Raises ValueError."""
    if isinstance(text, int) and not isinstance(text, bool) and text == 0:
        return 0
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise ValueError(Wording("model.duration-number-with-ms-min"))
    length = float(found[1]) * _SCALE[found[2]]
    if length > LONGEST:
        raise ValueError(Wording("model.duration-at-most-d"))
    return round(length)


COMMON = frozenset(
    ("", "%", "A", "Hz", "K", "MiB", "N", "V", "VA", "W", "W/m²", "Wh", "bar", "deg", "h", "hPa", "kVA", "kW",
     "kWh", "kvar", "lx", "m", "m/s", "mA", "mm", "mm/h", "mm/s", "ms", "m³/h", "min", "rpm", "s", "var", "°",
     "°C", "µS/cm")
)  # fmt: skip
"""Known without asking the library, which takes 0.3 s to load."""
USUAL = {
    ("kW", "W"): (1000.0, 0.0), ("Wh", "kWh"): (0.001, 0.0), ("K", "°C"): (1.0, -273.15),
    ("km/h", "m/s"): (1 / 3.6, 0.0),
}  # fmt: skip
"""(scale, offset) as the library computes them, for the same reason."""


LONGEST_UNIT = 24
_POWER_OF_NUMBER = re.compile(r"\d\s*(\*\*|\^)")
"""The library computes what stands there: 9**9**9 would keep it busy for ever."""


def unit_name(text: str) -> str:
    """Return a unit of measure as it is. Raises ValueError where nobody knows it."""
    if text in COMMON:
        return text
    import pint  # noqa: PLC0415

    if len(text) > LONGEST_UNIT or _POWER_OF_NUMBER.search(text):
        raise ValueError(Wording("model.not-unit-measure-that-known"))
    try:
        registry().parse_units(text)
    except (pint.PintError, ValueError, TypeError, SyntaxError, AttributeError, AssertionError) as error:
        raise ValueError(Wording("model.not-unit-measure-that-known")) from error
    return text


UnitName = Annotated[str, AfterValidator(unit_name)]

DURATION_PATTERN = r"^[0-9]+(\.[0-9]+)? ?(ms|s|min|m|h|d)$"
DurationText = Annotated[str, Field(pattern=DURATION_PATTERN)]
"""What a file holds, for the schemas that editors read."""
Duration = Annotated[int, BeforeValidator(duration, json_schema_input_type=DurationText)]
"""Nanoseconds, written as '500ms', '30s', '5min', '2h', '1d'."""


def within(low: int, high: int) -> Callable[[int], int]:
    """Return a check of a duration in ns."""

    def check(value: int) -> int:
        if not low <= value <= high:
            raise ValueError(
                Wording("model.at-least-at-most", low=spell_duration(low), high=spell_duration(high))
            )
        return value

    return check


Span = Annotated[Duration, AfterValidator(within(0, 366 * 86_400 * NS))]
"""Nanoseconds that a rule looks back or waits: what is longer than a year comes too late for anybody."""
Timeout = Annotated[Duration, AfterValidator(within(NS // 1000, 600 * NS))]
"""Nanoseconds that an answer is waited for."""


def spell_duration(ns: int) -> str:
    """Return the shortest exact spelling of a duration."""
    for name in ("d", "h", "min", "s") if ns else ("s",):
        if ns % _SCALE[name] == 0:
            return f"{ns // _SCALE[name]}{name}"
    whole, rest = divmod(ns, _SCALE["ms"])
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".") + "ms"


@cache
def registry() -> pint.UnitRegistry[float]:
    """Return the library's units. It costs 0.2 s: only configurations that convert units need it."""
    import pint  # noqa: PLC0415

    registry: pint.UnitRegistry[float] = pint.UnitRegistry()
    registry.define("volt_ampere_reactive = volt * ampere = var")
    return registry


def conversion(source: str, target: str) -> tuple[float, float]:
    """Return (scale, offset) so that target = source * scale + offset.

    Raises ValueError where the units measure different things or are not known.
    """
    if source == target:
        return 1.0, 0.0
    if (source, target) in USUAL:
        return USUAL[source, target]
    import pint  # noqa: PLC0415

    units = registry()
    try:
        zero = units.Quantity(0.0, source).to(target).magnitude
        one = units.Quantity(1.0, source).to(target).magnitude
    except pint.DimensionalityError as error:
        raise ValueError(Wording("model.does-not-convert", source=source, target=target)) from error
    except pint.UndefinedUnitError as error:
        raise ValueError(Wording("model.unit-measure-not-known", unit_names=error.unit_names)) from error
    return one - zero, zero
