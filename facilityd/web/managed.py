"""``serve`` under a service manager: it is told when requests are answered, and that they still are."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import uvicorn

from facilityd.supervise.service_manager import ServiceManager
from facilityd.supervise.stop import end
from facilityd.web.problems import HttpProblem
from facilityd.web.service import WebService

LOOK_S = 0.05
ANSWER_S = 30.0
"""In so many s a small question must be answered; a journal that cannot be asked is an answer too."""


async def serve_managed(
    server: uvicorn.Server, listening: socket.socket, service: WebService, manager: ServiceManager
) -> None:
    """Serve until told to stop; ``manager`` hears of it."""
    telling = asyncio.create_task(_tell(server, service, manager), name="service manager")
    try:
        await server.serve([listening])
    finally:
        await end([telling])
        manager.stopping()


async def _tell(server: uvicorn.Server, service: WebService, manager: ServiceManager) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(LOOK_S)
    manager.ready(f"serving {service.site.id}")
    while manager.watchdog:
        if await _answers(service):
            manager.alive()
        await asyncio.sleep(manager.watchdog / 3e9)


async def _answers(service: WebService) -> bool:
    """Return whether the loop and the threads behind it answer."""
    with contextlib.suppress(HttpProblem):
        try:
            async with asyncio.timeout(ANSWER_S):
                await service.liveness()
        except TimeoutError:
            return False
    return True
