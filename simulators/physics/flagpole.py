"""A row pole: a small drive that hoists a festival flag. All figures are assumed."""

from __future__ import annotations

from typing import ClassVar

from facilityd.model.sample import Value
from facilityd.model.text import Text
from simulators.physics.base import Fault, Model, towards
from simulators.physics.world import World

RUN_S, RAMP_S, RATED_HZ = 60.0, 2.0, 40.0


class Flagpole(Model):
    """At rest nearly always; ``demand`` starts a run."""

    FAULTS: ClassVar[dict[str, Fault]] = {
        "trip": Fault("H10", Text(zh="drive trips with this code", en="drive trips with this code")),
        "supply": Fault("H11", Text(zh="V missing from the DC link", en="V missing from the DC link")),
    }

    def __init__(self, name: str, seed: int) -> None:
        super().__init__(name, seed)
        self._left = self._frequency = 0.0
        self._temperature = 20.0

    def demand(self) -> None:
        """Ask for a run."""
        self._left = RUN_S

    def longest_step(self, now: int, world: World) -> float:
        """Return 0.1 s in motion."""
        return 0.1 if self._left > 0 or self._frequency > 0 else self.CALM_S

    def step(self, dt: float, world: World) -> None:
        """Let ``dt`` seconds pass."""
        self._left = max(0.0, self._left - dt) if not self.has("trip") else 0.0
        goal = RATED_HZ if self._left > RAMP_S else 0.0
        change = RATED_HZ / RAMP_S * dt
        self._frequency += max(-change, min(change, goal - self._frequency))
        self._temperature = towards(self._temperature, world.temperature + 6 + 20 * (goal > 0), dt, 300.0)

    def read(self) -> dict[str, Value]:
        """Return the true value of each signal."""
        tripped = bool(self.has("trip"))
        return {
            "output_frequency": self._frequency,
            "motor_current": 1.9 + self.noise(0.02) if self._frequency > 0 else 0.0,
            "dc_link_voltage": 538.0 - self.has("supply") + self.noise(1.2),
            "torque": 22.0 if self._frequency > 0 else 0.0,
            "drive_temperature": self._temperature,
            "trip_code": int(self.has("trip")),
            "tripped": tripped,
            "ready": not tripped,
            "brake_open_command": self._frequency > 0,
            "brake_open": self._frequency > 0,
        }
