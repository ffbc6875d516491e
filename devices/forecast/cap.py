"""Warnings in the Common Alerting Protocol (OASIS CAP 1.2 and 1.1), as XML. Signatures are not verified."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from devices.forecast.xml_tree import XmlElement, bad_at, parse_xml
from facilityd.model.forecast import LASTS, SEVERITIES, AlertKey, CapAlert, WeatherWarning
from facilityd.model.message import Wording
from facilityd.model.plain import plain
from facilityd.model.sample import NS

SPACES = ("urn:oasis:names:tc:emergency:cap:1.2", "urn:oasis:names:tc:emergency:cap:1.1")
_HEADLINE, _NAME = 200, 100
"""Characters that are kept: a headline may have 160 (CAP 1.2, 3.2.2)."""
_NOT_EXPECTED = {"urgency": "Past", "certainty": "Unlikely"}
_EARTH_KM = 6371.0


@dataclass(frozen=True, slots=True)
class WarningFilter:
    """Which warnings concern a place; latitude and longitude in degrees.

    ``areas``: parts of names of areas, or their codes; ``events``: parts of what is warned of; none: any.
    ``least``: the lowest severity.
    """

    latitude: float = 0.0
    longitude: float = 0.0
    areas: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    least: str = "Minor"


def read_cap(content: bytes, where: str, wanted: WarningFilter) -> tuple[CapAlert, ...]:
    """Return the alerts of a document: one, or several within another element such as a feed's.

    Exercises, tests and drafts are left out. Raises UnreadableForecast, with line and column.
    """
    root = parse_xml(content, where)
    found = [one for one in root.walk() if one.name == "alert" and one.space in SPACES]
    if not found and (root.name == "alert" or root.space.startswith("urn:oasis:names:tc:emergency:cap")):
        what = Wording("forecast.no-cap", name=plain(root.name, _NAME), space=plain(root.space, _NAME) or "-")
        raise bad_at(where, what, root.line, root.column)
    return tuple(alert for one in found if (alert := _Alert(one, where, wanted).read()))


class _Alert:
    def __init__(self, alert: XmlElement, where: str, wanted: WarningFilter) -> None:
        self._alert, self._where, self._wanted = alert, where, wanted

    def read(self) -> CapAlert | None:
        alert = self._alert
        key = plain(self._needed("sender"), _HEADLINE), plain(self._needed("identifier"), _HEADLINE)
        sent, kind = self._instant(alert, "sent"), self._needed("msgType")
        if sent is None:
            raise self._bad(alert, Wording("forecast.cap-lacks", name="sent"))
        if self._needed("status") != "Actual" or kind not in ("Alert", "Update", "Cancel"):
            return None
        replaces = tuple(self._references()) if kind != "Alert" else ()
        return CapAlert(key, sent, replaces, () if kind == "Cancel" else tuple(self._warnings(sent)))

    def _needed(self, name: str) -> str:
        found = self._alert.of(name)
        if not found:
            raise self._bad(self._alert, Wording("forecast.cap-lacks", name=name))
        return found

    def _bad(self, at: XmlElement, what: str) -> Exception:
        return bad_at(self._where, what, at.line, at.column)

    def _instant(self, parent: XmlElement, name: str) -> int | None:
        """Return a time as ns UTC; one without an offset is nobody's (CAP 1.2, 3.3.2)."""
        found = parent.first(name)
        if found is None or not found.text:
            return None
        try:
            told = datetime.fromisoformat(found.text)
            if told.tzinfo is not None:
                return round(told.timestamp()) * NS
        except (ValueError, OverflowError):
            pass
        raise self._bad(found, Wording("forecast.cap-time", name=name, text=plain(found.text, 40)))

    def _references(self) -> Iterator[AlertKey]:
        """Yield what an update or a cancellation names: sender,identifier,sent, with spaces between."""
        for word in self._alert.of("references").split():
            sender, comma, rest = word.partition(",")
            if comma:
                yield plain(sender, _HEADLINE), plain(rest.partition(",")[0], _HEADLINE)

    def _warnings(self, sent: int) -> Iterator[WeatherWarning]:
        """Yield the warnings of the blocks that concern the place; blocks in several languages are one."""
        together: dict[tuple[object, ...], list[XmlElement]] = {}
        for info in self._alert.all("info"):
            if self._concerns(info):
                times = tuple(info.of(name) for name in ("effective", "onset", "expires"))
                key = (*times, info.of("severity"), info.of("urgency"), info.of("certainty"))
                together.setdefault(key, []).append(info)
        for blocks in together.values():
            yield self._warning(blocks, sent)

    def _warning(self, blocks: Sequence[XmlElement], sent: int) -> WeatherWarning:
        info = blocks[0]
        onset = self._instant(info, "onset") or self._instant(info, "effective") or sent
        until = self._instant(info, "expires") or onset + LASTS
        graded = info.of("severity")
        texts: list[dict[str, str]] = [{}, {}]
        for block in blocks:
            tag = plain(block.of("language") or "en-US", 20)
            for kept, name, longest in zip(texts, ("event", "headline"), (_NAME, _HEADLINE), strict=True):
                said = " / ".join(
                    dict.fromkeys(filter(None, (kept.get(tag), plain(block.of(name), longest))))
                )
                kept[tag] = said[:longest]
        named = dict.fromkeys(plain(a.of("areaDesc"), _NAME) for b in blocks for a in b.all("area"))
        severity = graded if graded in SEVERITIES else "Unknown"
        urgency, certainty = plain(info.of("urgency"), 20), plain(info.of("certainty"), 20)
        return WeatherWarning(
            onset, until, severity, urgency, certainty, texts[0], texts[1], tuple(filter(None, named))[:20]
        )

    def _concerns(self, info: XmlElement) -> bool:
        """Return whether a block is about the place, grave enough, and expects something."""
        severity, wanted = info.of("severity"), self._wanted
        graded = SEVERITIES.index(severity) if severity in SEVERITIES else 0
        if 0 < graded < SEVERITIES.index(wanted.least):
            return False
        if any(info.of(name) == value for name, value in _NOT_EXPECTED.items()):
            return False
        if any(one.text == "AllClear" for one in info.all("responseType")):
            return False
        event = " ".join([info.of("event"), *(one.of("value") for one in info.all("eventCode"))]).lower()
        if wanted.events and not any(one.lower() in event for one in wanted.events):
            return False
        areas = info.all("area")
        return not areas or any(self._here(area) for area in areas)

    def _here(self, area: XmlElement) -> bool:
        """Return whether an area is the site's: by name or code, else by shape; one without either is."""
        wanted = self._wanted
        if wanted.areas:
            named = area.of("areaDesc").lower()
            codes = {one.of("value").lower() for one in area.all("geocode")}
            return any(one.lower() in named or one.lower() in codes for one in wanted.areas)
        polygons = [self._numbers(one) for one in area.all("polygon")]
        circles = [self._numbers(one) for one in area.all("circle")]
        if not polygons and not circles:
            return True
        here = wanted.latitude, wanted.longitude
        return any(_inside(here, shape) for shape in polygons) or any(_within(here, one) for one in circles)

    def _numbers(self, shape: XmlElement) -> list[float]:
        """Return 'lat,lon lat,lon …' or 'lat,lon radius' as numbers."""
        try:
            found = [float(one) for one in shape.text.replace(",", " ").split()]
        except ValueError as error:
            raise self._bad(shape, Wording("forecast.cap-shape", name=shape.name)) from error
        least = {"circle": 3, "polygon": 8}[shape.name]
        if len(found) < least or not all(map(math.isfinite, found)):
            raise self._bad(shape, Wording("forecast.cap-shape", name=shape.name))
        return found


def _inside(here: tuple[float, float], numbers: Sequence[float]) -> bool:
    """Return whether a point lies in a polygon of latitudes and longitudes, by counting crossed edges."""
    corners = list(zip(numbers[::2], numbers[1::2], strict=False))
    (lat, lon), crossed = here, False
    for (lat1, lon1), (lat2, lon2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (lat1 > lat) != (lat2 > lat) and lon < lon1 + (lat - lat1) / (lat2 - lat1) * (lon2 - lon1):
            crossed = not crossed
    return crossed


def _within(here: tuple[float, float], numbers: Sequence[float]) -> bool:
    """Return whether a point lies in a circle of a radius in km."""
    lat1, lat2 = math.radians(here[0]), math.radians(numbers[0])
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin(math.radians(numbers[1] - here[1]) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(min(1.0, half))) <= numbers[2]
