"""Whether a unit and what is bound of it fit together: addresses, topics and ranges that can never be met."""

from __future__ import annotations

from devices.family import Signal
from devices.possible import span
from devices.profile import ModbusProfile, MqttProfile, Point, TopicPoint
from devices.register import HIGHEST
from devices.unit import Unit
from facilityd.config import schema
from facilityd.config.kinds import kind_of
from facilityd.config.sections import SectionEntry, Sections
from facilityd.model.measure import COMMON
from facilityd.model.message import Wording
from facilityd.model.sample import SignalType
from facilityd.model.topic import LONGEST, LONGEST_NAME, joined

PROTOCOL = {"mqtt": Wording("config.mqtt"), "modbus": Wording("config.modbus")}
STRANGE = {"mqtt": ("device_id", "base"), "modbus": ("topic",)}
"""Settings of a unit that mean nothing where it speaks the other protocol."""


def unlike_units(name: str, signal: Signal, point: Point | TopicPoint) -> tuple[str, str]:
    """Return what is wrong with a point's unit of measure for this signal, and what to do about it."""
    meant = [unit for unit in COMMON if unit.lower() == signal.unit.lower() and unit != signal.unit]
    if signal.unit not in COMMON and meant:
        return (
            Wording("config.family-gives-signal-unit-which", name=name, unit=signal.unit),
            Wording("config.did-you-mean-in-family", repr=" or ".join(map(repr, sorted(meant)))),
        )
    hint = Wording("config.bind-another-point-or-give")
    if not point.unit:
        return Wording("config.signal-in-point-has-no", name=name, unit=signal.unit), hint
    if not signal.unit:
        return Wording("config.point-in-signal-has-no", unit=point.unit, name=name), hint
    return Wording("config.does-not-convert-unit-signal", unit=point.unit, unit2=signal.unit, name=name), hint


def check_strange(sections: Sections, entry: SectionEntry, protocol: str) -> None:
    """Report settings that this protocol has no use for."""
    for setting in STRANGE[protocol]:
        if setting in entry.value.model_fields_set:
            what = Wording("config.unit-on-link-has-no", protocol=PROTOCOL[protocol], setting=setting)
            sections.report(entry.location(setting, key=True), what, Wording("config.take-out-or-look-at"))


def check_unit(sections: Sections, entry: SectionEntry, unit: Unit) -> None:
    """Report what of a unit lies beyond the last register or the longest topic."""
    if isinstance(unit.profile, ModbusProfile):
        _check_registers(sections, entry, unit, unit.profile)
        return
    _check_topics(sections, entry, unit, unit.profile)
    link = sections.entries["links"].get(unit.link)
    if link is not None and link.value.sparkplug is not None:
        _check_edge_node(sections, entry, unit, unit.profile)


def _check_registers(sections: Sections, entry: SectionEntry, unit: Unit, profile: ModbusProfile) -> None:
    used = {binding.name for binding in unit.bindings} | {expect.point for expect in profile.identity}
    ends = {name: _end(profile.expanded[name]) + unit.base for name in used if name in profile.expanded}
    if beyond := [name for name in sorted(ends) if ends[name] > HIGHEST]:
        what = Wording(
            "config.base-puts-point-beyond-last", base=unit.base, beyond=beyond[0], highest=HIGHEST
        )
        hint = Wording("config.base-added-every-address-profile")
        sections.report(entry.location("base"), what, hint)


def _end(point: Point) -> int:
    """Return the last register that a point takes."""
    return max(point.address + point.words - 1, point.sign.address if point.sign else 0)


def _check_topics(sections: Sections, entry: SectionEntry, unit: Unit, profile: MqttProfile) -> None:
    below = [source.topic for point in profile.expanded.values() for source in point.sources]
    below += [profile.availability.topic] if profile.availability else []
    room = LONGEST - (LONGEST_NAME if "+" in unit.topic else 0)
    longest = max(below, key=lambda topic: len(topic.encode()), default="")
    if len(joined(unit.topic, longest).encode()) > room:
        what = Wording("config.with-what-profile-adds-topic", longest=longest[:40], longest2=LONGEST)
        sections.report(entry.location("topic"), what, Wording("config.no-broker-takes-write-shorter"))


def _check_edge_node(sections: Sections, entry: SectionEntry, unit: Unit, profile: MqttProfile) -> None:
    """Report a unit that can be no Sparkplug node or device, or whose profile is of plain messages."""
    if unit.topic.count("/") not in (1, 2) or "+" in unit.topic or unit.topic.startswith("spBv1.0/"):
        hint = Wording("config.write-group-node-device")
        sections.report(entry.location("topic"), Wording("config.no-edge-node"), hint)
    pointers = [source.pointer for point in profile.expanded.values() for source in point.sources]
    below = any(source.topic for point in profile.expanded.values() for source in point.sources)
    if profile.availability or below or any(pointer.count("/") != 1 for pointer in pointers):
        what = Wording("config.profile-of-plain-messages", profile=profile.profile)
        sections.report(entry.location("profile"), what, Wording("config.write-metrics-as-pointers"))


def check_source(
    sections: Sections,
    entry: SectionEntry,
    name: str,
    source: schema.SourceConfig,
    signal: Signal,
    point: Point | TopicPoint,
    scaling: tuple[float, float],
) -> None:
    """Report a scale of what is no number, and numbers that the signal can never take.

    The point suits the signal: that of a number is a number, or a code.
    """
    number = signal.type in (SignalType.FLOAT, SignalType.INT)
    for setting in () if number else ("scale", "tare"):
        if setting in source.model_fields_set:
            what = Wording("config.no-quantity-has-no", point=kind_of(point), setting=setting)
            sections.report(entry.location("signals", name, setting), what, Wording("config.leave-out"))
    if not number or not signal.range or point.enum:
        return
    scale, offset = scaling
    low, high = sorted(end * scale + offset for end in span(point))
    if high < signal.range[0] or low > signal.range[1]:
        bounds = Wording("config.text", range=signal.range[0], range2=signal.range[1])
        what = Wording(
            "config.point-gives-signal-no-value",
            low=low,
            high=high,
            unit=signal.unit,
            name=name,
            bounds=bounds,
        )
        sections.report(entry.location("signals", name), what, Wording("config.look-at-scale-tare-point"))
