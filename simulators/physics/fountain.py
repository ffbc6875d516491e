"""A fountain pump on its pipe: affinity laws on a system curve, a basin, a show programme.

flow ~ n, head ~ n², power ~ n³ (affinity laws). Rated figures of the pump are assumed; the
show runs by day and is dimmed by wind as the press reports (devices.md 4.3).
"""

from __future__ import annotations

import math
from typing import ClassVar

from facilityd.model.sample import Value
from facilityd.model.text import Text
from simulators.physics.base import Fault, Model, towards
from simulators.physics.world import World

RATED_RPM, RATED_HZ = 2900.0, 50.0
RATED_FLOW, RATED_HEAD, RATED_W = 42.0, 2.6, 4200.0  # m³/h, bar, W
SPIN_S = 4.0
SHOW_H = (8.0, 22.0)
CYCLE_S, PAUSE_S = 900.0, 120.0
BASIN_M, EVAPORATION_M_PER_H, MAKE_UP_M_PER_H = 1.2, 0.0004, 0.02
TRIP_CODE = 51


class Fountain(Model):
    """``forced`` keeps the show on or off at any hour."""

    FAULTS: ClassVar[dict[str, Fault]] = {
        "leakage": Fault("F1", Text(zh="A to earth", en="A to earth")),
        "trip": Fault(
            "F13",
            Text(
                zh="drive trips with this alarm code (1: blocked)",
                en="drive trips with this alarm code (1: blocked)",
            ),
        ),
        "strainer-clogged": Fault(
            "F4", Text(zh="share of the flow lost, 0-1", en="share of the flow lost, 0-1")
        ),
        "does-not-run": Fault("F2", Text(zh="1: the contactor stays open", en="1: the contactor stays open")),
        "level-loss": Fault("F16", Text(zh="m/h lost from the basin", en="m/h lost from the basin")),
        "flood": Fault("F22", Text(zh="1: water in the chamber", en="1: water in the chamber")),
        "hot": Fault("F8", Text(zh="K added to the motor", en="K added to the motor")),
    }

    def __init__(self, name: str, seed: int) -> None:
        super().__init__(name, seed)
        self.forced: bool | None = None
        self._phase = CYCLE_S * self.chance.random()
        self._commanded, self._n = False, 0.0
        self._motor = self._electronics = 20.0
        self._level, self._energy, self._hours = BASIN_M, 5000.0 * self.chance.random(), 0.0
        self._starts = self.chance.randrange(2000)
        self._water, self._base_leakage = 15.0, 0.0008 + 0.0008 * self.chance.random()

    def step(self, dt: float, world: World) -> None:
        """Let ``dt`` seconds pass."""
        before, self._commanded = self._commanded, self._show(world)
        self._starts += self._commanded and not before
        running = self._commanded and not self.has("trip") and not self.has("does-not-run")
        goal = self._reference(world) if running else 0.0
        self._n += max(-dt / SPIN_S, min(dt / SPIN_S, goal - self._n))
        power = self._power()
        self._energy += power * dt / 3.6e6
        self._hours += dt / 3600.0 * (self._n > 0)
        heat = self.has("hot")
        self._motor = towards(
            self._motor, self._water + 45.0 * power / RATED_W + heat, dt, 60.0 if heat else 1500.0
        )
        warm = world.temperature + 22.0 * power / RATED_W
        self._electronics = towards(self._electronics, warm, dt, 900.0)
        self._water = towards(self._water, max(2.0, world.temperature - 2.0), dt, 6 * 3600.0)
        self._fill(dt)

    def longest_step(self, now: int, world: World) -> float:
        """Return 1 s while it turns, 15 s else."""
        return 1.0 if self._n > 0 or self._commanded else 15.0

    def _show(self, world: World) -> bool:
        if self.forced is not None:
            return self.forced
        place = ((self.now or world.now) / 1e9 + self._phase) % CYCLE_S
        return SHOW_H[0] <= world.local_hour(self.now) < SHOW_H[1] and place > PAUSE_S and world.wind < 10.8

    def _reference(self, world: World) -> float:
        """Return the speed as a share of the rated one; the jets dance slowly."""
        dance = 0.12 * math.sin((self.now or world.now) / 1e9 / 23.0 + self._phase)
        return min(1.0, 0.85 + dance) * (0.7 if world.wind > 5.5 else 1.0)

    def _fill(self, dt: float) -> None:
        lost = EVAPORATION_M_PER_H + self.has("level-loss")
        made_up = MAKE_UP_M_PER_H if self._level < BASIN_M else 0.0
        self._level = max(0.0, self._level + (made_up - lost) * dt / 3600.0)

    def _flow(self) -> float:
        return RATED_FLOW * self._n * (1.0 - self.has("strainer-clogged"))

    def _power(self) -> float:
        return RATED_W * self._n**3 * (1.0 - 0.45 * self.has("strainer-clogged"))

    def read(self) -> dict[str, Value]:
        """Return the true value of each signal."""
        n, power = self._n, self._power()
        moving = n > 0
        tripped = bool(self.has("trip"))
        code = TRIP_CODE if self.has("trip") == 1 else int(self.has("trip"))
        return {
            "commanded": self._commanded,
            "running": n > 0.02,
            "speed": RATED_RPM * n,
            "frequency": RATED_HZ * n,
            "power": max(0.0, power * (1.0 + self.noise(0.004))) if moving else 0.0,
            "motor_current": 1.1 + 7.2 * power / RATED_W + abs(self.noise(0.03)) if moving else 0.0,
            "head": RATED_HEAD * n**2,
            "flow": self._flow(),
            "inlet_pressure": 0.12 - 0.08 * n**2 - 0.3 * self.has("strainer-clogged") * n**2,
            "level": self._level,
            "motor_temperature": self._motor,
            "electronics_temperature": self._electronics,
            "bearing_temperature": self._motor - 6.0,
            "water_temperature": self._water,
            "motor_thermal": 70.0 * power / RATED_W,
            "dc_link_voltage": 541.0 + self.noise(1.0),
            "leakage": self._base_leakage + abs(self.noise(0.00005)) + self.has("leakage"),
            "tripped": tripped,
            "warning": False,
            "trip_code": code,
            "flood": bool(self.has("flood")),
            "energy": self._energy,
            "starts": self._starts,
            "operating_hours": self._hours,
        }
