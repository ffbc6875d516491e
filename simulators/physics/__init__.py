"""Simple honest physics, one model per family, stepped by an explicit clock."""

from __future__ import annotations

from simulators.physics.base import Model
from simulators.physics.contact import Contact
from simulators.physics.flagpole import Flagpole
from simulators.physics.fountain import Fountain
from simulators.physics.hoist import Hoist
from simulators.physics.lighting import Lighting
from simulators.physics.weather import Weather
from simulators.physics.world import World

MODELS: dict[str, type[Model]] = {
    "hoist": Hoist,
    "flagpole": Flagpole,
    "lighting": Lighting,
    "fountain": Fountain,
    "weather": Weather,
    "contact": Contact,
}

__all__ = ["MODELS", "Model", "World"]
