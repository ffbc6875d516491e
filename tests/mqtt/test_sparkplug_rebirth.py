"""Requests for a rebirth, by the ids of the Eclipse TCK 3.0: with a real Mosquitto, decoded by pysparkplug."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.mqtt_harness import until
from support.sparkplug import (
    BORN,
    COUNT,
    DEVICE,
    LEVEL,
    NODE,
    ON,
    EdgeNodeProcess,
    Heard,
    born,
    edge_node,
    edge_unit,
    listening,
    said,
    until_now,
)
from support.sparkplug_host import LoggedBroker, Witness, witness

from devices.mqtt.sparkplug_speech import rebirth_request, state_message
from facilityd.model.quality import Reason

US = "watcher"
DATA: dict[str, Any] = {"name": "Count", "type": "INT16", "value": 5}


@asynccontextmanager
async def _asking(
    folder: Path, reorder: float = 60.0
) -> AsyncIterator[tuple[Witness, Heard, EdgeNodeProcess, LoggedBroker]]:
    broker = LoggedBroker(folder)
    async with (
        broker,
        witness(broker) as seen,
        edge_node(broker, answers=True) as node,
        listening(broker, reorder, rebirth=True, client_id=US) as heard,
    ):
        yield seen, heard, node, broker


async def _in_the_middle(folder: Path) -> tuple[dict[str, Any], list[str], Heard]:
    """Let a node that was born before us say something; return the request, our packets, what was heard."""
    async with _asking(folder) as (seen, heard, node, broker):
        await node.say("remember", birth="NBIRTH", bdSeq=0, metrics=[COUNT])
        await node.say("remember", birth="DBIRTH", device="tank", metrics=[LEVEL, COUNT, ON])
        await node.say("NDATA", seq=9, metrics=[DATA])
        await until_now(heard, "tank", BORN)
        await until_now(heard, "gw", {"count": -3})
        await until(lambda: heard.intake.health[-1].edge_nodes.unborn == ())
        (request,) = seen.of("NCMD")
        return request, broker.packets(US), heard


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], list[str], Heard]:
    return asyncio.run(_in_the_middle(tmp_path_factory.mktemp("rebirth")))


def _is_recent(request: dict[str, Any]) -> bool:
    return abs(request["timestamp"] / 1000 - time.time()) < 600


RULES: dict[str, Callable[[dict[str, Any]], bool]] = {
    "operational-behavior-data-commands-ncmd-rebirth-verb": lambda r: r["kind"] == "NCMD",
    "operational-behavior-data-commands-ncmd-rebirth-name": lambda r: (
        r["metrics"][0][0] == "Node Control/Rebirth"
    ),
    "operational-behavior-data-commands-ncmd-rebirth-value": lambda r: (
        r["metrics"][0][1:3] == ["BOOLEAN", True]
    ),
    "topics-ncmd-topic": lambda r: r["topic"] == "spBv1.0/yard/NCMD/gw",
    "topics-ncmd-mqtt": lambda r: (r["qos"], r["retain"]) == (0, False),
    "topics-ncmd-timestamp": _is_recent,
    "topics-ncmd-payload": lambda r: r["metrics"] == [["Node Control/Rebirth", "BOOLEAN", True, None]],
    "payloads-ncmd-timestamp": _is_recent,
    "payloads-ncmd-seq": lambda r: not r["has_seq"],
    "payloads-timestamp-in-UTC": _is_recent,
}


@pytest.mark.parametrize("rule", RULES, ids=[f"tck-id-{rule}" for rule in RULES])
def test_a_rule_of_the_request(asked: tuple[dict[str, Any], list[str], Heard], rule: str) -> None:
    assert RULES[rule](asked[0]), asked[0]


def test_tck_id_payloads_ncmd_qos_and_retain(asked: tuple[dict[str, Any], list[str], Heard]) -> None:
    """tck-id-payloads-ncmd-qos, tck-id-payloads-ncmd-retain: by the flags of the packet itself."""
    (packet,) = [one for one in asked[1] if one.startswith("Received PUBLISH")]
    assert packet.startswith(f"Received PUBLISH from {US} (d0, q0, r0,")
    assert "'spBv1.0/yard/NCMD/gw'" in packet


def test_a_request_is_counted_and_told(asked: tuple[dict[str, Any], list[str], Heard]) -> None:
    """Once a second at most: that it was asked and that it was born may be told in one."""
    told = [one.edge_nodes for one in asked[2].intake.health if one.edge_nodes]
    assert [(one.unborn, one.rebirths) for one in told[:2]] == [((), 0), (("yard/gw",), 0)]
    assert (told[-1].unborn, told[-1].rebirths) == ((), 1)


async def test_tck_id_operational_behavior_host_reordering_rebirth(tmp_path: Path) -> None:
    """A message that does not come within ``reorder`` makes the node's values unknown, and it is asked."""
    async with _asking(tmp_path, reorder=0.1) as (seen, heard, node, _):
        await born(heard, node)
        await node.say("DDATA", device="tank", seq=4, metrics=[{"alias": 7, "value": 4.5}])
        await until_now(heard, "tank", {"count": Reason.MISSING})
        await seen.until("NCMD", 1)
        await until_now(heard, "tank", BORN)
        await until(lambda: heard.intake.health[-1].edge_nodes.unborn == ())
        assert (heard.runner.gaps, len(seen.of("NCMD"))) == (2, 1)


async def test_tck_id_operational_behavior_host_reordering_success(tmp_path: Path) -> None:
    """What comes in time is put into its place, and nobody is asked: the first request is of what comes later."""
    async with _asking(tmp_path) as (seen, heard, node, _):
        await born(heard, node)
        await node.say("DDATA", device="tank", seq=3, metrics=[{"alias": 7, "value": 3.5}])
        await said(heard, node, 2, 3.5)
        await until_now(heard, "tank", {"level": 3.5})
        await node.say("DDATA", device="tank", seq=4, metrics=[{"alias": 70, "value": 1.5}])
        await seen.until("NCMD", 1)
        kinds = [one["kind"] for one in seen.seen]
        assert kinds.index("NCMD") > kinds.index("DDATA") + 2


@pytest.mark.parametrize(
    "unknown",
    [
        {"kind": "DDATA", "device": "tank", "metrics": [{"alias": 70, "value": 1.5}]},
        {"kind": "DDATA", "device": "pump", "metrics": [{"name": "On", "type": "BOOLEAN", "value": True}]},
    ],
    ids=["alias", "device"],
)
async def test_what_no_birth_named_is_asked_for(tmp_path: Path, unknown: dict[str, Any]) -> None:
    """tck-id-payloads-alias-birth-requirement, tck-id-payloads-ddata-order: by whoever did not see the birth."""
    async with _asking(tmp_path) as (seen, heard, node, _):
        await born(heard, node)
        await node.say(seq=2, **unknown)
        await seen.until("NCMD", 1)
        await until(lambda: heard.intake.health[-1].edge_nodes.unborn == ())


async def test_a_unit_that_was_added_is_a_reason_to_ask(tmp_path: Path) -> None:
    """After a reload: what the birth said of it nobody kept."""
    async with _asking(tmp_path) as (seen, heard, node, _):
        await heard.runner.adopt([edge_unit(NODE)], ())
        await node.say("NBIRTH", seq=0, bdSeq=0, metrics=[COUNT])
        await node.say("DBIRTH", device="tank", seq=1, metrics=[LEVEL, COUNT, ON])
        await node.say("NDATA", seq=2, metrics=[DATA])
        await until_now(heard, "gw", {"count": 5})
        await heard.runner.adopt([edge_unit(NODE), edge_unit(DEVICE)], ())
        await until_now(heard, "tank", BORN)
        assert len(seen.of("NCMD")) == 1


async def test_of_one_node_s_trouble_another_hears_nothing(tmp_path: Path) -> None:
    """Garbage and gaps of a node are counted; only that node is asked, whoever it says that it is."""
    async with _asking(tmp_path, reorder=0.1) as (seen, heard, node, broker):
        await born(heard, node)
        async with edge_node(broker, node_id="yard/other") as other:
            await other.say("NDATA", seq=1, metrics=[DATA])
            await other.say("NDATA", raw="ff" * 40)
        await node.say("NDATA", raw="12ff")
        await node.say("NDATA", seq=7, metrics=[DATA])
        await seen.until("NCMD", 1)
        assert {one["topic"] for one in seen.of("NCMD")} == {"spBv1.0/yard/NCMD/gw"}
        assert heard.runner.malformed == 1, "of the node that nobody asked for nothing is heard"


@pytest.mark.parametrize(
    "node", ["", "yard", "yard/", "/gw", "yard/gw/tank", "yard/+", "+/gw", "yard/#", "yard/g\0"]
)
def test_nothing_but_one_node_can_be_asked(node: str) -> None:
    with pytest.raises(ValueError, match="is no edge node"):
        rebirth_request(node, 1)


@pytest.mark.parametrize("host", ["", "a/b", "+", "a#", "\0"])
def test_no_other_topic_can_be_told(host: str) -> None:
    with pytest.raises(ValueError, match="is no host id"):
        state_message(host, 1, online=True)
