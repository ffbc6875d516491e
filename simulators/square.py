"""A whole site's physics: one model per device, one weather for all, one explicit clock."""

from __future__ import annotations

from collections.abc import Mapping

from facilityd.errors import UsageError
from facilityd.model.sample import Value
from simulators.physics import MODELS, Model, World
from simulators.physics.flagpole import Flagpole
from simulators.physics.hoist import Hoist

STEP_S = 0.1


class Square:
    """``devices`` maps each device to its family. The same seed gives the same story."""

    def __init__(self, devices: Mapping[str, str], world: World, seed: int = 1) -> None:
        self.world = world
        self.models: dict[str, Model] = {
            name: MODELS[family](name, seed) for name, family in devices.items() if family in MODELS
        }
        # The weather comes first: everything else of the same step feels it.
        self._order = sorted(self.models.values(), key=lambda m: type(m) is not MODELS["weather"])

    def advance(self, seconds: float, step: float = STEP_S) -> None:
        """Let time pass in steps of at most ``step`` s."""
        while seconds > 1e-9:
            dt = min(step, seconds)
            self.world.advance(dt)
            for model in self._order:
                model.step(dt, self.world)
            seconds -= dt

    def signals(self) -> dict[tuple[str, str], Value | None]:
        """Return the true value of everything, by device and signal."""
        return {
            (name, signal): value for name, m in self.models.items() for signal, value in m.read().items()
        }

    def fault(self, device: str, name: str, magnitude: float = 1.0) -> None:
        """Begin (or with magnitude 0 end) a fault. Raises UsageError."""
        if device not in self.models:
            raise UsageError(f"no simulated device {device!r}", hint=f"known: {', '.join(self.models)}")
        self.models[device].fault(name, magnitude)

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
            raise UsageError(f"{device!r} cannot be asked for a run", hint="hoists and flag poles can")
