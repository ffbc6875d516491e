"""A connection that is lost and made again in one breath leaves nothing for the loop to stumble over."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import aiomqtt
import paho.mqtt.client as mqtt
import pytest

from devices.mqtt.subscriber import _client
from devices.unit import MqttLink


@pytest.mark.parametrize("closed", ["before", "after"])
async def test_a_socket_that_closed_before_its_turn_is_not_watched(closed: str) -> None:
    client, told = _client(MqttLink("broker", "192.0.2.7"), None), list[dict[str, Any]]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    line = socket.socket()
    if closed == "before":
        line.close()
    _register(client, line)
    line.close()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert told == []


async def test_a_line_that_the_loop_refuses_is_lost_and_nothing_more(monkeypatch) -> None:
    client, loop = _client(MqttLink("broker", "192.0.2.7"), None), asyncio.get_running_loop()
    told = list[dict[str, Any]]()
    loop.set_exception_handler(lambda _, context: told.append(context))
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        monkeypatch.setattr(loop, "add_writer", _refuse)
        _register(client, line)
        with pytest.raises(aiomqtt.MqttError, match="the handler is closed"):
            await asyncio.wait_for(asyncio.shield(_disconnected(client)), 5)
    assert told == []


def _refuse(*_: object) -> None:
    """What uvloop does after a pause, when its poll of a line has closed."""
    raise RuntimeError("unable to perform operation; the handler is closed")


async def test_an_open_socket_is_watched_and_its_failure_ends_the_connection() -> None:
    client = _client(MqttLink("broker", "192.0.2.7"), None)
    near, far = socket.socketpair()
    with near, far:
        _paho(client).loop_write = _fail  # what paho does on a broken pipe
        _register(client, near)
        with pytest.raises(BrokenPipeError):
            await asyncio.wait_for(asyncio.shield(_disconnected(client)), 5)
        asyncio.get_running_loop().remove_writer(near.fileno())


def _paho(client: aiomqtt.Client) -> mqtt.Client:
    return client._client


def _disconnected(client: aiomqtt.Client) -> asyncio.Future[None]:
    return client._disconnected


def _register(client: aiomqtt.Client, line: socket.socket) -> None:
    """Tell the client, as paho does, that there is something to write to a socket."""
    _paho(client).on_socket_register_write(_paho(client), None, line)


def _fail(*_: object) -> None:
    raise BrokenPipeError
