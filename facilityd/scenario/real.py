"""The stage in real time: units on real sockets and serial lines, the daemon as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from devices.unit import Link, ModbusLink, MqttLink
from facilityd.config.load import load as load_site
from facilityd.config.site import Site
from facilityd.errors import FacilitydError, UsageError
from facilityd.marked import read
from facilityd.model.sample import NS
from facilityd.scenario.field import NO_HAZARD
from facilityd.scenario.load import Script
from facilityd.scenario.play import Outcome, Progress, act_out
from facilityd.scenario.verdict import judge
from facilityd.supervise.inbox import AckRequest, Inbox
from simulators.broker import broker
from simulators.hazards import sized
from simulators.physics import World
from simulators.physics.base import Fault
from simulators.site import Field, serve
from simulators.square import Square, live

STARTED_S = 20.0
"""Longest time in s that units and daemon may take to start or to end."""


class RealStage:
    """A copy of a site on free ports of this machine. Nothing needs root.

    ``start`` is what the physics' clock shows at the beginning (ns UTC); the daemon's own clock is
    the machine's. Use as a context manager.
    """

    def __init__(self, site: Site, folder: Path, *, start: int, seed: int = 1) -> None:
        self._folder = folder
        self.config = folder / "site"
        self.journal = folder / "journal.db"
        links = {name: _moved(link, folder) for name, link in site.links.items()}
        _write(Path(site.source), self.config, links, self.journal)
        self.site = load_site(self.config)
        world = World(site.latitude, site.longitude, site.timezone, start)
        self.square = Square({d.id: d.family.family for d in site.devices.values()}, world, seed)
        self.square.advance(60.0, step=1.0)
        self.start = 0
        self._field: Field | None = None
        self._daemon: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._live, name="simulated site", daemon=True)
        self._ready, self._failure = threading.Event(), list[BaseException]()

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(STARTED_S) or self._failure:
            raise self._failure[0] if self._failure else FacilitydError("the simulated site does not start")
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
    def now(self) -> int:
        """The instant in ns UTC."""
        return time.time_ns()

    def advance(self, seconds: float) -> None:
        """Wait. Raises FacilitydError where daemon or site have ended."""
        self.until(self.now + round(seconds * NS))

    def until(self, instant: int) -> None:
        """Wait until an instant in ns UTC. Raises FacilitydError where daemon or site have ended."""
        while True:
            self._check()
            left = (instant - self.now) / NS
            if left <= 0:
                return
            time.sleep(min(left, 0.5))

    def fault(
        self,
        device: str,
        name: str,
        magnitude: float | None = None,
        ramp: float | None = None,
        duration: float | None = None,
    ) -> None:
        """Begin a fault now; ``ramp`` and ``duration`` in s. Raises UsageError."""
        lasting = math.inf if duration is None else duration

        def begin() -> None:
            now = self.square.world.now
            self.square.model(device).inject(name, magnitude, onset=now, ramp=ramp, duration=lasting)

        self._there(begin)

    def faults(self, device: str) -> list[tuple[str, Fault]]:
        """Return what can go wrong with a device. Raises UsageError."""
        return list(self.square.model(device).FAULTS.items())

    def hazard(self, target: str, name: str, magnitude: float | None = None) -> None:
        """Make a unit, or every unit of a link, misbehave, or with ``none`` behave again."""
        units = [u.id for u in self.site.units.values() if target in (u.id, u.link)]
        if not units:
            raise UsageError(f"no unit or link {target!r}")
        for unit in units:
            self._there(lambda unit=unit: self._inject(unit, name, magnitude))  # type: ignore[misc]

    def demand(self, device: str, *, up: bool = True) -> None:
        """Ask a hoist or a pole for a run. Raises UsageError."""
        self._there(lambda: self.square.demand(device, up=up))

    def jump_clock(self, seconds: float) -> None:
        """Refuse: this machine's clock is not ours to move. Raises UsageError."""
        raise UsageError(f"the clock cannot be moved by {seconds:g} s here", hint="use virtual time")

    def acknowledge(self, device: str, rule: str, person: str, comment: str = "") -> None:
        """Acknowledge an alarm as ``facilityd ack`` does."""
        Inbox(self.journal).drop(AckRequest(device, rule, person, comment))

    def restart(self) -> None:
        """Kill the daemon as a power cut would, and start it again."""
        self._halt(signal.SIGKILL)
        self._launch()

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
        except BaseException as error:  # noqa: BLE001 - told by whoever waits, in the other thread
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
                raise FacilitydError("the daemon does not start", where=str(self._folder / "daemon.log"))
            time.sleep(0.05)

    def _check(self) -> None:
        if self._failure:
            raise self._failure[0]
        if self._daemon and self._daemon.poll() is not None:
            said = (self._folder / "daemon.log").read_text(encoding="utf-8", errors="replace")
            raise FacilitydError(f"the daemon ended by itself: {said.strip()[-2000:]}")

    def _halt(self, how: signal.Signals) -> None:
        if self._daemon:
            self._daemon.send_signal(how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._daemon.wait(STARTED_S)
            if self._daemon.poll() is None:
                self._daemon.kill()
                self._daemon.wait()
            self._daemon = None


def play_real(script: Script, folder: Path, seed: int | None, progress: Progress) -> Outcome:
    """Play over real sockets with the daemon as its own process; the journal stays in ``folder``."""
    began = time.perf_counter()
    seed = script.scenario.seed if seed is None else seed
    with RealStage(script.site, folder, start=script.start, seed=seed) as stage:
        # What is expected counts from the daemon's clock, which is the machine's.
        played = replace(script, start=stage.start)
        story = act_out(played, stage, progress)
    judgements = tuple(judge(played, stage.journal))
    return Outcome(played, seed, tuple(story), judgements, stage.journal, time.perf_counter() - began)


def free_port() -> int:
    """Return a TCP port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _moved(link: Link, folder: Path) -> dict[str, Any]:
    """Return what changes in a link so that it lives on this machine alone."""
    if isinstance(link, ModbusLink) and link.protocol == "modbus-rtu":
        return {"serial_port": str(folder / "tty" / link.id)}
    return {"host": "127.0.0.1", "port": free_port()}


def _write(source: Path, target: Path, links: dict[str, dict[str, Any]], journal: Path) -> None:
    """Copy a site with other doors and another journal. JSON is YAML, so nothing is lost but comments."""
    target.mkdir(parents=True, exist_ok=True)
    (journal.parent / "tty").mkdir(exist_ok=True)
    files = sorted(source.rglob("*.yaml")) if source.is_dir() else [source]
    for file in files:
        data = read(file).data or {}
        for name, change in links.items():
            if name in (data.get("links") or {}):
                data["links"][name].update(change)
        data.pop("sinks", None)
        if "store" in data:
            data["store"]["path"] = str(journal)
        place = target / (file.relative_to(source) if source.is_dir() else file.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")
