"""What a site file may say. Unknown keys are refused; every section is checked on its own."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from facilityd.model.measure import Duration, duration
from facilityd.model.number import Finite, Scale
from facilityd.model.sample import NS
from facilityd.model.text import Language, Strict, Text
from facilityd.model.topic import BaseTopic

_ID = re.compile(r"[a-z][a-z0-9-]*")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(MiB|GiB)")
_SECRET = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")


def identifier(text: str) -> str:
    """Ids travel in topics, tags and URLs: lower-case letters, digits and hyphens."""
    if not _ID.fullmatch(text):
        raise ValueError("an id is lower-case letters, digits and hyphens, starting with a letter")
    return text


def size(text: object) -> int:
    """Return bytes for '500MiB' or '2GiB'."""
    found = _SIZE.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise ValueError("a size is a number with MiB or GiB, such as 2GiB")
    return round(float(found[1]) * {"MiB": 2**20, "GiB": 2**30}[found[2]])


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("not a time zone of the IANA database, such as Asia/Shanghai") from error
    return text


def secret(value: object) -> object:
    """Refuse a secret in clear text. The value itself is never repeated in a message."""
    if isinstance(value, dict) and set(value) == {"file"} and isinstance(value["file"], str):
        return value
    if isinstance(value, str) and _SECRET.fullmatch(value):
        return value
    raise PydanticCustomError(
        "secret", "a secret in clear text is refused: write ${{NAME}} or {{file: path}}"
    )


Size = Annotated[int, BeforeValidator(size, json_schema_input_type=str)]
Zone = Annotated[str, AfterValidator(_zone)]
Secret = Annotated[str | dict[str, str], BeforeValidator(secret)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Site(Strict):
    """Where the site is, and how people there speak."""

    id: Annotated[str, AfterValidator(identifier)]
    name: Text
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    timezone: Zone
    languages: tuple[Language, ...] = ("zh", "en")
    ceremony: Duration = Field(default=10 * 60 * NS, description="watch closely this long before and after")
    timetable: str = Field(
        default="", description="published times: a CSV beside this file, date,sunrise,sunset"
    )


class Store(Strict):
    """The journal: where it lies and how much it keeps."""

    path: str = ".facilityd/journal.db"
    keep: Duration = Field(default=90 * 86400 * NS)
    max_size: Size = 2 * 2**30


class ModbusTcp(Strict):
    """A Modbus TCP endpoint: one device, or a gateway with several behind it."""

    protocol: Literal["modbus-tcp"]
    host: str
    port: Port = 502
    timeout: Duration | None = None


class ModbusRtu(Strict):
    """A serial bus on a port of this machine."""

    protocol: Literal["modbus-rtu"]
    serial_port: str
    baudrate: int = Field(default=9600, ge=300, le=1_000_000)
    parity: Literal["N", "E", "O"] = "N"
    stopbits: Literal[1, 2] = 1
    timeout: Duration | None = None


class ModbusRtuOverTcp(Strict):
    """A serial bus behind a transparent TCP converter; ``baudrate`` is the bus's, for its budget."""

    protocol: Literal["modbus-rtu-over-tcp"]
    host: str
    port: Port
    baudrate: int = Field(default=9600, ge=300, le=1_000_000)
    timeout: Duration | None = None


class Tls(Strict):
    """``ca`` is a file, or ``system`` for the system's own list."""

    ca: str = "system"
    certificate: str = ""
    key: str = ""


class Mqtt(Strict):
    """A broker."""

    protocol: Literal["mqtt"]
    host: str
    port: Port = 1883
    version: Literal["3.1.1", "5"] = "5"
    client_id: str = ""
    username: str = ""
    password: Secret | None = None
    tls: Tls | None = None
    qos: Literal[0, 1] = 1


Link = Annotated[ModbusTcp | ModbusRtu | ModbusRtuOverTcp | Mqtt, Field(discriminator="protocol")]


def _period(value: Any) -> Any:
    """Accept one duration, or one by duty state."""
    if isinstance(value, dict):
        return {state: duration(text) for state, text in value.items()}
    return duration(value)


Period = Annotated[
    int | dict[str, int], BeforeValidator(_period, json_schema_input_type=str | dict[str, str])
]


class Unit(Strict):
    """One hardware module on a link."""

    link: str
    profile: str
    period: Period
    device_id: int | None = Field(default=None, ge=0, le=255)
    base: int = Field(default=0, ge=0, le=65535, description="added to every address of the profile")
    topic: BaseTopic | None = None


class Source(Strict):
    """Where a signal comes from: value * scale + tare, or the opposite of a switch."""

    from_: str = Field(alias="from")
    scale: Scale | None = None
    tare: Finite | None = None
    invert: bool = False


class Device(Strict):
    """One thing the crew maintains."""

    family: str
    name: Text
    signals: dict[str, str | Source] = Field(min_length=1)
    group: str = Field(default="", description="neighbours that are compared with each other")
    rules: dict[str, dict[str, Any]] = Field(
        default={}, description="limits of this very machine: rule, then parameter and value"
    )
    readiness: dict[str, dict[str, Any]] = Field(
        default={}, description="the same of its checklist: item, then parameter and value"
    )


class Influx(Strict):
    """InfluxDB 2, or 3 through its v2 write API."""

    kind: Literal["influxdb"]
    url: str
    org: str = ""
    bucket: str
    token: Secret


class Webhook(Strict):
    """A notice as JSON by HTTP POST."""

    kind: Literal["webhook"]
    url: str
    token: Secret | None = None


class Email(Strict):
    """A notice by SMTP."""

    kind: Literal["email"]
    to: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    sender: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    host: str
    port: Port = 25
    tls: Literal["none", "starttls", "tls"] = "none"
    username: str = ""
    password: Secret | None = None


Channel = Annotated[Webhook | Email, Field(discriminator="kind")]


class Recipient(Strict):
    """Somebody who is told."""

    name: Text
    language: Language
    minimum: Literal["low", "medium", "high", "critical"] = "low"
    channels: tuple[Channel, ...] = Field(min_length=1)


Sink = Annotated[Influx, Field()]

SECTIONS: dict[str, Any] = {
    "site": Site,
    "store": Store,
    "links": Link,
    "units": Unit,
    "devices": Device,
    "sinks": Sink,
    "recipients": Recipient,
}
SINGLE = ("site", "store")


class SiteFile(Strict):
    """One file of a site; a site may be spread over several."""

    site: Site | None = None
    store: Store | None = None
    links: dict[str, Link] = {}
    units: dict[str, Unit] = {}
    devices: dict[str, Device] = {}
    sinks: dict[str, Sink] = {}
    recipients: dict[str, Recipient] = {}
