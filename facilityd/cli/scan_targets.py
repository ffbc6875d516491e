"""What `scan` is told to look at: hosts, small networks, serial ports with their settings, device ids."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from itertools import product

import click

from devices.unit import ModbusLink
from facilityd.cli.language import in_words
from facilityd.errors import UsageError
from facilityd.model.message import Wording

NETWORK = 256
"""Addresses of a network at most."""
PORT = 502
HIGHEST = 255
AUTO = "auto"
USUAL = (
    (9600, "N"), (19200, "E"), (9600, "E"), (19200, "N"), (4800, "N"), (38400, "N"), (38400, "E"),
    (57600, "N"), (115200, "N"), (2400, "N"),
)  # fmt: skip
"""Settings in the order in which they are met: those of the profiles first."""
SPEEDS = (1200, 2400, 4800, 9600, 14400, 19200, 38400, 57600, 115200, 230400)


class IdsParam(click.ParamType[tuple[int, ...]]):
    """'1-32,255': device ids."""

    name = "ids"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return them, each once, in the order given."""
        if isinstance(value, tuple):
            return value
        found: dict[int, None] = {}
        for part in str(value).split(","):
            first, _, last = part.strip().partition("-")
            if not (first.isdigit() and (last or first).isdigit()):
                self.fail(in_words(Wording("ask.no-ids", value=value)), param, ctx)
            low, high = int(first), int(last or first)
            if not 1 <= low <= high <= HIGHEST:
                self.fail(in_words(Wording("ask.no-ids", value=value)), param, ctx)
            found |= dict.fromkeys(range(low, high + 1))
        return tuple(found)


class BaudParam(click.ParamType[tuple[int, ...]]):
    """'9600,19200', or auto: an empty tuple."""

    name = "baud"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return the speeds in bit/s."""
        if isinstance(value, tuple):
            return value
        if str(value) == AUTO:
            return ()
        parts = [part.strip() for part in str(value).split(",")]
        if not all(part.isdigit() and int(part) in SPEEDS for part in parts):
            said = Wording("ask.no-speeds", value=value, known=", ".join(map(str, SPEEDS)))
            self.fail(in_words(said), param, ctx)
        return tuple(int(part) for part in parts)


class TargetParam(click.ParamType[tuple[tuple[str, int], ...]]):
    """A host, host:port, or a network such as 192.168.1.0/28: the endpoints as host and port."""

    name = "target"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[tuple[str, int], ...]:
        """Return each endpoint; port 0 stands for the one that --port says."""
        text = str(value)
        if "/" in text:
            try:
                network = ipaddress.ip_network(text, strict=False)
            except ValueError:
                self.fail(in_words(Wording("ask.no-target", value=text)), param, ctx)
            if network.num_addresses > NETWORK:
                said = Wording("ask.network-too-large", value=text, most=NETWORK)
                self.fail(in_words(said), param, ctx)
            return tuple((str(host), 0) for host in (list(network.hosts()) or [network.network_address]))
        try:
            return (endpoint(text),)
        except UsageError as error:
            self.fail(in_words(error.what), param, ctx)


class EndpointParam(click.ParamType[tuple[str, int]]):
    """A host or host:port; port 0 where it says none."""

    name = "endpoint"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """Return host and port."""
        try:
            return endpoint(str(value))
        except UsageError as error:
            self.fail(in_words(error.what), param, ctx)


def endpoint(text: str) -> tuple[str, int]:
    """Return host and port of a text such as gateway:502; port 0 where it says none. Raises UsageError."""
    host, port = _split(text)
    if not host or any(letter.isspace() for letter in host) or not 0 <= port <= 65535:  # noqa: PLR2004
        raise UsageError(Wording("ask.no-target", value=text))
    return host, port


def _split(text: str) -> tuple[str, int]:
    """Return host and port; port 0 where there is none, -1 where it is no number."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    elif text.count(":") > 1:
        return text, 0
    else:
        host, _, port = text.partition(":")
    if not port:
        return host, 0
    return host, int(port) if port.isdigit() else -1


def settings(speeds: tuple[int, ...], parity: str) -> list[tuple[int, str]]:
    """Return the speeds and parities to try, the likeliest first."""
    parities = ("N", "E") if parity == AUTO else (parity,)
    if speeds:
        return list(product(speeds, parities))
    if parity == AUTO:
        return list(USUAL)
    return [(speed, parity) for speed in dict.fromkeys(speed for speed, _ in USUAL)]


def tcp_links(endpoints: Iterator[tuple[str, int]], port: int, *, rtu: bool) -> list[ModbusLink]:
    """Return a link to each endpoint."""
    protocol = "modbus-rtu-over-tcp" if rtu else "modbus-tcp"
    return [ModbusLink(f"tcp-{n}", protocol, host, own or port) for n, (host, own) in enumerate(endpoints, 1)]


def serial_links(path: str, tried: list[tuple[int, str]]) -> list[ModbusLink]:
    """Return a link to a serial port for each setting."""
    return [
        ModbusLink("serial", "modbus-rtu", serial_port=path, baudrate=speed, parity=parity)
        for speed, parity in tried
    ]
