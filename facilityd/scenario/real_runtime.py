"""A scenario in real time: units on real sockets and serial lines, the daemon as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from devices.unit import Link, ModbusLink, MqttLink
from facilityd.app.baseline_file import NAME
from facilityd.app.builtin import DAEMON
from facilityd.config.load import load as load_site
from facilityd.config.site import Site
from facilityd.errors import FacilitydError, UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.scenario.in_memory_site import NO_HAZARD
from facilityd.scenario.runtime import ScenarioRuntime, square_of
from facilityd.yaml_source import read
from simulators.broker import broker
from simulators.hazards import sized
from simulators.site import ServedSite, serve
from simulators.square import live

STARTED_S = 20.0
"""Longest time in s that units and daemon may take to start or to end."""
LASTING_PORTS = range(20_000, 32_768)
"""Ports that no system lends to an outgoing connection by itself."""


class RealRuntime(ScenarioRuntime):
    """A copy of a site on free ports of this machine. Nothing needs root.

    ``start`` is what the physics' clock shows at the beginning (ns UTC); the daemon's own clock is
    the machine's. Use as a context manager.
    """

    def __init__(
        self, site: Site, folder: Path, *, start: int, seed: int = 1, forwarding: bool = False
    ) -> None:
        if forwarding:
            raise UsageError(
                Wording("scenario.no-server-ours-takes-points"), hint=Wording("scenario.use-virtual-time")
            )
        self._folder = folder
        self.config = folder / "site"
        self.journal = folder / "journal.db"
        ports = free_ports(len(site.links))
        links = {
            name: _moved(link, folder, port)
            for (name, link), port in zip(site.links.items(), ports, strict=True)
        }
        for source in site.paths or (site.source,):
            _write(Path(source), self.config, links, self.journal)
        self._site = load_site(self.config)
        self.square = square_of(site, start, seed)
        self.square.advance(60.0, step=1.0)
        self.start = 0
        self._field: ServedSite | None = None
        self._daemon: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._live, name="simulated site", daemon=True)
        self._ready, self._failure = threading.Event(), list[BaseException]()

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(STARTED_S) or self._failure:
            raise (
                self._failure[0]
                if self._failure
                else FacilitydError(Wording("scenario.simulated-site-does-not-start"))
            )
        self._launch()
        self.start = time.time_ns()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._halt(signal.SIGTERM)
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(STARTED_S)

    @property
    def site(self) -> Site:
        """The site on ports of its own, which the daemon watches."""
        return self._site

    @property
    def now(self) -> int:
        """The instant in ns UTC."""
        return time.time_ns()

    @property
    def physics(self) -> int:
        """The physics' own time goes on from the story's start."""
        return self.square.world.now

    def until(self, instant: int) -> None:
        """Wait until an instant in ns UTC. Raises FacilitydError where daemon or site have ended."""
        while True:
            self._check()
            left = (instant - self.now) / NS
            if left <= 0:
                return
            time.sleep(min(left, 0.5))

    def hazard(self, target: str, name: str, magnitude: float | None = None) -> None:
        """Make a unit, or every unit of a link, misbehave, or with ``none`` behave again."""
        if target == DAEMON:
            raise UsageError(
                Wording("scenario.hazard-would-harm-this-computer", name=name),
                hint=Wording("scenario.use-virtual-time"),
            )
        units = [u.id for u in self.site.units.values() if target in (u.id, u.link)]
        if not units:
            raise UsageError(Wording("scenario.no-unit-or-link", target=target))
        for unit in units:
            self._there(lambda unit=unit: self._inject(unit, name, magnitude))  # type: ignore[misc]

    def jump_clock(self, seconds: float) -> None:
        """Refuse: this machine's clock is not ours to move. Raises UsageError."""
        raise UsageError(
            Wording("scenario.clock-cannot-moved-by-here", seconds=seconds),
            hint=Wording("scenario.use-virtual-time"),
        )

    def restart(self, down: float = 0.0) -> None:
        """Kill the daemon as a power cut would, and start it again ``down`` s later."""
        self._halt(signal.SIGKILL)
        time.sleep(down)
        self._launch()

    def reload(self, site: Site) -> None:
        """Refuse: the files of this site are copies that nobody changes. Raises UsageError."""
        raise UsageError(
            Wording("scenario.files-cannot-be-changed-here", site=site.id),
            hint=Wording("scenario.use-virtual-time"),
        )

    def _inject(self, unit: str, name: str, magnitude: float | None) -> None:
        if self._field:
            what = sized(name, magnitude) if magnitude is not None else name
            self._field.inject(unit, None if name == NO_HAZARD else what)

    def _there(self, work: Callable[[], None]) -> None:
        """Do something where the units live, and raise here what it raises."""

        async def there() -> None:
            work()

        asyncio.run_coroutine_threadsafe(there(), self._loop).result(STARTED_S)

    def _live(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._failure.append(error)
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        links = list(self.site.links.values())
        async with AsyncExitStack() as stack:
            for link in links:
                if isinstance(link, MqttLink):
                    await stack.enter_async_context(broker(link.port, link.host))
            units = list(self.site.units.values())
            self._field = await stack.enter_async_context(serve(units, links, live(self.square)))
            self._ready.set()
            await self._over.wait()

    def _launch(self) -> None:
        command = [sys.executable, "-m", "facilityd", "run", str(self.config)]
        with (self._folder / "daemon.log").open("ab") as log:
            self._daemon = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ})  # noqa: S603
        give_up = time.monotonic() + STARTED_S
        while not self.journal.exists():
            self._check()
            if time.monotonic() > give_up:
                raise FacilitydError(
                    Wording("scenario.daemon-does-not-start"), where=str(self._folder / "daemon.log")
                )
            time.sleep(0.05)

    def _check(self) -> None:
        if self._failure:
            raise self._failure[0]
        if self._daemon and self._daemon.poll() is not None:
            said = (self._folder / "daemon.log").read_text(encoding="utf-8", errors="replace")
            raise FacilitydError(Wording("scenario.daemon-ended-by-itself", strip=said.strip()[-2000:]))

    def _halt(self, how: signal.Signals) -> None:
        if self._daemon:
            self._daemon.send_signal(how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._daemon.wait(STARTED_S)
            if self._daemon.poll() is None:
                self._daemon.kill()
                self._daemon.wait()
            self._daemon = None


def free_ports(count: int) -> list[int]:
    """Return TCP ports of this machine that nobody uses now, all different.

    They lie below those that a system lends to outgoing connections (32768 and up on Linux): one of
    these is taken by somebody as soon as its server is away for a moment.
    """
    found: list[int] = []
    with ExitStack() as stack:
        while len(found) < count:
            probe, port = stack.enter_context(socket.socket()), secrets.choice(LASTING_PORTS)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found.append(port)
    return found


def _moved(link: Link, folder: Path, port: int) -> dict[str, Any]:
    """Return what changes in a link so that it lives on this machine alone."""
    if isinstance(link, ModbusLink) and link.protocol == "modbus-rtu":
        return {"serial_port": str(folder / "tty" / link.id)}
    return {"host": "127.0.0.1", "port": port}


def _write(source: Path, target: Path, links: dict[str, dict[str, Any]], journal: Path) -> None:
    """Copy a site with other doors and another journal. JSON is YAML, so nothing is lost but comments."""
    target.mkdir(parents=True, exist_ok=True)
    (journal.parent / "tty").mkdir(exist_ok=True)
    learned = (source if source.is_dir() else source.parent) / NAME
    if learned.is_file():
        (target / NAME).write_bytes(learned.read_bytes())
    files = sorted(source.rglob("*.yaml")) if source.is_dir() else [source]
    stored = any("store" in (read(file).data or {}) for file in files)
    for file in files:
        data = read(file).data or {}
        for name, change in links.items():
            if name in (data.get("links") or {}):
                data["links"][name].update(change)
        data.pop("sinks", None)
        if "store" in data:
            data["store"]["path"] = str(journal)
        elif "site" in data and not stored:
            data["store"] = {"path": str(journal)}
        if published := (data.get("site") or {}).get("timetable"):
            data["site"]["timetable"] = str((file.parent / published).resolve())
        place = target / (file.relative_to(source) if source.is_dir() else file.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")
