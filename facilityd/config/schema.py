"""What a site file may say. Unknown keys are refused; every section is checked on its own."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, TypeAdapter

from facilityd.config import people_schema as people
from facilityd.config.alarm_limits import AlarmsConfig
from facilityd.config.fields import (
    BaseUrl,
    LinesPath,
    Name,
    Period,
    Secret,
    Size,
    Whole,
    Zone,
    each_once,
    identifier,
)
from facilityd.config.forecast_schema import ForecastConfig
from facilityd.config.group_schema import GroupConfig
from facilityd.config.link_schema import Link
from facilityd.config.page_schema import PageConfig
from facilityd.config.seasons_schema import SeasonConfig
from facilityd.config.store_schema import StoreConfig
from facilityd.config.tasks_schema import InspectionConfig, TasksConfig
from facilityd.config.web_schema import WebConfig
from facilityd.model.measure import Duration, within
from facilityd.model.message import Wording
from facilityd.model.number import Finite, Scale
from facilityd.model.sample import NS
from facilityd.model.text import Language, Strict
from facilityd.model.topic import BaseTopic, unit_name


class SiteConfig(Strict):
    """Where the site is, and how people there speak."""

    id: Annotated[str, AfterValidator(identifier)]
    name: Name
    latitude: Finite = Field(ge=-90, le=90)
    longitude: Finite = Field(ge=-180, le=180)
    timezone: Zone
    language: Language | None = Field(
        default=None, description="of commands called without --lang; if not given, the terminal's"
    )
    holidays: Literal["", "china"] = Field(
        default="", description="whose public holidays and made-up workdays decide what a workday is"
    )
    ceremony: Annotated[Duration, AfterValidator(within(0, 6 * 3600 * NS))] = Field(
        default=10 * 60 * NS, description="watch closely this long before and after"
    )
    timetable: str = Field(
        default="", description="published times: a CSV beside this file, date,sunrise,sunset"
    )


MOST = 500
"""Units that one wildcard topic may bring."""
Names = Annotated[
    tuple[Annotated[str, AfterValidator(unit_name)], ...], AfterValidator(each_once), Field(max_length=MOST)
]


class UnitConfig(Strict):
    """One hardware module on a link."""

    link: str
    profile: str
    period: Period
    device_id: Whole | None = Field(default=None, ge=0, le=255)
    base: Whole = Field(default=0, ge=0, le=65535, description="added to every address of the profile")
    topic: BaseTopic | None = Field(
        default=None, description="of the unit; one level may be '+': a unit for each name that stands there"
    )
    names: Names = Field(
        default=(), description="what is expected in place of '+'; one never heard is never seen"
    )
    discover: Whole = Field(
        default=50,
        ge=0,
        le=MOST,
        description="further units taken in when they are heard; 0: they are only reported",
    )
    ignore: Names = Field(default=(), description="names in place of '+' that are no units")


class SourceConfig(Strict):
    """Where a signal comes from: value * scale + tare, or the opposite of a switch."""

    from_: str = Field(alias="from")
    scale: Scale | None = None
    tare: Finite | None = None
    invert: bool = False


class DeviceConfig(Strict):
    """One thing the crew maintains."""

    family: str
    name: Name
    signals: dict[str, str | SourceConfig] = Field(min_length=1)
    group: str = Field(default="", description="neighbours that are compared with each other")
    rules: dict[str, dict[str, Any]] = Field(
        default={}, description="limits of this very machine: rule, then parameter and value"
    )
    readiness: dict[str, dict[str, Any]] = Field(
        default={}, description="the same of its checklist: item, then parameter and value"
    )


def _spaceless(text: str) -> str:
    if text != text.strip():
        raise ValueError(Wording("config.begins-or-ends-with-space"))
    return text


Spaceless = Annotated[str, AfterValidator(_spaceless)]


class InfluxConfig(Strict):
    """InfluxDB 2, or 3 through its v2 write API."""

    kind: Literal["influxdb"]
    url: BaseUrl
    org: Spaceless = ""
    bucket: Annotated[str, Field(min_length=1), AfterValidator(_spaceless)]
    token: Secret


class FileSinkConfig(Strict):
    """A file of InfluxDB's line protocol, for export and to look at; a full one makes room for a new one."""

    kind: Literal["file"]
    path: LinesPath = Field(description="ends in .lp; full ones are path.1, path.2 and so on")
    max_size: Size = Field(default=64 * 2**20, description="of one file")
    keep: Whole = Field(default=10, ge=1, le=1000, description="full files that are kept")


Sink = Annotated[InfluxConfig | FileSinkConfig, Field(discriminator="kind")]

SECTIONS: dict[str, Any] = {
    "site": SiteConfig,
    "store": StoreConfig,
    "links": Link,
    "units": UnitConfig,
    "devices": DeviceConfig,
    "sinks": Sink,
    "recipients": people.RecipientConfig,
    "rotas": people.RotaConfig,
    "substitutes": people.SubstituteConfig,
    "escalation": people.EscalationConfig,
    "proof_of_life": people.ProofOfLifeConfig,
    "alertmanagers": people.AlertmanagerConfig,
    "alarms": AlarmsConfig,
    "groups": GroupConfig,
    "tasks": TasksConfig,
    "inspections": InspectionConfig,
    "web": WebConfig,
    "seasons": SeasonConfig,
    "page": PageConfig,
    "forecast": ForecastConfig,
}


@cache
def adapter(section: str) -> TypeAdapter[Any]:
    """Return what checks a section; a site without it does not pay for it."""
    return TypeAdapter(SECTIONS[section])


SINGLE = ("site", "store", "escalation", "proof_of_life", "alarms", "tasks", "web", "page")


class SiteFile(Strict):
    """One file of a site; a site may be spread over several."""

    site: SiteConfig | None = None
    store: StoreConfig | None = None
    links: dict[str, Link] = {}
    units: dict[str, UnitConfig] = {}
    devices: dict[str, DeviceConfig] = {}
    sinks: dict[str, Sink] = {}
    recipients: dict[str, people.RecipientConfig] = {}
    rotas: dict[str, people.RotaConfig] = {}
    substitutes: dict[str, people.SubstituteConfig] = {}
    escalation: people.EscalationConfig | None = None
    proof_of_life: people.ProofOfLifeConfig | None = None
    alertmanagers: dict[str, people.AlertmanagerConfig] = {}
    alarms: AlarmsConfig | None = None
    groups: dict[str, GroupConfig] = {}
    tasks: TasksConfig | None = None
    inspections: dict[str, InspectionConfig] = {}
    web: WebConfig | None = None
    seasons: dict[str, SeasonConfig] = {}
    page: PageConfig | None = None
    forecast: dict[str, ForecastConfig] = {}
