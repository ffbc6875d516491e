"""A rule: one way a device can be wrong, with the record that justifies its alarm.

The record follows the rationalisation row of ISA-18.2 / IEC 62682 / GB/T 41261: an alarm
exists only where a person must act in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from facilityd.model.charts import Chart, DayProfile, Envelope, Ewma, Residual, RobustZ
from facilityd.model.histories import (
    Count,
    Frozen,
    Imbalance,
    Invalid,
    Peer,
    Rate,
    Ripple,
    Schedule,
    Sensor,
    Sequence,
    Spike,
    Trend,
)
from facilityd.model.kinds import (
    Condition,
    Conjunction,
    Limit,
    Mismatch,
    RuleTerm,
    SignalTerm,
    Silence,
    Unreadable,
)
from facilityd.model.measure import Duration, spell_duration, within
from facilityd.model.message import Wording
from facilityd.model.number import Finite
from facilityd.model.proposal import Proposal
from facilityd.model.rule_parameters import override, parameter
from facilityd.model.sample import NS
from facilityd.model.text import Language, ShortText, Strict, Text

Detect = Annotated[
    Limit | Mismatch | Silence | Unreadable | Conjunction | Rate | Sequence | Schedule | Count | Frozen
    | Spike | Sensor | Invalid | Ripple | Imbalance | Peer | Trend | RobustZ | Ewma | Chart | DayProfile
    | Envelope | Residual,
    Field(discriminator="kind"),
]  # fmt: skip


class Priority(IntEnum):
    """Derived from consequence and time to respond, never typed. Higher is more urgent.

    ``INFO`` advises: nobody is notified of it (``AdvisoryRule``).
    """

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


_RESPONSE_STEPS = (15 * 60 * NS, 2 * 3600 * NS, 12 * 3600 * NS)
# Rows: consequence; columns: respond within 15 min, 2 h, a shift, later (docs/reference/alarms.md §2.2).
_MATRIX = {
    "safety": (Priority.CRITICAL, Priority.CRITICAL, Priority.HIGH, Priority.HIGH),
    "ceremony": (Priority.CRITICAL, Priority.HIGH, Priority.HIGH, Priority.MEDIUM),
    "asset": (Priority.HIGH, Priority.MEDIUM, Priority.MEDIUM, Priority.LOW),
    "appearance": (Priority.MEDIUM, Priority.MEDIUM, Priority.LOW, Priority.LOW),
}


class Explained(Strict):
    """How far a cause explains a consequence: beyond that the consequence is told beside it."""

    when: tuple[Condition, ...] = Field(default=(), description="only while all of these hold")
    cause_from: Finite | None = Field(
        default=None, description="only a cause of at least this size, in the measure of its own limit"
    )
    up_to: Finite | None = Field(
        default=None, description="only a consequence of at most this size, in the measure of its own limit"
    )
    codes: dict[str, tuple[str, ...]] = Field(
        default={},
        description="only while a signal's code comes from one of these, in the words of its profile's means",
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.when or self.codes) and self.cause_from is None and self.up_to is None:
            raise ValueError(Wording("model.at-least-one-needed"))
        return self


class Rule(Strict):
    """One rule of a family with its rationalisation record.

    ``needs`` names the signals without which the rule does not apply (besides its inputs).
    """

    fault: str = Field(default="", description="number in the fault catalogue, such as H10")
    detect: Detect
    name: Text = Field(description="what is wrong, as a technician would say it")
    short: ShortText = Field(
        default=ShortText(), description="the name in at most 16 characters, for the first line of a message"
    )
    cause: Text
    consequence: Text
    action: tuple[Text, ...] = Field(min_length=1, description="numbered steps; the first comes first")
    confirm: Text = Field(description="how to see on site that it is true")
    respond: Annotated[Duration, AfterValidator(within(NS, 366 * 86_400 * NS))] = Field(
        description="time within which a person must act"
    )
    at_stake: Literal["safety", "ceremony", "asset", "appearance"]
    machine: tuple[str, ...] = Field(
        default=(),
        description="parameters that belong to the very machine: a site sets them in its devices' rules",
    )
    proposals: dict[str, Proposal] = Field(
        default={},
        description="how parameters of machine follow from healthy data; of the others that value is offered",
    )
    latching: bool = Field(
        default=False, description="stays after its condition is over, until inspected and reset"
    )
    consequence_of: tuple[str, ...] = Field(
        default=(),
        description="rules of this family; while one of them holds, this one is only its consequence",
    )
    explained: dict[str, Explained] = Field(
        default={}, description="how far a rule of consequence_of explains this one; without: wholly"
    )
    stands_in_for: tuple[str, ...] = Field(
        default=(),
        description="rules of the family that tell the same better: it is in force where none of them is",
    )
    doubts: tuple[str, ...] = Field(
        default=(),
        description="signals whose sensor it calls false: while it holds, rules that read them are unknown",
    )

    may_be_sensor: tuple[str, ...] = Field(
        default=(),
        description="signals whose sensor may as well be what is wrong: cause and confirm say both",
    )
    without_supply: bool = Field(
        default=False,
        description="the device may have no supply: a group that names no rules explains it too",
    )

    @model_validator(mode="after")
    def _parameters_known(self) -> Self:
        for name in self.machine:
            parameter(self.detect, name)
        for name in self.proposals:
            if name not in self.machine:
                raise ValueError(Wording("model.proposal-of-no-machine", name=name))
        return self

    @model_validator(mode="after")
    def _in_time(self) -> Self:
        _check_delay(self)
        return self

    def brief(self, language: Language) -> str:
        """Return the name as it stands in the first line of a message where the whole one has no room."""
        return self.short.in_(language) or self.name.in_(language)

    @property
    def priority(self) -> Priority:
        """Consequence by time to respond."""
        column = sum(self.respond > step for step in _RESPONSE_STEPS)
        return _MATRIX[self.at_stake][column]


class AdvisoryRule(Rule):
    """A rule with a limit that nobody confirmed for this machine: it advises, and calls no sensor false."""

    @classmethod
    def of(cls, rule: Rule) -> AdvisoryRule:
        """Return a rule of a family as it is where its limits are assumed."""
        return cls.model_construct(rule.model_fields_set, **(dict(rule) | {"doubts": ()}))

    @property
    def priority(self) -> Priority:
        """Nobody is notified of what is only assumed."""
        return Priority.INFO


def _check_delay(rule: Rule) -> None:
    """Raise ValueError where an urgent alarm waits longer than people have; ``frozen`` takes its time."""
    delay = 0 if isinstance(rule.detect, Frozen) else getattr(rule.detect, "on_delay", 0)
    if rule.priority >= Priority.HIGH and delay > rule.respond:
        within_s = spell_duration(rule.respond)
        raise ValueError(
            f"on_delay {spell_duration(delay)} is longer than the {within_s} within which a person must act"
        )


def may_explain(cause: Rule, consequence: Rule) -> bool:
    """Return whether a cause may suppress its consequence: nothing graver hides behind something lesser."""
    safe = consequence.at_stake != "safety" or cause.at_stake == "safety"
    return safe and cause.priority >= consequence.priority


def with_settings(rule: Rule, settings: Mapping[str, Any]) -> Rule:
    """Return the rule with parameters of its detector set, by dotted name. Raises ValueError."""
    if not settings:
        return rule
    made = rule.model_copy(update={"detect": override(rule.detect, settings)})
    _check_delay(made)
    return made


__all__ = [
    "AdvisoryRule",
    "Chart",
    "Condition",
    "Conjunction",
    "Count",
    "DayProfile",
    "Detect",
    "Envelope",
    "Ewma",
    "Frozen",
    "Imbalance",
    "Invalid",
    "Limit",
    "Mismatch",
    "Peer",
    "Priority",
    "Rate",
    "Residual",
    "Ripple",
    "RobustZ",
    "Rule",
    "RuleTerm",
    "Schedule",
    "Sensor",
    "Sequence",
    "SignalTerm",
    "Silence",
    "Spike",
    "Trend",
    "Unreadable",
    "may_explain",
    "with_settings",
]  # fmt: skip
