"""A lighting circuit: on from dusk to dawn, dimmed late; a lantern also warms its inside.

Switching at the sun's elevation of -3.5 degrees is assumed; the highest level is kept until
midnight (docs/reference/devices.md §4.2). Ratings and heat balance are assumed. Lamps fail by
Weibull lives of LED light sources: shape 4 and 100,000 h are assumed, after rated lives of DALI
part 253 (docs/reference/anomalies.md T14).
"""

from __future__ import annotations

import random
import zlib
from typing import ClassVar

from facilityd.model.sample import Value
from simulators.physics.base import Fault, Model, fault, towards
from simulators.physics.machine import LightingMachine
from simulators.physics.world import MAINS_HZ, World

DUSK_DEG = -3.5
LATE_LEVEL, FULL_LEVEL = 40.0, 100.0
MIDNIGHT_H, DAWN_H = 0.0, 12.0
HEAT_S, POWER_FACTOR = 1200.0, 0.96
LAMPS, LIFE_H, SHAPE, OLDEST_H = 60, 100_000.0, 4.0, 10_000.0
LEAST_V = 100.0
"""Below it no lamp burns, and what is left is taken for no voltage at all."""
CYCLE_S = 120.0


LIGHTING_FAULTS: dict[str, Fault] = {
    "lamp-failure": fault("L1", "灯具损坏", "a lamp has failed"),
    "gear-failed": fault("L2", "驱动电源损坏", "a control gear has failed"),
    "led-short": fault("L3", "LED短路或负载变化", "LED short or load change", "share of the power", 0.08),
    "derating": fault("L4", "驱动过热降光", "thermal derating", "share of the power lost", 0.3, 300.0),
    "gear-hot": fault("L4", "驱动散热不良", "the control gear is badly cooled", "K added", 60.0, 600.0),
    "overheat": fault("L5", "灯笼内部过热", "the lantern overheats", "K above what the lamps explain", 50.0),
    "contactor-welded": fault("L6", "接触器粘连", "the contactor does not open"),
    "contactor-open": fault("L7", "接触器不吸合", "the contactor does not close"),
    "phase-missing": fault("L8", "缺相", "a phase is missing"),
    "leakage": fault("L9", "漏电", "the circuit leaks to earth", "A", 0.02),
    "wet-facade": fault("L9", "雨后漏电", "leaks when it rains", "A when soaked", 0.02),
    "supply-high": fault("L10", "电压偏差", "the supply voltage is off", "V", 28.0),
    "lamp-cycles": fault("L11", "灯具反复启停", "a lamp cycles", "share of the power", 0.15),
    "scene-wrong": fault("L12", "场景错误", "the scene is wrong", "% of level", -35.0),
    "dali-fault": fault("L13", "DALI总线故障", "the DALI bus is dead"),
    "clock-off": fault("L15", "开关灯时刻错误", "switches at the wrong time", "min late", 60.0),
    "excess-power": fault("L16", "功率偏高", "uses too much power", "share added", 0.25),
    "lamps-aged": fault("L17", "光衰到寿命", "the lamps are at the end of their life", "h added", 60_000.0),
    "pole-defect": fault("L18", "灯杆倾斜带电", "the pole leans and is live", "degrees", 3.0, 600.0),
    "gear-silent": fault("", "驱动电源不应答", "a control gear does not answer"),
    "lamps-failed": fault("", "多灯损坏", "many lamps have failed", "share of the lamps", 0.2),
}

AS_ON_THE_SQUARE = LightingMachine()


class Lighting(Model):
    """``forced`` keeps it on or off whatever the sun does."""

    FAULTS: ClassVar[dict[str, Fault]] = LIGHTING_FAULTS
    PARTS: ClassVar[tuple[str, ...]] = ("_switch", "_meter", "_bus", "_surroundings")

    def __init__(self, name: str, seed: int, machine: LightingMachine = AS_ON_THE_SQUARE) -> None:
        super().__init__(name, seed)
        self.machine = machine
        lantern = name.startswith("lantern")
        # What a circuit is does not depend on the seed, so that a baseline fits every story.
        identity = random.Random(zlib.crc32(name.encode()))
        drawn = 180.0 if lantern else 900.0 + 2200.0 * identity.random()
        self.rated = machine.rated or drawn
        self.forced: bool | None = None
        self._level, self._scene, self._on, self._inside, self._gear = 0.0, 0.0, False, 20.0, 20.0
        self._energy = 1000.0 * self.chance.random()
        self._supply, self._wet, self._rain, self._air = 230.0, 0.0, 0.0, 15.0
        self._hours = OLDEST_H * self.chance.random()
        self._burned, self._switchings = 0.0, self.chance.randrange(3000)
        self._failures = self._lives()

    def _lives(self) -> list[float]:
        """Return after how many more hours lamps fail, those that do soon, the first one first."""
        lives = (LIFE_H * self.chance.weibullvariate(1.0, SHAPE) for _ in range(LAMPS))
        return sorted(life - self._hours for life in lives if 0 < life - self._hours < 50_000)

    def step(self, dt: float, world: World) -> None:
        """Let ``dt`` seconds pass."""
        before, self._on = self._on, self._switched(world)
        self._scene = self._wanted(world)
        goal = max(0.0, min(100.0, self._scene + self.has("scene-wrong"))) if self._scene else 0.0
        self._level = towards(self._level, goal, dt, 2.0) if abs(goal - self._level) > 0.5 else goal
        self._supply, self._wet = world.supply + self.has("supply-high"), world.wet
        self._rain, self._air = world.rain, world.temperature
        power = self._power()
        self._energy += power * dt / 3.6e6
        self._burned += dt / 3600.0 * (power > 0)
        self._switchings += self._on and not before
        if self.has("lamp-cycles") and self._on:
            self._switchings += round(dt / CYCLE_S + 0.5)
        self._warm(dt, world, power)

    def _switched(self, world: World) -> bool:
        if self.forced is not None:
            return self.forced
        late = round(self.has("clock-off") * 60e9)
        return world.elevation((self.now or world.now) - late) < DUSK_DEG

    def _wanted(self, world: World) -> float:
        late = MIDNIGHT_H <= world.local_hour(self.now) < DAWN_H
        return (LATE_LEVEL if late else FULL_LEVEL) if self._on else 0.0

    def _warm(self, dt: float, world: World, power: float) -> None:
        hot = self.has("overheat")
        goal = world.temperature + self.machine.kelvin_per_watt * min(power, 300.0) + hot
        self._inside = towards(self._inside, goal, dt, 40.0 if hot else HEAT_S)
        warmer = 60.0 * self.has("derating") + self.has("gear-hot")
        gear = world.temperature + self.machine.gear_kelvin * power / self.rated + warmer
        self._gear = towards(self._gear, gear, dt, 900.0)

    def _dead(self) -> float:
        """Return the share of the lamps that give no light."""
        failed = 0
        while failed < len(self._failures) and self._failures[failed] <= self._burned:
            failed += 1
        one = 1.0 / LAMPS
        if not self._severities:
            return one * failed
        flagged = (self.has("lamp-failure") > 0) + (self.has("gear-failed") > 0)
        return min(1.0, self.has("lamps-failed") + one * (failed + flagged))

    def _power(self) -> float:
        closed = (self._on and not self.has("contactor-open")) or bool(self.has("contactor-welded"))
        level = max(self._level, FULL_LEVEL if self.has("contactor-welded") else 0.0)
        if not closed or level <= 0 or self._supply < LEAST_V:
            return 0.0
        healthy = self.rated * (self.machine.standby + (1 - self.machine.standby) * level / 100.0)
        if not self._severities:
            return healthy * (1.0 - self._dead())
        factors = (
            1.0 - self._dead(),
            1.0 - self.has("led-short"),
            1.0 - self.has("derating"),
            1.0 + self.has("excess-power"),
            2.0 / 3.0 if self.has("phase-missing") else 1.0,
            1.0 - self.has("lamp-cycles") * (self.chance.random() < 0.5) if self.has("lamp-cycles") else 1.0,
        )
        for factor in factors:
            healthy *= factor
        return healthy

    def _switch(self) -> dict[str, Value | None]:
        return {"commanded": self._on, "scene_level": self._scene, "switchings": self._switchings}

    def _meter(self) -> dict[str, Value | None]:
        power = max(0.0, self._power() * (1.0 + self.noise(0.003)))
        gone = bool(self.has("phase-missing"))
        volts = self._supply + self.noise(0.4) if self._supply >= LEAST_V else 0.0
        live = 2 if gone else 3
        return {
            "power": power,
            "power_l1": power / live,
            "power_l2": 0.0 if gone else power / live,
            "power_l3": power / live,
            "voltage": volts,
            "voltage_l2": 0.0 if gone else volts and volts + self.noise(0.2),
            "voltage_l3": volts and volts + self.noise(0.2),
            "current": power / volts / POWER_FACTOR if volts else 0.0,
            "frequency": MAINS_HZ + self.noise(0.01) if volts else 0.0,
            "energy": self._energy,
        }

    def _bus(self) -> dict[str, Value | None]:
        dead, failed = bool(self.has("dali-fault")), self._failures[:1]
        worn = bool(failed) and failed[0] <= self._burned
        return {
            "level": None if dead else self._level,
            "lamp_on": None if dead else self._power() > 0,
            "lamp_failure": None if dead else bool(self.has("lamp-failure")) or worn,
            "gear_failure": None if dead else bool(self.has("gear-failed")),
            "gear_missing": dead or bool(self.has("gear-silent")),
            "line_lost": 100.0 if dead else 0.0,
            "line_answers": 0.0 if dead else 100.0,
            "led_short": None if dead else bool(self.has("led-short")),
            "thermal_dimming": None if dead else bool(self.has("derating")),
            "gear_temperature": None if dead else self._gear,
            "operating_hours": None if dead else self._hours + self._burned + self.has("lamps-aged"),
        }

    def _surroundings(self) -> dict[str, Value | None]:
        wet = self.has("wet-facade") * self._wet + self.machine.damp * self._wet
        aged = 0.35 * min(1.0, self.has("lamps-aged") / 60_000.0)
        tilt = self.has("pole-defect")
        return {
            "leakage": self.machine.base_leakage + abs(self.noise(0.0001)) + self.has("leakage") + wet,
            "temperature": self._inside,
            "illuminance": self.machine.lux * self._power() / self.rated * (1.0 - aged)
            + abs(self.noise(0.3)),
            "tilt": 0.1 + tilt + self.noise(0.02),
            "pole_leakage": 0.0003 + 0.003 * tilt,
            "rain": self._rain,
            "ambient": self._air,
        }
