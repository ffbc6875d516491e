"""A whole site's physics: one model per device, one weather for all, one explicit clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from devices.family import Family
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS, Value
from simulators.inverse_binding import Signals
from simulators.machines import ForeignMachine
from simulators.physics import MODELS, Model, World
from simulators.physics.declared import declared as declared_model
from simulators.physics.declared import extended
from simulators.physics.flagpole import Flagpole
from simulators.physics.hoist import Hoist
from simulators.sensor_faults import LyingSensors

WEATHER_EVERY = 10 * NS
"""How often others feel a new wind, in ns."""


def model_of(family: Family) -> type[Model] | None:
    """Return what plays a family: the demo square's model, what the family declares itself, or both.

    Raises UsageError where both have a fault of one name.
    """
    base, own = MODELS.get(family.family), declared_model(family)
    return extended(base, own) if base and own else base or own


class Square:
    """``devices`` maps each device to its family, ``declared`` a family to a model of its own.

    The same seed and questions give the same story.
    """

    def __init__(
        self, devices: Mapping[str, str], world: World, seed: int = 1,
        foreign: Mapping[str, ForeignMachine] | None = None,
        declared: Mapping[str, type[Model]] | None = None,
    ) -> None:  # fmt: skip
        self.world = world
        self.sensors = LyingSensors(seed)
        """What stands between what is true and what the units say of it."""
        self.foreign = foreign or {}
        self._kinds = {**MODELS, **(declared or {})}
        self.models: dict[str, Model] = {
            name: self._model(family, name, seed) for name, family in devices.items() if family in self._kinds
        }
        self._weather = [m for m in self.models.values() if isinstance(m, MODELS["weather"])]
        for model in self.models.values():
            model.now = world.now

    def _model(self, family: str, name: str, seed: int) -> Model:
        kind, drawn = self._kinds[family], self.foreign.get(name)
        return kind(name, seed, drawn.machine) if drawn else kind(name, seed)  # type: ignore[call-arg]

    def _read(self, device: str, wanted: frozenset[str] | None) -> dict[str, Value | None]:
        """Return what the sensors of a device make of what is true; those of the demo square are exact."""
        true = self.models[device].read(wanted)
        drawn = self.foreign.get(device)
        return drawn.sensors.read(true, self.world.now) if drawn else true

    def at(self, now: int, *devices: str) -> None:
        """Bring some devices (none named: all) to an instant in ns UTC. The weather comes first."""
        world = self.world
        if now > world.now:
            world.to(now)
        for model in self._weather:
            if model.now is None or world.now - model.now >= WEATHER_EVERY or model.name in devices:
                model.advance(world)
        for name in devices or self.models:
            model = self.models.get(name)  # type: ignore[assignment]
            if model is not None:
                model.advance(world)

    def advance(self, seconds: float, step: float = 0.1) -> None:
        """Let time pass for everything, looking in at least every ``step`` s."""
        end = self.world.now + round(seconds * NS)
        while self.world.now < end:
            self.at(min(end, self.world.now + round(step * NS)))

    def signals(self, *devices: str) -> dict[tuple[str, str], Value | None]:
        """Return the true value of everything (or of some devices), by device and signal."""
        names = [name for name in devices if name in self.models] if devices else list(self.models)
        return {
            (name, signal): v
            for name in names
            for signal, v in self.sensors.spoil(name, self._read(name, None), self.world.now).items()
        }

    def some(self, wants: Mapping[str, frozenset[str]]) -> dict[tuple[str, str], Value | None]:
        """Return the true values of the wanted signals (and of what comes with them)."""
        out = {}
        for device, wanted in wants.items():
            model = self.models.get(device)
            if model is not None:
                true = self._read(device, self.sensors.partners(device, wanted))
                said = self.sensors.spoil(device, true, self.world.now)
                out.update({(device, signal): value for signal, value in said.items()})
        return out

    def model(self, device: str) -> Model:
        """Return a device's model. Raises UsageError."""
        if device not in self.models:
            raise UsageError(
                Wording("scenario.no-simulated-device", device=device),
                hint=Wording("scenario.known-4", models=[*self.models]),
            )
        return self.models[device]

    def fault(self, device: str, name: str, magnitude: float = 1.0) -> None:
        """Begin (or with magnitude 0 end) a fault at once and in full. Raises UsageError."""
        self.model(device).fault(name, magnitude)

    def can_run(self, device: str) -> bool:
        """Return whether a device can be asked for a run."""
        return isinstance(self.models.get(device), Hoist | Flagpole)

    def demand(self, device: str, *, up: bool = True) -> None:
        """Ask a hoist or a pole for a run. Raises UsageError for a device that has none."""
        model = self.models.get(device)
        if isinstance(model, Hoist):
            model.demand(up)
        elif isinstance(model, Flagpole):
            model.demand()
        else:
            raise UsageError(
                Wording("scenario.cannot-asked-for-run", device=device),
                hint=Wording("scenario.hoists-flag-poles-can"),
            )


def live(square: Square, clock: Callable[[], int] = time.monotonic_ns) -> Callable[[], Signals]:
    """Return the truth that goes on by itself from where the square is now. ``clock`` in ns."""
    last = clock()

    def truth() -> Signals:
        nonlocal last
        now = clock()
        square.advance((now - last) / NS)
        last = now
        return square.signals()

    return truth
