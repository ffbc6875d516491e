"""A lighting circuit: on from dusk to dawn, dimmed late; a lantern also warms its inside.

Switching at the sun's elevation of -3.5 degrees is assumed; the highest level is kept until
midnight (devices.md 4.2). Ratings and heat balance are assumed.
"""

from __future__ import annotations

from typing import ClassVar

from facilityd.model.sample import Value
from facilityd.model.text import Text
from simulators.physics.base import Fault, Model, towards
from simulators.physics.world import MAINS_HZ, World

DUSK_DEG = -3.5
LATE_LEVEL, FULL_LEVEL = 40.0, 100.0
MIDNIGHT_H, DAWN_H = 0.0, 12.0
HEAT_S, KELVIN_PER_W = 1200.0, 0.12


class Lighting(Model):
    """``forced`` keeps it on or off whatever the sun does."""

    FAULTS: ClassVar[dict[str, Fault]] = {
        "contactor-open": Fault("L7", Text(zh="1: does not close", en="1: does not close")),
        "contactor-welded": Fault("L6", Text(zh="1: does not open", en="1: does not open")),
        "lamps-failed": Fault("", Text(zh="share of the lamps, 0-1", en="share of the lamps, 0-1")),
        "lamp-failure": Fault(
            "L1", Text(zh="1: the gear reports a failed lamp", en="1: the gear reports a failed lamp")
        ),
        "overheat": Fault(
            "L5", Text(zh="K above what the lamps explain", en="K above what the lamps explain")
        ),
        "leakage": Fault("L9", Text(zh="A to earth", en="A to earth")),
    }

    def __init__(self, name: str, seed: int) -> None:
        super().__init__(name, seed)
        lantern = name.startswith("lantern")
        self.rated = 180.0 if lantern else 900.0 + 2200.0 * self.chance.random()
        self.forced: bool | None = None
        self._level, self._on, self._inside = 0.0, False, 20.0
        self._energy = 1000.0 * self.chance.random()
        self._voltage = 230.0

    def step(self, dt: float, world: World) -> None:
        """Let ``dt`` seconds pass."""
        self._on = self.forced if self.forced is not None else world.elevation(self.now) < DUSK_DEG
        late = MIDNIGHT_H <= world.local_hour(self.now) < DAWN_H
        goal = (LATE_LEVEL if late else FULL_LEVEL) if self._on else 0.0
        self._level = towards(self._level, goal, dt, 2.0) if abs(goal - self._level) > 0.5 else goal
        self._voltage = world.supply + self.noise(0.4)
        power = self._power()
        self._energy += power * dt / 3.6e6
        goal_c = world.temperature + KELVIN_PER_W * min(power, 300.0) + self.has("overheat")
        self._inside = towards(self._inside, goal_c, dt, 40.0 if self.has("overheat") else HEAT_S)

    def _power(self) -> float:
        closed = (self._on and not self.has("contactor-open")) or bool(self.has("contactor-welded"))
        level = max(self._level, FULL_LEVEL if self.has("contactor-welded") else 0.0)
        if not closed or level <= 0:
            return 0.0
        return self.rated * (0.08 + 0.92 * level / 100.0) * (1.0 - self.has("lamps-failed"))

    def read(self) -> dict[str, Value]:
        """Return the true value of each signal."""
        power = self._power()
        power = max(0.0, power * (1.0 + self.noise(0.003)))
        return {
            "commanded": self._on,
            "power": power,
            "voltage": self._voltage,
            "current": power / self._voltage / 0.96,
            "frequency": MAINS_HZ + self.noise(0.01),
            "energy": self._energy,
            "level": self._level,
            "lamp_on": power > 0,
            "lamp_failure": bool(self.has("lamp-failure")),
            "gear_failure": False,
            "leakage": 0.0015 + abs(self.noise(0.0001)) + self.has("leakage"),
            "temperature": self._inside,
        }
