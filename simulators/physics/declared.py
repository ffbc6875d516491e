"""A device of a family that says itself how its signals go: what stands under ``simulate`` in its table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from devices.family import Family
from devices.simulated import SimulatedFault, SimulatedSignal
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS, SignalType, Value
from simulators.physics.base import Fault, Model
from simulators.physics.world import World

HOUR_S = 3600.0


class DeclaredModel(Model):
    """Signals at rest, over a day and with faults, as a family's table declares them."""

    SIGNALS: ClassVar[Mapping[str, SimulatedSignal]] = {}
    TYPES: ClassVar[Mapping[str, SignalType]] = {}

    def __init__(self, name: str, seed: int) -> None:
        super().__init__(name, seed)
        self._values = {signal: one.rest for signal, one in self.SIGNALS.items()}

    def step(self, dt: float, world: World) -> None:
        """Let ``dt`` seconds pass; totals follow what they count."""
        hour = world.local_hour(self.now)
        for signal, one in self.SIGNALS.items():
            if not one.counts and not self._stuck(one):
                self._values[signal] = self._true(one, hour)
        for signal, one in self.SIGNALS.items():
            if one.counts and not self._stuck(one):
                self._values[signal] += self._values[one.counts] * dt / HOUR_S

    def _true(self, one: SimulatedSignal, hour: float) -> float:
        curve = one.swing * math.cos(2 * math.pi * (hour - one.peak) / 24)
        noise = self.noise(one.noise) if one.noise else 0.0
        return one.rest + curve + noise + sum(self.has(name) for name in one.faults)

    def _stuck(self, one: SimulatedSignal) -> bool:
        return any(fault.stuck and self.has(name) > 0 for name, fault in one.faults.items())

    def _all(self) -> dict[str, Value | None]:
        return {signal: _as(self.TYPES[signal], value) for signal, value in self._values.items()}


def declared(family: Family) -> type[Model] | None:
    """Return the model that a family declares, None where it says nothing of it."""
    if not family.simulate:
        return None
    faults = {name: _fault(one) for signal in family.simulate.values() for name, one in signal.faults.items()}
    types = {signal: family.signals[signal].type for signal in family.simulate}
    made = {"FAULTS": faults, "SIGNALS": family.simulate, "TYPES": types}
    return type(family.family, (DeclaredModel,), made)


class ExtendedModel(Model):
    """Comes before a model of the demo square: what a family beside the site declares goes along with it."""

    EXTRA: ClassVar[type[DeclaredModel]]

    def __init__(self, name: str, seed: int, *more: Any) -> None:
        super().__init__(name, seed, *more)
        self._extra = self.EXTRA(name, seed)

    def advance(self, world: World) -> None:
        """Bring both to ``world.now``."""
        super().advance(world)
        self._extra.advance(world)

    def read(self, wanted: frozenset[str] | None = None) -> dict[str, Value | None]:
        """Return the true values of both."""
        return {**super().read(wanted), **self._extra.read(wanted)}

    def inject(
        self, name: str, magnitude: float | None = None, *, onset: int = 0, ramp: float | None = None,
        duration: float = math.inf,
    ) -> None:  # fmt: skip
        """Let a fault begin in the one that can have it. Raises UsageError."""
        begin = self._extra.inject if name in self._extra.FAULTS else super().inject
        begin(name, magnitude, onset=onset, ramp=ramp, duration=duration)

    def has(self, name: str) -> float:
        """Return a fault's present magnitude."""
        return self._extra.has(name) if name in self._extra.FAULTS else super().has(name)

    def restore(self) -> None:
        """End every fault of both."""
        super().restore()
        self._extra.restore()


def extended(base: type[Model], extra: type[Model]) -> type[Model]:
    """Return a model that is ``base`` with what ``extra`` declares. Raises UsageError: a fault of both."""
    if twice := base.FAULTS.keys() & extra.FAULTS.keys():
        raise UsageError(Wording("scenario.fault-of-both", name=min(twice)))
    made = {"EXTRA": extra, "FAULTS": {**base.FAULTS, **extra.FAULTS}}
    return type(base.__name__, (ExtendedModel, base), made)


def _fault(one: SimulatedFault) -> Fault:
    return Fault("", one.name, typical=1.0 if one.stuck else one.add, ramp=one.ramp / NS)


def _as(kind: SignalType, value: float) -> Value:
    if kind is SignalType.BOOL:
        return value >= 0.5
    return value if kind is SignalType.FLOAT else round(value)
