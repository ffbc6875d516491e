"""What Sparkplug payloads hold, as protobuf wrote them, and what a technician is shown of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.mosquitto import Mosquitto
from support.mqtt_harness import CollectingIntake, until
from support.sparkplug import BORN, DEVICE, LEVEL, born, edge_node, edge_unit, said, until_now, yard
from support.sparkplug_host import LoggedBroker

from devices.mqtt import ListenDiagnosis, ListenReport, probe
from devices.mqtt.sparkplug import SparkplugHost
from devices.mqtt.sparkplug_link import runner_of
from devices.mqtt.sparkplug_payload import parse_payload
from devices.operating_mode import OperatingModeTracker
from devices.unit import MqttLink, SparkplugSettings
from facilityd.model.clock import Clock
from facilityd.model.quality import Reason
from facilityd.recording.format import MqttRecord
from facilityd.recording.tap import Taps


async def test_what_is_historical_is_no_state_of_now(tmp_path: Path) -> None:
    """is_historical (6.4.6): stored on the way, it must neither end nor raise an alarm."""
    async with yard(tmp_path) as (_, heard, node):
        await born(heard, node)
        await node.say(
            "DDATA", device="tank", seq=2, metrics=[{"alias": 7, "value": 9.5, "historical": True}]
        )
        await said(heard, node, 3, 2.5)
        assert 9.5 not in [one.values[0] for one in heard.intake.samples]


async def test_a_recording_holds_what_nodes_say_and_says_nothing(tmp_path: Path) -> None:
    """``facilityd record`` asks for the topics of Sparkplug, and never speaks, whatever the link allows."""
    noted = list[object]()
    broker = LoggedBroker(tmp_path)
    async with broker, edge_node(broker) as node:
        settings = SparkplugSettings(rebirth=True, host_id="facilityd-yard")
        link = MqttLink("broker", "127.0.0.1", broker.port, client_id="recorder", sparkplug=settings)
        intake = CollectingIntake()
        units, mode = [edge_unit(DEVICE)], OperatingModeTracker({})
        runner = runner_of(
            link, units, intake, Clock(), mode, intake.health.append, Taps(noted.append).listen
        )
        task = asyncio.create_task(runner.run())
        await until(lambda: intake.health and intake.health[-1].up)
        await node.say("NDATA", seq=5, metrics=[LEVEL])
        await node.say("NBIRTH", seq=6, bdSeq=0, metrics=[LEVEL])
        await until(lambda: [one.topic for one in noted if isinstance(one, MqttRecord)] == [
            "spBv1.0/yard/NDATA/gw", "spBv1.0/yard/NBIRTH/gw",
        ])  # fmt: skip
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        packets = broker.packets("recorder")
    assert packets
    assert not any("Received PUBLISH" in one or "Will message" in one or "STATE" in one for one in packets)


async def test_null_is_no_value(tmp_path: Path) -> None:
    """is_null (6.4.6), and tck-id-payloads-propertyset-quality-value-value: 0 is bad, 500 stale, 192 good."""
    async with yard(tmp_path) as (_, heard, node):
        await born(heard, node)
        await node.say("DDATA", device="tank", seq=2, metrics=[{"alias": 7, "null": True}])
        await until_now(heard, "tank", {**BORN, "level": Reason.NO_VALUE})
        for seq, quality in ((3, 192), (4, 0), (5, 192), (6, 500)):
            metric = {"alias": 7, "value": seq + 0.5, "quality": quality}
            await node.say("DDATA", device="tank", seq=seq, metrics=[metric])
            expected = seq + 0.5 if quality == 192 else Reason.NO_VALUE
            await until_now(heard, "tank", {**BORN, "level": expected})


async def test_what_is_no_payload_is_counted_and_hurts_nothing(tmp_path: Path) -> None:
    async with yard(tmp_path) as (_, heard, node):
        await born(heard, node)
        for raw in ("ff", "12ff", "00" * 9, "0a" * 50):
            await node.say("DDATA", device="tank", raw=raw)
        await node.say("NBIRTH", raw="18ff07")
        await said(heard, node, 2, 2.5)
        assert heard.runner.malformed == 5


async def test_the_probe_tells_what_a_device_says_and_what_it_cannot_read(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path) as broker, edge_node(broker) as node:
        link = MqttLink("broker", "127.0.0.1", broker.port, sparkplug=0)

        async def listened(*messages: dict[str, Any]) -> ListenReport:
            task = asyncio.create_task(probe(link, edge_unit(DEVICE), 2.0))
            while not task.done():
                for message in messages:
                    await node.say(**message)
                await asyncio.wait({task}, timeout=0.5)
            return await task

        data = {"kind": "DDATA", "device": "tank", "seq": 2, "metrics": [{"alias": 7, "value": 2.5}]}
        unborn = await listened(data)
        assert (unborn.diagnosis, unborn.heard[0].payload) == (
            ListenDiagnosis.OTHER_MESSAGES,
            "no birth was heard of it",
        )
        births = [
            {"kind": "NBIRTH", "seq": 0, "bdSeq": 0},
            {"kind": "DBIRTH", "device": "tank", "seq": 1, "metrics": [LEVEL]},
        ]
        well = await listened(*births, data)
        assert well.diagnosis is ListenDiagnosis.OK
        assert {"level": "2.5"} in [one.values for one in well.heard]


TYPES: list[tuple[str, Any]] = [
    ("INT8", -1), ("INT8", -128), ("INT16", 32767), ("INT32", -2147483648), ("INT64", -(2**53)), ("UINT8", 255),
    ("UINT16", 65535), ("UINT32", 4294967295), ("UINT64", 2**53), ("FLOAT", 1.5), ("DOUBLE", -0.1),
]  # fmt: skip


async def test_every_type_of_number_is_the_one_that_protobuf_wrote(tmp_path: Path) -> None:
    """tck-id-payloads-metric-datatype-value: with the sign of the birth's type, for data need not repeat it."""
    async with yard(tmp_path) as (_, heard, node):
        await node.say("NBIRTH", seq=0, bdSeq=0, metrics=[])
        for n, (kind, value) in enumerate(TYPES):
            alias = 100 + n
            metrics = [{"name": "Tank/Level", "alias": alias, "type": kind, "value": 0}]
            await node.say("DBIRTH", device="tank", seq=(1 + 2 * n) % 256, metrics=metrics)
            await node.say(
                "DDATA",
                device="tank",
                seq=(2 + 2 * n) % 256,
                metrics=[{"alias": alias, "type": kind, "value": value}],
            )
            await until_now(heard, "tank", {"level": value})


@given(
    st.lists(
        st.tuples(st.sampled_from(["NBIRTH", "NDATA", "NDEATH", "NCMD", "STATE"]), st.binary(max_size=60))
    )
)
def test_whatever_comes_raises_nothing(messages: list[tuple[str, bytes]]) -> None:
    host = SparkplugHost(0.0)
    for kind, payload in messages:
        host.hear(f"spBv1.0/yard/{kind}/gw", payload, 0.0)
        host.expire(0.0)
    assert host.deadline is None


@pytest.mark.parametrize(
    "payload", [b"\x12\x04\x0a\x02\xff\xfe", b"\x12\x05\x0a", b"\x0b", b"\xff" * 11, b"\x00" * 300_000]
)
def test_what_is_no_payload_is_a_value_error(payload: bytes) -> None:
    with pytest.raises(ValueError):
        parse_payload(payload)
