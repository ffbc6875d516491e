"""Readiness before a ceremony: a table of items, each pass, fail or unknown. Unknown is not ready.

After docs/reference/devices.md §3.1: the daemon recommends, staff decide.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Self

from pydantic import Field, model_validator

from facilityd.model.finding import Evidence, Finding
from facilityd.model.message import Wording
from facilityd.model.operating_mode import answer
from facilityd.model.rule import Condition
from facilityd.model.rule_parameters import override, parameter
from facilityd.model.sample import NS, Value
from facilityd.model.text import Strict, Text

BEFORE = (3600 * NS, 1800 * NS, 600 * NS)
"""How long before a ceremony readiness is checked and recorded, in ns (docs/reference/devices.md §3.1)."""


class Item(Strict):
    """One line of the checklist.

    Every condition of one of the groups in ``any_of`` holds, and none of ``rules`` is true. A rule of a
    built-in device is named with it: ``facilityd.clock-jump``.
    """

    name: Text
    any_of: tuple[tuple[Condition, ...], ...] = ()
    rules: tuple[str, ...] = Field(default=(), description="none of these may be true")
    first: Text = Field(description="what to do first where it fails")
    required: bool = Field(
        default=False,
        description="nobody may take its fitness for granted: not fitted is unknown, and stands against it",
    )
    advises: bool = Field(
        default=False,
        description="it is told, and stands against nothing; where it is not known it is not judged",
    )
    machine: tuple[str, ...] = Field(
        default=(),
        description="parameters that belong to the very machine: a site sets them in its devices' readiness",
    )

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.any_of and not self.rules:
            raise ValueError(Wording("model.give-any-rules-or-both"))
        for name in self.machine:
            parameter(self, name)
        return self

    @property
    def signals(self) -> tuple[str, ...]:
        """Every signal it looks at."""
        return tuple(dict.fromkeys(c.signal for group in self.any_of for c in group))

    def bounds(self, signal: str) -> tuple[tuple[str, float], ...]:
        """Return what a number must keep to, as ("above" or "below", limit)."""
        tests = [c for group in self.any_of for c in group if c.signal == signal]
        sides = [(side, getattr(test, side)) for test in tests for side in ("above", "below")]
        return tuple((side, limit) for side, limit in sides if limit is not None)


def with_settings(item: Item, settings: Mapping[str, Any]) -> Item:
    """Return the item with parameters set, such as ``any_of.0.0.above``. Raises ValueError."""
    return Item.model_validate(override(item, settings)) if settings else item


class ItemOutcome(StrEnum):
    """What became of an item. Only the last two stand against a ceremony."""

    PASS = "pass"  # noqa: S105 - not a password
    ABSENT = "absent"  # nothing of it is fitted here, or learned yet
    ADVISED = "advised"  # something speaks against it that only advises
    WAIVED = "waived"
    UNKNOWN = "unknown"
    FAIL = "fail"


_WORST = tuple(ItemOutcome)
_ADVICE = {ItemOutcome.FAIL: ItemOutcome.ADVISED, ItemOutcome.UNKNOWN: ItemOutcome.ABSENT}
"""What becomes of an item that only advises."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """A person takes the responsibility for an item until an instant; all instants in ns UTC."""

    id: int
    at: int
    device: str
    item: str
    until: int
    person: str
    reason: str
    revoked: int | None = None
    revoker: str = ""

    def holds(self, at: int) -> bool:
        """Return whether it is in force at an instant."""
        return self.at <= at < self.until and (self.revoked is None or at < self.revoked)


TIMED, UNTIMED = "sequence-", "unknown-untimed"
"""What begins the evidence of a run that was timed, and the evidence that none was."""
OLD = 7 * 86_400 * NS
"""What was seen of a run so long ago (ns) says nothing of the next: a ceremony is twice a day."""


@dataclass(frozen=True, slots=True)
class VerdictEvidence:
    """A rule's word that an item rests on: since ``at`` (ns UTC), ``age`` ns before the check.

    Where the evidence is of an occasion that is over, such as a run, ``at`` is when that was.
    """

    rule: str
    verdict: bool | None
    at: int
    age: int
    evidence: Evidence

    @property
    def old(self) -> bool:
        """Whether it is of an occasion too long ago."""
        return bool(self.evidence.seen) and self.age > OLD

    @property
    def timed(self) -> bool:
        """Whether a run was timed, not too long ago."""
        return self.evidence.slug.startswith(TIMED) and not self.old

    @classmethod
    def of(cls, rule: str, finding: Finding, now: int) -> VerdictEvidence:
        """Return what a finding is at ``now`` (ns UTC)."""
        at = finding.evidence.seen or finding.at
        return cls(rule, finding.verdict, at, max(0, now - at), finding.evidence)

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; the age in s."""
        told: dict[str, Any] = {"rule": self.rule, "verdict": self.verdict, "at": self.at}
        return told | {"age_s": self.age / NS, "evidence": self.evidence.as_dict()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> VerdictEvidence:
        """Return what ``plain`` told."""
        evidence, age = Evidence.from_dict(plain["evidence"]), round(plain["age_s"] * NS)
        return cls(plain["rule"], plain["verdict"], plain["at"], age, evidence)


@dataclass(frozen=True, slots=True)
class CheckedItem:
    """One item, its outcome, the values it rests on (None: no good one), the rules that stand against it.

    ``ages`` of those values in ns; ``grounds``: what each of its rules said last. ``fitted``: the site has
    what it looks at; without, it is absent, or unknown where it is required.
    """

    item: str
    outcome: ItemOutcome
    values: Mapping[str, Value | None]
    rules: tuple[str, ...] = ()
    waived_by: str = ""
    ages: Mapping[str, int] = field(default_factory=dict)
    grounds: tuple[VerdictEvidence, ...] = ()
    fitted: bool = True

    @property
    def stands_against(self) -> bool:
        """Whether it keeps the device from being ready."""
        return self.outcome in (ItemOutcome.FAIL, ItemOutcome.UNKNOWN)

    def plain(self) -> dict[str, Any]:
        """Return data for JSON."""
        told: dict[str, Any] = {"item": self.item, "result": self.outcome.value, "values": dict(self.values)}
        told |= {"rules": list(self.rules), "waived_by": self.waived_by, "fitted": self.fitted}
        told["ages_s"] = {signal: age / NS for signal, age in self.ages.items()}
        return told | {"grounds": [one.plain() for one in self.grounds]}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> CheckedItem:
        """Return what ``plain`` told; an older record has no ages, no grounds and does not say ``fitted``."""
        outcome, rules = ItemOutcome(told["result"]), tuple(told["rules"])
        ages = {signal: round(age * NS) for signal, age in told.get("ages_s", {}).items()}
        grounds = tuple(VerdictEvidence.from_plain(one) for one in told.get("grounds", ()))
        fitted = told.get("fitted", outcome is not ItemOutcome.ABSENT)
        return cls(told["item"], outcome, told["values"], rules, told["waived_by"], ages, grounds, fitted)


@dataclass(frozen=True, slots=True)
class Check:
    """A device's whole checklist ``before`` ns before a ceremony; ``at`` and ``ceremony`` in ns UTC.

    ``name``: sunrise or sunset. ``again``: in the place of one that a clock which was ahead made too early.
    """

    ceremony: int
    before: int
    device: str
    name: str
    at: int
    items: tuple[CheckedItem, ...]
    again: bool = False

    @property
    def ready(self) -> bool:
        """Whether nothing stands against it."""
        return is_ready(self.items)

    @property
    def late(self) -> int:
        """How much later than planned it was made, in ns."""
        return self.at - (self.ceremony - self.before)


@dataclass(frozen=True, slots=True)
class DeviceKnowledge:
    """What is known of one device: fresh good values, what is bound, how its rules stand, what is waived.

    ``age`` of a value in ns, ``ground``: what a rule said last; None where that is not known.
    """

    value: Callable[[str], Value | None]
    bound: Container[str]
    rule: Callable[[str], ItemOutcome]
    waivers: Sequence[Waiver] = ()
    age: Callable[[str], int | None] = lambda _: None
    ground: Callable[[str], VerdictEvidence | None] = lambda _: None


def check(items: Mapping[str, Item], known: DeviceKnowledge) -> tuple[CheckedItem, ...]:
    """Return each item with its outcome."""
    waived = {waiver.item: waiver.person for waiver in known.waivers}
    return tuple(_waive(_check(name, item, known), waived.get(name, "")) for name, item in items.items())


def _check(name: str, item: Item, known: DeviceKnowledge) -> CheckedItem:
    values = {signal: known.value(signal) for signal in item.signals}
    grounds = tuple(ground for rule in item.rules if (ground := known.ground(rule)) is not None)
    stands = {rule: known.rule(rule) for rule in item.rules}
    stands |= {one.rule: ItemOutcome.UNKNOWN for one in grounds if one.old and not one.verdict}
    stands |= dict.fromkeys(_untimed(grounds), ItemOutcome.ABSENT)
    found = [_signals(item, values, known.bound), *stands.values()]
    outcome = max(found, key=_WORST.index)
    if outcome is ItemOutcome.ABSENT and ItemOutcome.PASS in found:
        outcome = ItemOutcome.PASS
    against = tuple(r for r, one in stands.items() if one in (ItemOutcome.FAIL, ItemOutcome.UNKNOWN))
    ages = {signal: age for signal in item.signals if (age := known.age(signal)) is not None}
    fitted = outcome is not ItemOutcome.ABSENT
    if item.required and not fitted:
        outcome = ItemOutcome.UNKNOWN
    if item.advises and outcome in _ADVICE:
        outcome = _ADVICE[outcome]
        against = tuple(r for r in against if stands[r] is ItemOutcome.FAIL)
    return CheckedItem(name, outcome, values, against, "", ages, grounds, fitted)


def _untimed(grounds: Sequence[VerdictEvidence]) -> list[str]:
    """Return the rules that wait for a run of their own direction, where one of the other was timed.

    Before any run nothing is known of runs, and that stands against the item.
    """
    if not any(one.timed for one in grounds):
        return []
    old = [one.rule for one in grounds if one.old and one.evidence.slug.startswith(TIMED) and not one.verdict]
    return [*old, *(one.rule for one in grounds if one.evidence.slug == UNTIMED)]


def _waive(checked: CheckedItem, person: str) -> CheckedItem:
    if person and checked.stands_against:
        return replace(checked, outcome=ItemOutcome.WAIVED, waived_by=person)
    return checked


def _signals(item: Item, values: Mapping[str, Value | None], bound: Container[str]) -> ItemOutcome:
    fitted = [group for group in item.any_of if all(c.signal in bound for c in group)]
    if not fitted:
        return ItemOutcome.ABSENT
    groups = [[answer(c, values[c.signal]) for c in group] for group in fitted]
    if any(all(group) for group in groups):
        return ItemOutcome.PASS
    return ItemOutcome.FAIL if all(False in group for group in groups) else ItemOutcome.UNKNOWN


def is_ready(checked: Iterable[CheckedItem]) -> bool:
    """Return whether no item stands against it."""
    return not any(one.stands_against for one in checked)
