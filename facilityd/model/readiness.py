"""Readiness before a ceremony: a table of items, each pass, fail or unknown. Unknown is not ready.

After devices.md 3.1: the daemon recommends, staff decide.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

from pydantic import Field, model_validator

from facilityd.model.duty import answer
from facilityd.model.rule import Condition
from facilityd.model.sample import NS, Value
from facilityd.model.text import Strict, Text
from facilityd.model.written import changed, parameter

BEFORE = (3600 * NS, 1800 * NS, 600 * NS)
"""How long before a ceremony readiness is checked and recorded, in ns (devices.md 3.1)."""


class Item(Strict):
    """One line of the checklist.

    Every condition of one of the groups in ``any_of`` holds, and none of ``rules`` is true. A rule of a
    built-in device is named with it: ``facilityd.clock-jump``.
    """

    name: Text
    any_of: tuple[tuple[Condition, ...], ...] = ()
    rules: tuple[str, ...] = Field(default=(), description="none of these may be true")
    first: Text = Field(description="what to do first where it fails")
    machine: tuple[str, ...] = Field(
        default=(),
        description="parameters that belong to the very machine: a site sets them in its devices' readiness",
    )

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.any_of and not self.rules:
            raise ValueError("give 'any_of', 'rules' or both")
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
    return Item.model_validate(changed(item, settings)) if settings else item


class Outcome(StrEnum):
    """What became of an item. The first two do not stand against a ceremony, nor does a waived one."""

    PASS = "pass"  # noqa: S105 - not a password
    ABSENT = "absent"  # nothing of it is fitted here, or learned yet
    WAIVED = "waived"
    UNKNOWN = "unknown"
    FAIL = "fail"


_WORST = tuple(Outcome)


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


@dataclass(frozen=True, slots=True)
class Checked:
    """One item, its outcome, the values it rests on (None: no good one), the rules that stand against it."""

    item: str
    outcome: Outcome
    values: Mapping[str, Value | None]
    rules: tuple[str, ...] = ()
    waived_by: str = ""

    @property
    def stands_against(self) -> bool:
        """Whether it keeps the device from being ready."""
        return self.outcome in (Outcome.FAIL, Outcome.UNKNOWN)

    def plain(self) -> dict[str, Any]:
        """Return data for JSON."""
        told: dict[str, Any] = {"item": self.item, "result": self.outcome.value, "values": dict(self.values)}
        return told | {"rules": list(self.rules), "waived_by": self.waived_by}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Checked:
        """Return what ``plain`` told."""
        outcome, rules = Outcome(told["result"]), tuple(told["rules"])
        return cls(told["item"], outcome, told["values"], rules, told["waived_by"])


@dataclass(frozen=True, slots=True)
class Check:
    """A device's whole checklist ``before`` ns before a ceremony; ``at`` and ``ceremony`` in ns UTC.

    ``name``: sunrise or sunset.
    """

    ceremony: int
    before: int
    device: str
    name: str
    at: int
    items: tuple[Checked, ...]

    @property
    def ready(self) -> bool:
        """Whether nothing stands against it."""
        return is_ready(self.items)

    @property
    def late(self) -> int:
        """How much later than planned it was made, in ns."""
        return self.at - (self.ceremony - self.before)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one device: fresh good values, what is bound, how its rules stand, what is waived."""

    value: Callable[[str], Value | None]
    bound: Container[str]
    rule: Callable[[str], Outcome]
    waivers: Sequence[Waiver] = ()


def check(items: Mapping[str, Item], known: Known) -> tuple[Checked, ...]:
    """Return each item with its outcome."""
    waived = {waiver.item: waiver.person for waiver in known.waivers}
    return tuple(_waive(_check(name, item, known), waived.get(name, "")) for name, item in items.items())


def _check(name: str, item: Item, known: Known) -> Checked:
    values = {signal: known.value(signal) for signal in item.signals}
    stands = {rule: known.rule(rule) for rule in item.rules}
    found = [_signals(item, values, known.bound), *stands.values()]
    outcome = max(found, key=_WORST.index)
    if outcome is Outcome.ABSENT and Outcome.PASS in found:
        outcome = Outcome.PASS
    against = tuple(r for r, one in stands.items() if one in (Outcome.FAIL, Outcome.UNKNOWN))
    return Checked(name, outcome, values, against)


def _waive(checked: Checked, person: str) -> Checked:
    if person and checked.stands_against:
        return replace(checked, outcome=Outcome.WAIVED, waived_by=person)
    return checked


def _signals(item: Item, values: Mapping[str, Value | None], bound: Container[str]) -> Outcome:
    fitted = [group for group in item.any_of if all(c.signal in bound for c in group)]
    if not fitted:
        return Outcome.ABSENT
    groups = [[answer(c, values[c.signal]) for c in group] for group in fitted]
    if any(all(group) for group in groups):
        return Outcome.PASS
    return Outcome.FAIL if all(False in group for group in groups) else Outcome.UNKNOWN


def is_ready(checked: Iterable[Checked]) -> bool:
    """Return whether no item stands against it."""
    return not any(one.stands_against for one in checked)
