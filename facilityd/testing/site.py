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
from facilityd.scenario.load import square
from facilityd.scenario.play import stage_of
from facilityd.scenario.record import Alarm, Record
from facilityd.scenario.subset import subset
from facilityd.scenario.theatre import Theatre
from facilityd.store.reader import Reader
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

    def __init__(self, stage: Theatre) -> None:
        self._stage = stage
        self.site, self.journal = stage.site, stage.journal

    @property
    def now(self) -> datetime:
        """The time on site."""
        return datetime.fromtimestamp(self._stage.now / NS, ZoneInfo(self.site.timezone))

    def advance(self, time: Time) -> None:
        """Let time pass."""
        self._stage.advance(_ns(time) / NS)

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
        self._stage.fault(device, name, magnitude, _seconds(ramp), _seconds(lasting))

    def hazard(self, target: str, name: str = "none", magnitude: float | None = None) -> None:
        """Make a unit or link misbehave; 'none' ends it. Raises UsageError."""
        self._stage.hazard(target, name, magnitude)

    def demand(self, device: str, *, up: bool = True) -> None:
        """Ask a hoist or a pole for a run. Raises UsageError."""
        self._stage.demand(device, up=up)

    def acknowledge(self, device: str, rule: str, person: str = "test") -> None:
        """Acknowledge an alarm."""
        self._stage.acknowledge(device, rule, person)

    def restart(self, down: float = 0.0) -> None:
        """End the daemon (in real time: kill it) and start it again."""
        self._stage.restart(down)

    def faults(self, device: str) -> list[tuple[str, Fault]]:
        """Return what can go wrong with a device. Raises UsageError."""
        return self._stage.faults(device)

    def told(self) -> list[str]:
        """Return every alarm so far with its evidence, for people."""
        return self._look(lambda r: [f"{r.clock(alarm.raised)} {r.told(alarm)}" for alarm in r.alarms])

    def alarms(self) -> list[Alarm]:
        """Return every alarm so far, the oldest first."""
        return self._look(lambda record: record.alarms)

    def value(self, device: str, signal: str) -> Value | None:
        """Return the newest value of a signal; None where it is not good."""
        value, reason = self._look(lambda record: record.value(device, signal, self._stage.now))
        return value if reason is None else None

    def wait_for_alarm(self, rule: str, *, on: str, within: Time = "10min") -> Alarm:
        """Return the alarm of a rule (or catalogue number), raised from now on. Raises NotHappened."""
        since, until = self._stage.now, self._stage.now + _ns(within)
        while True:
            mine = self._look(lambda record: [a for a in record.alarms if record.is_rule(a, on, rule)])
            open_ = [a for a in mine if a.raised >= since or a.cleared is None]
            if open_:
                return open_[0]
            if self._stage.now >= until:
                raise NotHappened(self._look(lambda record: _instead(record, on, rule, since)))
            self._stage.until(min(until, self._stage.now + STRIDE))

    def wait_until(self, holds: Callable[[], object], *, within: Time = "10min") -> None:
        """Let time pass until something holds. Raises NotHappened."""
        until = self._stage.now + _ns(within)
        while not holds():
            if self._stage.now >= until:
                raise NotHappened(f"it did not come about within {within}")
            self._stage.until(min(until, self._stage.now + STRIDE))

    def _look(self, ask: Callable[[Record], T]) -> T:
        with Reader.open(self.journal) as reader:
            return ask(Record(self.site, reader, self._stage.start, self._stage.now))


def _instead(record: Record, device: str, rule: str, since: int) -> str:
    others = ", ".join(record.told(alarm) for alarm in record.since(since)) or "none"
    return f"no alarm {rule} on {device}; {record.last_word(device, rule, since)}; alarms instead: {others}"


@contextmanager
def begin(
    config: str | Path, folder: Path, only: tuple[str, ...], start: str, seed: int, *, real: bool
) -> Iterator[SimulatedSite]:
    """Run a site, or some of its devices, until the context ends. Raises FacilitydError."""
    site = _chosen(load(square() if config == "square" else Path(config)), only)
    instant = round(datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(site.timezone)).timestamp()) * NS
    with stage_of(real=real)(site, folder, start=instant, seed=seed) as stage:
        yield SimulatedSite(stage)


def _chosen(site: Site, only: tuple[str, ...]) -> Site:
    return subset(site, only) if only else site
