"""The flagpole hoist: a drive, a brake, a rope drum, limits, an in-pole blower.

Travel, masses, friction, ratings and the brake's delays are those of its machine. Of the demo square 127 s
for the whole travel is the published figure (docs/reference/devices.md §4.1), the others are assumed. Air:
ISA sea level.
"""

from __future__ import annotations

import math
from typing import ClassVar

from facilityd.model.sample import NS, Value
from simulators.physics.base import FOREVER, Fault, Model, towards
from simulators.physics.hoist_faults import HOIST_FAULTS
from simulators.physics.machine import HoistMachine
from simulators.physics.world import MAINS_V, World

RATED_HZ = 50.0
DRAG = 0.6  # assumed
WIND_SHARE = 0.15  # of the flag's drag pulls along the rope (assumed)
AIR_KG_M3, GRAVITY = 1.2, 9.81
TRIP_BRAKE, TRIP_PHASE, TRIP_OVERCURRENT = 0x71A3, 0x3130, 0x2310
STALL_S, PHASE_TRIP_S = 3.0, 2.0
STEP_S = 0.05
PULLEY_N_PER_M = 2500.0  # how hard the truck meets the head pulley (assumed)
BLOWER_BELOW_MS, BLOWER_A = 3.0, 4.2
OIL_COLD_C = 5.0

AS_ON_THE_SQUARE = HoistMachine()


class Hoist(Model):
    """Raises at sunrise and lowers at sunset; ``demand`` asks for a run at any time."""

    FAULTS: ClassVar[dict[str, Fault]] = HOIST_FAULTS
    PARTS: ClassVar[tuple[str, ...]] = ("_motor", "_rope", "_contacts", "_supply")

    def __init__(self, name: str, seed: int, machine: HoistMachine = AS_ON_THE_SQUARE) -> None:
        super().__init__(name, seed)
        self.machine, self._top_speed = machine, machine.top_speed
        self.position = self.speed = self.target = 0.0
        self._shown = self._brake = self._stalled = self._starved = self._acceleration = 0.0
        self._thermal, self._drive_temperature, self._gearbox = 20.0, 25.0, 15.0
        self._wind, self._mean, self._air, self._extra = 0.0, 2.0, 15.0, 0.0
        self._cycles, self._last, self._asked = 0, 0, False
        self._opening, self._closing, self._since = self.machine.brake_open, self.machine.brake_close, 0.0

    def stand(self, world: World) -> None:
        """By day the flag is up."""
        rises, sets = world.ceremonies()
        if rises + self.machine.run * NS <= world.now < sets:
            self.position = self._shown = self.target = self.machine.travel

    def demand(self, up: bool) -> None:
        """Ask for a run to the top or to the ground."""
        self.target = self.machine.travel if up else 0.0
        self._asked = True
        self._cycles += 1

    def restore(self) -> None:
        """End every fault and reset the drive that tripped of one; a run that was broken off goes on."""
        super().restore()
        self._stalled = self._starved = 0.0

    def longest_step(self, now: int, world: World) -> float:
        """Return 0.05 s in motion, else the time to the next ceremony."""
        if self._brake > 0 or self._commanded(self._wanted()):
            return STEP_S
        late = round(self.has("timetable-off") * 60 * NS)
        ahead = (t + late - now for t in world.ceremonies(now) if t + late > now)
        return min(self.CALM_S, min(ahead, default=FOREVER) / NS)

    def step(self, dt: float, world: World) -> None:
        """Let ``dt`` seconds pass."""
        self._follow_the_sun(world)
        self._wind, self._mean, self._air = world.gust, world.wind, world.temperature
        wanted = self._wanted()
        commanded = self._commanded(wanted)
        self._move_brake(dt, opening=commanded)
        self._starve(dt, moving=commanded)
        self._move(dt, wanted if self._brake >= 1.0 else 0.0)
        self._heat(dt)

    def _follow_the_sun(self, world: World) -> None:
        now = self.now or world.now
        late = round(self.has("timetable-off") * 60 * NS)
        for instant, up in zip(world.ceremonies(now), (True, False), strict=True):
            if self._last < instant + late <= now and now - instant - late < self.machine.run * NS:
                self.demand(up)
        self._last = now

    def _blocked(self) -> bool:
        refused = self.has("limit-stuck") and self.target > self.position
        return bool(self._tripped() or self.has("estop") or self.has("left-local") or refused)

    def _tripped(self) -> bool:
        return bool(self.has("trip")) or self._stalled > STALL_S or self._starved > PHASE_TRIP_S

    def _left(self) -> float:
        beyond = self.has("over-travel") * (self.target > 0)
        return self.target + beyond - self.position

    def _wanted(self) -> float:
        """Return the speed reference in m/s: trapezoid, slowing down in time."""
        left = self._left()
        if abs(left) < 1e-3 or not self._asked or self._blocked():
            return 0.0
        top = self._top_speed * (1.0 - self.has("runs-slow")) * (0.8 if self.has("jam") > 300 else 1.0)
        braking = math.sqrt(2 * self._top_speed / self.machine.ramp * abs(left))
        return min(top, braking, abs(self.speed) + 1.0) * (1 if left > 0 else -1)

    def _commanded(self, wanted: float) -> bool:
        return wanted != 0.0 or abs(self.speed) > 1e-3

    def _move_brake(self, dt: float, *, opening: bool) -> None:
        if opening and self.has("brake-stays-closed"):
            self._stalled += dt
            return
        slower = 1.0 + self.has("brake-worn")
        self._opening, self._closing = self.machine.brake_open * slower, self.machine.brake_close * slower
        step = dt / self._opening if opening else -dt / self._closing
        self._brake = min(1.0, max(0.0, self._brake + step))

    def _starve(self, dt: float, *, moving: bool) -> None:
        """Two phases feed a standing drive, but not a working one."""
        if self.has("phase-loss") > 100:
            self._starved += dt * moving
        else:
            self._starved = 0.0

    def _move(self, dt: float, goal: float) -> None:
        change, before = self._top_speed / self.machine.ramp * dt, self.speed
        self.speed += max(-change, min(change, goal - self.speed))
        left = self._left()
        move = self.speed * dt
        if abs(move) >= abs(left) and goal != 0.0:
            move, self.speed = left, 0.0
        if abs(self.speed) < 1e-3 and (abs(self._left()) < 2e-3 or self._blocked()):
            self._asked = False  # arrived, or stopped for good: what creeps now is not driven
        if self._brake < 1.0 and self.position > 0:
            move -= min(self.position, self.has("brake-slips") / 60_000.0 * dt)
        self._acceleration = (self.speed - before) / dt
        self.position += move * (1.0 - self.has("drum-slips"))
        if not self.has("encoder-frozen"):
            self._shown = self.position

    def _heat(self, dt: float) -> None:
        load = (self._current() / self.machine.rated_amperes) ** 2
        goal = 20.0 + self.machine.motor_rise * load + self.has("motor-hot")
        self._thermal = towards(self._thermal, goal, dt, 60.0 if self.has("motor-hot") else 900.0)
        moving = abs(self.speed) > 0
        self._drive_temperature = towards(self._drive_temperature, self._air + 8.0 + 18.0 * moving, dt, 600.0)
        warm = self._air + 14.0 * moving + 3.0 * self.has("bearing-worn") - 12.0 * bool(self.has("oil-cold"))
        self._gearbox = towards(self._gearbox, warm, dt, 1200.0)

    def _tension(self) -> float:
        """Weight of flag and free rope, inertia, friction, and the wind's pull, in N."""
        mass = self.machine.flag + self.machine.rope * (self.machine.travel - self.position)
        aloft = max(0.0, min(1.0, self.position / self.machine.travel))
        wind = self._mean if self.has("flag-foul") else self._wind
        pull = 0.5 * AIR_KG_M3 * wind**2 * self.machine.flag_area * DRAG * WIND_SHARE * aloft
        friction = self.machine.friction * (self.speed > 1e-3) - self.machine.friction * (self.speed < -1e-3)
        held = self.machine.pretension + mass * (GRAVITY + self._acceleration) + pull + friction
        jam = self.has("jam") * (abs(self.speed) > 1e-3)
        pulley = PULLEY_N_PER_M * max(0.0, self.position - self.machine.travel)
        return (held + jam + pulley) * (1.0 - self.has("slack"))

    def _flutter(self) -> float:
        """The rope's unrest in a wind: the flag beats; one that is foul does not (N, standard deviation)."""
        aloft = max(0.0, min(1.0, self.position / self.machine.travel))
        return 0.0 if self.has("flag-foul") else 1.1 * self._mean**1.5 * aloft

    def _current(self) -> float:
        if self._stalled and self.has("brake-stays-closed") and not self._blocked():
            return 2.2 * self.machine.rated_amperes
        if abs(self.speed) < 1e-3:
            return 0.0
        run_up = abs(self._acceleration) > 1e-3
        cold = self.has("oil-cold") + 0.03 * max(0.0, OIL_COLD_C - self._gearbox)
        drag = 1.5 * (self.has("motor-hot") > 0) + 1.2 * (self.has("phase-loss") > 100)
        return (
            self.machine.no_load_amperes
            + self.machine.ampere_per_newton * self._tension()
            + cold * run_up
            + drag
        )

    def _motor(self) -> dict[str, Value]:
        current = self._current()
        restless = math.hypot(self.has("stick-slip"), self.machine.ripple)
        ripple = self.noise(restless) if current else 0.0
        turning = abs(self.speed) > 1e-3
        return {
            "output_frequency": RATED_HZ * self.speed / self._top_speed,
            "motor_current": max(0.0, current + self.noise(0.02) + 0.04 * ripple) if current else 0.0,
            "torque": self.machine.torque_per_ampere * current + ripple,
            "motor_thermal": self._thermal,
            "motor_temperature": self._air + 0.7 * self._thermal,
            "drive_temperature": self._drive_temperature,
            "gearbox_temperature": self._gearbox,
            "vibration": (self.machine.vibration + self.has("bearing-worn") + abs(self.noise(0.05)))
            if turning
            else 0.05,
        }

    def _rope(self) -> dict[str, Value]:
        jump = self.has("encoder-jumps") * (self.chance.random() < 0.3) if self.has("encoder-jumps") else 0.0
        drift = self.has("load-cell-drift")
        return {
            "position": self._shown + jump + (0.0 if self.has("encoder-frozen") else self.noise(0.0004)),
            "speed": self.speed * (1.0 - self.has("drum-slips")),
            "tension": self._tension() + self.noise(2.0 + self._flutter()) + drift,
            "load_cell_error": bool(self.has("load-cell")),
            "wind": self._mean,
            "cycles": self._cycles + int(self.has("rope-worn")),
        }

    def _contacts(self) -> dict[str, Value]:
        blower = self.position > self.machine.travel / 2 and self._mean < BLOWER_BELOW_MS
        runs = blower and not self.has("blower-off")
        drawn = BLOWER_A + self.noise(0.05) - self.has("blower-idle") if runs else 0.0
        top = self.position > self.machine.travel - 0.02 and not self.has("over-travel")
        return {
            "brake_open_command": self._commanded(self._wanted()),
            "brake_open": self._brake >= 1.0 or bool(self.has("brake-stays-open")),
            "brake_opening_time": self._opening,
            "brake_closing_time": self._closing,
            "upper_limit": top or bool(self.has("limit-stuck")),
            "upper_overtravel": self.position > self.machine.travel + 0.25
            or bool(self.has("limit-wire-broken")),
            "lower_limit": self.position < 0.02,
            "slack_rope": self.has("slack") > 0.5,
            "local": bool(self.has("left-local")),
            "estop_chain_ok": not self.has("estop"),
            "thermistor_ok": self._thermal < 115.0,
            "blower_commanded": blower,
            "blower_running": runs,
            "blower_current": max(0.1, drawn) if runs else 0.0,
        }

    def _supply(self) -> dict[str, Value]:
        tripped, lost = self._tripped(), self.has("phase-loss")
        starved, code = self._starved > PHASE_TRIP_S, int(self.has("trip"))
        cause = (
            TRIP_OVERCURRENT
            if code == 1
            else code or (TRIP_PHASE if starved else TRIP_BRAKE if tripped else 0)
        )
        volts = MAINS_V + self.noise(0.5)
        link = 540.0 + self.noise(1.5) + self.has("supply-high")
        return {
            "dc_link_voltage": link - 4.0 * (self._current() > 0) - 0.34 * lost,
            "voltage_l1": volts,
            "voltage_l2": max(0.0, volts + self.noise(0.3) - lost),
            "voltage_l3": volts + self.noise(0.3),
            "ready": not tripped and not self.has("estop"),
            "tripped": tripped,
            "warning": bool(lost),
            "remote": not self.has("left-local"),
            "trip_code": cause,
        }
