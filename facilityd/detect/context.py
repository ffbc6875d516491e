"""What rules may know beyond their own device: the sun, the timetable, the neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from facilityd.model.baseline import Baseline


class WallTime(NamedTuple):
    """The clock on the wall: the day (ordinal of the proleptic calendar), its second, and its kind."""

    day: int
    second: int
    rest: bool
    """Whether nobody works that day: a weekend or a public holiday."""


class Calendar(Protocol):
    """Days on site. Instants in ns, steady; the wall clock is ``ahead`` ns of them, mostly nothing."""

    @property
    def ahead(self) -> int:
        """Return by how much the wall clock was put forward, ns."""

    def near(self, instant: int) -> bool:
        """Return whether a ceremony is near."""

    def edges(self, spec: str, instant: int) -> tuple[int, ...]:
        """Return the instants of ``sunrise``, ``sunset+18min`` or ``19:30`` on the days around, in order."""

    def local(self, instant: int) -> WallTime:
        """Return the time on site."""


@dataclass(frozen=True, slots=True)
class RuleContext:
    """``groups`` maps a device to its group among those of its family; devices not named are in group ''."""

    calendar: Calendar | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    baselines: Sequence[Baseline] = ()
    own: Mapping[str, Any] = field(default_factory=dict)
    """Families of devices as their machines have them (compile.FamilyKind), by device."""
    points: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """The register or topic behind a signal, by (device, signal), as a technician would look it up."""
    meanings: Mapping[tuple[str, str], Mapping[int, str]] = field(default_factory=dict)
    """What the codes of a signal come from, by (device, signal), where the profile says so."""
