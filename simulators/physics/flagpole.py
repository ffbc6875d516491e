"""A row pole: a small drive that hoists a festival flag. Its figures are those of its machine."""

from __future__ import annotations

from typing import ClassVar

from facilityd.model.sample import Value
from simulators.physics.base import Fault, Model, towards
from simulators.physics.hoist_faults import FLAGPOLE_FAULTS
from simulators.physics.machine import FlagpoleMachine
from simulators.physics.world import World

STALL_TORQUE, STALL_S = 150.0, 3.0
TRIP_OVERLOAD = 21  # oL; 7 is an overvoltage (devices/profiles/delta_ms300.yaml)

AS_ON_THE_SQUARE = FlagpoleMachine()


class Flagpole(Model):
    """At rest nearly always; ``demand`` starts a run to the other end."""

    FAULTS: ClassVar[dict[str, Fault]] = FLAGPOLE_FAULTS

    def __init__(self, name: str, seed: int, machine: FlagpoleMachine = AS_ON_THE_SQUARE) -> None:
        super().__init__(name, seed)
        self.machine = machine
        self._left = self._frequency = self._stalled = 0.0
        self._top, self._cycles = False, 0
        self._temperature, self._tilt = 20.0, 0.2 * self.chance.random()

    def demand(self) -> None:
        """Ask for a run."""
        if not self._blocked():
            self._left = self.machine.run + self.has("over-travel")
            self._cycles += 1

    def _blocked(self) -> bool:
        stuck = self.has("limit-stuck") and not self._top
        return bool(self._tripped() or self.has("left-local") or stuck)

    def _tripped(self) -> bool:
        return bool(self.has("trip")) or self._stalled > STALL_S

    def restore(self) -> None:
        """End every fault and reset the drive that tripped of one."""
        super().restore()
        self._stalled = 0.0

    def longest_step(self, now: int, world: World) -> float:
        """Return 0.1 s in motion."""
        return 0.1 if self._left > 0 or self._frequency > 0 else self.CALM_S

    def step(self, dt: float, world: World) -> None:
        """Let ``dt`` seconds pass."""
        before, self._left = self._left, max(0.0, self._left - dt) if not self._blocked() else 0.0
        held = bool(self.has("brake-stays-closed")) and self._left > 0
        self._stalled = self._stalled + dt if held else self._stalled
        goal = self.machine.rated_hz if self._left > self.machine.ramp and not held else 0.0
        change = self.machine.rated_hz / self.machine.ramp * dt
        self._frequency += max(-change, min(change, goal - self._frequency))
        if before > 0 and self._left == 0 and not self._tripped():
            self._top = not self._top
        self._temperature = towards(self._temperature, world.temperature + 6 + 20 * (goal > 0), dt, 300.0)

    def _all(self) -> dict[str, Value]:
        running, asked = self._frequency > 0, self._left > 0
        held = asked and bool(self.has("brake-stays-closed"))
        torque = STALL_TORQUE if held else self.machine.run_torque + self.has("jam") if running else 0.0
        if torque and self.machine.ripple:
            torque += self.noise(self.machine.ripple)
        tripped = self._tripped()
        at_rest = not running and not asked
        return {
            "output_frequency": self._frequency,
            "motor_current": self.machine.ampere_per_torque * torque + self.noise(0.02) if torque else 0.0,
            "dc_link_voltage": 538.0 - self.has("supply") + self.noise(1.2),
            "torque": torque,
            "drive_temperature": self._temperature,
            "trip_code": int(self.has("trip")) or (TRIP_OVERLOAD if tripped else 0),
            "tripped": tripped,
            "ready": not tripped and not self.has("left-local"),
            "local": bool(self.has("left-local")),
            "brake_open_command": asked or running,
            "brake_open": running,
            "upper_limit": (self._top and at_rest and not self.has("over-travel"))
            or bool(self.has("limit-stuck")),
            "lower_limit": (not self._top and at_rest) or bool(self.has("limit-wire-broken")),
            "tilt": self._tilt + self.has("base-tilt") + self.noise(0.01),
            "cycles": self._cycles + int(self.has("rope-worn")),
        }
