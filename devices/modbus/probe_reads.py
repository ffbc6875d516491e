"""For a technician: whether what the daemon will ask is granted, and whose answer it is that comes."""

from __future__ import annotations

from dataclasses import replace

from devices.modbus.compiled_unit import CompiledUnit
from devices.modbus.plan import MergedRead, plan_unit
from devices.modbus.poll import poll
from devices.modbus.reader import ModbusReader, ReadFailed
from devices.unit import HIGHEST_ID, ModbusLink, Unit
from facilityd.errors import LinkOutage
from facilityd.model.clock import Clock
from facilityd.model.text import Text

SHORT_S = 0.5
ONE_CONNECTION = Text(
    zh="连接已建立而无应答：不少设备只允许一个连接，可能已被 facilityd 或 PLC 占用；先停止它们再试。",
    en="The connection stands and nothing answers: many devices allow one connection only, and facilityd "
    "or a PLC may hold it. Stop them and try again.",
)
HUNG_UP = Text(
    zh="对方接受连接后立即挂断：很可能只允许一个连接，已被 facilityd 或 PLC 占用；先停止它们再试。",
    en="It took the connection and hung up: it probably allows one connection only, which facilityd or a "
    "PLC holds. Stop them and try again.",
)


async def planned(reader: ModbusReader, link: ModbusLink, unit: Unit) -> tuple[bool, tuple[Text, ...]]:
    """Try every read of the plan; return whether each value can be had, and what stands in the way."""
    if not unit.bindings:
        return True, ()
    compiled_unit = CompiledUnit.of(plan_unit(unit, link))
    try:
        result = await poll(compiled_unit, reader, Clock())
    except LinkOutage:
        return False, (HUNG_UP,)
    now = [read for read, _ in compiled_unit.blocks]
    parts = {
        (read.address, read.count): _parts(read, now) for read in compiled_unit.plan.reads if read not in now
    }
    advice = [
        _refused(read, parts[read.address, read.count], unit)
        for read in compiled_unit.plan.reads
        if read not in now
    ]
    missing = [
        f"{sample.stream.device}.{sample.stream.signals[index]} ({reason})"
        for sample in result.samples
        for index, reason in sorted(sample.reasons.items())
        if reason.is_silence or reason.value.startswith("exception")
    ]
    if missing:
        listed = ", ".join(missing)
        advice.append(
            Text(
                zh=f"以下信号读不到：{listed}。核对固件版本，或改绑其他点。",
                en=f"These signals cannot be read: {listed}. Check the firmware, or bind other points.",
            )
        )
    return not missing, tuple(advice)


def _parts(read: MergedRead, now: list[MergedRead]) -> int:
    end = read.address + read.count
    return sum(one.table is read.table and read.address <= one.address < end for one in now)


def _refused(read: MergedRead, parts: int, unit: Unit) -> Text:
    what = f"{read.count} × {read.table.value} @ {read.address}"
    return Text(
        zh=f"合并读取 {what} 被拒绝，将分 {parts} 次读取；"
        f"可在型号 {unit.profile.profile} 中减小 max_gap 或 max_block。",
        en=f"The merged read {what} is refused and will be made in {parts} parts; a smaller max_gap or "
        f"max_block in profile {unit.profile.profile} saves the attempt.",
    )


async def strayed(reader: ModbusReader, link: ModbusLink, unit: Unit) -> Text:
    """Return what is wrong with an answer that belongs to another question. Raises nothing."""
    stray = reader.stray
    if stray is None:
        raise ValueError("no answer has strayed")
    if stray.device_id == unit.device_id:
        return Text(
            zh=f"有应答，但事务号为 {stray.answered}（应为 {stray.asked}）：网关有误或应答过迟。"
            "若恒为 0，在型号中写 allow_transaction_id_0: true。",
            en=f"It answers, but with transaction id {stray.answered} (asked with {stray.asked}): "
            "the gateway is faulty or late. Where it is always 0, write allow_transaction_id_0: true "
            "in the profile.",
        )
    other = next(n for n in range(1, HIGHEST_ID) if n not in (unit.device_id, stray.device_id))
    if await _answering(reader, link, replace(unit, device_id=other)) == stray.device_id:
        return Text(
            zh=f"无论问哪个站号，应答都写站号 {stray.device_id}：网关改写了站号，无法确认其后是哪台设备。"
            f"关闭网关的站号改写；若其后只有一台设备，可写 device_id: {stray.device_id}。",
            en=f"Whatever device id is asked, the answer says {stray.device_id}: the gateway rewrites ids, "
            "and who is behind it cannot be told. Switch that off in the gateway; where it has one device "
            f"only, write device_id: {stray.device_id}.",
        )
    return Text(
        zh=f"问站号 {unit.device_id}，应答来自站号 {stray.device_id}：核对站号和网关设置。",
        en=f"Device id {unit.device_id} was asked, {stray.device_id} answered: check the id and the gateway.",
    )


async def _answering(reader: ModbusReader, link: ModbusLink, unit: Unit) -> int | None:
    """Return the device id that an answer to one question carries, if not the one asked."""
    read = plan_unit(replace(unit, bindings=()), link).identity[0]
    try:
        await reader.read(read.table, unit.device_id, read.address, read.count, timeout_s=SHORT_S)
    except (ReadFailed, LinkOutage):
        return reader.stray.device_id if reader.stray else None
    return None
