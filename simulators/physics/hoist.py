"""The flagpole hoist: a drive, a brake, a rope drum, limits.

127 s for the whole travel is the published figure (devices.md 4.1); travel, masses and the
motor's rating are assumed.
"""

from __future__ import annotations

import math
from typing import ClassVar

from facilityd.model.sample import Value
from facilityd.model.text import Text
from simulators.physics.base import FOREVER, Fault, Model, towards
from simulators.physics.world import World

TRAVEL_M = 28.3
RUN_S = 127.0
RAMP_S = 4.0
TOP_SPEED = TRAVEL_M / (RUN_S - RAMP_S)
RATED_HZ = 50.0
FLAG_KG, ROPE_KG_PER_M, PRETENSION_N = 12.0, 0.18, 320.0
FLAG_AREA_M2, DRAG = 16.5, 0.6  # 5 m x 3.3 m; the drag coefficient is assumed
AIR_KG_M3, GRAVITY = 1.2, 9.81
BRAKE_OPEN_S, BRAKE_CLOSE_S = 0.25, 0.15
NO_LOAD_A, RATED_A = 3.2, 7.5
TRIP_BRAKE = 0x71A3


class Hoist(Model):
    """Raises at sunrise and lowers at sunset; ``demand`` asks for a run at any time."""

    FAULTS: ClassVar[dict[str, Fault]] = {
        "trip": Fault(
            "H10",
            Text(
                zh="drive trips with this code (1: overcurrent)",
                en="drive trips with this code (1: overcurrent)",
            ),
        ),
        "brake-stays-closed": Fault(
            "H4", Text(zh="1: the coil gets no current", en="1: the coil gets no current")
        ),
        "estop": Fault("H19", Text(zh="1: a button is pressed", en="1: a button is pressed")),
        "over-travel": Fault("H1", Text(zh="m beyond the top stop", en="m beyond the top stop")),
        "load-cell": Fault("H21", Text(zh="1: broken wire", en="1: broken wire")),
    }

    def __init__(self, name: str, seed: int) -> None:
        super().__init__(name, seed)
        self.position, self.speed, self.target = 0.0, 0.0, 0.0
        self._brake = self._stalled = self._left = 0.0
        self._thermal, self._drive_temperature = 20.0, 25.0
        self._wind, self._cycles, self._last = 0.0, 0, 0
        self._air = 15.0

    def demand(self, up: bool) -> None:
        """Ask for a run to the top or to the ground."""
        self.target = TRAVEL_M if up else 0.0
        self._cycles += 1

    def step(self, dt: float, world: World) -> None:
        """Let ``dt`` seconds pass."""
        self._follow_the_sun(world)
        self._wind, self._air = world.gust, world.temperature
        wanted = self._wanted()
        self._move_brake(dt, opening=self._commanded(wanted))
        self._move(dt, wanted if self._brake >= 1.0 else 0.0)
        self._heat(dt, world)

    def _follow_the_sun(self, world: World) -> None:
        now = self.now or world.now
        sunrise, sunset = world.ceremonies(now)
        for instant, up in ((sunrise, True), (sunset, False)):
            if self._last < instant <= now and now - instant < RUN_S * 1e9:
                self.demand(up)
        self._last = now

    def longest_step(self, now: int, world: World) -> float:
        """Return 0.05 s in motion, else the time to the next ceremony."""
        if self._brake > 0 or self._commanded(self._wanted()):
            return 0.05
        ahead = (t - now for t in world.ceremonies(now) if t > now)
        return min(self.CALM_S, min(ahead, default=FOREVER) / 1e9)

    def _blocked(self) -> bool:
        return bool(self.has("trip") or self.has("estop")) or self._stalled > 3.0

    def _wanted(self) -> float:
        """Return the speed reference in m/s: trapezoid, slowing down in time."""
        left = self.target + self.has("over-travel") * (self.target > 0) - self.position
        if self._blocked() or abs(left) < 1e-3:
            return 0.0
        braking = math.sqrt(2 * TOP_SPEED / RAMP_S * abs(left))
        return min(TOP_SPEED, braking, abs(self.speed) + 1.0) * (1 if left > 0 else -1)

    def _commanded(self, wanted: float) -> bool:
        return wanted != 0.0 or abs(self.speed) > 1e-3

    def _move_brake(self, dt: float, *, opening: bool) -> None:
        if opening and self.has("brake-stays-closed"):
            self._stalled += dt
            return
        step = dt / BRAKE_OPEN_S if opening else -dt / BRAKE_CLOSE_S
        self._brake = min(1.0, max(0.0, self._brake + step))

    def _move(self, dt: float, goal: float) -> None:
        change = TOP_SPEED / RAMP_S * dt
        self.speed += max(-change, min(change, goal - self.speed))
        left = self.target + self.has("over-travel") * (self.target > 0) - self.position
        move = self.speed * dt
        if abs(move) >= abs(left) and goal != 0.0:
            move, self.speed = left, 0.0
        self.position += move

    def _heat(self, dt: float, world: World) -> None:
        load = (self._current() / RATED_A) ** 2
        self._thermal = towards(self._thermal, 20.0 + 70.0 * load, dt, 900.0)
        warm = world.temperature + 8.0 + 18.0 * (abs(self.speed) > 0)
        self._drive_temperature = towards(self._drive_temperature, warm, dt, 600.0)

    def _tension(self) -> float:
        """Weight of flag and free rope, and the wind's pull, in N."""
        weight = (FLAG_KG + ROPE_KG_PER_M * (TRAVEL_M - self.position)) * GRAVITY
        aloft = max(0.0, min(1.0, self.position / TRAVEL_M))
        pull = 0.5 * AIR_KG_M3 * self._wind**2 * FLAG_AREA_M2 * DRAG * 0.15 * aloft
        return PRETENSION_N + weight + pull

    def _current(self) -> float:
        if self._stalled and self.has("brake-stays-closed") and not self._blocked():
            return 2.2 * RATED_A
        if abs(self.speed) < 1e-3:
            return 0.0
        return NO_LOAD_A + 2.6 * self._tension() / 600.0

    def read(self) -> dict[str, Value]:
        """Return the true value of each signal."""
        wanted = self._wanted()
        tripped = bool(self.has("trip")) or self._stalled > 3.0
        frequency = RATED_HZ * self.speed / TOP_SPEED
        current = max(0.0, self._current() + self.noise(0.02)) if self._current() else 0.0
        code = 0x2310 if self.has("trip") == 1 else int(self.has("trip"))
        return {
            "position": self.position + self.noise(0.0004),
            "speed": self.speed,
            "output_frequency": frequency,
            "motor_current": current,
            "torque": 13.0 * current,
            "motor_thermal": self._thermal,
            "motor_temperature": self._air + 0.7 * self._thermal,
            "drive_temperature": self._drive_temperature,
            "dc_link_voltage": 540.0 + self.noise(1.5) - 4.0 * (current > 0),
            "tension": self._tension() + self.noise(2.0),
            "load_cell_error": bool(self.has("load-cell")),
            "ready": not tripped and not self.has("estop"),
            "tripped": tripped,
            "warning": False,
            "remote": True,
            "trip_code": code or (TRIP_BRAKE if tripped else 0),
            "brake_open_command": self._commanded(wanted),
            "brake_open": self._brake >= 1.0,
            "upper_limit": self.position > TRAVEL_M - 0.02,
            "upper_overtravel": self.position > TRAVEL_M + 0.25,
            "lower_limit": self.position < 0.02,
            "slack_rope": False,
            "local": False,
            "estop_chain_ok": not self.has("estop"),
            "thermistor_ok": True,
            "cycles": self._cycles,
        }
