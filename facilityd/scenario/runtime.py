"""Where a story can happen: in virtual time or in real time."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from facilityd.config.site import Site
from facilityd.model.command import AcknowledgeAlarm, Command, CompleteTask
from facilityd.model.sample import NS
from facilityd.model.task import fold
from facilityd.store.reader import JournalReader
from facilityd.supervise.inbox import Inbox
from simulators.machines import ForeignMachine
from simulators.physics import World
from simulators.physics.base import Fault
from simulators.square import Square, model_of


class ScenarioRuntime(ABC):
    """A site with the daemon on it. ``start``: when the story begins by the daemon's clock, ns UTC."""

    journal: Path
    square: Square
    start: int
    _commands = 0

    @abstractmethod
    def __enter__(self) -> Self:
        """Let the site and the daemon begin."""

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End both."""

    @property
    @abstractmethod
    def site(self) -> Site:
        """The site as it is in the field, where the daemon began."""

    @property
    @abstractmethod
    def now(self) -> int:
        """The instant in ns UTC."""

    @property
    @abstractmethod
    def physics(self) -> int:
        """The instant in the physics' own time, ns UTC."""

    @abstractmethod
    def until(self, instant: int) -> None:
        """Let time pass until an instant in ns UTC. Raises what ends the daemon."""

    @abstractmethod
    def hazard(self, target: str, name: str, magnitude: float | None = None) -> None:
        """Make a unit or link misbehave, or with ``none`` behave again. Raises UsageError."""

    @abstractmethod
    def jump_clock(self, seconds: float) -> None:
        """Let somebody move the daemon's wall clock; what is true does not move. Raises UsageError."""

    @abstractmethod
    def restart(self, down: float = 0.0) -> None:
        """End the daemon and start it again on the same journal, ``down`` s later."""

    @abstractmethod
    def reload(self, site: Site) -> None:
        """Let somebody change the files, and ask the daemon to read them again. Raises UsageError."""

    @abstractmethod
    def _there(self, work: Callable[[], None]) -> None:
        """Do something where the physics lives; raises what it raises."""

    def advance(self, seconds: float) -> None:
        """Let time pass. Raises what ends the daemon."""
        self.until(self.now + round(seconds * NS))

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
            model = self.square.model(device)
            model.inject(name, magnitude, onset=self.physics, ramp=ramp, duration=lasting)

        self._there(begin)

    def sensor_fault(self, place: str, name: str, magnitude: float | None = None) -> None:
        """Let the sensor at ``DEVICE.SIGNAL`` lie from now on, or (``none``) no more. Raises UsageError."""
        self._there(lambda: self.square.sensors.begin(place, name, magnitude, self.physics))

    def faults(self, device: str) -> list[tuple[str, Fault]]:
        """Return what can go wrong with a device. Raises UsageError."""
        return list(self.square.model(device).FAULTS.items())

    def demand(self, device: str, *, up: bool = True) -> None:
        """Ask a hoist or a pole for a run. Raises UsageError."""

        def ask() -> None:
            self.square.at(self.physics, device)
            self.square.demand(device, up=up)

        self._there(ask)

    def acknowledge(self, device: str, rule: str, person: str, comment: str = "") -> None:
        """Acknowledge an alarm as ``facilityd ack`` does; the daemon takes it at its next beat."""
        self.ask(AcknowledgeAlarm, device=device, rule=rule, person=person, comment=comment)

    def finish(self, device: str, rule: str, person: str) -> None:
        """Say that the repair is done as ``facilityd done`` does; where nobody took it, nothing happens."""
        with JournalReader.open(self.journal) as reader:
            known = [task for task in fold(reader.task_events()).values() if task.key == (device, rule)]
        for task in known[-1:]:
            self.ask(CompleteTask, task=task.id, person=person)

    def ask(self, kind: type[Command], /, **fields: Any) -> None:
        """Ask the daemon what somebody asks it from a terminal; it takes it at its next beat."""
        # Named by its instant: the same story leaves the same journal.
        self._commands = max(self._commands + 1, self.now)
        command = kind(id=f"story-{self._commands}", at=self.now, origin="scenario", **fields)
        Inbox(self.journal).drop(command)


def square_of(
    site: Site, start: int, seed: int, foreign: Mapping[str, ForeignMachine] | None = None
) -> Square:
    """Return the physics of a site, beginning at an instant in ns UTC; ``foreign`` machines by device."""
    world = World(site.latitude, site.longitude, site.timezone, start)
    kinds = {device.id: device.family.family for device in site.devices.values()}
    own = {device.family.family: model_of(device.family) for device in site.devices.values()}
    models = {name: model for name, model in own.items() if model is not None}
    square = Square(kinds, world, seed, foreign, models)
    for model in square.models.values():
        model.stand(world)
    return square
