"""Bindings backwards: from what a device truly does to what its unit would send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from devices.unit import Unit
from facilityd.model.sample import SignalType, Value

SignalKey = tuple[str, str]
"""(device, signal)."""
Signals = Mapping[SignalKey, Value | None]
"""The whole truth at one instant. ``None``: the unit does not know; a missing key: not simulated."""


@dataclass(frozen=True, slots=True)
class InverseBinding:
    """One signal driving one point: point value = (signal value - offset) / scale."""

    key: SignalKey
    point: str
    scale: float
    offset: float
    invert: bool
    is_bool: bool
    raw: Mapping[int | str, int | str] | None = None
    """The code that the unit sends for each value, where it sends codes."""

    def point_value(self, value: Value | None) -> Value | None:
        """Return what stands in the point, in the point's unit."""
        if value is None:
            return None
        if self.is_bool:
            return bool(value) != self.invert
        if self.raw is not None:
            return None if isinstance(value, float) else self.raw.get(value)
        if isinstance(value, str):
            return value
        if self.scale == 1.0 and self.offset == 0.0:
            return value
        return (value - self.offset) / self.scale


def inverse_bindings(unit: Unit) -> tuple[InverseBinding, ...]:
    """Return the feeds of a unit, in the order of its bindings."""
    return tuple(
        InverseBinding(
            (b.stream.device, b.stream.signals[b.slot]),
            b.name,
            b.scale,
            b.offset,
            b.invert,
            b.type is SignalType.BOOL or b.point.is_bool,
            {meaning: code for code, meaning in reversed([*b.codes.items()])}
            if b.codes is not None
            else None,
        )
        for b in unit.bindings
    )
