"""A baseline: what was healthy on one device, learned for one rule and signed off by a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Baseline:
    """``data`` is plain JSON and belongs to the rule's kind. Instants in ns UTC.

    ``since`` and ``until`` bound the healthy data it was fitted to; ``at`` is when ``person`` signed it.
    """

    device: str
    rule: str
    version: int
    at: int
    since: int
    until: int
    person: str
    data: Mapping[str, Any] = field(default_factory=dict)
    comment: str = ""


@dataclass(frozen=True, slots=True)
class HealthyReading:
    """One healthy reading: ``steady`` in ns, the mode it was taken in, values in the vector's order.

    ``covers``: how much time (ns) it adds to what was seen; None where nobody looked at it in its turn.
    """

    steady: int
    state: str
    values: tuple[float, ...]
    covers: int | None = None
