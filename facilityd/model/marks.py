"""What operators mark in the history: incidents, times that were healthy, services."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Marking(StrEnum):
    """What a mark says of its time."""

    INCIDENT = "incident"
    HEALTHY = "healthy"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class OperatorMark:
    """A time of a device as a person saw it, ``since`` <= t < ``until``; all instants in ns UTC.

    ``fault``: number in the catalogue, such as H7, where it is known.
    """

    id: int
    at: int
    device: str
    kind: Marking
    since: int
    until: int
    fault: str
    note: str
    person: str
    revoked: int | None = None

    def overlaps(self, since: int, until: int) -> bool:
        """Return whether any of a span is in it; ``until`` may be ``since``, an instant."""
        return self.since < max(until, since + 1) and since < self.until
