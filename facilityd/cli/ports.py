"""The ports of a site that we serve ourselves: told with their line where taken, moved for the demo."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from facilityd.config.places import place_of
from facilityd.config.sections import files_of
from facilityd.errors import PortTaken, UsageError
from facilityd.model.message import Wording
from facilityd.yaml_source import Document, Key, SourceLocation, read

HERE = ("127.0.0.1", "localhost")
MQTT = "mqtt"
DEFAULT = {"modbus-tcp": 502, "modbus-rtu-over-tcp": 502, MQTT: 1883}
SMTP = 25
HTTP = {"http": 80, "https": 443}
LAST_PORT = 65535


@contextmanager
def told_with_line(sites: Sequence[Path]) -> Iterator[None]:
    """Tell a port that is taken with the line of the site's files that asks for it. Raises UsageError."""
    try:
        yield
    except PortTaken as error:
        location = _line(sites, error.link)
        if location is None:
            raise
        what = Wording("ask.place-says", place=error.where, what=error.what)
        raise UsageError(what, where=str(location), hint=error.hint) from error


def _line(sites: Sequence[Path], link: str) -> SourceLocation | None:
    if not link:
        return None
    served = place_of(sites, "links", link, "serial_port"), place_of(sites, "links", link, "port")
    # The nearer of the two: what is not written there is answered with the mark of the whole link.
    return max((location for location in served if location), default=None)


@dataclass(frozen=True, slots=True)
class ListeningPort:
    """A port of this machine as a file of the site has it; ``written`` is false where it is the default."""

    location: SourceLocation
    port: int
    written: bool


def listening_ports(folder: Path, *, brokers: bool = True) -> list[ListeningPort]:
    """Return every port of a site's links (brokers too) and channels, in the order of the files.

    Raises UsageError for one of another machine.
    """
    found: list[ListeningPort] = []
    for file in files_of(folder):
        document = read(file)
        data = document.data if isinstance(document.data, dict) else {}
        for name, link in (data.get("links") or {}).items():
            if link.get("protocol") in DEFAULT and (brokers or link["protocol"] != MQTT):
                found.append(_door(document, ("links", name), link, DEFAULT[link["protocol"]]))
        for name, person in (data.get("recipients") or {}).items():
            for number, channel in enumerate(person.get("channels") or ()):
                where: tuple[Key, ...] = ("recipients", name, "channels", number)
                if channel.get("kind") == "webhook":
                    found.append(_webhook(document, (*where, "url"), str(channel.get("url"))))
                else:
                    found.append(_door(document, where, channel, SMTP))
    return found


def _door(document: Document, where: tuple[Key, ...], owner: dict[str, Any], default: int) -> ListeningPort:
    _must_be_here(document, (*where, "host"), str(owner.get("host")))
    return ListeningPort(
        document.location((*where, "port")), int(owner.get("port", default)), "port" in owner
    )


def _webhook(document: Document, where: tuple[Key, ...], url: str) -> ListeningPort:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    _must_be_here(document, where, host or url)
    return ListeningPort(document.location(where), port or HTTP.get(parts.scheme, 80), port is not None)


def _must_be_here(document: Document, where: tuple[Key, ...], host: str) -> None:
    if host not in HERE:
        hint = Wording("ask.write-or-watch-real-one")
        raise UsageError(
            Wording("ask.demo-simulates-everything-on-this", host=host),
            where=str(document.location(where)), hint=hint,
        )  # fmt: skip


@contextmanager
def moved(folder: Path, *, brokers: bool = True) -> Iterator[dict[int, int]]:
    """Give every door of a copied site a port that is free, its own one if it is; hold them for the body.

    The files are rewritten; the ports are returned by what they were. Raises UsageError.
    """
    with ExitStack() as held:
        found, ports = listening_ports(folder, brokers=brokers), dict[int, int]()
        for door in found:
            if door.port not in ports:
                ports[door.port] = _hold(door, held)
        for door in sorted(found, key=lambda one: one.location, reverse=True):  # marks before it stay right
            if ports[door.port] != door.port:
                _rewrite(door.location, str(door.port), str(ports[door.port]))
        yield ports


def lead_to_broker(folder: Path, broker: str) -> None:
    """Write HOST:PORT into every MQTT link of a copied site. Raises UsageError."""
    host, _, port = broker.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and 0 < int(port[:6]) <= LAST_PORT):
        raise UsageError(Wording("ask.not-host-port", broker=broker), hint=Wording("ask.such-as"))
    for file in files_of(folder):
        document = read(file)
        for name, link in ((document.data or {}).get("links") or {}).items():
            if link.get("protocol") == MQTT:
                places = [(document.location(("links", name, key)), str(link.get(key)), new)
                          for key, new in (("host", host), ("port", port))]  # fmt: skip
                for location, old, new in sorted(places, reverse=True):
                    _rewrite(location, old, new)


def _hold(door: ListeningPort, held: ExitStack) -> int:
    for wanted in (door.port, 0):
        claim = socket.socket()
        try:
            claim.bind(("127.0.0.1", wanted if wanted <= LAST_PORT else 0))
        except OSError as error:
            claim.close()
            if wanted and not door.written:
                hint = Wording("ask.write-free-port-here-or")
                what = Wording("ask.port-cannot-had", wanted=wanted, strerror=error.strerror)
                raise UsageError(what, where=str(door.location), hint=hint) from error
            continue
        # Bound without this option the port is exclusive; with it, on Linux, it may be shared.
        claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.callback(claim.close)
        number = int(claim.getsockname()[1])
        if not sys.platform.startswith("linux"):
            claim.close()
        return number
    raise UsageError(Wording("ask.no-port-this-machine-free"), where=str(door.location))


def _rewrite(location: SourceLocation, old: str, new: str) -> None:
    """Put another value where one stands. Raises UsageError where it is not written there as it is read."""
    path = Path(location.file)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    line = lines[location.line - 1]
    found = line.find(old, location.column - 1)
    if found < 0:
        raise UsageError(
            Wording("ask.expected-here", old=old),
            where=str(location),
            hint=Wording("ask.write-as-plain-value"),
        )
    lines[location.line - 1] = line[:found] + new + line[found + len(old) :]
    path.write_text("".join(lines), encoding="utf-8")
