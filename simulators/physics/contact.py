"""A contact: closed while its fault lasts."""

from __future__ import annotations

from typing import ClassVar

from facilityd.model.sample import Value
from facilityd.model.text import Text
from simulators.physics.base import Fault, Model
from simulators.physics.world import World


class Contact(Model):
    """Inactive until told otherwise."""

    FAULTS: ClassVar[dict[str, Fault]] = {
        "active": Fault(
            "", Text(zh="1: the panel, float or door acts", en="1: the panel, float or door acts")
        ),
    }

    def step(self, dt: float, world: World) -> None:
        """Nothing moves."""

    def _all(self) -> dict[str, Value]:
        return {"active": bool(self.has("active"))}
