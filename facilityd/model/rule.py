"""A rule: one way a device can be wrong, with the record that justifies its alarm.

The record follows the rationalisation row of ISA-18.2 / IEC 62682 / GB/T 41261: an alarm
exists only where a person must act in time.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from facilityd.model.measure import Duration
from facilityd.model.sample import NS
from facilityd.model.text import Strict, Text


class Condition(Strict):
    """A test of one signal: exactly one of ``above``, ``below``, ``is``.

    ``magnitude`` compares the absolute value, for signed speeds.
    """

    signal: str
    above: float | None = None
    below: float | None = None
    is_: bool | int | str | None = Field(default=None, alias="is")
    magnitude: bool = False

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if sum(test is not None for test in (self.above, self.below, self.is_)) != 1:
            raise ValueError("give exactly one of above, below, is")
        return self


class Limit(Strict):
    """Beyond a limit for ``hold``; back only past ``hysteresis`` (same unit as the signal)."""

    kind: Literal["limit"]
    signal: str
    above: float | None = None
    below: float | None = None
    is_: bool | int | str | None = Field(default=None, alias="is")
    hysteresis: float = Field(default=0.0, ge=0)
    hold: Duration = 0
    clear_hold: Duration = 0
    during: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if sum(test is not None for test in (self.above, self.below, self.is_)) != 1:
            raise ValueError("give exactly one of above, below, is")
        return self

    @property
    def inputs(self) -> tuple[str, ...]:
        """Signals this rule cannot do without."""
        return (self.signal,)


class Mismatch(Strict):
    """What is commanded and what is observed differ for longer than ``within``.

    ``missing``: commanded but not observed. ``unbidden``: observed but not commanded.
    """

    kind: Literal["mismatch"]
    commanded: Condition
    observed: Condition
    direction: Literal["missing", "unbidden", "both"] = "both"
    within: Duration

    @property
    def inputs(self) -> tuple[str, ...]:
        """Signals this rule cannot do without."""
        return (self.commanded.signal, self.observed.signal)


class Silence(Strict):
    """A unit of the device says nothing for ``periods`` of its slowest period plus ``hold``.

    Unknown, not true, while the unit's whole link is down: that is the link's own alarm.
    """

    kind: Literal["silence"]
    periods: float = Field(default=3.0, ge=1)
    hold: Duration = 0

    @property
    def inputs(self) -> tuple[str, ...]:
        """Silence needs no particular signal."""
        return ()


class Term(Condition):
    """A condition whose limit may follow another signal: limit = above (or below) x ``per`` ^ ``exponent``.

    So "flow below 0.011 m³/h per rpm" is one term: ``{signal: flow, below: 0.011, per: speed}``.
    """

    per: str = ""
    exponent: float = 1.0

    @model_validator(mode="after")
    def _a_number(self) -> Self:
        if self.per and self.is_ is not None:
            raise ValueError("'per' goes with above or below")
        return self


class Conjunction(Strict):
    """All terms hold at once for ``hold``: several signs of one cause. The first term is the guilty one.

    Judged only in the duty states ``during``, and not in the first ``settle`` of each: what starts up
    is not yet what it will be.
    """

    kind: Literal["conjunction"]
    terms: tuple[Term, ...] = Field(alias="all", min_length=1)
    hold: Duration = 0
    clear_hold: Duration = 0
    during: tuple[str, ...] = ()
    settle: Duration = 0

    @model_validator(mode="after")
    def _settles_in_a_state(self) -> Self:
        if self.settle and not self.during:
            raise ValueError("'settle' goes with 'during'")
        return self

    @property
    def inputs(self) -> tuple[str, ...]:
        """Signals this rule cannot do without."""
        named = [name for term in self.terms for name in (term.signal, term.per) if name]
        return tuple(dict.fromkeys(named))


Detect = Annotated[Limit | Mismatch | Silence | Conjunction, Field(discriminator="kind")]


class Priority(IntEnum):
    """Derived from consequence and time to respond, never typed. Higher is more urgent."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


_RESPONSE_STEPS = (15 * 60 * NS, 2 * 3600 * NS, 12 * 3600 * NS)
# Rows: consequence; columns: respond within 15 min, 2 h, a shift, later (alarms.md §2.2).
_MATRIX = {
    "safety": (Priority.CRITICAL, Priority.CRITICAL, Priority.HIGH, Priority.HIGH),
    "ceremony": (Priority.CRITICAL, Priority.HIGH, Priority.HIGH, Priority.MEDIUM),
    "asset": (Priority.HIGH, Priority.MEDIUM, Priority.MEDIUM, Priority.LOW),
    "appearance": (Priority.MEDIUM, Priority.MEDIUM, Priority.LOW, Priority.LOW),
}


class Rule(Strict):
    """One rule of a family with its rationalisation record.

    ``needs`` names the signals without which the rule does not apply (besides its inputs).
    """

    fault: str = Field(default="", description="number in the fault catalogue, such as H10")
    detect: Detect
    name: Text = Field(description="what is wrong, as a technician would say it")
    cause: Text
    consequence: Text
    action: tuple[Text, ...] = Field(min_length=1, description="numbered steps; the first comes first")
    confirm: Text = Field(description="how to see on site that it is true")
    respond: Duration = Field(description="time within which a person must act")
    at_stake: Literal["safety", "ceremony", "asset", "appearance"]
    latching: bool = Field(
        default=False, description="stays after its condition is over, until inspected and reset"
    )

    @property
    def priority(self) -> Priority:
        """Consequence by time to respond."""
        column = sum(self.respond > step for step in _RESPONSE_STEPS)
        return _MATRIX[self.at_stake][column]
