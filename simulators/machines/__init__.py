"""Machines other than the demo square's: what they are and how well their sensors see, drawn from ranges.

Each family has a file here: kinds with ranges of their figures, the sources of these, and what sensors make
of the truth. The same seed draws the same machine.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from facilityd.model.sample import NS, Value
from simulators.physics.machine import MACHINES, Machine

FOLDER = Path(__file__).parent
Range = tuple[float, float]


class SensorRanges(BaseModel):
    """How well a signal is seen; ``gain``, ``offset`` and ``drift`` lie on either side of nought.

    In its unit; ``share`` and ``gain`` are shares, ``lag`` in s, ``drift`` by the day.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    noise: Range = (0.0, 0.0)
    share: Range = (0.0, 0.0)
    gain: Range = (0.0, 0.0)
    offset: Range = (0.0, 0.0)
    step: Range = (0.0, 0.0)
    lag: Range = (0.0, 0.0)
    drift: Range = (0.0, 0.0)


class MachineTable(BaseModel):
    """One file: kinds of machines of a family, each figure as a range, and their sensors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    family: str
    sources: dict[str, str] = Field(min_length=1)
    kinds: dict[str, dict[str, Range | float]] = Field(min_length=1)
    sensors: dict[str, SensorRanges] = {}


@dataclass(slots=True)
class SeenSignal:
    """One sensor: a gain and an offset that stay, noise, a lag, a drift and the step of its last digit."""

    gain: float
    offset: float
    noise: float
    share: float
    step: float
    lag: float
    drift: float
    value: float | None = None
    at: int = 0
    begun: int | None = None

    def say(self, true: float, now: int, chance: random.Random) -> float:
        """Return what it says of a true value at ``now`` (ns UTC)."""
        if self.begun is None:
            self.begun = now
        if self.lag and self.value is not None and now > self.at:
            passed = (now - self.at) / NS / self.lag
            true = true if passed > 30 else true + (self.value - true) * 2.718281828459045**-passed
        self.value, self.at = true, now
        days = (now - self.begun) / (86_400 * NS)
        said = true * (1.0 + self.gain) + self.offset + self.drift * days
        width = self.noise + self.share * abs(true)
        if width:
            said += chance.gauss(0.0, width)
        return round(said / self.step) * self.step if self.step else said


@dataclass(slots=True)
class ForeignSensors:
    """The sensors of one device. What is off reads nought, without noise."""

    signals: Mapping[str, SeenSignal]
    chance: random.Random

    def read(self, true: Mapping[str, Value | None], now: int) -> dict[str, Value | None]:
        """Return what they say of the truth at ``now`` (ns UTC)."""
        said = dict(true)
        for name, sensor in self.signals.items():
            value = true.get(name)
            if isinstance(value, int | float) and not isinstance(value, bool) and value != 0:
                said[name] = sensor.say(float(value), now, self.chance)
        return said


@dataclass(frozen=True, slots=True)
class ForeignMachine:
    """A machine as it was drawn, and its sensors; ``kind`` names the make."""

    kind: str
    machine: Machine
    sensors: ForeignSensors = field(compare=False)


def table(family: str) -> MachineTable | None:
    """Return what there is to draw of a family, or None."""
    path = FOLDER / f"{family}.yaml"
    return (
        MachineTable.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        if path.exists()
        else None
    )


def draw(devices: Mapping[str, str], seed: int) -> dict[str, ForeignMachine]:
    """Return a foreign machine for each device (by name, its family), the same for the same seed."""
    return {
        name: _draw(known, random.Random(zlib.crc32(f"foreign/{name}/{seed}".encode())))
        for name, family in devices.items()
        if (known := table(family)) is not None
    }


def _draw(known: MachineTable, chance: random.Random) -> ForeignMachine:
    kind = chance.choice(sorted(known.kinds))
    figures = {name: _one(span, chance) for name, span in known.kinds[kind].items()}
    sensors = {signal: _sensor(ranges, chance) for signal, ranges in known.sensors.items()}
    return ForeignMachine(kind, MACHINES[known.family](**figures), ForeignSensors(sensors, chance))


def _sensor(ranges: SensorRanges, chance: random.Random) -> SeenSignal:
    def either(span: Range) -> float:
        return chance.choice((-1.0, 1.0)) * chance.uniform(*span)

    def some(span: Range) -> float:
        return chance.uniform(*span)

    return SeenSignal(
        either(ranges.gain), either(ranges.offset), some(ranges.noise), some(ranges.share),
        some(ranges.step), some(ranges.lag), either(ranges.drift),
    )  # fmt: skip


def _one(span: Range | float, chance: random.Random) -> float:
    return chance.uniform(*span) if isinstance(span, tuple) else float(span)
