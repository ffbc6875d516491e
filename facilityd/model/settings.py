"""What a site asks for, compiled: the settings that the store, the sinks and the channels are made with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlsplit

from facilityd.model.people import MorningSettings, QuietHours
from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.model.text import Language, Text


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long the journal keeps what is no sample, ns; ``refused_lines`` is a number of lines.

    None: as facilityd.store.retention_table says.
    """

    findings: int | None = None
    notices: int | None = None
    alarms: int | None = None
    downtimes: int | None = None
    commands: int | None = None
    refused_lines: int | None = None
    rollup_1min: int | None = None
    rollup_15min: int | None = None
    rollup_1h: int | None = None


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """``keep`` in ns, ``max_size`` in bytes; ``group`` may read the journal and leave requests.

    ``seal_after``: so long (ns) after the end of a day its samples are sealed.
    """

    path: str
    keep: int
    max_size: int
    group: str = ""
    retention: RetentionSettings = RetentionSettings()
    seal_after: int = 86_400 * NS


@dataclass(frozen=True, slots=True)
class InfluxSettings:
    """One InfluxDB sink, secrets resolved."""

    kind: ClassVar[str] = "influxdb"
    id: str
    url: str
    org: str
    bucket: str
    token: str = field(repr=False)

    @property
    def place(self) -> str:
        """Where it is, for what is said of it: sinks.influx (influx:8086, bucket telemetry); no secret."""
        server = urlsplit(self.url).netloc.rpartition("@")[2]
        return f"sinks.{self.id} ({server}, bucket {self.bucket})"


@dataclass(frozen=True, slots=True)
class FileSinkSettings:
    """One file of line protocol; ``max_size`` in bytes, ``keep`` full files beside the one being written."""

    kind: ClassVar[str] = "file"
    id: str
    path: str
    max_size: int
    keep: int


SinkSettings = InfluxSettings | FileSinkSettings


@dataclass(frozen=True, slots=True)
class InspectionSettings:
    """An inspection ``every`` ns from ``first`` (ns UTC); its task opens ``ahead`` ns before."""

    id: str
    device: str
    name: Text
    first: int
    every: int
    ahead: int
    steps: tuple[Text, ...] = ()


DUE = {"critical": 4 * 3600 * NS, "high": 86_400 * NS, "medium": 3 * 86_400 * NS, "low": 14 * 86_400 * NS}


@dataclass(frozen=True, slots=True)
class TaskSettings:
    """``due``: by an alarm's priority, within how many ns its repair is to be done.

    A repair counts as verified when its rule was right for ``verify_for`` ns, or, if evaluated at times
    only, on so many ``occasions``.
    """

    verify_for: int = 1800 * NS
    occasions: int = 2
    due: Mapping[str, int] = field(default_factory=lambda: DUE)
    inspections: tuple[InspectionSettings, ...] = ()


MonthDay = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SeasonSettings:
    """Days of each year in which devices are in a state (model.suppression.DEVICE_STATES).

    From ``begin`` up to, but not with, ``until``; ``until`` not after ``begin``: of the next year. ``also``:
    rules that concern danger to people and of which nobody is notified either.
    """

    id: str
    state: str
    devices: tuple[str, ...]
    begin: MonthDay
    until: MonthDay
    reason: str = ""
    also: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Where the HTTP API listens; ``public_url`` (without a slash at its end): under which people reach it.

    ``certificate`` and ``key`` are paths, "" without TLS; ``link_lasts``: of a link in a notice, ns.
    """

    public_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8780
    certificate: str = ""
    key: str = ""
    behind_proxy: bool = False
    link_lasts: int = 86_400 * NS


@dataclass(frozen=True, slots=True)
class PageSettings:
    """What the page shows beyond what it finds out. ``at``: by device its column and row on a wide screen.

    ``simulated``: every unit is simulated on this machine, and stories can be played for training.
    """

    simulated: bool = False
    at: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """One way to reach a recipient; ``options`` as its kind needs them, secrets resolved."""

    id: str
    kind: str
    options: Mapping[str, Any] = field(repr=False, hash=False)


@dataclass(frozen=True, slots=True)
class RecipientSettings:
    """Somebody who is notified of alarms of at least ``minimum``; ``channels`` in their order.

    ``every_channel``: each channel carries everything; else the first, and the next where that fails.
    ``standby``: told of nothing but what escalates to them. ``families`` and ``devices`` are what they
    answer for, both empty: everything.
    """

    id: str
    name: Text
    language: Language
    minimum: Priority
    channels: tuple[ChannelSettings, ...]
    every_channel: bool = False
    families: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()
    quiet: tuple[QuietHours, ...] = ()
    standby: bool = False
    morning: MorningSettings | None = None
