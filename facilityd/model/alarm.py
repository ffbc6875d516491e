"""An alarm: the life of one rule on one device (ISA-18.2 / IEC 62682 / GB/T 41261)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from facilityd.model.finding import Evidence
from facilityd.model.suppression import Suppression, Suppressor
from facilityd.model.text import Text


class AlarmCondition(StrEnum):
    """Whether the condition behind an alarm holds now."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, verdict: bool | None) -> AlarmCondition:
        """Return the truth of a finding's verdict."""
        return cls.UNKNOWN if verdict is None else cls.TRUE if verdict else cls.FALSE


class AlarmStateName(StrEnum):
    """The states that a person sees. Names, not letters, are stored: editions differ in letters."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned-unacknowledged"
    LATCHED_UNACKNOWLEDGED = "latched-unacknowledged"
    LATCHED_ACKNOWLEDGED = "latched-acknowledged"
    SHELVED = "shelved"
    BY_DESIGN = "suppressed-by-design"
    OUT_OF_SERVICE = "out-of-service"

    @property
    def letter(self) -> str:
        """Return the letter of ISA-18.2-2016; latched states have none."""
        return _LETTERS.get(self, "")

    @property
    def wording(self) -> Text:
        """Return the name in the terms of GB/T 41261 and ISA-18.2."""
        return _WORDINGS[self]


_LETTERS = {
    AlarmStateName.NORMAL: "A",
    AlarmStateName.UNACKNOWLEDGED: "B",
    AlarmStateName.ACKNOWLEDGED: "C",
    AlarmStateName.RETURNED: "D",
    AlarmStateName.SHELVED: "E",
    AlarmStateName.BY_DESIGN: "F",
    AlarmStateName.OUT_OF_SERVICE: "G",
}
_WORDINGS = {
    AlarmStateName.NORMAL: Text(zh="正常", en="normal"),
    AlarmStateName.UNACKNOWLEDGED: Text(zh="未确认", en="unacknowledged"),
    AlarmStateName.ACKNOWLEDGED: Text(zh="已确认", en="acknowledged"),
    AlarmStateName.RETURNED: Text(zh="恢复未确认", en="returned to normal, unacknowledged"),
    AlarmStateName.LATCHED_UNACKNOWLEDGED: Text(zh="锁存未确认", en="latched, unacknowledged"),
    AlarmStateName.LATCHED_ACKNOWLEDGED: Text(zh="锁存已确认", en="latched, acknowledged"),
    AlarmStateName.SHELVED: Text(zh="搁置", en="shelved"),
    AlarmStateName.BY_DESIGN: Text(zh="设计抑制", en="suppressed by design"),
    AlarmStateName.OUT_OF_SERVICE: Text(zh="停用", en="out of service"),
}
# JAWS precedence, strongest first (docs/reference/alarms.md §1.1).
STRONGEST = {
    Suppressor.OUT_OF_SERVICE: AlarmStateName.OUT_OF_SERVICE,
    Suppressor.BY_STATE: AlarmStateName.BY_DESIGN,
    Suppressor.BY_DESIGN: AlarmStateName.BY_DESIGN,
    Suppressor.SHELVED: AlarmStateName.SHELVED,
}


class ChangeKind(StrEnum):
    """What a change did."""

    RAISE = "raise"
    ACKNOWLEDGE = "acknowledge"
    CLEAR = "clear"
    LATCH = "latch"  # the condition is over, the alarm stays until somebody has inspected
    RESET = "reset"
    REALARM = "re-alarm"  # acknowledged, and announced again
    LOSE = "lose"  # the condition is unknown
    REGAIN = "regain"  # it is known again, and is what it was
    SUPPRESS = "suppress"  # another alarm turned out to be its cause
    UNSUPPRESS = "unsuppress"  # its cause is over, and it goes on
    WORSEN = "worsen"  # it is of more than was reported
    RETIRE = "retire"  # nothing watches it any more
    CONFIRM = "confirm"  # somebody says that the repair is done
    SHELVE = "shelve"
    UNSHELVE = "unshelve"  # by hand
    SHELF_OVER = "shelf-over"  # by its time
    OUT_OF_SERVICE = "out-of-service"
    RETURN_TO_SERVICE = "return-to-service"
    STATE_BEGINS = "state-begins"  # the device is in a state in which nobody is notified
    STATE_OVER = "state-over"
    SUBSIDE = "subside"  # its condition is over, and it stands until that has lasted
    RECUR = "recur"  # and came again meanwhile: the same occurrence
    REVIEW = "review"  # it is out of service, and its review is due
    CLOCK_SET = "clock-set"  # somebody set the clock: what it waits for comes neither sooner nor later


@dataclass(frozen=True, slots=True)
class Change:
    """One transition of an alarm. Replayed in order, changes rebuild every state exactly.

    ``details``: what else belongs to it, as plain JSON: a person's command by its id, what had expired.
    """

    at: int
    device: str
    rule: str
    occurrence: int
    kind: ChangeKind
    evidence: Evidence | None = None
    person: str = ""
    comment: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return one line of JSON."""
        evidence = self.evidence.as_dict() if self.evidence else None
        return _packed({**{n: getattr(self, n) for n in self.__slots__}, "evidence": evidence})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return what ``to_json`` wrote."""
        data = json.loads(text)
        evidence = data.pop("evidence")
        kind = ChangeKind(data.pop("kind"))
        return cls(kind=kind, evidence=Evidence.from_dict(evidence) if evidence else None, **data)


@dataclass(frozen=True, slots=True)
class AlarmState:
    """Orthogonal facts; the state a person sees is derived. Instants are ns UTC.

    ``occurrence`` counts raises; ``since`` is when ``state_name`` last changed; ``acked`` is True
    while there is nothing to acknowledge. The instants are those of the newest occurrence.
    ``cause``: the rule on the same device whose consequence it is. ``unwatched``: it did not end by being
    well, but because nothing watches it any more. ``extent``: what the newest occurrence was reported for.
    ``confirmed_at`` and ``confirmed_by``: when and by whom its repair was said to be done.
    ``well_since``: its condition is over, but it was brief or comes and goes: it stands to ``well_until``;
    ``returns``: how often it came again since ``first_at``. ``clock_set``: by how much (ns) the clock was
    put forward since it was raised, negative where back.
    """

    device: str
    rule: str
    condition: AlarmCondition = AlarmCondition.UNKNOWN
    acked: bool = True
    latched: bool = False
    occurrence: int = 0
    since: int = 0
    raised_at: int | None = None
    acked_at: int | None = None
    acked_by: str = ""
    cleared_at: int | None = None
    realarms: int = 0
    cause: str = ""
    suppressors: tuple[Suppression, ...] = ()
    unwatched: bool = False
    extent: tuple[str, ...] = ()
    confirmed_at: int | None = None
    confirmed_by: str = ""
    well_since: int | None = None
    well_until: int | None = None
    returns: int = 0
    first_at: int | None = None
    clock_set: int = 0

    @property
    def began(self) -> int | None:
        """When it was raised as the clock counts by now, ns UTC: of it people are told how long it stands."""
        return None if self.raised_at is None else self.raised_at + self.clock_set

    @property
    def active(self) -> bool:
        """True from raise to clear, also while the condition is unknown."""
        return self.raised_at is not None and self.cleared_at is None

    def suppressed_by(self, kind: Suppressor) -> Suppression | None:
        """Return the fact that suppresses it in one way, None where nothing does."""
        return next((one for one in self.suppressors if one.kind is kind), None)

    @property
    def unsuppressed(self) -> AlarmStateName:
        """Return the state that goes on underneath any suppression."""
        if self.active:
            return AlarmStateName.ACKNOWLEDGED if self.acked else AlarmStateName.UNACKNOWLEDGED
        if self.latched:
            return (
                AlarmStateName.LATCHED_ACKNOWLEDGED if self.acked else AlarmStateName.LATCHED_UNACKNOWLEDGED
            )
        return AlarmStateName.NORMAL if self.acked else AlarmStateName.RETURNED

    @property
    def state_name(self) -> AlarmStateName:
        """Return the state that a person sees."""
        return next((name for kind, name in STRONGEST.items() if self.suppressed_by(kind)), self.unsuppressed)

    @property
    def letter(self) -> str:
        """Return the letter of ISA-18.2-2016."""
        return self.state_name.letter

    def to_json(self) -> str:
        """Return one line of JSON."""
        return _packed(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return what ``to_json`` wrote."""
        data = json.loads(text)
        suppressors = tuple(Suppression.from_plain(one) for one in data.pop("suppressors"))
        extent = tuple(data.pop("extent", ()))
        return cls(
            condition=AlarmCondition(data.pop("condition")), suppressors=suppressors, extent=extent, **data
        )


def _packed(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


__all__ = [
    "STRONGEST",
    "AlarmCondition",
    "AlarmState",
    "AlarmStateName",
    "Change",
    "ChangeKind",
    "Suppression",
    "Suppressor",
]
