"""Families: what devices of one kind share. One YAML file each, in ``devices/families``."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Self

from pydantic import Field, model_validator

from devices.sensors import with_sensor_rules
from devices.simulated import SimulatedSignal
from facilityd.errors import UnknownName
from facilityd.model.kinds import Conditional, Conjunction, RuleTerm, Unreadable
from facilityd.model.message import Wording
from facilityd.model.number import Finite
from facilityd.model.readiness import Item
from facilityd.model.reserved import RESERVED_FAMILIES, RESERVED_SIGNALS
from facilityd.model.rule import Condition, Detect, Limit, Mismatch, Rule, may_explain
from facilityd.model.sample import SignalType
from facilityd.model.text import Strict, Text

SIZED = frozenset({"residual", "imbalance"})
"""Kinds of rules that say how big a deviation is."""
CEREMONY = "ceremony"
"""The operating mode that the clock, not the device, decides: near sunrise and sunset."""
REST = "rest"
"""The operating mode when no other holds."""


class Signal(Strict):
    """A named quantity. ``range`` is what is physically possible, in ``unit``."""

    type: SignalType = SignalType.FLOAT
    unit: str = ""
    name: Text
    range: tuple[Finite, Finite] | None = None
    decimals: int = Field(default=2, ge=0, le=6, description="digits shown to people")
    values: dict[int, Text] = Field(default={}, description="names of an enum's codes")
    words: dict[str, Text] = Field(default={}, description="names of the words that a text may be")
    active: Text | None = Field(default=None, description="a switch that is on, as a clause")
    inactive: Text | None = Field(default=None, description="a switch that is off, as a clause")

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, told: Any) -> Any:
        """Let what is counted be shown without decimals."""
        if isinstance(told, dict) and told.get("type") in ("int", "enum"):
            return {"decimals": 0, **told}
        return told

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if (self.active or self.inactive) and self.type is not SignalType.BOOL:
            raise ValueError(Wording("tables.only-switch-active-or-inactive"))
        if (self.active is None) != (self.inactive is None):
            raise ValueError(Wording("tables.give-both-active-inactive"))
        if self.type is SignalType.ENUM and not self.values:
            raise ValueError(Wording("tables.enum-signal-names-its-codes"))
        if self.words and self.type is not SignalType.TEXT:
            raise ValueError(Wording("tables.only-text-has-words-enum"))
        if self.type is SignalType.TEXT and (self.range or self.unit):
            raise ValueError(Wording("tables.text-has-neither-unit-nor"))
        if self.range and self.range[0] >= self.range[1]:
            raise ValueError(Wording("tables.range-low-high-with-low"))
        return self


class ModeKind(Strict):
    """A kind of stay in an operating mode: the one whose conditions hold for most of it."""

    name: Text
    when: tuple[Condition, ...] = Field(min_length=1)


class ModeDefinition(Strict):
    """An operating mode holds while all its conditions hold; the first state that holds wins."""

    name: Text
    when: tuple[Condition, ...] = Field(min_length=1)
    kinds: dict[str, ModeKind] = Field(default={}, description="such as raising and lowering, for people")


_SECTION = {"state": "states", "rule": "rules", "readiness": "readiness"}


class Family(Strict):
    """Signals, operating modes and rules of one kind of device."""

    family: str
    extends: bool = Field(
        default=False, description="of a site's own: adds to the shipped family of its name, replaces nothing"
    )
    name: Text
    signals: dict[str, Signal]
    states: dict[str, ModeDefinition] = {}
    rules: dict[str, Rule] = {}
    sensors: dict[str, dict[str, Any]] = Field(
        default={},
        description="by signal: what its thing cannot read (parameters of kind sensor); a line makes a rule",
    )
    simulate: dict[str, SimulatedSignal] = Field(
        default={}, description="how signals go and can fail, for scenarios; of a family that has no model"
    )
    readiness: dict[str, Item] = Field(default={}, description="checked before a ceremony")

    @model_validator(mode="before")
    @classmethod
    def _sensors_watched(cls, told: Any) -> Any:
        """Make a rule of each line of ``sensors``."""
        return with_sensor_rules(told) if isinstance(told, dict) else told

    @model_validator(mode="after")
    def _closed(self) -> Self:
        for where, signal in self._mentions() + self._told():
            if signal not in self.signals:
                kind, _, name = where.partition(" ")
                what = Wording("tables.names-signal-which-family-does", where=where, signal=signal)
                raise UnknownName(what, (_SECTION[kind], name), signal, self.signals)
        for where, signal in self._mentions():
            if self.signals[signal].type is SignalType.TEXT:
                raise ValueError(Wording("tables.names-signal-which-text-texts", where=where, signal=signal))
        return self

    @model_validator(mode="after")
    def _simulated_known(self) -> Self:
        taken: set[str] = set()
        for name, one in self.simulate.items():
            if name not in self.signals or self.signals[name].type is SignalType.TEXT:
                raise ValueError(Wording("tables.simulate-no-signal", name=name))
            if one.counts and (one.counts not in self.simulate or self.simulate[one.counts].counts):
                raise ValueError(Wording("tables.simulate-counts-nothing", name=name, counts=one.counts))
            if one.counts and any(not fault.stuck for fault in one.faults.values()):
                raise ValueError(Wording("tables.simulate-total-only-stuck", name=name))
            if twice := taken & set(one.faults):
                raise ValueError(Wording("tables.simulate-fault-twice", twice=min(twice)))
            taken |= set(one.faults)
        return self

    @model_validator(mode="after")
    def _checklist_known(self) -> Self:
        for name, item in self.readiness.items():
            for rule in item.rules:
                if "." not in rule and rule not in self.rules:
                    raise ValueError(
                        Wording("tables.readiness-names-rule-which-family", name=name, rule=rule)
                    )
        return self

    @model_validator(mode="after")
    def _causes_known(self) -> Self:
        for name, rule in self.rules.items():
            for cause in rule.consequence_of:
                if cause not in self.rules:
                    raise ValueError(
                        Wording("tables.rule-consequence-which-family-does", name=name, cause=cause)
                    )
                if not may_explain(self.rules[cause], rule):
                    raise ValueError(Wording("tables.rule-graver-than-so-cannot", name=name, cause=cause))
                if name in self._all_causes(cause):
                    raise ValueError(Wording("tables.rules-each-other-consequence", name=name, cause=cause))
        return self

    @model_validator(mode="after")
    def _explained_known(self) -> Self:
        for name, rule in self.rules.items():
            for cause, limits in rule.explained.items():
                if cause not in rule.consequence_of:
                    raise ValueError(Wording("tables.rule-explained-by-no-cause", name=name, cause=cause))
                for signal in (*(test.signal for test in limits.when), *limits.codes):
                    if signal not in self.signals:
                        raise ValueError(Wording("tables.rule-explained-no-signal", name=name, signal=signal))
                sized = {cause: limits.cause_from, name: limits.up_to}
                for one in (one for one, size in sized.items() if size is not None):
                    if self.rules[one].detect.kind not in SIZED:
                        raise ValueError(Wording("tables.rule-has-no-size", name=one))
        return self

    @model_validator(mode="after")
    def _doubts_known(self) -> Self:
        for name, rule in self.rules.items():
            for signal in rule.doubts:
                if signal not in self.signals:
                    raise ValueError(Wording("tables.rule-doubts-no-signal", name=name, signal=signal))
        return self

    @model_validator(mode="after")
    def _stand_ins_known(self) -> Self:
        for name, rule in self.rules.items():
            for other in rule.stands_in_for:
                if other not in self.rules:
                    raise ValueError(Wording("tables.rule-stands-in-for-no-rule", name=name, other=other))
                if other == name or name in self.rules[other].stands_in_for:
                    raise ValueError(Wording("tables.rules-stand-in-for-each-other", name=name, other=other))
        return self

    @model_validator(mode="after")
    def _sizes_known(self) -> Self:
        for name, rule in self.rules.items():
            for term in rule.detect.terms if isinstance(rule.detect, Conjunction) else ():
                if not isinstance(term, RuleTerm) or term.beyond is None or term.rule not in self.rules:
                    continue
                if self.rules[term.rule].detect.kind != "residual":
                    other = term.rule
                    raise ValueError(Wording("tables.rule-beyond-needs-a-deviation", name=name, other=other))
        return self

    @model_validator(mode="after")
    def _terms_known(self) -> Self:
        for name, rule in self.rules.items():
            for other in rule.detect.rules if isinstance(rule.detect, Conjunction) else ():
                if other not in self.rules:
                    raise ValueError(Wording("tables.rule-looks-at-which-family", name=name, other=other))
                looked_at = self.rules[other].detect
                simple = isinstance(looked_at, Conditional) and not isinstance(looked_at, Conjunction)
                if not simple:
                    raise ValueError(
                        Wording(
                            "tables.rule-looks-at-cannot-term", name=name, other=other, kind=looked_at.kind
                        )
                    )
        return self

    def _all_causes(self, name: str, seen: frozenset[str] = frozenset()) -> frozenset[str]:
        direct = frozenset(self.rules[name].consequence_of) - seen if name in self.rules else frozenset()
        return direct.union(*(self._all_causes(cause, seen | direct) for cause in direct))

    @model_validator(mode="after")
    def _states_known(self) -> Self:
        for name, rule in self.rules.items():
            for state in getattr(rule.detect, "during", ()):
                if state not in self.operating_modes:
                    raise ValueError(
                        Wording("tables.rule-names-operating-mode-which", name=name, state=state)
                    )
        for name in RESERVED_SIGNALS & set(self.signals):
            raise ValueError(Wording("tables.signal-cannot-named-stores-use", name=name))
        if self.family in RESERVED_FAMILIES:
            raise ValueError(Wording("tables.family-cannot-named-stores-use", family=self.family))
        return self

    def _mentions(self) -> list[tuple[str, str]]:
        states: list[tuple[str, str]]
        tests = {n: (*s.when, *(c for k in s.kinds.values() for c in k.when)) for n, s in self.states.items()}
        states = [(Wording("tables.state", n=n), c.signal) for n, when in tests.items() for c in when]
        rules = [(Wording("tables.rule", n=n), s) for n, r in self.rules.items() for s in r.detect.inputs]
        unread = {n: r.detect.signals for n, r in self.rules.items() if isinstance(r.detect, Unreadable)}
        rules += [(Wording("tables.rule", n=n), s) for n, signals in unread.items() for s in signals]
        ready = [
            (Wording("tables.readiness", n=n), s) for n, item in self.readiness.items() for s in item.signals
        ]
        return states + rules + ready

    def _told(self) -> list[tuple[str, str]]:
        """Return the signals that are shown and not evaluated: these may be texts."""
        because = {n: r.detect.because for n, r in self.rules.items() if isinstance(r.detect, Limit)}
        return [(Wording("tables.rule", n=n), s) for n, signals in because.items() for s in signals]

    @cached_property
    def operating_modes(self) -> tuple[str, ...]:
        """Every state a period may be given for, busiest first."""
        return (CEREMONY, *self.states, REST)


__all__ = [
    "CEREMONY",
    "REST",
    "Condition",
    "Detect",
    "Family",
    "Limit",
    "Mismatch",
    "ModeDefinition",
    "Signal",
]
