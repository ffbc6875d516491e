"""Links, sinks and recipients: what holds addresses and secrets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from devices.unit import Link, ModbusLink, MqttLink, SparkplugSettings
from facilityd.config import link_schema as links
from facilityd.config.duty import compile_morning, compile_quiet
from facilityd.config.sections import (
    SECRET_KEYS,
    SectionEntry,
    Sections,
    resolve_secret,
    serial_port,
    tls_file,
)
from facilityd.model.message import Wording
from facilityd.model.plain import url_secrets
from facilityd.model.rule import Priority
from facilityd.model.settings import (
    ChannelSettings,
    FileSinkSettings,
    InfluxSettings,
    RecipientSettings,
    SinkSettings,
)
from facilityd.model.tls import TlsFiles
from facilityd.yaml_source import SourceLocation


def compile_link(entry: SectionEntry, sections: Sections) -> Link:
    """Return the link as its adapter takes it."""
    value = entry.value
    if isinstance(value, links.MqttConfig):
        return MqttLink(
            entry.id, value.host, value.port, value.version, value.client_id, value.username,
            resolve_secret(sections, entry.location("password"), value.password),
            tls_file(entry, "ca"), tls_file(entry, "certificate"), tls_file(entry, "key"), value.qos,
            _sparkplug(value.sparkplug),
        )  # fmt: skip
    if isinstance(value, links.ModbusRtuConfig):
        return ModbusLink(
            entry.id, value.protocol, serial_port=serial_port(entry), baudrate=value.baudrate,
            parity=value.parity, stopbits=value.stopbits, timeout=value.timeout, retries=value.retries,
        )  # fmt: skip
    baudrate, tls = getattr(value, "baudrate", 9600), None
    if isinstance(value, links.ModbusTcpConfig) and value.tls is not None:
        ca, certificate, key = (tls_file(entry, name) for name in ("ca", "certificate", "key"))
        tls = TlsFiles(ca, certificate, key, value.tls.server_name)
    return ModbusLink(
        entry.id, value.protocol, value.host, value.port, baudrate=baudrate, timeout=value.timeout,
        retries=value.retries, tls=tls,
    )  # fmt: skip


def _sparkplug(told: links.SparkplugConfig | None) -> SparkplugSettings | None:
    return SparkplugSettings(told.reorder, told.rebirth, told.host_id) if told else None


def _token(sections: Sections, location: SourceLocation, value: str | dict[str, str]) -> str:
    """Return a token's text; it travels in a header, which holds nothing but ASCII."""
    token = resolve_secret(sections, location, value)
    if not token.isascii():
        sections.report(
            location,
            Wording("config.token-not-plain-ascii-so"),
            Wording("config.another-text"),
        )
    return token


def compile_sink(entry: SectionEntry, sections: Sections) -> SinkSettings:
    """Return a sink with its secrets resolved."""
    return _SINKS[entry.value.kind](entry, sections)


def _file_sink(entry: SectionEntry, _: Sections) -> FileSinkSettings:
    path = entry.beside(entry.value.path)
    return FileSinkSettings(entry.id, str(path), entry.value.max_size, entry.value.keep)


def _influx(entry: SectionEntry, sections: Sections) -> InfluxSettings:
    value = entry.value
    token = _token(sections, entry.location("token"), value.token)
    return InfluxSettings(entry.id, value.url, value.org, value.bucket, token)


_SINKS: dict[str, Callable[[SectionEntry, Sections], SinkSettings]] = {
    InfluxSettings.kind: _influx,
    FileSinkSettings.kind: _file_sink,
}


def compile_recipient(entry: SectionEntry, sections: Sections) -> RecipientSettings:
    """Return a recipient with the secrets of each channel resolved."""
    value = entry.value
    channels = tuple(_channel(entry, sections, number) for number in range(len(value.channels)))
    return RecipientSettings(
        entry.id, value.name, value.language, Priority[value.minimum.upper()], channels, value.every_channel,
        frozenset(value.families), frozenset(value.devices), tuple(map(compile_quiet, value.quiet_hours)),
        value.standby, compile_morning(value.morning),
    )  # fmt: skip


def _channel(entry: SectionEntry, sections: Sections, number: int) -> ChannelSettings:
    channel = entry.value.channels[number]
    options: dict[str, Any] = {
        name: value for name, value in channel if name not in ("kind", *SECRET_KEYS) and value is not None
    }
    for name in sorted(SECRET_KEYS):
        if (held := getattr(channel, name, None)) is not None:
            resolve = _token if name == "token" else resolve_secret
            options[name] = resolve(sections, entry.location("channels", number, name), held)
    if channel.kind == "webhook":
        sections.resolved |= url_secrets(channel.url)
    _check_key(
        channel.kind, str(options.get("token", "")), entry.location("channels", number, "token"), sections
    )
    return ChannelSettings(f"{entry.id}-{number + 1}-{channel.kind}", channel.kind, options)


def _check_key(kind: str, token: str, location: SourceLocation, sections: Sections) -> None:
    """Report a robot's URL in the place of its key, and what is no URL of apprise; it is a secret."""
    if kind.endswith("-robot") and any(mark in token for mark in "/=?&"):
        sections.report(location, Wording("config.token-is-a-url"), Wording("config.write-key-alone"))
    if kind == "apprise" and token and "://" not in token:
        sections.report(location, Wording("config.apprise-url-expected"), Wording("config.write-apprise-url"))
