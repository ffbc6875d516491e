"""A small MQTT 3.1.1 broker inside the process, for the demonstration: no root, no packages."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from amqtt.broker import Broker
from amqtt.errors import BrokerError

from facilityd.errors import PortTaken, system_reason
from facilityd.model.message import Wording

_LOGGERS = ("amqtt", "transitions")
SPOKEN = "3.1.1"
"""The one version of MQTT that it supports."""
_PATIENCE = 5.0  # s for clients and their handlers to end


class _Broker(Broker):  # type: ignore[misc]
    """amqtt 0.12 leaves a socket open when its client has vanished; this one does not."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"{host}:{port}"}},
                "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
            }
        )
        self._serving: set[asyncio.Task[object]] = set()

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        task = asyncio.current_task()
        if task:
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        try:
            await super().stream_connected(reader, writer, listener_name)
        finally:
            writer.close()

    async def shutdown(self) -> None:
        # amqtt may wait for ever for a client that left in the middle of its greeting.
        ending = asyncio.ensure_future(super().shutdown())
        await asyncio.wait({ending, *self._serving}, timeout=_PATIENCE)
        for task in (ending, *self._serving):
            task.cancel()
        await asyncio.wait({ending, *self._serving}, timeout=_PATIENCE)
        for server in self._servers.values():
            if server.instance is not None:
                server.instance.close()


@asynccontextmanager
async def broker(port: int = 1883, host: str = "127.0.0.1", link: str = "") -> AsyncIterator[None]:
    """Serve anybody on ``host``:``port``, of ``link``. Supports MQTT 3.1.1 only. Raises DoorTaken."""
    with _hushed(), _untraced():
        serving = _Broker(host, port)
        try:
            await serving.start()
        except BrokerError as error:
            raise PortTaken(
                Wording("scenario.demonstration-broker-cannot-listen", error=system_reason(_cause(error))),
                where=f"{host}:{port}",
                hint=Wording("scenario.choose-another-port-for-link"),
                link=link,
            ) from error
        try:
            yield
        finally:
            await serving.shutdown()


def _cause(error: Exception) -> Exception:
    """Return what the system said, which amqtt wraps."""
    cause = error.__cause__ or error.__context__
    return cause if isinstance(cause, OSError) else error


@contextmanager
def _untraced() -> Iterator[None]:
    """Drop what amqtt leaves to the event loop: clients that vanish while they are greeted or answered."""
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is not None and _within_amqtt(error):
            return
        if before:
            before(loop, context)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
    try:
        yield
    finally:
        loop.set_exception_handler(before)


def _within_amqtt(error: BaseException) -> bool:
    frames = traceback.walk_tb(error.__traceback__)
    return any("amqtt" in Path(frame.f_code.co_filename).parts for frame, _ in frames)


@contextmanager
def _hushed() -> Iterator[None]:
    # amqtt logs every client that leaves as an error.
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
