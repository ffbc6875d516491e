"""A fountain pump on its pipe: pump curve on a system curve, a basin, a chamber, a show programme.

Head H0 n² - a Q² meets the pipes' and nozzle's k Q²; flow goes with n, head with n², power with n³
(affinity laws). Rated figures are those of its machine. The jets are lowered in the wind as the press reports
(docs/reference/devices.md §4.3); which way each fault moves what: docs/reference/anomalies.md T12.
"""

from __future__ import annotations

import math
import random
import zlib
from typing import ClassVar

from facilityd.model.sample import Value
from simulators.physics.base import Fault, Model, towards
from simulators.physics.fountain_faults import FOUNTAIN_FAULTS
from simulators.physics.machine import FountainMachine
from simulators.physics.world import MAINS_V, World

RATED_HZ = 50.0
VAPOUR = -0.92  # bar: water boils before it can be sucked harder
STALLED = 1.687  # times the rated current, held fast
SPIN_S, CYCLE_S = 4.0, 23.0
SHOWS_H = (10.0, 12.0, 16.0, 19.5, 20.5)
SHOW_LENGTH_H = 0.5
WARM_C = 3.0  # no show in frost
DRAINED_BELOW_C, HEATED_C = 6.0, 6.0
EMPTY_M, EVAPORATION_M_PER_H, SPLASH_M_PER_H = 0.25, 0.0004, 0.004
DRAINS_S = 900.0  # no basin falls or fills a metre from one second to the next: only a reading does
MAKE_UP_M3_PER_H = 2.4
LOWERED_ABOVE, STOPPED_ABOVE = 5.5, 10.8  # m/s: force 4 and force 6
BLOCKED, DRY, MISSING_PHASE, HOT, TURNED_BACK = 51, 57, 2, 65, 209

AS_ON_THE_SQUARE = FountainMachine()


class Fountain(Model):
    """``forced`` keeps the show on or off at any hour."""

    FAULTS: ClassVar[dict[str, Fault]] = FOUNTAIN_FAULTS
    PARTS: ClassVar[tuple[str, ...]] = ("_machine", "_water_side", "_electric", "_room")

    def __init__(self, name: str, seed: int, machine: FountainMachine = AS_ON_THE_SQUARE) -> None:
        super().__init__(name, seed)
        self.machine = machine
        self._fall, self._pipe, self._intake = machine.fall, machine.pipe, machine.intake
        self.forced: bool | None = None
        fixed = random.Random(zlib.crc32(name.encode()))  # what it is: the same for every seed
        self._phase = CYCLE_S * fixed.random()
        self._commanded, self._n, self._stuck = False, 0.0, 0.0
        self._motor = self._electronics = 20.0
        self._level = self._shown_level = self.machine.basin
        self._energy, self._hours = 5000.0 * self.chance.random(), 0.0
        self._starts = self.chance.randrange(2000)
        self._water = self._chamber = 15.0
        self._make_up, self._wind, self._drained, self._refills = 0.0, 2.0, False, False
        drawn = 0.0008 + 0.0008 * fixed.random()
        self._base_leakage = machine.base_leakage or drawn
        self._wet, self._watts, self._rain = 0.0, 0.0, 0.0
        self._point = (0.0, 0.0, 0.1 * self.machine.basin)

    def longest_step(self, now: int, world: World) -> float:
        """Return 5 s while it turns or is told to, else 30 s with a fault and 300 s without."""
        if self._n > 0 or self._commanded:
            return 5.0
        return 30.0 if self._severities else 300.0

    def step(self, dt: float, world: World) -> None:
        """Let ``dt`` seconds pass."""
        before, self._commanded = self._commanded, self._show(world)
        self._starts += self._commanded and not before
        self._stuck = self._stuck + dt if self.has("blocked") and self._commanded else 0.0
        goal = self._reference(world) if self._turns() else 0.0
        self._n += max(-dt / SPIN_S, min(dt / SPIN_S, goal - self._n))
        self._point = self._hydraulics()
        self._watts = self._power()
        self._energy += self._watts * dt / 3.6e6
        self._hours += dt / 3600.0 * (self._n > 0)
        self._warm(dt, world)
        self._fill(dt)

    def _turns(self) -> bool:
        dead = self.has("does-not-run") or self._tripped()
        return self._commanded and not dead

    def _tripped(self) -> bool:
        return bool(self.has("trip")) or self._stuck > 3.0 or self.has("phase-loss") > 0.6

    def _show(self, world: World) -> bool:
        self._wind, self._wet, self._rain = world.wind, world.wet, world.rain
        self._drained = world.season < DRAINED_BELOW_C
        if self.forced is not None:
            return self.forced
        hour = world.local_hour(self.now) + self._phase / 36_000.0  # not all in the same second
        on = any(start <= hour < start + SHOW_LENGTH_H for start in SHOWS_H)
        return on and world.wind < STOPPED_ABOVE and world.temperature > WARM_C and not self._drained

    def _reference(self, world: World) -> float:
        """Return the speed as a share of the rated one; the jets dance slowly."""
        if self.has("blocked"):
            return 0.15
        middle = (self.machine.slowest + self.machine.top_speed) / 2
        dance = (self.machine.top_speed - middle) * math.sin(
            (self.now or world.now) / 1e9 / CYCLE_S + self._phase
        )
        lowered = world.wind > LOWERED_ABOVE and not self.has("ignores-wind")
        return min(1.0, middle + dance) * (0.7 if lowered else 1.0)

    def _hydraulics(self) -> tuple[float, float, float]:
        """Return (flow m³/h, discharge pressure bar, inlet pressure bar) where the curves meet."""
        n = self._n
        wetted = 1.0 - self.has("dry-running")
        if n <= 0 or wetted <= 0:
            return 0.0, 0.0, 0.1 * self._level if n <= 0 else -0.02
        whole = self._fall + self._pipe + self._intake
        intake = self._intake + whole * (self._clear("strainer-clogged") ** -2 - 1.0)
        pipe = self._pipe + whole * (self._clear("nozzle-clogged") ** -2 - 1.0)
        pipe += 3.0 * self._pipe * self.has("valve-stuck")
        shut_off = self.machine.shut_off * (1.0 - self.has("impeller-worn"))
        flow = n * math.sqrt(shut_off / (self._fall + pipe + intake)) * wetted
        if self.has("cavitation"):
            flow *= 1.0 - 0.12 * self.has("cavitation") + self.noise(0.04)
        inlet = 0.1 * self._level - intake * flow**2 - 0.25 * self.has("cavitation")
        return flow, pipe * flow**2, max(VAPOUR, inlet)

    def _clear(self, fault: str) -> float:
        """Return the share of the flow that a clogging leaves."""
        return max(0.05, 1.0 - self.has(fault))

    def _power(self) -> float:
        if self._n <= 0:
            return 0.0
        if self.has("blocked"):
            return 0.5 * self.machine.rated_watts
        flow = self._point[0]
        load = self.machine.idle_share + (1 - self.machine.idle_share) * flow / (
            self.machine.rated_flow * self._n
        )
        worn = 1.0 + 0.3 * self.has("impeller-worn")
        return self.machine.rated_watts * self._n**3 * load * worn

    def _warm(self, dt: float, world: World) -> None:
        share, heat = self._watts / self.machine.rated_watts, self.has("hot")
        self._motor = towards(self._motor, self._water + 45.0 * share + heat, dt, 60.0 if heat else 1500.0)
        self._electronics = towards(self._electronics, world.temperature + 22.0 * share, dt, 900.0)
        self._water = towards(self._water, max(2.0, world.temperature - 2.0), dt, 6 * 3600.0)
        cold = self.has("chamber-cold")
        goal = world.temperature - cold if cold else max(HEATED_C, 0.5 * world.temperature + 8.0)
        self._chamber = towards(self._chamber, goal, dt, 2400.0)

    def restore(self) -> None:
        """End every fault and let the basin fill again."""
        super().restore()
        self._refills = self._level < self.machine.basin

    def _fill(self, dt: float) -> None:
        splash = (
            SPLASH_M_PER_H * (self._n > 0) * self._wind / 5.0 * (3.0 if self.has("ignores-wind") else 1.0)
        )
        lost = EVAPORATION_M_PER_H + splash + self.has("level-loss")
        if self._level < self.machine.basin - 0.02:
            self._make_up = MAKE_UP_M3_PER_H
        elif self._level >= self.machine.basin:
            self._make_up = 0.0
        made = self._make_up + self.has("make-up-stuck")
        self._level = max(
            0.0,
            min(
                self.machine.basin + 0.4, self._level + (made / self.machine.basin_area - lost) * dt / 3600.0
            ),
        )
        if self._refills:
            self._level = towards(self._level, self.machine.basin, dt, DRAINS_S)
            self._refills = self._level < self.machine.basin - 0.02
        if self.has("dry-running") and self._level > EMPTY_M:
            self._level = towards(self._level, EMPTY_M, dt, DRAINS_S)
        if not self.has("level-frozen"):
            self._shown_level = self._level + self.has("level-wrong")

    def _machine(self) -> dict[str, Value]:
        n = self._n
        back = self.has("check-valve-leaks") if n <= 0 else 0.0
        tripped, code = self._tripped(), self._code()
        load = self._watts / (self.machine.rated_watts * n**3) if n > 0 else 0.0
        amperes = self.machine.no_load_amperes * n + self.machine.load_amperes * load * n if n > 0 else 0.0
        amperes *= 1.0 + 0.6 * self.has("phase-loss")  # the other phases carry what one does not
        if self.has("blocked") and n > 0:
            amperes = STALLED * (self.machine.no_load_amperes + self.machine.load_amperes)
        worn = self.has("bearing-worn")
        return {
            "running": n > 0.02 or back > 0,
            "speed": self.machine.rated_rpm * n + back,
            "frequency": RATED_HZ * n,
            "power": max(0.0, self._watts * (1.0 + self.noise(0.004))) if n > 0 else 0.0,
            "motor_current": amperes + abs(self.noise(0.03)) if n > 0 else 0.0,
            "motor_temperature": self._motor,
            "motor_thermal": 70.0 * self._watts / self.machine.rated_watts + self.has("hot"),
            "electronics_temperature": self._electronics,
            "bearing_temperature": self._motor - 6.0 + 4.0 * worn,
            "vibration": self.machine.vibration * n
            + (worn + 4.5 * self.has("cavitation")) * (n > 0)
            + abs(self.noise(0.08)),
            "tripped": tripped,
            "warning": bool(code) and not tripped,
            "trip_code": code,
            "energy": self._energy,
            "starts": self._starts,
            "operating_hours": self._hours,
        }

    def _code(self) -> int:
        codes = (
            (BLOCKED if self.has("trip") == 1 else int(self.has("trip")), self.has("trip")),
            (BLOCKED, self._stuck > 3.0),
            (MISSING_PHASE, self.has("phase-loss") > 0.6),
            (DRY, self.has("dry-running") and self._n > 0),
            (HOT, self._motor > 105.0),
            (TURNED_BACK, self.has("check-valve-leaks") and self._n <= 0),
        )
        return next((code for code, holds in codes if holds), 0)

    def _water_side(self) -> dict[str, Value]:
        flow, head, inlet = self._point
        commanded = self._n > 0.02
        return {
            "head": head,
            "flow": flow,
            "inlet_pressure": inlet,
            "level": self._shown_level,
            "level_switch": self._level < EMPTY_M + 0.1,
            "make_up_flow": self._make_up + self.has("make-up-stuck"),
            "valve_commanded": commanded,
            "valve_open": commanded and not self.has("valve-stuck"),
            "water_temperature": self._water,
            "ph": 7.4 + 0.01 * self.has("water-bad") + self.has("ph-off"),
            "turbidity": 2.0 + self.has("water-bad") + abs(self.noise(0.1)),
            "conductivity": 420.0 + 6.0 * self.has("water-bad"),
        }

    def _electric(self) -> dict[str, Value]:
        damp = self.machine.damp * self._wet
        leaks = self.has("leakage") + self.has("seal-leaks")
        lost = self.has("phase-loss")
        amperes = (self.machine.no_load_amperes + self.machine.load_amperes) * self._n**2
        volts = MAINS_V + self.noise(0.4) if not self.has("does-not-run") else 0.0
        return {
            "leakage": self._base_leakage + abs(self.noise(0.00005)) + leaks + damp,
            "oil_chamber_water": self.has("seal-leaks") > 0.002,
            "dc_link_voltage": 541.0 * (1.0 - 0.14 * min(1.0, lost)) + self.noise(1.0),
            "voltage_l1": volts,
            "voltage_l2": volts * (1.0 - lost),
            "voltage_l3": volts,
            "current_l1": amperes * (1.0 + 0.6 * lost),
            "current_l2": amperes * (1.0 - lost),
            "current_l3": amperes * (1.0 + 0.6 * lost),
        }

    def _room(self) -> dict[str, Value]:
        return {
            "commanded": self._commanded,
            "flood": bool(self.has("flood")),
            "chamber_temperature": self._chamber,
            "drained": self._drained,
            "wind": self._wind,
            "rain": self._rain,
        }
