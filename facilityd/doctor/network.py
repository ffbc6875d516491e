"""What is reached over a network: endpoints, brokers, channels. It connects; it asks and sends nothing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from devices.mqtt.subscriber import listen
from devices.unit import ModbusLink, MqttLink
from facilityd.doctor.certificates import tls_endpoint
from facilityd.doctor.verdict import Findings, ProbeResult
from facilityd.errors import LinkOutage
from facilityd.model.settings import ChannelSettings
from facilityd.model.socket_errors import connection_failure

CONNECT_S = 5.0
_DEFAULT_PORTS = {"http": 80, "https": 443}


def endpoint(link: ModbusLink, up: bool | None) -> Iterable[ProbeResult]:
    """Check a Modbus endpoint; one that the daemon reads is left alone, many take one connection only."""
    said = Findings("endpoint", link.id)
    if up:
        return [said.ok("endpoint-watched", where=link.where)]
    if link.tls is not None:
        return tls_endpoint(link)
    return [_connected(said, link.host, link.port, "endpoint-ok")]


def channel(settings: ChannelSettings) -> Iterable[ProbeResult]:
    """Check that the server behind a channel takes connections."""
    said, options = Findings("channel", settings.id), settings.options
    host, port = str(options.get("host", "")), int(options.get("port", 0) or 0)
    if url := str(options.get("url", "")):
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    if not host or not port:
        return [said.unknown("channel-blind", kind=settings.kind)]
    return [_connected(said, host, port, "channel-ok")]


def _connected(said: Findings, host: str, port: int, code: str) -> ProbeResult:
    where = f"{host}:{port}"
    try:
        with socket.create_connection((host, port), timeout=CONNECT_S):
            return said.ok(code, where=where)
    except OSError as error:
        return said.fail("unreachable", where=where, why=connection_failure(error))


def broker(link: MqttLink, topics: Iterable[str]) -> Iterable[ProbeResult]:
    """Check name, connection, TLS and password of a broker, and the right to read each topic.

    Under a name of its own, so that the daemon's session is not taken over.
    """
    return asyncio.run(_broker(replace(link, client_id=""), sorted(set(topics))))


async def _broker(link: MqttLink, topics: list[str]) -> list[ProbeResult]:
    said = Findings("broker", link.id)
    try:
        async with listen(link) as subscriber:
            refused = await subscriber.subscribe(topics, 0)
    except LinkOutage as error:
        return [said.fail("broker-refused", where=link.where, why=error.what, hint=error.hint or link.where)]
    found = [said.fail("broker-topic", where=link.where, topic=topic) for topic in refused]
    return found or [said.ok("broker-ok", where=link.where, topics=len(topics))]


def topics_of(units: Iterable[object], link: str) -> Iterator[str]:
    """Yield the topics that a link's units speak on."""
    for unit in units:
        if getattr(unit, "link", None) == link:
            yield from getattr(unit, "topics", ())
