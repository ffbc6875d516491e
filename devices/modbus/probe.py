"""For a technician: whether address, word order and model are right, and which is not.

Everything goes through the guarded reader; a probe only reads.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from devices.modbus.client import connect
from devices.modbus.compiled_unit import CompiledUnit
from devices.modbus.identity import says_who
from devices.modbus.plan import plan_unit
from devices.modbus.poll import identify
from devices.modbus.probe_reads import HUNG_UP, ONE_CONNECTION, planned, strayed
from devices.modbus.reader import ModbusReader, ReadFailed
from devices.profile import IdentityCheck, ModbusProfile, Point
from devices.unit import HIGHEST_ID, ModbusLink, Unit
from facilityd.errors import LinkOutage
from facilityd.model.quality import Reason
from facilityd.model.sample import SignalType, Stream, Value
from facilityd.model.text import Text

NEIGHBOURS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 16, 32, 247)
SHORT_S = 0.25
OFF_BY_ONE = {
    -1: Text(
        zh="寄存器地址差一：全部地址应减 1。", en="The addresses are off by one: all should be one lower."
    ),
    1: Text(
        zh="寄存器地址差一：全部地址应加 1。", en="The addresses are off by one: all should be one higher."
    ),
}
ASKED = Stream("probe", "probe", "probe", "probe", ("identity",), (SignalType.FLOAT,))


class Diagnosis(StrEnum):
    """What the probe came to."""

    OK = "ok"
    SILENT = "silent"
    OTHER_ID = "other-device-id"
    OFF_BY_ONE = "off-by-one"
    WORD_ORDER = "word-order"
    OTHER_MODEL = "other-model"
    NOT_RECOGNISED = "not-recognised"
    HUNG_UP = "hung-up"
    STRAY_ANSWER = "stray-answer"
    READS_REFUSED = "reads-refused"


@dataclass(frozen=True, slots=True)
class ProbeLine:
    """One line of the identity probe: what was read and what was expected."""

    point: str
    address: int
    doc: str
    value: Value | None
    reason: Reason | None
    expected: str
    ok: bool


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """The lines, the diagnosis, and what to try, most likely first."""

    unit: str
    diagnosis: Diagnosis
    lines: tuple[ProbeLine, ...]
    advice: tuple[Text, ...]


async def probe(link: ModbusLink, unit: Unit, profiles: Mapping[str, ModbusProfile]) -> ProbeReport:
    """Check the identity of one unit. Raises LinkOutage where the link cannot be opened."""
    async with connect(link) as reader:
        try:
            lines = await identity_lines(reader, link, unit)
        except ReadFailed as failed:
            if reader.stray:
                return ProbeReport(unit.id, Diagnosis.STRAY_ANSWER, (), (await strayed(reader, link, unit),))
            return await _silent(reader, link, unit, failed.reason)
        except LinkOutage:
            return ProbeReport(unit.id, Diagnosis.HUNG_UP, (), (HUNG_UP,))
        if all(line.ok for line in lines):
            said = Text(zh="地址、字序和型号均正确。", en="Address, word order and model are right.")
            complete, advice = await planned(reader, link, unit)
            return ProbeReport(
                unit.id, Diagnosis.OK if complete else Diagnosis.READS_REFUSED, lines, (said, *advice)
            )
        found = [one async for one in _alternatives(reader, link, unit, profiles)]
        if not found:
            found = [(Diagnosis.NOT_RECOGNISED, _unknown(lines))]
        return ProbeReport(unit.id, found[0][0], lines, tuple(text for _, text in found))


async def identity_lines(reader: ModbusReader, link: ModbusLink, unit: Unit) -> tuple[ProbeLine, ...]:
    """Return what the identity probe of a unit's model reads there. Raises ReadFailed and LinkOutage."""
    compiled_unit = CompiledUnit.of(plan_unit(replace(unit, streams=(ASKED,), bindings=()), link))
    points = compiled_unit.plan.profile.expanded
    answers = await identify(compiled_unit, reader)
    return tuple(_line(expect, points[expect.point], unit.base, value, why) for expect, value, why in answers)


def _line(
    expect: IdentityCheck, point: Point, base: int, value: Value | None, reason: Reason | None
) -> ProbeLine:
    ok = value is not None and expect.holds(float(value))
    return ProbeLine(
        expect.point, point.address + base, point.doc, value, reason, _expected(expect, point), ok
    )


def _expected(expect: IdentityCheck, point: Point) -> str:
    if expect.between is not None:
        return f"{expect.between[0]:g} … {expect.between[1]:g} {point.unit}".rstrip()
    wanted = expect.one_of or (expect.equals,)
    return " / ".join(f"{one:g}" for one in wanted if one is not None)


async def _recognised(reader: ModbusReader, link: ModbusLink, unit: Unit) -> bool:
    try:
        return all(line.ok for line in await identity_lines(reader, link, unit))
    except (ReadFailed, LinkOutage):
        return False


async def _silent(reader: ModbusReader, link: ModbusLink, unit: Unit, reason: Reason) -> ProbeReport:
    """No unit answers at this address: look for units at others."""
    quick = replace(link, timeout=round(SHORT_S * 1e9))
    near = [unit.device_id - 1, unit.device_id + 1, *NEIGHBOURS]
    ids = [one for one in dict.fromkeys(near) if 1 <= one <= HIGHEST_ID and one != unit.device_id]
    there = [one for one in ids if await _recognised(reader, quick, replace(unit, device_id=one))]
    if there:
        listed = ", ".join(map(str, there))
        text = Text(
            zh=f"站号 {unit.device_id} 无应答，但站号 {listed} 的应答符合该型号：请核对站号。",
            en=f"Nothing at device id {unit.device_id}, but this model answers at {listed}: check the id.",
        )
        return ProbeReport(unit.id, Diagnosis.OTHER_ID, (), (text,))
    return ProbeReport(unit.id, Diagnosis.SILENT, (), _silence_advice(link, unit, reason))


def _silence_advice(link: ModbusLink, unit: Unit, reason: Reason) -> tuple[Text, ...]:
    out = [
        Text(
            zh=f"站号 {unit.device_id} 无应答（{reason}）：检查模块供电和站号拨码。",
            en=f"Nothing at device id {unit.device_id} ({reason}): check its supply and id switches.",
        )
    ]
    if link.protocol == "modbus-tcp" and reason is not Reason.GATEWAY_TARGET:
        out.insert(0, ONE_CONNECTION)
    if link.is_serial_line:
        out.append(
            Text(
                zh=f"检查 A、B 线是否接反、终端电阻，"
                f"以及波特率（现为 {link.baudrate}）和校验位（现为 {link.parity}）。",
                en=f"Check A and B for a swap, the terminating resistor, baud rate (now {link.baudrate}) "
                f"and parity (now {link.parity}).",
            )
        )
    if reason is Reason.GATEWAY_TARGET:
        out.append(
            Text(
                zh="网关在线而其后的模块不答：检查网关下的串行总线。",
                en="The gateway is there, the module behind it is not: check the gateway's serial bus.",
            )
        )
    return tuple(out)


async def _alternatives(
    reader: ModbusReader, link: ModbusLink, unit: Unit, profiles: Mapping[str, ModbusProfile]
) -> AsyncIterator[tuple[Diagnosis, Text]]:
    """Try what usually is wrong, the likeliest first."""
    profile = unit.profile
    if not isinstance(profile, ModbusProfile):
        return
    other = "little" if profile.word_order == "big" else "big"
    if await _recognised(reader, link, replace(unit, profile=_swapped(profile, other))):
        yield (
            Diagnosis.WORD_ORDER,
            Text(
                zh=f"字序相反：应为 {other}（低字在{'前' if other == 'little' else '后'}）。",
                en=f"The word order is the other way round: {other}.",
            ),
        )
    for shift in (-1, 1):
        if await _recognised(reader, link, replace(unit, profile=_moved(profile, shift))):
            yield Diagnosis.OFF_BY_ONE, OFF_BY_ONE[shift]
    others = [candidate for name, candidate in profiles.items() if name != profile.profile]
    found = [one for one in others if await _recognised(reader, link, replace(unit, profile=one))]
    # Registers full of zeros answer like a weather station in a calm: no hint where another says more.
    for candidate in [one for one in found if says_who(one)] or found:
        name, model = candidate.profile, f"{candidate.maker} {candidate.model}"
        yield (
            Diagnosis.OTHER_MODEL,
            Text(zh=f"应答与型号 {name}（{model}）相符。", en=f"It answers like {name} ({model})."),
        )


def _swapped(profile: ModbusProfile, order: str) -> ModbusProfile:
    points = {n: p.model_copy(update={"word_order": order}) for n, p in profile.points.items()}
    return profile.with_points(points)


def _moved(profile: ModbusProfile, shift: int) -> ModbusProfile:
    points = {
        n: p.model_copy(update={"address": max(0, p.address + shift)}) for n, p in profile.points.items()
    }
    return profile.with_points(points)


def _unknown(lines: tuple[ProbeLine, ...]) -> Text:
    if all(line.reason is Reason.ILLEGAL_ADDRESS for line in lines if not line.ok):
        return Text(
            zh="模块在线，但没有这些寄存器（异常码 02）：型号表不符。",
            en="The module answers, but has no such registers (exception 02): the profile does not fit.",
        )
    return Text(
        zh="模块在线，但应答与型号不符：核对型号、固件和接线参数。",
        en="The module answers, but not as this model: check model, firmware and its settings.",
    )
