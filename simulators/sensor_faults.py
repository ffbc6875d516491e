"""Sensors that lie: between what is true and what a transmitter says of it, for every analogue signal."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS, Value

HOUR = 3600 * NS
SPIKED = 0.15
"""The share of readings that a loose wire spoils."""
SWAPPED, HONEST = "swapped:", "none"


@dataclass(slots=True)
class SensorFault:
    """One lie. ``size`` in the signal's unit, but of ``gain`` a factor; ``since`` in ns UTC."""

    kind: str
    size: float
    since: int
    chance: random.Random
    other: str = ""
    held: float | None = field(default=None)

    def say(self, value: float, now: int, others: Mapping[str, Value | None]) -> float:
        """Return what the sensor says of a true value at ``now`` (ns UTC)."""
        if self.other:
            swapped = others.get(self.other)
            return value if swapped is None or isinstance(swapped, str) else float(swapped)
        return SENSOR_FAULTS[self.kind](self, value, max(0, now - self.since))


def _stuck(fault: SensorFault, value: float, passed: int) -> float:  # noqa: ARG001 - however long it stands
    if fault.held is None:
        fault.held = value
    return fault.held


def _spikes(fault: SensorFault, value: float, passed: int) -> float:  # noqa: ARG001 - at any time
    return value + fault.size if fault.chance.random() < SPIKED else value


SENSOR_FAULTS: dict[str, Callable[[SensorFault, float, int], float]] = {
    "stuck": _stuck,
    "offset": lambda fault, value, _: value + fault.size,
    "drift": lambda fault, value, passed: value + fault.size * passed / HOUR,
    "gain": lambda fault, value, _: value * fault.size,
    "noise": lambda fault, value, _: value + fault.chance.gauss(0.0, fault.size),
    "spikes": _spikes,
    "range-end": lambda fault, _value, _: fault.size,
    "wrong-unit": lambda _fault, value, _: value * 10.0,
}
"""By name; ``swapped:OTHER`` is the ninth: the wires of two sensors of a device are exchanged."""
SIZED = frozenset({"offset", "drift", "gain", "noise", "spikes", "range-end"})
"""Those that need a magnitude: an offset, a drift per hour, a factor, a spread, a jump, a reading."""


class LyingSensors:
    """Which sensors lie by now, by device and signal."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._faults: dict[str, dict[str, SensorFault]] = {}

    def begin(self, place: str, name: str, magnitude: float | None, now: int) -> None:
        """Let the sensor at ``DEVICE.SIGNAL`` lie from ``now`` (ns UTC); ``none``: not any more.

        Raises UsageError.
        """
        if name == HONEST:
            self._end(place)
            return
        check(name, magnitude)
        device, _, signal = place.partition(".")
        if name.startswith(SWAPPED):
            other = name.removeprefix(SWAPPED)
            for one, another in ((signal, other), (other, signal)):
                self._put(device, SensorFault("swapped", 0.0, now, random.Random(0), another), one)
            return
        chance = random.Random(zlib.crc32(f"{place}/{name}/{self._seed}".encode()))
        self._put(device, SensorFault(name, magnitude or 0.0, now, chance), signal)

    def _end(self, place: str) -> None:
        """Let a sensor, and the one it was exchanged with, tell the truth again."""
        device, _, signal = place.partition(".")
        ended = self._faults.get(device, {}).pop(signal, None)
        if ended is not None and ended.other:
            self._faults[device].pop(ended.other, None)

    def _put(self, device: str, fault: SensorFault, signal: str) -> None:
        self._faults.setdefault(device, {})[signal] = fault

    def spoil(self, device: str, values: dict[str, Value | None], now: int) -> dict[str, Value | None]:
        """Return what the sensors of a device say of its true values at ``now`` (ns UTC)."""
        faults = self._faults.get(device)
        if not faults:
            return values
        said = dict(values)
        for signal, fault in faults.items():
            true = values.get(signal)
            if true is not None and not isinstance(true, str | bool):
                said[signal] = fault.say(float(true), now, values)
        return said

    def partners(self, device: str, wanted: frozenset[str]) -> frozenset[str]:
        """Return the signals to be read for some that are wanted: those they are exchanged with too."""
        faults = self._faults.get(device)
        if not faults:
            return wanted
        return wanted | {faults[one].other for one in wanted if one in faults and faults[one].other}


def check(name: str, magnitude: float | None) -> None:
    """Raise UsageError where a sensor cannot lie so."""
    known = name in SENSOR_FAULTS or (name.startswith(SWAPPED) and name != SWAPPED)
    if not known:
        raise UsageError(
            Wording("scenario.hazard-not-known", name=name),
            hint=Wording("scenario.known", hazards=[*SENSOR_FAULTS, f"{SWAPPED}SIGNAL"]),
        )
    if (name in SIZED) != (magnitude is not None):
        which = "scenario.hazard-needs-a-magnitude" if name in SIZED else "scenario.hazard-has-no-magnitude"
        raise UsageError(Wording(which, name=name))
