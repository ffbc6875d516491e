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
from facilityd.model.sample import SignalType
from facilityd.model.topic import LONGEST, LONGEST_NAME, joined

PROTOCOL = {"mqtt": "an MQTT", "modbus": "a Modbus"}
STRANGE = {"mqtt": ("device_id", "base"), "modbus": ("topic",)}
"""Settings of a unit that mean nothing where it speaks the other protocol."""


def unlike_units(name: str, signal: Signal, point: Point | TopicPoint) -> tuple[str, str]:
    """Return what is wrong with a point's unit of measure for this signal, and what to do about it."""
    meant = [unit for unit in COMMON if unit.lower() == signal.unit.lower() and unit != signal.unit]
    if signal.unit not in COMMON and meant:
        return (
            f"the family gives signal {name} the unit {signal.unit}, which is not that of the point",
            f"did you mean {' or '.join(map(repr, sorted(meant)))} in the family?",
        )
    hint = "bind another point, or give 'scale'"
    if not point.unit:
        return f"signal {name} is in {signal.unit}, the point has no unit of measure", hint
    if not signal.unit:
        return f"the point is in {point.unit}, signal {name} has no unit of measure", hint
    return f"{point.unit} does not convert to {signal.unit}, the unit of signal {name} in its family", hint


def check_strange(sections: Sections, entry: SectionEntry, protocol: str) -> None:
    """Report settings that this protocol has no use for."""
    for setting in STRANGE[protocol]:
        if setting in entry.value.model_fields_set:
            what = f"a unit on {PROTOCOL[protocol]} link has no {setting!r}"
            sections.report(entry.location(setting, key=True), what, "take it out, or look at its link")


def check_unit(sections: Sections, entry: SectionEntry, unit: Unit) -> None:
    """Report what of a unit lies beyond the last register or the longest topic."""
    if isinstance(unit.profile, ModbusProfile):
        _check_registers(sections, entry, unit, unit.profile)
    else:
        _check_topics(sections, entry, unit, unit.profile)


def _check_registers(sections: Sections, entry: SectionEntry, unit: Unit, profile: ModbusProfile) -> None:
    used = {binding.name for binding in unit.bindings} | {expect.point for expect in profile.identity}
    ends = {name: _end(profile.expanded[name]) + unit.base for name in used if name in profile.expanded}
    if beyond := [name for name in sorted(ends) if ends[name] > HIGHEST]:
        what = f"base {unit.base} puts point {beyond[0]!r} beyond the last register, {HIGHEST}"
        hint = "base is added to every address of the profile; leave it out where the profile has them whole"
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
        what = f"with what the profile adds ({longest[:40]!r}) the topic is longer than {LONGEST} bytes"
        sections.report(entry.location("topic"), what, "no broker takes it: write a shorter one")


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
            what = f"{kind_of(point)} is no quantity: it has no {setting!r}"
            sections.report(entry.location("signals", name, setting), what, "leave it out")
    if not number or not signal.range or point.enum:
        return
    scale, offset = scaling
    low, high = sorted(end * scale + offset for end in span(point))
    if high < signal.range[0] or low > signal.range[1]:
        bounds = f"{signal.range[0]:g} to {signal.range[1]:g}"
        what = (
            f"the point gives {low:g} to {high:g} {signal.unit}, signal {name} is {bounds}: no value is good"
        )
        sections.report(
            entry.location("signals", name), what, "look at scale, tare and the point's own range"
        )
