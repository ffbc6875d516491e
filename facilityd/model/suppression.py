"""What lies over an alarm's life, so that nobody is notified: facts with who, why and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

from facilityd.model.sample import NS


class Suppressor(StrEnum):
    """Facts beside the alarm's life (docs/reference/alarms.md §1.2, rows 12-18).

    By design: it is a known consequence.
    """

    SHELVED = "shelved"
    BY_DESIGN = "suppressed-by-design"
    BY_STATE = "suppressed-by-state"  # of the device, such as maintenance
    OUT_OF_SERVICE = "out-of-service"


SEASON = "seasons."
"""What the person of a state begins with that a season of the site's files began."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """One fact beside the alarm's life: since when, and where it is so until when, by whom and why.

    Instants in ns UTC; ``until`` None: until it is lifted. ``since`` 0: before such facts were kept.
    ``once``: a shelf that ends with the occurrence. What is out of service has a ``ticket``, and ``until`` is
    when it is to be reviewed: then it is ``overdue``, and stays. ``state``: that of the device.
    """

    kind: Suppressor
    since: int = 0
    until: int | None = None
    person: str = ""
    comment: str = ""
    once: bool = False
    ticket: str = ""
    state: str = ""
    overdue: bool = False

    @classmethod
    def from_plain(cls, data: Any) -> Self:
        """Return what a stored state holds: a fact, or (of an older facilityd) its kind alone."""
        if isinstance(data, str):
            return cls(Suppressor(data))
        return cls(**{**data, "kind": Suppressor(data["kind"])})


@dataclass(frozen=True, slots=True)
class SuppressionLimits:
    """How long an alarm may be shelved, and be out of service without a review, in ns; 0: not at all."""

    shelf: int = 8 * 3600 * NS
    review: int = 31 * 86400 * NS


DEVICE_STATES: Mapping[str, int] = MappingProxyType(
    {
        "maintenance": 86_400 * NS,
        "wind-hold": 3 * 86_400 * NS,
        "show-off": 92 * 86_400 * NS,
        "drained": 214 * 86_400 * NS,
    }
)
"""States of a device in which nobody is notified of it, and how long (ns) a person may set each at most.

A maintenance that takes longer is out of service, under a ticket; a winter is from October to April.
"""
_HOUR, _DAY = 3600 * NS, 86400 * NS
LIMITS = MappingProxyType(
    {
        "safety": SuppressionLimits(_HOUR, 7 * _DAY),
        "ceremony": SuppressionLimits(8 * _HOUR, 31 * _DAY),
        "asset": SuppressionLimits(_DAY, 92 * _DAY),
        "appearance": SuppressionLimits(7 * _DAY, 92 * _DAY),
    }
)
"""By what is at stake, where the site says nothing else."""
