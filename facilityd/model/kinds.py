"""The plain detector kinds, as a family file writes them. The learned ones: ``facilityd.model.charts``.

Limits are in the signal's own unit; durations as '30s'. A kind says which signals it cannot do
without (``inputs``); a rule whose inputs a site lacks does not apply there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal, Self

from pydantic import Field, model_validator

from facilityd.model.measure import Span
from facilityd.model.message import Wording
from facilityd.model.number import Finite
from facilityd.model.sample import NS
from facilityd.model.text import Strict


class Condition(Strict):
    """A test of one signal: exactly one of ``above``, ``below``, ``is``.

    ``magnitude`` compares the absolute value, for signed speeds.
    """

    signal: str
    above: Finite | None = None
    below: Finite | None = None
    is_: bool | int | str | None = Field(default=None, alias="is")
    magnitude: bool = False

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if sum(test is not None for test in (self.above, self.below, self.is_)) != 1:
            raise ValueError(Wording("model.give-exactly-one-above-below-2"))
        return self


class Limit(Strict):
    """Beyond a limit for ``on_delay``; back only past ``hysteresis`` (same unit as the signal).

    ``because`` are signals that say why a switch is as it is; they are told with it, the plainest first.
    """

    kind: Literal["limit"]
    signal: str
    above: Finite | None = None
    below: Finite | None = None
    is_: bool | int | str | None = Field(default=None, alias="is")
    hysteresis: Finite = Field(default=0.0, ge=0)
    on_delay: Span = 0
    off_delay: Span = 0
    during: tuple[str, ...] = ()
    because: tuple[str, ...] = Field(default=(), max_length=2)

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if sum(test is not None for test in (self.above, self.below, self.is_)) != 1:
            raise ValueError(Wording("model.give-exactly-one-above-below-2"))
        if self.because and self.is_ is None:
            raise ValueError(Wording("model.because-goes-with-only"))
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
    within: Span

    @property
    def inputs(self) -> tuple[str, ...]:
        """Signals this rule cannot do without."""
        return (self.commanded.signal, self.observed.signal)


class Silence(Strict):
    """A unit of the device says nothing.

    A unit that is asked: ``unanswered`` questions in a row got no answer, over at least ``on_delay``;
    ``unsure`` questions where it has lost answers within the last hour, as over a bad contact. A unit
    that publishes: nothing came for ``periods`` of its slowest one plus ``on_delay``. Over once no unit was
    silent for ``off_delay``: one that comes and goes is one alarm.
    Unknown, not true, while the unit's whole link is down: that is the link's own alarm. A unit that
    serves several devices is told of by the one it serves most; to the others it is unknown.
    """

    kind: Literal["silence"]
    periods: Finite = Field(default=3.0, ge=1)
    unanswered: int = Field(default=8, ge=1)
    unsure: int = Field(default=15, ge=1)
    on_delay: Span = 0
    off_delay: Span = 0

    @property
    def inputs(self) -> tuple[str, ...]:
        """Silence needs no particular signal."""
        return ()


class Unreadable(Strict):
    """A signal has had no good value for ``on_delay`` since the first bad one, whatever the reason.

    ``answers`` bad ones in a row must have come, or as many as ``unanswered`` questions got none; of a unit
    that is asked nothing, nothing good came for three of its periods more. Only time in which we listened
    counts. Signals that a site lacks are left out; unknown while a link that is down tells of itself.
    """

    kind: Literal["unreadable"]
    signals: tuple[str, ...] = Field(min_length=1)
    on_delay: Span
    off_delay: Span = 120 * NS
    answers: int = Field(default=3, ge=1)
    unanswered: int = Field(default=8, ge=1)

    @property
    def inputs(self) -> tuple[str, ...]:
        """None it cannot do without: any one of ``signals`` is enough."""
        return ()


class SignalTerm(Condition):
    """A condition whose limit may follow another signal: limit = above (or below) x ``per`` ^ ``exponent``.

    So "flow below 0.011 m³/h per rpm" is one term: ``{signal: flow, below: 0.011, per: speed}``.
    """

    per: str = ""
    exponent: Finite = 1.0
    hysteresis: Finite = Field(default=0.0, ge=0, description="so far back (as the limit) before it is over")

    @model_validator(mode="after")
    def _a_number(self) -> Self:
        if self.per and self.is_ is not None:
            raise ValueError(Wording("model.per-goes-with-above-or"))
        return self


class RuleTerm(Strict):
    """A term of a conjunction: what another rule of the family sees now, its on-delay not waited for.

    So a learned rule ("flow is below what this speed should give") becomes a sign of several causes.
    ``beyond``: not by that rule's own limit but by this one, in its measure and on its side; where it is
    negative, on the other side. ``hysteresis``: so far back, once the conjunction holds, before it is over.
    """

    rule: str
    is_: bool = Field(default=True, alias="is")
    beyond: Finite | None = None
    hysteresis: Finite = Field(default=0.0, ge=0)


class Conditional(Strict, ABC):
    """What every kind below shares: when it is evaluated, and how long something must last.

    Only in the operating modes ``during``, not in the first ``settle`` of each visit, and only while
    every condition in ``when`` holds. Outside, the verdict stands; where that is unknown, so is the verdict.
    """

    during: tuple[str, ...] = ()
    settle: Span = 0
    when: tuple[Condition, ...] = ()
    on_delay: Span = 0
    off_delay: Span = 0

    @model_validator(mode="after")
    def _settles_in_a_state(self) -> Self:
        if self.settle and not (self.during or self.when):
            raise ValueError(Wording("model.settle-goes-with-during-or"))
        return self

    @property
    @abstractmethod
    def own(self) -> tuple[str, ...]:
        """Signals that the kind itself looks at."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Signals this rule cannot do without."""
        return tuple(dict.fromkeys((*self.own, *(c.signal for c in self.when))))


class Conjunction(Conditional):
    """All terms hold at once for ``on_delay``: several signs of one cause. The first term names it."""

    kind: Literal["conjunction"]
    terms: tuple[SignalTerm | RuleTerm, ...] = Field(alias="all", min_length=1)

    @property
    def signs(self) -> tuple[SignalTerm, ...]:
        """Terms that look at a signal."""
        return tuple(term for term in self.terms if isinstance(term, SignalTerm))

    @property
    def rules(self) -> tuple[str, ...]:
        """Other rules whose verdicts are terms."""
        return tuple(term.rule for term in self.terms if isinstance(term, RuleTerm))

    @property
    def own(self) -> tuple[str, ...]:
        """Every term's own signals."""
        named = [name for term in self.signs for name in (term.signal, term.per) if name]
        return tuple(dict.fromkeys(named))
