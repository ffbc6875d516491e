"""An edge node of pysparkplug's, and our link that listens to it through a real broker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from devices.mqtt.sparkplug_link import SparkplugLinkRunner
from devices.operating_mode import OperatingModeTracker
from devices.profile import Profile
from devices.unit import Binding, MqttLink, PollRates, SparkplugSettings, Unit
from facilityd.model.clock import Clock
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, SignalType, Stream
from support.mosquitto import Mosquitto
from support.mqtt_harness import CollectingIntake, until
from support.servers import built

PROGRAM = Path(__file__).with_name("sparkplug_node_program.py")
PROFILE = TypeAdapter(Profile).validate_python(
    {
        "profile": "edge", "protocol": "mqtt", "maker": "Test", "model": "Edge", "manual": "none", "evidence": "C",
        "points": {
            "level": {"sources": [{"topic": "", "pointer": "/Tank~1Level"}]},
            "count": {"type": "int", "sources": [{"topic": "", "pointer": "/Count"}]},
            "on": {"type": "bool", "sources": [{"topic": "", "pointer": "/On"}]},
        },
        "golden": [{"point": "on", "topic": "", "payload": '{"On": true}', "value": True}],
    }
)  # fmt: skip
KINDS = {"level": SignalType.FLOAT, "count": SignalType.INT, "on": SignalType.BOOL}
NODE, DEVICE = "yard/gw", "yard/gw/tank"


def edge_unit(topic: str) -> Unit:
    """Return a unit of the three points; its device has the topic's last name."""
    device = topic.rpartition("/")[2]
    stream = Stream(device, "harness", device, "broker", tuple(KINDS), tuple(KINDS.values()), 600 * NS)
    points = PROFILE.expanded
    bindings = tuple(
        Binding(n, points[n], stream, slot, kind) for slot, (n, kind) in enumerate(KINDS.items())
    )
    return Unit(device, "broker", PROFILE, (stream,), bindings, PollRates(600 * NS), topic=topic)


@dataclass
class Heard:
    """What came of a node and its device."""

    intake: CollectingIntake
    runner: SparkplugLinkRunner

    def now(self, device: str) -> dict[str, Any]:
        """Return the newest values of a device; of those without one the reason."""
        sample = next(one for one in reversed(self.intake.samples) if one.stream.device == device)
        return {
            name: sample.reasons.get(at, sample.values[at]) for at, name in enumerate(sample.stream.signals)
        }

    def is_stale(self, device: str, reason: Reason = Reason.OFFLINE) -> bool:
        return any(one.stream.device == device for one in self.intake.samples) and set(
            self.now(device).values()
        ) == {reason}


@asynccontextmanager
async def listening(
    broker: Mosquitto, reorder: float = 60.0, *, rebirth: bool = False, host_id: str = "", **more: str
) -> AsyncIterator[Heard]:
    intake = CollectingIntake()
    settings = SparkplugSettings(int(reorder * NS), rebirth, host_id)
    link = MqttLink("broker", "127.0.0.1", broker.port, sparkplug=settings, **more)
    units = [edge_unit(NODE), edge_unit(DEVICE)]
    runner = SparkplugLinkRunner(link, units, intake, Clock(), OperatingModeTracker({}), intake.health.append)
    task = asyncio.create_task(runner.run())
    try:
        await until(lambda: intake.health and intake.health[-1].up)
        yield Heard(intake, runner)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class EdgeNodeProcess:
    """A node in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def say(self, kind: str, **told: Any) -> None:
        """Publish one message, and return when the broker's socket has it."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"kind": kind, **told}).encode() + b"\n")
        await self.answered(b"published\n")

    async def answered(self, line: bytes) -> None:
        assert self._process.stdout
        async with asyncio.timeout(20):
            assert await self._process.stdout.readline() == line

    async def kill(self) -> None:
        """End it as a power cut would: the broker publishes its will."""
        self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def edge_node(
    broker: Mosquitto, bd_seq: int = 0, node_id: str = NODE, *, answers: bool = False
) -> AsyncIterator[EdgeNodeProcess]:
    """``answers``: it is born again when it is asked to."""
    python = built("pysparkplug", "0.6.1")
    process = await asyncio.create_subprocess_exec(
        python, PROGRAM, "127.0.0.1", str(broker.port), node_id, str(bd_seq), *(["answers"] if answers else []),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    node = EdgeNodeProcess(process)
    try:
        await node.answered(b"connected\n")
        yield node
    finally:
        if process.returncode is None:
            await node.kill()


async def until_now(heard: Heard, device: str, expected: dict[str, Any]) -> None:
    """Wait until a device's newest values are these; say what they are where they never become so."""
    try:
        await until(lambda: bool(heard.intake.samples) and _matches(heard, device, expected))
    except TimeoutError:
        raise AssertionError(f"{heard.now(device)} instead of {expected}") from None


def _matches(heard: Heard, device: str, expected: dict[str, Any]) -> bool:
    try:
        now = heard.now(device)
    except StopIteration:
        return False
    return all(now[name] == value for name, value in expected.items())


LEVEL = {"name": "Tank/Level", "alias": 7, "type": "DOUBLE", "value": 1.5}
COUNT = {"name": "Count", "alias": 8, "type": "INT16", "value": -3}
ON = {"name": "On", "alias": 9, "type": "BOOLEAN", "value": True}
BORN = {"level": 1.5, "count": -3, "on": True}


@asynccontextmanager
async def yard(
    folder: Path, reorder: float = 60.0, bd_seq: int = 0
) -> AsyncIterator[tuple[Mosquitto, Heard, EdgeNodeProcess]]:
    async with (
        Mosquitto(folder) as broker,
        listening(broker, reorder) as heard,
        edge_node(broker, bd_seq) as node,
    ):
        yield broker, heard, node


async def born(heard: Heard, node: EdgeNodeProcess, seq: int = 0, bd_seq: int = 0) -> None:
    """Let the node and its device be born, and wait until both are known."""
    await node.say("NBIRTH", seq=seq, bdSeq=bd_seq, metrics=[COUNT])
    await node.say("DBIRTH", device="tank", seq=(seq + 1) % 256, metrics=[LEVEL, COUNT, ON])
    await until_now(heard, "gw", {"count": -3})
    await until_now(heard, "tank", BORN)


async def said(heard: Heard, node: EdgeNodeProcess, seq: int, value: float) -> None:
    """Let the device say something in its turn and wait for it: what was sent before it is heard by then."""
    await node.say("DDATA", device="tank", seq=seq, metrics=[{"alias": 7, "value": value}])
    await until_now(heard, "tank", {"level": value})
