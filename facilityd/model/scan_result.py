"""What a scan found, as a file that `init` reads again."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from facilityd.model.text import Strict, Text


class ScannedUnit(Strict):
    """A unit that answered. ``fits``: models it answers like; ``certain``: they have an identity.

    ``likely``: they have one that an unknown model may pass by chance. ``read``: what their identity
    probe read, by point. ``any_id``: it answers whatever id is asked.
    ``watched``: the unit of the site that it is, which was not asked anew.
    """

    device_id: int = Field(ge=1, le=255)
    fits: tuple[str, ...] = ()
    certain: bool = False
    likely: bool = False
    any_id: bool = False
    garbled: bool = False
    watched: str = ""
    read: dict[str, float | int | bool | str | None] = {}


class ScannedLink(Strict):
    """A link that was asked. ``asked``: how many of its ``ids`` were; ``reason``: why not all.

    ``name``: the link in its site, where the daemon that watches it asked.
    """

    name: str = ""
    protocol: Literal["modbus-tcp", "modbus-rtu", "modbus-rtu-over-tcp"]
    host: str = ""
    port: int = Field(default=502, ge=1, le=65535)
    serial_port: str = ""
    baudrate: int = 9600
    parity: Literal["N", "E", "O"] = "N"
    asked: int = 0
    ids: int = 0
    reason: Text | None = None
    units: tuple[ScannedUnit, ...] = ()

    @property
    def where(self) -> str:
        """Return the endpoint with its settings, as a technician would name it."""
        if self.serial_port:
            return f"{self.serial_port} {self.baudrate} 8{self.parity}1"
        return f"{self.host}:{self.port}"


class HeardUnit(Strict):
    """A unit that was heard at a broker. ``fits``: models that it speaks like; ``certain``: it is this one.

    ``read``: what the first of them made of it, by point; ``announced``: maker and model as it says itself.
    """

    topic: str
    fits: tuple[str, ...] = ()
    certain: bool = False
    announced: str = ""
    read: dict[str, float | int | bool | str | None] = {}


class HeardTopic(Strict):
    """A topic that no model understands, and what its last message was."""

    topic: str
    shape: str
    announced: str = ""


class ScannedBroker(Strict):
    """A broker that was listened to. ``reason``: why not; ``more``: messages on topics beyond those kept."""

    host: str
    port: int = Field(default=1883, ge=1, le=65535)
    messages: int = 0
    more: int = 0
    reason: Text | None = None
    units: tuple[HeardUnit, ...] = ()
    others: tuple[HeardTopic, ...] = ()

    @property
    def where(self) -> str:
        """Return the broker as a technician would name it."""
        return f"{self.host}:{self.port}"


class ScanResult(Strict):
    """A whole scan. ``complete``: everything was asked; ``unopened``: addresses that took no connection."""

    scan: Literal[1] = 1
    complete: bool = True
    unopened: int = 0
    links: tuple[ScannedLink, ...] = ()
    brokers: tuple[ScannedBroker, ...] = ()

    @property
    def anybody(self) -> bool:
        """True where somebody answered or spoke, besides those who are watched."""
        found = any(not unit.watched for one in self.links for unit in one.units)
        return found or any(one.units or one.others for one in self.brokers)
