"""What every model is: seeded, stepped, readable, and able to fail on demand."""

from __future__ import annotations

import random
import zlib
from abc import ABC, abstractmethod
from typing import ClassVar

from facilityd.errors import UsageError
from facilityd.model.sample import Value
from simulators.physics.world import World


class Model(ABC):
    """One device. Same name, seed and steps give the same values, bit for bit."""

    FAULTS: ClassVar[dict[str, str]] = {}
    """Name of each fault it can have, and what its magnitude means."""

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self.chance = random.Random(zlib.crc32(f"{name}/{seed}".encode()))
        self._faults: dict[str, float] = {}

    @abstractmethod
    def step(self, dt: float, world: World) -> None:
        """Let ``dt`` seconds pass."""

    @abstractmethod
    def read(self) -> dict[str, Value]:
        """Return the true value of each signal, in the family's units."""

    def fault(self, name: str, magnitude: float = 1.0) -> None:
        """Begin a fault; magnitude 0 ends it. Raises UsageError for a fault it cannot have."""
        if name not in self.FAULTS:
            known = ", ".join(self.FAULTS) or "none"
            raise UsageError(f"{self.name} cannot have fault {name!r}", hint=f"known: {known}")
        self._faults[name] = magnitude

    def has(self, name: str) -> float:
        """Return a fault's magnitude, 0 when it is absent."""
        return self._faults.get(name, 0.0)

    def noise(self, width: float) -> float:
        """Return a random number, normal with standard deviation ``width``."""
        return self.chance.gauss(0.0, width)


def towards(now: float, goal: float, dt: float, time_constant: float) -> float:
    """Return a first-order lag after ``dt`` s."""
    return now + (goal - now) * min(1.0, dt / time_constant)
