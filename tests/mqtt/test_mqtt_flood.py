"""A flood is bounded in messages and in bytes, and what is lost of it is counted and told."""

from __future__ import annotations

import asyncio
import json
import subprocess
import tracemalloc
from pathlib import Path

import aiomqtt
import pytest
from support.mosquitto import Mosquitto
from support.mqtt_harness import TOPIC, CollectingIntake, power, publish, running_link, until

from devices.mqtt.decode import MAX_PAYLOAD
from devices.mqtt.inbound import QOS1_BYTES, QUEUE, QUEUE_BYTES, Inbound
from devices.mqtt.subscriber import RECEIVE_MAXIMUM
from facilityd.model.quality import Reason


def _message(size: int, qos: int = 0) -> aiomqtt.Message:
    return aiomqtt.Message("t", b"x" * size, qos, False, 0, None)


async def test_the_queue_is_bounded_in_bytes_and_in_messages() -> None:
    large, small = Inbound(), Inbound()
    for _ in range(1000):
        large.put_nowait(_message(60_000))
    assert large.qsize() == QUEUE_BYTES // 60_000
    assert large.lost == 1000 - large.qsize()
    for _ in range(QUEUE + 5):
        small.put_nowait(_message(1))
    assert (small.qsize(), small.lost) == (QUEUE, 5)
    while large.qsize():
        await large.get()
    large.put_nowait(_message(60_000))
    assert large.qsize() == 1, "room that was emptied is room again"


async def test_qos_1_is_kept_and_what_is_too_large_is_cut() -> None:
    queue = Inbound()
    for _ in range(2 * QUEUE_BYTES // MAX_PAYLOAD):
        queue.put_nowait(_message(50 * MAX_PAYLOAD, qos=1))
    assert queue.lost == 0
    assert len((await queue.get()).payload) == MAX_PAYLOAD + 1


async def test_a_broker_that_ignores_what_we_allow_fills_no_memory() -> None:
    queue = Inbound()
    for _ in range(2 * QOS1_BYTES // 60_000):
        queue.put_nowait(_message(60_000, qos=1))
    assert queue.qsize() == QOS1_BYTES // 60_000
    assert queue.lost == 2 * QOS1_BYTES // 60_000 - queue.qsize()
    assert RECEIVE_MAXIMUM * MAX_PAYLOAD < QOS1_BYTES, "what a broker may send is never lost"


async def test_what_a_flood_loses_is_counted_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    filler, count = "x" * 60_000, 600
    intake = CollectingIntake(hang=True)
    config = "allow_anonymous true\nmax_queued_messages 0\n"
    async with Mosquitto(tmp_path, config) as broker, running_link(broker, intake, qos=0):
        await until(lambda: intake.health and intake.health[-1].up)
        await publish(broker, power(-1), qos=0)
        await until(lambda: intake.asked)  # the journal hangs on this one while the flood comes
        tracemalloc.start()
        await publish(broker, *[json.dumps({"apower": n, "x": filler}) for n in range(count)], qos=0)
        await asyncio.sleep(1.0)
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert held < 3 * QUEUE_BYTES, "60 kB payloads took 681 MB"
        intake.hang = False
        intake.release.set()
        await publish(broker, power(1), topic=TOPIC)
        await until(lambda: intake.values()[-1:] == [1.0])
    kept, lost = len(intake.values()) - 2, intake.health[-1].lost
    assert lost > 0
    assert kept + lost == count, "every message is kept or counted"
    assert f"{lost} messages came faster than they could be kept" in caplog.text


@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_one_message_of_64_mib_takes_no_such_room(tmp_path: Path, version: str) -> None:
    intake, large = CollectingIntake(), tmp_path / "large"
    large.write_bytes(b"{" * 64 * 2**20)
    async with Mosquitto(tmp_path) as broker, running_link(broker, intake, version=version):
        await until(lambda: intake.health and intake.health[-1].up)
        tracemalloc.start()
        try:
            to = ["-p", str(broker.port), "-t", TOPIC, "-q", "1", "-f", str(large)]
            await asyncio.to_thread(subprocess.run, ["mosquitto_pub", *to], check=True)
            await publish(broker, power(8))
            await until(lambda: intake.values() == [8.0], 30)
            assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
        finally:
            tracemalloc.stop()
    assert Reason.MALFORMED in intake.reasons()
    assert intake.health[-1].reconnects == 0
