"""The learned detector kinds: they evaluate against a baseline that a person has signed off.

Method and figures: docs/reference/anomalies.md T3, T4 and §3. A signal alone (``robust-z``,
``ewma``), several together (``chart``), a shape over a position (``envelope``) or over the day
(``day-profile``), or what the physics says (``residual``).
"""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, model_validator

from facilityd.model.kinds import Condition, Conditional
from facilityd.model.measure import Duration
from facilityd.model.message import Wording
from facilityd.model.number import Finite
from facilityd.model.text import Strict

Side = Literal["above", "below", "both"]
_HOUR = 3600 * 10**9
_FACTOR = re.compile(r"([a-z][a-z0-9_]*)(?:\^(-?\d+(?:\.\d+)?))?")


class Learned(Conditional):
    """``least``: how long it must have been seen healthy in each operating mode to be learned."""

    least: Duration = _HOUR

    @property
    def vector(self) -> tuple[str, ...]:
        """Signals that make up one row of what is learned."""
        return self.own


class RobustZ(Learned):
    """Median of five readings away from the healthy median, by ``factor`` times the healthy 99.5 % level.

    Wrong when ``of`` the last ``out_of`` readings are.
    """

    kind: Literal["robust-z"]
    signal: str
    side: Side = "both"
    factor: Finite = Field(default=1.5, gt=1)
    band: Finite = Field(default=0.0, ge=0, description="never narrower than this, in the signal's unit")
    of: int = 8
    out_of: int = 10

    @property
    def own(self) -> tuple[str, ...]:
        """The one signal."""
        return (self.signal,)


class Ewma(Learned):
    """A slow exponentially weighted mean (over ``smooth``) beyond ``factor`` times its healthy spread."""

    kind: Literal["ewma"]
    signal: str
    side: Side = "both"
    smooth: Duration = 20 * 10**9
    factor: Finite = Field(default=2.5, gt=1)
    band: Finite = Field(default=0.0, ge=0, description="never narrower than this, in the signal's unit")
    of: int = 20
    out_of: int = 30

    @property
    def own(self) -> tuple[str, ...]:
        """The one signal."""
        return (self.signal,)


class Chart(Learned):
    """Several fast signals of one machine together; the guilty one is named.

    Wrong where it was so for four fifths of the time ``over``, and of five readings at least. It is learned
    at the pace at which they are read: after a change of that it is to be commissioned anew.
    """

    kind: Literal["chart"]
    signals: tuple[str, ...] = Field(min_length=2)
    over: Duration = Field(default=10 * 10**9, gt=0)

    @property
    def own(self) -> tuple[str, ...]:
        """Every signal."""
        return self.signals


class Envelope(Learned):
    """A signal along a way (``over``), per direction, outside what was learned at that place.

    ``direction`` names a signed signal. Allowed: the learned median there, give or take ``share`` of it and
    ``band`` (the signal's unit). ``bins`` places along the way; ``runs``: so many runs must have been seen.
    """

    kind: Literal["envelope"]
    signal: str
    over: str
    direction: str
    side: Side = "both"
    share: Finite = Field(default=0.25, ge=0)
    band: Finite = Field(default=0.0, ge=0)
    hysteresis: Finite = Field(
        default=0.0, ge=0, description="so far back (the signal's unit) before it is over"
    )
    bins: int = Field(default=30, ge=2, le=200)
    runs: int = Field(default=6, ge=1)
    least: Duration = 0

    @property
    def own(self) -> tuple[str, ...]:
        """Value, place and direction."""
        return (self.signal, self.over, self.direction)


class DayProfile(Learned):
    """A load against what was learned for this time of day on such a day (worked, or of rest).

    Allowed around the usual value: ``share`` of it, ``band`` (the signal's unit) or ``factor`` times the
    healthy spread at that time (robust standard deviations), whichever is most; what is usual in the part of
    the day before and after (there are ``bins`` parts) is allowed too, as clocks and people are not exact.
    So many ``days`` of a kind must have been seen. What goes with the season it cannot say.
    """

    kind: Literal["day-profile"]
    signal: str
    side: Side = "both"
    share: Finite = Field(default=0.1, ge=0)
    band: Finite = Field(default=0.0, ge=0)
    factor: Finite = Field(default=4.0, ge=0)
    hysteresis: Finite = Field(
        default=0.2, ge=0, lt=1, description="so far back, as a share of what is allowed, before it is over"
    )
    bins: int = Field(default=48, ge=4, le=288, description="parts of a day")
    days: int = Field(default=3, ge=2, le=60)
    least: Duration = 0

    @property
    def own(self) -> tuple[str, ...]:
        """The one signal."""
        return (self.signal,)


class LaggedCondition(Strict):
    """How much of what a condition leaves behind is there, 0 to 1: from ``rise`` to ``fall``.

    So rain soaks a cable box in minutes and dries in hours (time constants of a first-order lag).
    """

    when: Condition
    rise: Duration = Field(gt=0)
    fall: Duration = Field(gt=0)


class Residual(Learned):
    """What the physics explains taken away: ``signal`` against a sum of ``terms``, fitted to healthy data.

    A term is a product of powers such as ``speed^3`` or ``flow*speed^2``; ``1`` is a constant. ``above`` and
    ``below`` bound the residual, one side or both, in the signal's unit, or with ``relative`` as a share of
    what was expected. ``less`` is taken away from the signal first: a pump adds head less inlet pressure.
    Never narrower than ``factor`` times the healthy spread (robust standard deviations). Terms may name what
    weather leaves behind (``lags``); where its signals are not bound these terms are left out.
    """

    kind: Literal["residual"]
    signal: str
    less: str = ""
    lags: dict[str, LaggedCondition] = {}
    terms: tuple[str, ...] = Field(min_length=1)
    above: Finite | None = None
    below: Finite | None = None
    relative: bool = False
    factor: Finite = Field(default=4.0, ge=0)
    hysteresis: Finite = Field(default=0.0, ge=0)
    reach: Finite = Field(
        default=0.25, ge=0, le=1, description="how far beyond what was seen, as a share of it"
    )

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.above is None and self.below is None:
            raise ValueError(Wording("model.give-one-or-both-above-below"))
        for term in self.terms:
            if term != "1" and not all(_FACTOR.fullmatch(part) for part in term.split("*")):
                raise ValueError(Wording("model.not-product-powers-such-as", term=term))
        return self

    @property
    def factors(self) -> tuple[tuple[tuple[str, float], ...], ...]:
        """Each term as (signal, exponent) pairs; the constant has none."""
        return tuple(
            ()
            if term == "1"
            else tuple((f[1], float(f[2] or 1)) for p in term.split("*") if (f := _FACTOR.fullmatch(p)))
            for term in self.terms
        )

    @property
    def own(self) -> tuple[str, ...]:
        """The signal and those that explain it."""
        explaining = (s for term in self.factors for s, _ in term if s not in self.lags)
        return tuple(dict.fromkeys((self.signal, *filter(None, (self.less,)), *explaining)))
