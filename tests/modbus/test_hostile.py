"""A hostile field: whatever a unit or its line does, a wrong value is never marked good.

The rows are those of docs/reference/reliability.md §5.1 that a master can meet; each ends with the unit behaving
again, and the adapter reading it again.
"""

from __future__ import annotations

import asyncio
import logging

import pytest
from support.modbus_harness import link_to, running_bus, served, unit, until
from support.virtual import in_virtual_time

from devices.modbus.client import connect, connect_pymodbus
from devices.modbus.reader import Connect
from facilityd.model.quality import Reason
from simulators.framing import Frame
from simulators.hazards import Hazard, hazard

SILENT = {Reason.TIMEOUT, Reason.MALFORMED, Reason.LINK_DOWN, Reason.SKIPPED, Reason.IDENTITY}
CASES: list[tuple[str, str, dict[str, object], set[Reason]]] = [
    ("modbus-tcp", "silent", {}, SILENT),
    ("modbus-tcp", "late", {"seconds": 0.35}, SILENT),
    ("modbus-tcp", "shifted", {}, SILENT),
    ("modbus-tcp", "wrong-unit", {}, SILENT),
    ("modbus-tcp", "wrong-function", {}, {Reason.MALFORMED, Reason.TIMEOUT, Reason.LINK_DOWN}),
    ("modbus-tcp", "transaction-zero", {}, {Reason.MALFORMED, Reason.TIMEOUT, Reason.LINK_DOWN}),
    ("modbus-tcp", "transaction-wrong", {}, SILENT),
    ("modbus-tcp", "fewer-registers", {}, {Reason.MALFORMED, Reason.TIMEOUT, Reason.LINK_DOWN}),
    ("modbus-tcp", "truncated", {}, SILENT),
    ("modbus-tcp", "garbage", {}, SILENT),
    ("modbus-tcp", "device-failure", {}, {Reason.DEVICE_FAILURE}),
    ("modbus-tcp", "device-busy", {}, {Reason.DEVICE_BUSY}),
    ("modbus-tcp", "gateway-path", {}, {Reason.GATEWAY_PATH}),
    ("modbus-tcp", "gateway-target", {}, {Reason.GATEWAY_TARGET}),
    ("modbus-tcp", "half-open", {}, SILENT),
    ("modbus-tcp", "refused", {}, SILENT),
    ("modbus-tcp", "flapping", {}, SILENT),
    ("modbus-tcp", "no-value", {}, {Reason.NO_VALUE, Reason.NOT_A_NUMBER}),
    ("modbus-rtu-over-tcp", "silent", {}, SILENT),
    ("modbus-rtu-over-tcp", "late", {"seconds": 0.35}, SILENT),
    ("modbus-rtu-over-tcp", "shifted", {}, SILENT),
    ("modbus-rtu-over-tcp", "wrong-unit", {}, SILENT),
    ("modbus-rtu-over-tcp", "fewer-registers", {}, SILENT),
    ("modbus-rtu-over-tcp", "truncated", {}, SILENT),
    ("modbus-rtu-over-tcp", "noise", {}, SILENT),
    ("modbus-rtu-over-tcp", "bad-crc", {}, SILENT),
    ("modbus-rtu-over-tcp", "garbage", {}, SILENT),
]


PATHS: list[tuple[str, Connect]] = [("own", connect), ("pymodbus", connect_pymodbus)]
"""Modbus TCP goes both ways; what frames a serial line has goes by pymodbus alone."""
BOTH = [
    (path, how, *case) for case in CASES for path, how in PATHS if path == "own" or case[0] == "modbus-tcp"
]


@pytest.mark.parametrize(
    ("path", "opener", "protocol", "name", "options", "expected"),
    BOTH,
    ids=lambda v: v if isinstance(v, str) else "",
)
@in_virtual_time
async def test_a_wrong_value_is_never_good(
    path: str,
    opener: Connect,
    protocol: str,
    name: str,
    options: dict[str, object],
    expected: set[Reason],
    caplog: pytest.LogCaptureFixture,
) -> None:
    one = unit()
    async with (
        served([one], protocol) as endpoint,
        running_bus(link_to(endpoint, protocol), [one], opener=opener) as intake,
    ):
        await until(lambda: len(intake.good()) >= 2)
        endpoint.inject(None if name in ("half-open", "refused") else 1, hazard(name, **options))
        await until(lambda: intake.reasons() & expected, 12)
        await asyncio.sleep(1.2)
        endpoint.inject(None if name in ("half-open", "refused") else 1, None)
        before = len(intake.good())
        await until(lambda: len(intake.good()) > before + 1, 25)
    assert intake.wrong() == []
    assert intake.reasons() & expected
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR], caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("protocol", "name", "target"),
    [
        ("modbus-tcp", "half-open", None),
        ("modbus-tcp", "refused", None),
        ("modbus-tcp", "flapping", 1),
        ("modbus-tcp", "garbage", 1),
        ("modbus-rtu-over-tcp", "truncated", 1),
    ],
)
async def test_nor_on_a_real_connection(protocol: str, name: str, target: int | None) -> None:
    """What the cases above have in memory, with the sockets of this machine between."""
    one = unit()
    async with served([one], protocol) as endpoint, running_bus(link_to(endpoint, protocol), [one]) as intake:
        await until(lambda: len(intake.good()) >= 2)
        endpoint.inject(target, hazard(name))
        await until(lambda: intake.reasons() & SILENT, 12)
        endpoint.inject(target, None)
        before = len(intake.good())
        await until(lambda: len(intake.good()) > before + 1, 25)
    assert intake.wrong() == []


@pytest.mark.parametrize("late", range(4, 12))
@in_virtual_time
async def test_a_line_that_comes_into_step_in_the_midst_of_a_poll_is_not_believed(late: int) -> None:
    one, held, seen = unit(), [], 0

    def shift(answer: Frame) -> Frame | None:
        nonlocal seen
        seen += 1
        if seen > late:
            return answer
        held.append(answer)
        return held.pop(0) if len(held) > 1 else None

    async with (
        served([one], "modbus-rtu-over-tcp") as endpoint,
        running_bus(link_to(endpoint, "modbus-rtu-over-tcp"), [one]) as intake,
    ):
        await until(lambda: len(intake.good()) >= 2)
        endpoint.inject(1, Hazard(alter=shift))
        await until(lambda: seen > late, 20)
        before = len(intake.good())
        await until(lambda: len(intake.good()) > before + 1, 25)
    assert intake.wrong() == []


@in_virtual_time
async def test_what_was_answered_before_a_lost_answer_is_kept() -> None:
    one = unit()
    lost = Hazard(
        alter=lambda answer: None if len(answer.pdu) == 6 and answer.pdu[2:] == b"\x3f\xc0\0\0" else answer
    )
    async with served([one]) as endpoint, running_bus(link_to(endpoint), [one]) as intake:
        await until(lambda: len(intake.good()) >= 2)
        endpoint.inject(1, lost)
        await until(lambda: len([s for s in intake.of(1) if s.reasons]) >= 5)
        half = [s for s in intake.of(1) if s.reasons]
    assert {tuple(s.reasons.items()) for s in half} == {((3, Reason.TIMEOUT),)}
    assert {s.values for s in half} == {(11.0, 22.0, 333333.0, None)}


@in_virtual_time
async def test_slow_single_bytes_are_read_right() -> None:
    one = unit()
    async with served([one]) as endpoint:
        endpoint.inject(1, hazard("byte-by-byte", gap=0.002))
        async with running_bus(link_to(endpoint), [one]) as intake:
            await until(lambda: len(intake.good()) >= 3)
    assert intake.wrong() == []


@in_virtual_time
async def test_a_megabyte_of_garbage_is_survived() -> None:
    one = unit()
    flood = Hazard(emit=lambda data: ((0.0, bytes(range(256)) * 4096), (0.0, data)))
    async with served([one]) as endpoint, running_bus(link_to(endpoint), [one]) as intake:
        await until(lambda: len(intake.good()) >= 2)
        endpoint.inject(1, flood)
        await asyncio.sleep(2.0)
        endpoint.inject(1, None)
        before = len(intake.good())
        await until(lambda: len(intake.good()) > before + 1, 25)
    assert intake.wrong() == []


@in_virtual_time
async def test_a_wrong_word_order_is_not_believed() -> None:
    one = unit()
    async with served([one]) as endpoint:
        endpoint.inject(1, hazard("word-order"))
        async with running_bus(link_to(endpoint), [one]) as intake:
            await until(lambda: len(intake.of(1)) >= 4)
            assert intake.reasons() == {Reason.IDENTITY}
            assert intake.good() == []
            endpoint.inject(1, None)
            await until(lambda: len(intake.good()) >= 2)
    assert intake.wrong() == []
