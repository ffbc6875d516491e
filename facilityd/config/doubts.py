"""What a site may say and probably does not mean: warnings, each with its place and what to do."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from devices.profile import ModbusProfile, MqttProfile
from devices.tables import OwnTables
from devices.unit import HIGHEST_ID, MODBUS_PORT, MODBUS_TLS_PORT
from facilityd.config.credentials import port_doubts
from facilityd.config.installation import on_serial_line
from facilityd.config.sections import SectionEntry, Sections, doubled
from facilityd.config.timetable import CeremonyTimetable
from facilityd.model.message import Wording
from facilityd.model.topic import doubtful
from facilityd.yaml_source import Problem, SourceLocation

SUN_HOURS = 4.5
"""Hours between a zone's clock and the sun's: nowhere on land are they more than 3.6."""
Profiles = Mapping[str, ModbusProfile | MqttProfile]


def doubts(sections: Sections, profiles: Profiles, timetable: CeremonyTimetable | None) -> list[Problem]:
    """Return a warning for everything that is allowed and hears nothing, or something else than is meant.

    A site without problems is expected: what is broken would be missed here.
    """
    return [
        *_devices(sections),
        *_links(sections),
        *_units(sections, profiles),
        *_twice(sections),
        *port_doubts(sections),
        *_clock(sections),
        *_over(sections, timetable),
        *_journal_folder(sections),
        *_lines_folders(sections),
    ]


def own_doubts(own: OwnTables) -> Iterable[Problem]:
    """Return what is to be known of a site's own tables: shipped ones replaced, texts in one language."""
    for path in own.replaced:
        profile = path.parent.name == "profiles"
        what = Wording("config.replaces-shipped-profile" if profile else "config.replaces-shipped-family")
        yield Problem(SourceLocation(str(path)), what)
    for path, language in own.monolingual.items():
        slug = "config.family-only-in-chinese" if language == "zh" else "config.family-only-in-english"
        yield Problem(SourceLocation(str(path)), Wording(slug))


def _devices(sections: Sections) -> Iterable[Problem]:
    if not sections.entries["devices"]:
        yield Problem(
            SourceLocation(str(sections.files[0])),
            Wording("config.no-devices-nothing-watched"),
            Wording("config.add-devices"),
        )
    for device, first in doubled(
        sections.values("devices"), lambda one: (one.value.name.zh, one.value.name.en)
    ):
        what = Wording("config.device-has-this-name-too", first=first.id)
        yield Problem(device.location("name"), what, Wording("config.give-each-name-its-own"))


def _links(sections: Sections) -> Iterable[Problem]:
    used = {unit.value.link for unit in sections.values("units")}
    for link in sections.values("links"):
        value = link.value
        if link.id not in used:
            yield Problem(
                link.location(key=True),
                Wording("config.link-has-no-units-nothing", link=link.id),
                Wording("config.take-out"),
            )
        if _ends_a_network(getattr(value, "host", "")):
            what = Wording("config.usually-network-own-or-its", host=value.host)
            yield Problem(link.location("host"), what, Wording("config.write-device-address"))
        if value.protocol == "mqtt":
            yield from _broker(link)
        if value.protocol == "modbus-tcp":
            yield from _modbus(link)
    tcp = (link for link in sections.values("links") if link.value.protocol.endswith("tcp"))
    for link, first in doubled(tcp, lambda one: (one.value.host, one.value.port)):
        what = Wording(
            "config.link-leads-already", first=first.id, host=link.value.host, port=link.value.port
        )
        yield Problem(link.location("host"), what, Wording("config.many-devices-take-one-connection"))


def _ends_a_network(host: str) -> bool:
    try:
        return ipaddress.IPv4Address(host).packed[-1] in (0, 255)
    except ValueError:
        return False


MQTT_PORT, MQTT_TLS_PORT = 1883, 8883


def _modbus(link: SectionEntry) -> Iterable[Problem]:
    value = link.value
    if value.port == MODBUS_TLS_PORT and value.tls is None:
        yield Problem(
            link.location("port"), Wording("config.modbus-tls-on-port"), Wording("config.add-tls-2")
        )
    if value.port == MODBUS_PORT and value.tls is not None:
        what = Wording("config.modbus-no-tls-on-port")
        yield Problem(link.location("port"), what, Wording("config.leave-port-out-or-tls"))


def _broker(link: SectionEntry) -> Iterable[Problem]:
    value = link.value
    if value.port == MQTT_TLS_PORT and value.tls is None:
        yield Problem(
            link.location("port"),
            Wording("config.brokers-speak-tls-on-port"),
            Wording("config.add-tls-2"),
        )
    if value.port == MQTT_PORT and value.tls is not None:
        what = Wording("config.brokers-speak-no-tls-on")
        yield Problem(link.location("tls", key=True), what, Wording("config.add-port-or-leave-tls"))
    if value.username and value.password is None:
        yield Problem(
            link.location("username"),
            Wording("config.username-without-password"),
            Wording("config.add-password"),
        )


def _units(sections: Sections, profiles: Profiles) -> Iterable[Problem]:
    feeding = {source.partition(".")[0] for source in _sources(sections)}
    for unit in sections.values("units"):
        if unit.id not in feeding:
            what = Wording("config.unit-feeds-no-device-nothing", unit=unit.id)
            yield Problem(unit.location(key=True), what, Wording("config.bind-signal-or-take-out"))
        yield from _address(unit, sections)
        if unit.value.topic is not None:
            yield from _topic(unit, profiles.get(unit.value.profile))


def _sources(sections: Sections) -> Iterable[str]:
    given = (raw for device in sections.values("devices") for raw in device.value.signals.values())
    return (raw if isinstance(raw, str) else raw.from_ for raw in given)


def _address(unit: SectionEntry, sections: Sections) -> Iterable[Problem]:
    number = unit.value.device_id
    if number is not None and number > HIGHEST_ID and on_serial_line(sections, unit):
        what = Wording("config.device-id-reserved-on-serial", number=number)
        yield Problem(unit.location("device_id"), what, Wording("config.devices-have", highest_id=HIGHEST_ID))


def _topic(unit: SectionEntry, profile: ModbusProfile | MqttProfile | None) -> Iterable[Problem]:
    topic = unit.value.topic
    if isinstance(unit.value.period, dict):
        what = Wording("config.unit-on-broker-speaks-when")
        yield Problem(unit.location("period"), what, Wording("config.write-longest-time-between-two"))
    if why := doubtful(topic):
        yield Problem(unit.location("topic"), *why)
    points = profile.expanded.values() if isinstance(profile, MqttProfile) else ()
    for end in sorted({source.topic for point in points for source in point.sources} - {""}):
        if topic.endswith(f"/{end}"):
            what = Wording(
                "config.profile-adds-itself-so-listens", profile=unit.value.profile, end=end, topic=topic
            )
            yield Problem(
                unit.location("topic"),
                what,
                Wording("config.write", value=topic.removesuffix(f"/{end}")),
            )
    if "+" in topic and not unit.value.names and not unit.value.discover:
        what = Wording("config.no-names-listed-none-may")
        yield Problem(unit.location("discover"), what, Wording("config.add-names-or-let-discover"))


def _twice(sections: Sections) -> Iterable[Problem]:
    def database(one: SectionEntry) -> tuple[object, ...]:
        return one.value.url.rstrip("/"), one.value.org, one.value.bucket

    databases = (sink for sink in sections.values("sinks") if sink.value.kind == "influxdb")
    for sink, first in doubled(databases, database):
        what = Wording("config.sink-writes-there-already-everything", first=first.id)
        yield Problem(sink.location(key=True), what, Wording("config.take-one-out"))
    for person in sections.values("recipients"):
        channels = person.value.channels
        for number, channel in enumerate(channels):
            if channel in channels[:number]:
                what = Wording("config.this-channel-stands-twice-each", person=person.id)
                yield Problem(person.location("channels", number), what, Wording("config.take-one-out"))


def _clock(sections: Sections) -> Iterable[Problem]:
    head = sections.entries["site"].get("site")
    if head is None:
        return
    offset = ZoneInfo(head.value.timezone).utcoffset(datetime.now(UTC).replace(tzinfo=None))
    clock = offset.total_seconds() / 3600 if offset else 0.0
    apart = (clock - head.value.longitude / 15 + 12) % 24 - 12
    if abs(apart) > SUN_HOURS:
        what = Wording("config.clock-h-off-sun-at", timezone=head.value.timezone, apart=abs(apart))
        yield Problem(head.location("timezone"), what, Wording("config.look-for-slip-in-zone"))


def _over(sections: Sections, timetable: CeremonyTimetable | None) -> Iterable[Problem]:
    head = sections.entries["site"].get("site")
    if head is None or timetable is None:
        return
    today = datetime.now(ZoneInfo(head.value.timezone)).date()
    last = max(timetable.days, default=None)
    if last is None or last < today:
        what = (
            Wording("config.last-day-before-today", last=last) if last else Wording("config.no-day-stands-in")
        )
        hint = Wording("config.add-days-that-published-until")
        yield Problem(SourceLocation(timetable.file, timetable.days[last].line if last else 1), what, hint)


def _journal_folder(sections: Sections) -> Iterable[Problem]:
    store = sections.entries["store"].get("store")
    if store is None or not store.value.path:
        return
    home = store.beside("").resolve()
    folder = store.beside(store.value.path).parent.resolve()
    if not folder.is_dir() and home not in folder.parents:
        yield _no_folder(store, folder)


def _lines_folders(sections: Sections) -> Iterable[Problem]:
    for sink in sections.values("sinks"):
        if sink.value.kind == "file":
            folder = sink.beside(sink.value.path).parent.resolve()
            if not folder.is_dir():
                yield _no_folder(sink, folder)


def _no_folder(entry: SectionEntry, folder: Path) -> Problem:
    what = Wording("config.this-machine-has-no-folder", folder=folder)
    return Problem(entry.location("path"), what, Wording("config.make-or-mount-its-disk"))
