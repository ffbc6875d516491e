"""What the drawing of a site shows of each device: which shape, in which position, in which words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from facilityd.config.site import Device, Site
from facilityd.model.operating_mode import operating_mode
from facilityd.model.rule_parameters import parameter
from facilityd.model.sample import Value
from facilityd.query.devices import DeviceRow, SignalRow

AREAS = ("weather", "hoist", "flagpole", "lighting", "fountain", "contact")
"""Parts of the drawing, by family; whatever else a site has stands under ``other``."""
SHOWN = {
    "weather": ("wind", "wind_gust", "temperature", "rain_intensity"), "hoist": ("position", "speed"),
    "flagpole": (), "lighting": ("power",), "fountain": ("level", "flow"), "contact": (),
}  # fmt: skip
"""Values that stand beside the shape of a family."""
LANTERN = "lantern"
TOP_RULE, TOP = "past-top-limit", "all.0.above"
"""Where a hoist's own limit says how high its flag goes."""
UNKNOWN, FOOT, HEAD = 0.5, 0.0, 1.0


@dataclass(frozen=True, slots=True)
class DrawnDevice:
    """One device of the drawing. ``share``: how high its flag or water is, 0 to 1; None: not known.

    ``shape`` is the name of its drawing, ``on``: it runs, is lit or has acted; ``least`` and ``most`` are the
    ends of ``slide``, the signal that moves it, "" where none does.
    """

    row: DeviceRow
    shape: str
    on: bool
    known: bool
    share: float | None
    values: tuple[SignalRow, ...]
    slide: str = ""
    least: float = 0.0
    most: float = 1.0
    place: tuple[int, int] | None = None
    """Its column and row on a wide screen, where the site says so."""


@dataclass(frozen=True, slots=True)
class SquareBoard:
    """The devices by part of the drawing, and those that have a place of their own."""

    areas: Mapping[str, Sequence[DrawnDevice]]
    placed: Sequence[DrawnDevice] = ()

    @property
    def lit(self) -> bool:
        """Whether any light is on: then it is drawn as by night."""
        lights = [one for one in self.placed if one.shape in ("lighting", LANTERN)]
        return any(one.on for one in (*self.areas.get("lighting", ()), *lights))


def square_board(site: Site, rows: Sequence[DeviceRow]) -> SquareBoard:
    """Return the drawing of a site."""
    areas: dict[str, list[DrawnDevice]] = {name: [] for name in (*AREAS, "other")}
    placed: list[DrawnDevice] = []
    for row in rows:
        if device := site.devices.get(row.device):
            family, place = device.family.family, site.page.at.get(device.id)
            drawn = replace(draw(device, row), place=place)
            (placed if place else areas[family if family in AREAS else "other"]).append(drawn)
    placed.sort(key=lambda one: (one.place or (0, 0))[::-1])  # read aloud as it lies: row by row
    return SquareBoard({name: found for name, found in areas.items() if found}, placed)


def draw(device: Device, row: DeviceRow) -> DrawnDevice:
    """Return one device as it is drawn."""
    family = device.family.family
    good = {one.signal: one.value for one in row.signals if one.quality == "good" and one.value is not None}
    mode = operating_mode(device.family.states, good)
    known = bool(good) or not row.signals
    shown = tuple(one for name in SHOWN.get(family, ()) for one in row.signals if one.signal == name)
    shape = LANTERN if family == "lighting" and LANTERN in device.id else family
    on = mode in ("lit", "running", "moving") or (family == "contact" and good.get("active") is True)
    if family == "hoist":
        most = _top(device)
        return DrawnDevice(row, shape, on, known, _share(good.get("position"), 0.0, most), shown, "position",
                           0.0, most)  # fmt: skip
    if family == "fountain":
        return DrawnDevice(
            row, shape, on, known, _share(good.get("level"), 0.0, 2.0), shown, "level", 0.0, 2.0
        )
    if family == "flagpole":
        return DrawnDevice(row, shape, on, known, _height(good), shown)
    return DrawnDevice(row, shape, on, known, None, shown)


def _top(device: Device) -> float:
    """Return how high a flag goes, in the signal's unit: by the machine's own limit, else the range."""
    rule, about = device.family.rules.get(TOP_RULE), device.family.signals["position"]
    told = parameter(rule.detect, TOP) if rule else None
    if isinstance(told, int | float) and told > 0:
        return float(told)
    return about.range[1] if about.range else 1.0


def _share(value: Value | None, least: float, most: float) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return min(1.0, max(0.0, (value - least) / (most - least)))


def _height(good: Mapping[str, Value]) -> float | None:
    """Return where a flag is by its limit switches; None between them."""
    if good.get("upper_limit") is True:
        return HEAD
    return FOOT if good.get("lower_limit") is True else None
