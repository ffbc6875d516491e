"""A simulated site as a test sees it: inject, let time pass, look, wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.model.measure import duration
from facilityd.model.sample import NS, Value
from facilityd.model.text import Language
from facilityd.scenario.load import square
from facilityd.scenario.play import runtime_of
from facilityd.scenario.run_log import AlarmOccurrence, RunLog
from facilityd.scenario.runtime import ScenarioRuntime
from facilityd.scenario.subset import subset
from facilityd.store.reader import JournalReader
from simulators.physics.base import Fault

T = TypeVar("T")
Time = str | float
"""'5min', '30s', '2h', or a number of seconds."""
STRIDE = NS
"""How often a wait looks, in ns."""


class NotHappened(AssertionError):
    """What a test waited for did not come about; says what did instead."""


def _ns(time: Time) -> int:
    return duration(time) if isinstance(time, str) else round(time * NS)


def _seconds(time: Time | None) -> float | None:
    return None if time is None else _ns(time) / NS


class SimulatedSite:
    """``site`` is its configuration, ``journal`` the daemon's journal."""

    def __init__(self, runtime: ScenarioRuntime) -> None:
        self._runtime = runtime
        self.site, self.journal = runtime.site, runtime.journal

    @property
    def now(self) -> datetime:
        """The time on site."""
        return datetime.fromtimestamp(self._runtime.now / NS, ZoneInfo(self.site.timezone))

    def advance(self, time: Time) -> None:
        """Let time pass."""
        self._runtime.advance(_ns(time) / NS)

    def fault(
        self,
        device: str,
        name: str,
        magnitude: float | None = None,
        *,
        ramp: Time | None = None,
        lasting: Time | None = None,
    ) -> None:
        """Begin a fault (its name, or its catalogue number) now. Raises UsageError."""
        self._runtime.fault(device, name, magnitude, _seconds(ramp), _seconds(lasting))

    def hazard(self, target: str, name: str = "none", magnitude: float | None = None) -> None:
        """Make a unit or link misbehave; 'none' ends it. Raises UsageError."""
        self._runtime.hazard(target, name, magnitude)

    def demand(self, device: str, *, up: bool = True) -> None:
        """Ask a hoist or a pole for a run. Raises UsageError."""
        self._runtime.demand(device, up=up)

    def acknowledge(self, device: str, rule: str, person: str = "test") -> None:
        """Acknowledge an alarm."""
        self._runtime.acknowledge(device, rule, person)

    def restart(self, down: float = 0.0) -> None:
        """End the daemon (in real time: kill it) and start it again."""
        self._runtime.restart(down)

    def faults(self, device: str) -> list[tuple[str, Fault]]:
        """Return what can go wrong with a device. Raises UsageError."""
        return self._runtime.faults(device)

    def notices(self, language: Language = "en") -> list[str]:
        """Return every alarm so far with its evidence, for people."""
        return self._look(
            lambda r: [f"{r.clock(alarm.raised)} {r.told_to(alarm, language)}" for alarm in r.alarms]
        )

    def alarms(self) -> list[AlarmOccurrence]:
        """Return every alarm so far, the oldest first."""
        return self._look(lambda run_log: run_log.alarms)

    def value(self, device: str, signal: str) -> Value | None:
        """Return the newest value of a signal; None where it is not good."""
        value, reason = self._look(lambda run_log: run_log.value(device, signal, self._runtime.now))
        return value if reason is None else None

    def wait_for_alarm(self, rule: str, *, on: str, within: Time = "10min") -> AlarmOccurrence:
        """Return the alarm of a rule (or catalogue number), raised from now on. Raises NotHappened."""
        since, until = self._runtime.now, self._runtime.now + _ns(within)
        while True:
            mine = self._look(lambda run_log: [a for a in run_log.alarms if run_log.is_rule(a, on, rule)])
            open_ = [a for a in mine if a.raised >= since or a.cleared is None]
            if open_:
                return open_[0]
            if self._runtime.now >= until:
                raise NotHappened(self._look(lambda run_log: _instead(run_log, on, rule, since)))
            self._runtime.until(min(until, self._runtime.now + STRIDE))

    def wait_until(self, holds: Callable[[], object], *, within: Time = "10min") -> None:
        """Let time pass until something holds. Raises NotHappened."""
        until = self._runtime.now + _ns(within)
        while not holds():
            if self._runtime.now >= until:
                raise NotHappened(f"it did not come about within {within}")
            self._runtime.until(min(until, self._runtime.now + STRIDE))

    def _look(self, ask: Callable[[RunLog], T]) -> T:
        with JournalReader.open(self.journal) as reader:
            return ask(RunLog(self.site, reader, self._runtime.start, self._runtime.now))


def _instead(run_log: RunLog, device: str, rule: str, since: int) -> str:
    others = ", ".join(run_log.told_to(alarm) for alarm in run_log.since(since)) or "none"
    return f"no alarm {rule} on {device}; {run_log.last_word(device, rule, since)}; alarms instead: {others}"


@contextmanager
def begin(
    config: str | Path, folder: Path, only: tuple[str, ...], start: str, seed: int, *, real: bool
) -> Iterator[SimulatedSite]:
    """Run a site, or some of its devices, until the context ends. Raises FacilitydError."""
    site = _chosen(load(square() if config == "square" else Path(config)), only)
    instant = round(datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(site.timezone)).timestamp()) * NS
    with runtime_of(real=real)(site, folder, start=instant, seed=seed) as runtime:
        yield SimulatedSite(runtime)


def _chosen(site: Site, only: tuple[str, ...]) -> Site:
    return subset(site, only) if only else site
