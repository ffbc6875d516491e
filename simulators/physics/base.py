"""What every model is: seeded, stepped, readable, and able to fail on demand."""

from __future__ import annotations

import math
import random
import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS, Value
from facilityd.model.text import Text
from simulators.physics.world import World

FOREVER = 1 << 62


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail. ``catalogue``: its number there, such as H4; empty for an auxiliary one.

    ``unit`` says what a magnitude counts (1: simply present); ``typical`` and ``ramp`` (s) are
    taken where an injection gives none.
    """

    catalogue: str
    name: Text
    unit: str = "1"
    typical: float = 1.0
    ramp: float = 0.0


def fault(number: str, zh: str, en: str, unit: str = "1", typical: float = 1.0, ramp: float = 0.0) -> Fault:
    """Return a fault, its name in both languages."""
    return Fault(number, Text(zh=zh, en=en), unit, typical, ramp)


@dataclass(frozen=True, slots=True)
class Injection:
    """A fault in time: from ``onset`` (ns UTC) it grows over ``ramp`` s to ``magnitude``, ends at ``end``."""

    onset: int
    ramp: float
    end: int
    magnitude: float

    def severity(self, now: int) -> float:
        """Return the magnitude at an instant, 0 before and after."""
        if not self.onset <= now < self.end:
            return 0.0
        share = (now - self.onset) / NS / self.ramp if self.ramp > 0 else 1.0
        return self.magnitude * min(1.0, share)


class Model(ABC):
    """One device. Same name, seed and instants of reading give the same values, bit for bit."""

    FAULTS: ClassVar[dict[str, Fault]] = {}
    """Each fault it can have, by name. The first of a catalogue number stands for that number."""
    CALM_S: ClassVar[float] = 60.0
    """Longest step while nothing fast happens, in s."""

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self.chance = random.Random(zlib.crc32(f"{name}/{seed}".encode()))
        self.now: int | None = None
        self._injections: dict[str, Injection] = {}
        self._severities: dict[str, float] = {}
        self._wants: dict[frozenset[str], tuple[str, ...]] = {}

    def advance(self, world: World) -> None:
        """Bring the model to ``world.now``, in steps as short as its present motion needs."""
        end = world.now
        now = self.now = end if self.now is None else self.now
        while now < end:
            stop = min(end, self._next_edge(now)) if self._injections else end
            longest = max(1, round(self.longest_step(now, world) * NS))
            if stop - now > longest:
                stop = now + longest
            self.now = stop
            if self._injections:
                self._feel(stop)
            self.step((stop - now) / NS, world)
            now = stop
        if self._injections:
            self._feel(now)

    def stand(self, world: World) -> None:  # noqa: B027 - most begin at rest at any hour
        """Take the place that the hour asks for, as if it had been watched all day."""

    def longest_step(self, now: int, world: World) -> float:
        """Return the longest step in s that is still true physics from ``now`` (ns UTC) on."""
        return self.CALM_S

    @abstractmethod
    def step(self, dt: float, world: World) -> None:
        """Let ``dt`` seconds pass; ``self.now`` is the instant at their end, weather is ``world``'s."""

    PARTS: ClassVar[tuple[str, ...]] = ("_all",)
    """Names of the methods whose results together are the reading."""

    def read(self, wanted: frozenset[str] | None = None) -> dict[str, Value | None]:
        """Return the true value of each signal in the family's units; None where the unit does not know.

        With ``wanted`` only those parts of the reading are made that hold such signals.
        """
        if wanted is None:
            parts = self.PARTS
        elif (known := self._wants.get(wanted)) is not None:
            parts = known
        else:
            parts = self._wants[wanted] = tuple(p for p in self.PARTS if wanted & getattr(self, p)().keys())
        out: dict[str, Value | None] = {}
        for part in parts:
            out.update(getattr(self, part)())
        return out

    def restore(self) -> None:
        """Let a crew end every fault, and put right what they left behind, such as an empty basin."""
        self._injections.clear()
        self._severities = {}

    def inject(
        self,
        name: str,
        magnitude: float | None = None,
        *,
        onset: int = 0,
        ramp: float | None = None,
        duration: float = math.inf,
    ) -> None:
        """Let a fault begin at ``onset`` (ns UTC; 0: at once); ``ramp`` and ``duration`` in s.

        ``name`` is the fault's name or its catalogue number. Raises UsageError.
        """
        name = self.fault_name(name)
        fault = self.FAULTS[name]
        end = FOREVER if math.isinf(duration) else onset + round(duration * NS)
        size = fault.typical if magnitude is None else magnitude
        self._injections[name] = Injection(onset, fault.ramp if ramp is None else ramp, end, size)
        self._feel(self.now or onset)

    def fault(self, name: str, magnitude: float = 1.0) -> None:
        """Begin a fault at once and in full; magnitude 0 ends it. Raises UsageError."""
        self.inject(name, magnitude, ramp=0.0)

    @classmethod
    def fault_name(cls, wanted: str) -> str:
        """Return a fault's name, given that or its catalogue number. Raises UsageError."""
        if wanted in cls.FAULTS:
            return wanted
        for name, fault in cls.FAULTS.items():
            if fault.catalogue and fault.catalogue == wanted.upper():
                return name
        known = ", ".join(cls.FAULTS) or "none"
        raise UsageError(
            Wording("scenario.cannot-have-fault", lower=cls.__name__.lower(), wanted=wanted),
            hint=Wording("scenario.known-3", known=known),
        )

    def has(self, name: str) -> float:
        """Return a fault's present magnitude, 0 when it is absent."""
        return self._severities.get(name, 0.0)

    def noise(self, width: float) -> float:
        """Return a random number, normal with standard deviation ``width``."""
        return self.chance.gauss(0.0, width)

    def _feel(self, now: int) -> None:
        self._severities = {name: i.severity(now) for name, i in self._injections.items()}

    def _next_edge(self, now: int) -> int:
        edges = (edge for i in self._injections.values() for edge in (i.onset, i.end))
        return min((edge for edge in edges if edge > now), default=FOREVER)


def towards(now: float, goal: float, dt: float, time_constant: float) -> float:
    """Return a first-order lag after ``dt`` s, exact for any ``dt``."""
    return goal + (now - goal) * math.exp(-dt / time_constant)
