"""Sparkplug B through a real Mosquitto, from pysparkplug's edge node: rules of the Eclipse TCK 3.0 by their ids.

Those of a host that only listens, and those that a node keeps and a host relies on. What a host says is in
test_sparkplug_state.py and test_sparkplug_rebirth.py.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from support.mosquitto import Mosquitto
from support.mqtt_harness import until
from support.sparkplug import BORN, COUNT, LEVEL, ON, Heard, born, edge_node, listening, said, until_now, yard

from devices.mqtt.subscriber import listen
from devices.unit import MqttLink
from facilityd.model.quality import Reason


async def test_births_give_names_types_and_values(tmp_path: Path) -> None:
    """tck-id-payloads-alias-birth-requirement, tck-id-payloads-metric-datatype-req."""
    async with yard(tmp_path) as (_, heard, node):
        await born(heard, node)


async def test_data_is_read_by_the_aliases_of_the_birth(tmp_path: Path) -> None:
    """tck-id-payloads-alias-data-cmd-requirement, tck-id-payloads-metric-datatype-not-req."""
    async with yard(tmp_path) as (_, heard, node):
        await born(heard, node)
        await node.say("DDATA", device="tank", seq=2, metrics=[
            {"alias": 7, "value": 2.5}, {"alias": 8, "type": "INT16", "value": -32768}, {"alias": 9, "type": "BOOLEAN", "value": False},
        ])  # fmt: skip
        await until_now(heard, "tank", {"level": 2.5, "count": -32768, "on": False})


async def test_data_that_is_named_needs_no_alias(tmp_path: Path) -> None:
    """tck-id-payloads-name-requirement: aliases are a node's own choice."""
    async with yard(tmp_path) as (_, heard, node):
        await born(heard, node)
        await node.say("DDATA", device="tank", seq=2, metrics=[{"name": "Tank/Level", "value": 3.5}])
        await until_now(heard, "tank", {**BORN, "level": 3.5})


async def test_a_new_birth_gives_the_aliases_a_new_meaning(tmp_path: Path) -> None:
    """tck-id-payloads-alias-uniqueness: of one birth, not for ever."""
    async with yard(tmp_path) as (_, heard, node):
        await born(heard, node)
        await node.say("NBIRTH", seq=0, bdSeq=0, metrics=[COUNT])
        await node.say(
            "DBIRTH", device="tank", seq=1, metrics=[{**LEVEL, "alias": 8}, {**COUNT, "alias": 7}, ON]
        )
        await node.say("DDATA", device="tank", seq=2, metrics=[{"alias": 8, "value": 6.5}])
        await until_now(heard, "tank", {"level": 6.5, "count": -3})


async def test_a_node_s_death_makes_everything_stale(tmp_path: Path) -> None:
    """tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-offline, …-node-tags-stale,
    …-devices-offline, …-devices-tags-stale: published by the broker, as the node's will."""
    async with yard(tmp_path, bd_seq=5) as (_, heard, node):
        await born(heard, node, bd_seq=5)
        await node.kill()
        await until(lambda: heard.is_stale("gw") and heard.is_stale("tank"))


async def test_a_death_of_an_earlier_session_is_ignored(tmp_path: Path) -> None:
    """tck-id-payloads-nbirth-bdseq, tck-id-payloads-nbirth-bdseq-repeat: a will is of one session."""
    async with yard(tmp_path) as (_, heard, node):
        await born(heard, node, bd_seq=6)
        await node.say("NDEATH", bdSeq=5, qos=1)
        await said(heard, node, 2, 2.5)
        assert not any(Reason.OFFLINE in one.reasons.values() for one in heard.intake.samples)
        await node.say("NDEATH", bdSeq=6, qos=1)
        await until(lambda: heard.is_stale("tank"))


async def test_a_device_s_death_is_that_device_s_alone(tmp_path: Path) -> None:
    """tck-id-operational-behavior-edge-node-termination-host-action-ddeath-devices-offline, …-ddeath-devices-tags-stale."""
    async with yard(tmp_path) as (_, heard, node):
        await born(heard, node)
        await node.say("DDEATH", device="tank", seq=2)
        await until(lambda: heard.is_stale("tank"))
        assert heard.now("gw")["count"] == -3
        await node.say("DDATA", device="tank", seq=3, metrics=[{"alias": 7, "value": 9.5}])
        await node.say("NDATA", seq=4, metrics=[{"alias": 8, "type": "INT16", "value": 4}])
        await until_now(heard, "gw", {"count": 4})
        assert heard.is_stale("tank"), "it has to be born again"


async def test_a_node_s_birth_ends_what_its_devices_were(tmp_path: Path) -> None:
    """tck-id-message-flow-device-birth-publish-nbirth-wait: its devices are born again after it."""
    async with yard(tmp_path) as (_, heard, node):
        await born(heard, node)
        await node.say("NBIRTH", seq=0, bdSeq=0, metrics=[COUNT])
        await until(lambda: heard.is_stale("tank"))
        assert heard.now("gw")["count"] == -3


@pytest.mark.parametrize("seq", [0, 100, 254, 255])
async def test_the_numbers_begin_anywhere_and_turn_over(tmp_path: Path, seq: int) -> None:
    """tck-id-payloads-nbirth-seq, tck-id-payloads-sequence-num-incrementing, tck-id-payloads-dbirth-seq-inc,
    tck-id-payloads-ddata-seq-inc."""
    async with yard(tmp_path) as (_, heard, node):
        await born(heard, node, seq=seq)
        for n in range(2, 5):
            await said(heard, node, (seq + n) % 256, n + 0.5)
        assert (heard.runner.gaps, heard.runner.malformed) == (0, 0)


async def test_messages_out_of_order_are_put_into_it(tmp_path: Path) -> None:
    """tck-id-operational-behavior-host-reordering-start, tck-id-operational-behavior-host-reordering-success,
    tck-id-payloads-ndata-seq-inc: nothing is lost, and the last one counts."""
    async with yard(tmp_path) as (_, heard, node):
        await born(heard, node)
        await node.say("DDATA", device="tank", seq=4, metrics=[{"alias": 7, "value": 4.5}])
        await node.say("DDATA", device="tank", seq=3, metrics=[{"alias": 7, "value": 3.5}])
        await node.say("NDATA", seq=2, metrics=[{"alias": 8, "type": "INT16", "value": 2}])
        await until_now(heard, "gw", {"count": 2})
        await until_now(heard, "tank", {"level": 4.5})
        levels = [one.values[0] for one in heard.intake.samples if one.stream.device == "tank"]
        assert levels[-3:] == [1.5, 3.5, 4.5]
        assert heard.runner.gaps == 0


async def test_a_message_that_never_comes_is_given_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """tck-id-operational-behavior-host-reordering-param: what it may have said is unknown until the next birth."""
    async with yard(tmp_path, reorder=0.2) as (_, heard, node):
        await born(heard, node)
        with caplog.at_level(logging.WARNING):
            await node.say("DDATA", device="tank", seq=4, metrics=[{"alias": 7, "value": 4.5}])
            await until_now(heard, "tank", {"level": 4.5, "count": Reason.MISSING, "on": Reason.MISSING})
        assert heard.now("gw")["count"] is Reason.MISSING
        assert heard.runner.gaps == 2
        assert "messages of it were lost; values come again when it is born again" in caplog.text
        await said(heard, node, 5, 5.5)
        await born(heard, node)


async def test_a_node_is_told_of_until_all_that_is_read_was_reported_again(tmp_path: Path) -> None:
    """Its birth is still waited for, but nobody needs an alarm for months: what the site reads is known."""
    async with yard(tmp_path, reorder=0.2) as (_, heard, node):
        await born(heard, node)
        await node.say("DDATA", device="tank", seq=4, metrics=[{"alias": 7, "value": 4.5}])
        await until(lambda: _unborn(heard) == ("yard/gw",))
        await node.say("NDATA", seq=5, metrics=[COUNT])
        await node.say("DDATA", device="tank", seq=6, metrics=[COUNT])
        await until_now(heard, "tank", {"level": 4.5, "count": -3, "on": Reason.MISSING})
        assert _unborn(heard) == ("yard/gw",)
        await node.say("DDATA", device="tank", seq=7, metrics=[ON])
        await until(lambda: _unborn(heard) == ())
        assert heard.now("tank") == {"level": 4.5, "count": -3, "on": True}


def _unborn(heard: Heard) -> tuple[str, ...] | None:
    nodes = heard.intake.health[-1].edge_nodes
    return nodes.unborn if nodes else None


async def test_data_before_a_birth_is_not_guessed_at(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """tck-id-payloads-ndata-order: a host that missed the birth knows neither names nor types."""
    async with yard(tmp_path) as (_, heard, node):
        await node.say("NDATA", seq=9, metrics=[{"name": "Count", "type": "INT16", "value": 5}])
        await node.say("DDATA", device="tank", seq=10, metrics=[{"alias": 7, "value": 5.5}])
        await born(heard, node)
        assert [one.values for one in heard.intake.samples if 5.5 in one.values or 5 in one.values] == []
    assert "edge node yard/gw: no birth was heard of it" in caplog.text


async def test_data_of_a_device_that_was_not_born_is_not_guessed_at(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """tck-id-payloads-ddata-order, tck-id-payloads-dbirth-order."""
    async with yard(tmp_path) as (_, heard, node):
        await node.say("NBIRTH", seq=0, bdSeq=0, metrics=[COUNT])
        await node.say("DDATA", device="tank", seq=1, metrics=[{"name": "Tank/Level", "value": 5.5}])
        await node.say("NDATA", seq=2, metrics=[{"alias": 8, "type": "INT16", "value": 4}])
        await until_now(heard, "gw", {"count": 4})
        assert not [one for one in heard.intake.samples if one.stream.device == "tank" and not one.reasons]
    assert "no birth was heard of yard/gw/tank" in caplog.text


async def test_a_metric_that_the_birth_did_not_name_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """tck-id-payloads-alias-uniqueness: an alias that no birth gave means nothing."""
    async with yard(tmp_path) as (_, heard, node):
        await born(heard, node)
        await node.say(
            "DDATA", device="tank", seq=2, metrics=[{"alias": 70, "value": 8.5}, {"alias": 7, "value": 2.5}]
        )
        await until_now(heard, "tank", {**BORN, "level": 2.5})
    assert "has a metric that its birth did not name" in caplog.text


async def test_a_retained_birth_is_of_nobody_knows_when(tmp_path: Path) -> None:
    """tck-id-payloads-nbirth-retain: a birth is never retained, so this one is some broker's or node's mistake."""
    async with Mosquitto(tmp_path) as broker, edge_node(broker) as node:
        await node.say("NBIRTH", seq=0, bdSeq=0, metrics=[COUNT], retain=True)
        async with listening(broker) as heard:
            await node.say("NBIRTH", seq=0, bdSeq=0, metrics=[{**COUNT, "value": 11}])
            await until_now(heard, "gw", {"count": 11})
            assert -3 not in [one.values[1] for one in heard.intake.samples]


async def test_a_connection_that_is_lost_makes_everything_unknown_until_the_next_birth(
    tmp_path: Path,
) -> None:
    """Of a lost connection (5.3): what was said meanwhile nobody knows."""
    async with Mosquitto(tmp_path) as broker, listening(broker) as heard:
        async with edge_node(broker) as node:
            await born(heard, node)
            await broker.stop()
        await until(
            lambda: heard.is_stale("tank", Reason.LINK_DOWN) and heard.is_stale("gw", Reason.LINK_DOWN)
        )
        await broker.start()
        await until(lambda: heard.intake.health[-1].up, 20)
        async with edge_node(broker) as node:
            await node.say("DDATA", device="tank", seq=3, metrics=[{"name": "Tank/Level", "value": 5.5}])
            await born(heard, node)
            assert 5.5 not in [one.values[0] for one in heard.intake.samples]


async def test_nothing_is_published_whatever_is_missing(tmp_path: Path) -> None:
    """No rebirth is asked for, no STATE told: what another client sees of us is nothing."""
    async with yard(tmp_path, reorder=0.1) as (broker, heard, node):
        seen: list[str] = []

        async def watch(ready: asyncio.Event) -> None:
            async with listen(MqttLink("witness", "127.0.0.1", broker.port)) as subscriber:
                await subscriber.subscribe(["#"], 0)
                ready.set()
                messages = subscriber.messages()
                while True:
                    seen.append(str((await anext(messages)).topic))

        ready = asyncio.Event()
        task = asyncio.create_task(watch(ready))
        await ready.wait()
        await node.say("DDATA", device="tank", seq=3, metrics=[{"alias": 7, "value": 5.5}])
        await born(heard, node)
        await node.say("DDATA", device="tank", seq=9, metrics=[{"alias": 7, "value": 4.5}])
        await until_now(heard, "tank", {"level": 4.5, "on": Reason.MISSING})
        await until(lambda: len(seen) == 4)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert {topic.split("/")[2] for topic in seen} == {"NBIRTH", "DBIRTH", "DDATA"}
