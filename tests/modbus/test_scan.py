"""Who answers on a link and what it is: on real sockets and pseudo-terminals, against the simulators."""

from __future__ import annotations

import asyncio
import os
import pty
import termios
import tty
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from support.cupboard import cupboard
from support.modbus_harness import MODEL, link_to, profile, served, unit
from support.virtual import in_virtual_time
from wire_units import unit_of

from devices.modbus.identity import coincidence, says_who
from devices.modbus.plan import plan_unit
from devices.modbus.scan import AnsweringUnit, LinkScan
from devices.profile import ModbusProfile, Table
from devices.tables import profiles
from devices.unit import ModbusLink
from facilityd.errors import LinkOutage
from simulators.endpoint import READS
from simulators.framing import MBAP, RTU
from simulators.hazards import hazard
from simulators.modbus_rtu import SerialEndpoint
from simulators.modbus_tcp import TcpEndpoint
from simulators.register_map import RegisterMap

MODELS = {name: one for name, one in profiles().items() if isinstance(one, ModbusProfile)}
CUPBOARD = {
    1: "eastron_sdm630",
    3: "delta_ms300",
    5: "renke_rs_fsjt",
    9: "chint_dtsu666",
    12: "vaisala_wxt530",
}
QUICK_S = 0.1
OTHERS_QUESTION = bytes.fromhex("050300000001 844E".replace(" ", ""))
"""Unit 5 is asked by somebody else for its register 0."""


def _maps(models: dict[int, str]) -> dict[int, RegisterMap]:
    return {number: RegisterMap(unit_of(MODELS[name], device_id=number)) for number, name in models.items()}


def _cupboard(
    models: dict[int, str], protocol: str = "modbus-tcp"
) -> AbstractAsyncContextManager[TcpEndpoint]:
    tcp = protocol == "modbus-tcp"
    return cupboard(models, MBAP if tcp else RTU, gateway=tcp)


async def _scanned(
    link: ModbusLink, ids: range, models: dict[str, ModbusProfile] = MODELS, timeout_s: float = QUICK_S
) -> list[AnsweringUnit]:
    return [one async for one in LinkScan(link, tuple(ids), models, timeout_s).units()]


@pytest.mark.parametrize("protocol", ["modbus-tcp", "modbus-rtu-over-tcp"])
async def test_a_cupboard_is_told_apart_on_a_real_socket_and_only_read(protocol: str) -> None:
    async with _cupboard(CUPBOARD, protocol) as endpoint:
        found = await _scanned(link_to(endpoint, protocol), range(1, 14))
    assert [one.device_id for one in found] == list(CUPBOARD)
    for one in found:
        assert CUPBOARD[one.device_id] in one.fits
        assert (one.certain or one.likely) == (len(one.fits) == 1), one
        assert one.likely == (one.device_id == 3), "the Delta's DC link is a range that others may pass"
    assert found[2].fits == ("dfrobot_sen0483", "renke_rs_fsjt"), "these two have no model code"
    assert {function for function, _ in endpoint.witness.items()} <= READS


@in_virtual_time
async def test_a_model_that_is_not_known_is_there_and_nothing_more() -> None:
    other = profile(profile="other", identity=[{"point": "first", "equals": 77}])
    async with served([unit(4)]) as endpoint:
        (found,) = await _scanned(link_to(endpoint), range(1, 6), {"other": other})
    assert found == AnsweringUnit(4)


@in_virtual_time
async def test_whose_registers_happen_to_fit_a_range_is_not_named_for_sure() -> None:
    pump = profile(profile="pump", identity=[{"point": "first", "between": [1, 1000]}])
    coded = profile(profile="coded", identity=[{"point": "model", "equals": MODEL}])
    async with served([unit(4)]) as endpoint:
        (alone,) = await _scanned(link_to(endpoint), range(4, 5), {"pump": pump})
        (both,) = await _scanned(link_to(endpoint), range(4, 5), {"pump": pump, "coded": coded})
    assert (alone.fits, alone.certain, alone.likely) == (("pump",), False, True)
    assert (both.fits, both.certain, both.likely) == (("coded",), True, False), "a model code beats a range"


@pytest.mark.parametrize(
    ("identity", "share"),
    [
        ([{"point": "first", "equals": 7}], 1 / 65_536),
        ([{"point": "first", "between": [0, 60000]}], 60_001 / 65_536),
        ([{"point": "first", "one_of": [1, 2, 3]}, {"point": "second", "between": [0, 6]}], 3 * 7 / 2**32),
        ([{"point": "precise", "between": [1.0, 2.0]}], (2**23 + 1) / 2**32),
        ([{"point": "precise", "between": [-1.0, 2.0]}], (0x40000000 + 1 + 0x3F800000 + 1) / 2**32),
    ],
)
def test_how_likely_it_is_that_an_unknown_unit_passes(
    identity: list[dict[str, object]], share: float
) -> None:
    assert coincidence(profile(identity=identity)) == pytest.approx(share)


@in_virtual_time
async def test_a_device_that_does_not_look_at_the_id_is_one_device() -> None:
    async with served([replace(unit(1), device_id=n) for n in range(1, 33)]) as endpoint:
        (found,) = await _scanned(link_to(endpoint), range(1, 33), {"harness": profile()})
    assert (found.device_id, found.any_id, found.fits) == (1, True, ("harness",))


@in_virtual_time
async def test_registers_full_of_zeros_are_nothing_known() -> None:
    weak = profile(profile="weak", identity=[{"point": "first", "between": [0, 60]}])
    assert not says_who(weak)
    async with served([unit(1)]) as endpoint:
        both = await _scanned(link_to(endpoint), range(1, 2), {"weak": weak, "harness": profile()})
        alone = await _scanned(link_to(endpoint), range(1, 2), {"weak": weak})
    assert (both[0].fits, both[0].certain) == (("harness",), True)
    assert (alone[0].fits, alone[0].certain) == (("weak",), False)


@in_virtual_time
async def test_a_slow_unit_is_found_by_its_late_answer() -> None:
    async with served([unit(2), unit(5)], "modbus-rtu-over-tcp") as endpoint:
        endpoint.inject(2, hazard("late", seconds=0.3))
        link = link_to(endpoint, "modbus-rtu-over-tcp")
        found = await _scanned(link, range(1, 8), {"harness": profile()})
    assert sorted(one.device_id for one in found) == [2, 5]


async def test_one_that_hangs_up_on_everybody_is_left_alone() -> None:
    opened = 0

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        link = ModbusLink("link", "modbus-tcp", "127.0.0.1", server.sockets[0].getsockname()[1])
        with pytest.raises(LinkOutage, match="hangs up again and again; it probably allows one master only"):
            await _scanned(link, range(1, 200))
    assert opened == 3


def test_no_identity_probe_reads_what_changes_another_model_by_being_read() -> None:
    """A scan asks an unknown unit what every model is known by."""
    link = ModbusLink("link", "modbus-tcp")
    tender = {
        (point.table, point.address + n)
        for model in MODELS.values()
        for point in model.expanded.values()
        for n in range(point.words)
        if point.side_effect
    }
    assert tender, "there are such registers"
    assert (Table.HOLDING, 0) not in tender
    assert (Table.INPUT, 0) not in tender
    for name, model in MODELS.items():
        for read in plan_unit(unit_of(model), link).identity:
            asked = {(read.table, read.address + n) for n in range(read.count)}
            assert not asked & tender, name


# --- serial lines --------------------------------------------------------------------------


class MixedSpeedLine(SerialEndpoint):
    """Units of which each hears only what is sent at its own speed, as the line is set at that moment."""

    def __init__(self, models: dict[int, str], speeds: dict[int, int], path: Path) -> None:
        super().__init__(_maps(models), path)
        self._speeds, self._line = speeds, -1

    def open(self) -> None:
        super().open()
        self._line = os.open(self.address, os.O_RDWR | os.O_NOCTTY)

    def close(self) -> None:
        os.close(self._line)
        super().close()

    def _said(self, unit: int, function: int, address: int, count: int) -> bytes:
        heard = termios.tcgetattr(self._line)[5] == getattr(termios, f"B{self._speeds.get(unit, 0)}")
        return super()._said(unit, function, address, count) if heard else b""


@asynccontextmanager
async def _line(path: Path, speeds: dict[int, int]) -> AsyncIterator[MixedSpeedLine]:
    endpoint = MixedSpeedLine(CUPBOARD, speeds, path)
    endpoint.open()
    try:
        yield endpoint
    finally:
        endpoint.close()


async def test_units_at_mixed_speeds_are_each_found_at_their_own(tmp_path: Path) -> None:
    speeds = {1: 9600, 3: 19200, 5: 4800, 9: 9600, 12: 19200}
    found: dict[int, list[int]] = {}
    async with _line(tmp_path / "tty", speeds) as endpoint:
        for speed in (9600, 19200, 4800):
            link = ModbusLink("serial", "modbus-rtu", serial_port=endpoint.address, baudrate=speed)
            units = await _scanned(link, range(1, 14), timeout_s=0.2)
            found[speed] = [one.device_id for one in units]
            if speed == 4800:
                assert units[0].fits[0] == "renke_rs_fsjt", "its factory speed is that of this line"
        assert set(endpoint.witness) <= READS
    assert found == {9600: [1, 9], 19200: [3, 12], 4800: [5]}


async def test_a_line_on_which_somebody_talks_is_not_asked() -> None:
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    try:
        link = ModbusLink("serial", "modbus-rtu", serial_port=os.ttyname(theirs))
        asking = asyncio.create_task(_scanned(link, range(1, 5)))
        while not asking.done():
            os.write(ours, OTHERS_QUESTION)
            await asyncio.sleep(0.1)
        with pytest.raises(LinkOutage, match="another master is at work"):
            await asking
        os.set_blocking(ours, False)
        with pytest.raises(BlockingIOError):
            os.read(ours, 1)
    finally:
        os.close(ours)
        os.close(theirs)
