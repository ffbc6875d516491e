"""A whole site served: every kind of link at once, one truth behind them."""

from __future__ import annotations

import asyncio

import aiomqtt
import pytest
from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from support.servers import free_port
from wire_units import LAB, LAMP, PLUG, truth, unit_of

from devices.unit import ModbusLink, MqttLink
from facilityd.errors import UsageError
from simulators.broker import broker
from simulators.hazards import hazard
from simulators.mqtt_hazards import mqtt_hazard
from simulators.site import serve

UNITS = [
    unit_of(LAB, "drive", link="tcp"),
    unit_of(LAMP, "lamp1", link="tcp", device_id=7),
    unit_of(LAMP, "lamp2", link="tcp", device_id=7, base=100),
    unit_of(LAB, "meter", link="bus", device_id=3),
    unit_of(LAB, "pump", link="gateway", device_id=5),
]


def links(tmp_path):
    return [
        ModbusLink("tcp", "modbus-tcp", "10.0.0.9", 0),
        ModbusLink("bus", "modbus-rtu", serial_port=str(tmp_path / "bus"), baudrate=115200),
        ModbusLink("gateway", "modbus-rtu-over-tcp", "10.0.0.8", 0, baudrate=115200),
    ]


@pytest.fixture
async def site(tmp_path):
    world = {**truth("drive", speed=7), ("lamp2", "level"): 80, **truth("meter", speed=8)}
    async with serve(UNITS, links(tmp_path), lambda: world, tick=0.02) as field:
        yield field, world


async def read(client, address, count=1, device=1):
    assert await client.connect()
    try:
        answer = await client.read_holding_registers(address, count=count, device_id=device)
        return answer.registers if not answer.isError() else answer.exception_code
    finally:
        client.close()


def tcp(field, link="tcp", framer=FramerType.SOCKET):
    return AsyncModbusTcpClient(
        "127.0.0.1", port=field.port(link), framer=framer, retries=0, timeout=1, reconnect_delay=0
    )


async def test_every_link_answers_with_the_truth(site):
    field, world = site
    assert await read(tcp(field), 3, 2) == [7, 0]
    assert await read(tcp(field), 106, device=7) == [80]
    bus = AsyncModbusSerialClient(field.endpoint("bus").address, baudrate=115200, retries=0, timeout=1)
    assert await read(bus, 3, 2, device=3) == [8, 0]
    assert await read(tcp(field, "gateway", FramerType.RTU), 0, device=5) == [380]
    world["drive", "speed"] = 9
    reads = 5
    while await read(tcp(field), 3, 2) != [9, 0]:
        reads += 1
    assert field.witness == {3: reads}
    assert field.commands == 0


async def test_a_tcp_port_with_several_units_is_a_gateway(site):
    field, _ = site
    assert await read(tcp(field), 0, device=99) == 0x0B


async def test_hazards_by_unit_and_name(site):
    field, _ = site
    field.inject("drive", "device-busy")
    assert await read(tcp(field), 0) == 6
    field.inject("drive", hazard("gateway-target"))
    assert await read(tcp(field), 0) == 0x0B
    field.inject("drive", None)
    assert await read(tcp(field), 0) == [380]


async def test_a_write_is_seen(site):
    field, _ = site
    client = tcp(field)
    await client.connect()
    assert (await client.write_register(0, 1, device_id=1)).exception_code == 1
    client.close()
    assert field.commands == 1


async def test_mistakes_are_named(site):
    field, _ = site
    with pytest.raises(UsageError, match="no simulated unit 'dive'; known: drive"):
        field.inject("dive", "silent")
    with pytest.raises(UsageError, match="does not fit a Modbus unit"):
        field.inject("drive", mqtt_hazard("silent"))
    with pytest.raises(UsageError, match="serial line"):
        field.port("bus")
    with pytest.raises(UsageError, match="no simulated Modbus link"):
        field.endpoint("nowhere")


async def test_mqtt_units_publish_through_the_broker_of_their_link():
    port = free_port()
    plug = unit_of(PLUG, "plug", link="broker", topic="site/plug")
    link = MqttLink("broker", "127.0.0.1", port, "3.1.1")
    async with (
        broker(port),
        aiomqtt.Client("127.0.0.1", port) as ear,
        serve([plug], [link], lambda: truth("plug", power=5.0), publish_every=0.2) as field,
    ):
        await ear.subscribe("site/plug/status/switch:0")
        async with asyncio.timeout(5):
            assert b'"apower": 5.0' in (await anext(aiter(ear.messages))).payload
        field.inject("plug", "silent")
        with pytest.raises(UsageError, match="does not fit an MQTT unit"):
            field.inject("plug", hazard("silent"))


async def test_a_bug_in_the_physics_ends_the_site_as_it_is(tmp_path):
    calls = []

    def physics():
        calls.append(1)
        return {} if len(calls) < 3 else 1 / 0

    with pytest.raises(ZeroDivisionError):
        async with serve(UNITS, links(tmp_path), physics, tick=0.01):
            await asyncio.Event().wait()
    assert not (tmp_path / "bus").is_symlink()


async def test_an_error_of_the_body_comes_out_unwrapped(tmp_path):
    with pytest.raises(KeyError):
        async with serve(UNITS, links(tmp_path), dict):
            raise KeyError


async def test_a_taken_port_leaves_nothing_open(tmp_path, site):
    field, _ = site
    taken = ModbusLink("tcp", "modbus-tcp", "", field.port("tcp"))
    bus = ModbusLink("bus", "modbus-rtu", serial_port=str(tmp_path / "other"))
    with pytest.raises(UsageError, match="cannot listen"):
        async with serve(UNITS, [bus, taken], dict):
            pass
    assert not (tmp_path / "other").is_symlink()
