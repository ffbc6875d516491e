"""A source of forecasts or warnings as a site sets it, and what a look at one brings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from devices.forecast.cap import WarningFilter, read_cap
from devices.forecast.hours import read_hours
from devices.forecast.mapping import ForecastMapping
from facilityd.errors import UnreadableForecast
from facilityd.model.forecast import HOUR, CapAlert, ForecastReport, without_ended
from facilityd.model.measure import spell_duration
from facilityd.model.message import Wording
from facilityd.model.refusal import stored_lines
from facilityd.model.sample import NS
from facilityd.model.text import Text

LONGEST = 2 * 2**20
"""Bytes of one message: sixteen days of hours are 40 kB, a warning with its shape 100 kB."""
MOST_ALERTS = 200
"""Messages of one source that are kept: the newest."""
AHEAD = HOUR
"""A forecast that was made so much after now (ns) is not believed: a clock or a time zone is wrong."""


@dataclass(frozen=True, slots=True)
class ForecastSource:
    """``where``: a path, a URL or a topic; ``every`` and ``valid`` in ns; without ``mapping`` it is CAP.

    ``link``: the broker's, of kind mqtt; ``token`` goes out as a bearer's; ``secrets`` are masked.
    """

    id: str
    kind: Literal["file", "http", "mqtt"]
    name: Text
    where: str
    mapping: ForecastMapping | None = None
    every: int = 1800 * NS
    valid: int = 6 * HOUR
    link: str = ""
    token: str = field(default="", repr=False)
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    wanted: WarningFilter = field(default_factory=WarningFilter)

    @property
    def warns(self) -> bool:
        """Whether it brings warnings, not hours."""
        return self.mapping is None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a look brought: messages, each with where it stands; None: the same as before.

    ``seen``: from when they are at the latest, ns UTC. ``kept``: a broker kept it, nobody knows since when.
    ``added``: messages that join those before, instead of taking their place. ``trouble``: what was left out.
    """

    parts: tuple[tuple[str, bytes], ...] | None
    seen: int
    kept: bool = False
    added: bool = False
    trouble: str = ""


def trouble_of(error: UnreadableForecast) -> str:
    """Return what is wrong, with its place, to be read in either language."""
    return Wording("forecast.told", where=error.where, what=error.what) if error.where else error.what


def merged(source: ForecastSource, before: ForecastReport, fetched: Fetched, now: int) -> ForecastReport:
    """Return what is known after a look; what is wrong spoils nothing but its own message."""
    if fetched.parts is None:
        # What stands in a file is as wrong as before; a server says 304 of what was good only.
        trouble = before.trouble if source.kind == "file" else ""
        return replace(without_ended(before, now, MOST_ALERTS), seen=fetched.seen, trouble=trouble)
    if source.mapping is not None:
        return _hours(source, source.mapping, before, fetched, now)
    troubles, alerts = [fetched.trouble] if fetched.trouble else [], list[CapAlert]()
    for where, content in fetched.parts:
        try:
            alerts += read_cap(content, where, source.wanted)
        except UnreadableForecast as error:
            troubles.append(trouble_of(error))
    if fetched.added:
        if troubles:
            return with_trouble(source, before, *troubles)
        known = {one.key for one in alerts}
        alerts = [*(one for one in before.alerts if one.key not in known), *alerts]
    report = ForecastReport(source.id, fetched.seen, alerts=tuple(alerts))
    report = without_ended(report, now, MOST_ALERTS)
    return with_trouble(source, report, *troubles) if troubles else report


def _hours(
    source: ForecastSource,
    mapping: ForecastMapping,
    before: ForecastReport,
    fetched: Fetched,
    now: int,
) -> ForecastReport:
    try:
        ((where, content),) = fetched.parts or ()
        issued, hours = read_hours(content, where, mapping)
    except UnreadableForecast as error:
        return with_trouble(source, before, trouble_of(error))
    if issued is not None and issued > now + AHEAD:
        ahead = spell_duration((issued - now) // (60 * NS) * 60 * NS)
        early = UnreadableForecast(Wording("forecast.from-the-future", ahead=ahead), where=where)
        return with_trouble(source, before, trouble_of(early))
    if fetched.kept and issued is None:
        if before.hours == hours:
            return before
        return with_trouble(
            source, before, Wording("forecast.told", where=where, what=Wording("forecast.not-dated"))
        )
    return ForecastReport(source.id, fetched.seen, issued, hours)


def with_trouble(source: ForecastSource, before: ForecastReport, *troubles: str) -> ForecastReport:
    """Return what is known, and why nothing newer is."""
    return replace(before, trouble=stored_lines(troubles[:5], source.secrets))
