"""A connection that is lost and made again in one breath leaves nothing for the loop to stumble over."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from devices.mqtt.connect import _client
from devices.unit import MqttLink


@pytest.mark.parametrize("closed", ["before", "after"])
async def test_a_socket_that_closed_before_its_turn_is_not_watched(closed: str) -> None:
    client, told = _client(MqttLink("broker", "192.0.2.7")), list[dict[str, Any]]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    line = socket.socket()
    if closed == "before":
        line.close()
    client._on_socket_register_write(client._client, None, line)
    line.close()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert told == []


async def test_an_open_socket_is_watched_and_its_failure_ends_the_connection() -> None:
    client = _client(MqttLink("broker", "192.0.2.7"))
    near, far = socket.socketpair()
    with near, far:
        client._client.loop_write = _fail  # what paho does on a broken pipe
        client._on_socket_register_write(client._client, None, near)
        with pytest.raises(BrokenPipeError):
            await asyncio.wait_for(asyncio.shield(client._disconnected), 5)
        asyncio.get_running_loop().remove_writer(near.fileno())


def _fail(*_: object) -> None:
    raise BrokenPipeError
