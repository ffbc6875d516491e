"""ESPHome nodes that say whatever a test gives them, on a real broker, with a daemon that listens."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import aiomqtt

from support.daemon import daemon, running
from support.mosquitto import Mosquitto

JOINED = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
EVERY_S = 0.5


async def play(folder: Path, port: int, said: Mapping[str, str], over: threading.Event) -> None:
    """Run broker and daemon; let each node say its text with a number that grows, until it is over."""
    async with (
        Mosquitto(folder, port=port),
        running(daemon(folder / "site", log=folder / "daemon.log")),
        aiomqtt.Client("127.0.0.1", port) as client,
    ):
        for number in count():
            for name, text in said.items():
                payload = f"{text} {JOINED} {number}".encode()
                await client.publish(f"{name}/text_sensor/version/state", payload, qos=1)
                await client.publish(f"{name}/sensor/power/state", b"1.5", qos=1)
                await client.publish(f"{name}/binary_sensor/contact/state", b"ON", qos=1)
            if await asyncio.to_thread(over.wait, EVERY_S):
                return
