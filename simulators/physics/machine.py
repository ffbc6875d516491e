"""What a machine is: figures of a data sheet, of its load and of its place.

Defaults are those of the demo square; another make has others, which ``simulators/machines`` draws from
ranges with their sources.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FountainMachine:
    """A pump on its pipe. rpm, m³/h, bar, W, A, m, mm/s; leakages in A.

    ``base_leakage`` 0: drawn by the device's name; ``damp``: added when soaked. The show dances between
    ``slowest`` and ``top_speed``, shares of the rated speed.
    """

    rated_rpm: float = 2900.0
    rated_flow: float = 42.0
    rated_head: float = 2.6
    rated_watts: float = 4200.0
    shut_off: float = 3.4
    suction: float = 0.08
    idle_share: float = 0.45
    no_load_amperes: float = 5.6
    load_amperes: float = 2.7
    basin: float = 1.2
    basin_area: float = 120.0
    vibration: float = 1.6
    base_leakage: float = 0.0
    damp: float = 0.0006
    slowest: float = 0.73
    top_speed: float = 0.97

    @property
    def fall(self) -> float:
        """How the head falls with the flow squared."""
        return (self.shut_off - self.rated_head) / self.rated_flow**2

    @property
    def pipe(self) -> float:
        """What pipe and nozzle ask for the flow squared."""
        return (self.rated_head - self.suction) / self.rated_flow**2

    @property
    def intake(self) -> float:
        """What the suction loses for the flow squared."""
        return self.suction / self.rated_flow**2


@dataclass(frozen=True, slots=True)
class HoistMachine:
    """A hoist. m, s, kg, N, A; ``ripple`` in % of torque, ``torque_per_ampere`` in %."""

    travel: float = 28.3
    run: float = 127.0
    ramp: float = 4.0
    flag: float = 12.0
    rope: float = 0.18
    pretension: float = 320.0
    friction: float = 22.0
    flag_area: float = 16.5
    brake_open: float = 0.25
    brake_close: float = 0.15
    no_load_amperes: float = 3.2
    rated_amperes: float = 7.5
    ampere_per_newton: float = 2.6 / 600.0
    torque_per_ampere: float = 13.0
    ripple: float = 0.0
    vibration: float = 0.9
    motor_rise: float = 70.0

    @property
    def top_speed(self) -> float:
        """In m/s, once run up."""
        return self.travel / (self.run - self.ramp)


@dataclass(frozen=True, slots=True)
class FlagpoleMachine:
    """A row pole's drive. s, Hz, %, A for a % of torque."""

    run: float = 60.0
    ramp: float = 2.0
    rated_hz: float = 40.0
    run_torque: float = 22.0
    ampere_per_torque: float = 0.085
    ripple: float = 0.0


@dataclass(frozen=True, slots=True)
class LightingMachine:
    """A circuit or a lantern. W (0: drawn by name), K/W, A, lx; ``standby`` a share of the power."""

    rated: float = 0.0
    standby: float = 0.08
    kelvin_per_watt: float = 0.12
    gear_kelvin: float = 24.0
    base_leakage: float = 0.0015
    damp: float = 0.0004
    lux: float = 120.0


@dataclass(frozen=True, slots=True)
class WeatherMachine:
    """A climate. m/s, °C, s; ``showers`` times as many days with rain as on the demo square."""

    mean_wind: float = 2.4
    day_wind: float = 1.2
    gustiness: float = 0.28
    year_mean: float = 13.0
    year_swing: float = 15.0
    day_swing: float = 5.0
    wetting: float = 1200.0
    drying: float = 4 * 3600.0
    showers: float = 1.0


Machine = FountainMachine | HoistMachine | FlagpoleMachine | LightingMachine | WeatherMachine
MACHINES: dict[str, type[Machine]] = {
    "fountain": FountainMachine,
    "hoist": HoistMachine,
    "flagpole": FlagpoleMachine,
    "lighting": LightingMachine,
    "weather": WeatherMachine,
}
"""By family."""
