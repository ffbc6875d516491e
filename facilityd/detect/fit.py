"""How each learned kind is fitted to healthy rows. A new learned kind is one line here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from facilityd.detect.chart import fit_chart
from facilityd.detect.day_profile import fit_day_profile
from facilityd.detect.envelope import fit_envelope
from facilityd.detect.residual_fit import fit_residual
from facilityd.detect.single import fit_single
from facilityd.model.baseline import HealthyReading

FITS: dict[str, Callable[[Any, Sequence[HealthyReading]], dict[str, Any]]] = {
    "envelope": fit_envelope,
    "day-profile": fit_day_profile,
    "residual": fit_residual,
    "robust-z": fit_single,
    "ewma": fit_single,
    "chart": fit_chart,
}

SHAPES: dict[str, tuple[str, ...]] = {
    "envelope": ("low", "high", "forth", "back"),
    "day-profile": ("worked", "rest"),
    "residual": ("coefficients", "sigma", "ranges"),
    "robust-z": ("states",),
    "ewma": ("states",),
    "chart": ("states",),
}
"""What the data of each learned kind must have."""
