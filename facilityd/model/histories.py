"""The detector kinds that look at how signals moved, at the calendar or at neighbours."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from facilityd.model.kinds import Condition, Conditional
from facilityd.model.measure import Duration, Span
from facilityd.model.message import Wording
from facilityd.model.number import Finite


def _one_side(above: float | None, below: float | None) -> None:
    if (above is None) == (below is None):
        raise ValueError(Wording("model.give-exactly-one-above-below"))


class Rate(Conditional):
    """A signal rises (``above``) or falls (``below``, negative) faster than allowed, seen ``over`` a window.

    The limit is in the signal's unit per ``per``: ``{above: 0.005, per: 24h, over: 6h}``. ``weather_of``: a
    residual of the same signal; what it has learned to be the weather's is taken away first.
    """

    kind: Literal["rate"]
    signal: str
    above: Finite | None = None
    below: Finite | None = None
    per: Duration
    over: Span
    hysteresis: Finite = Field(default=0.0, ge=0, description="so far back, as the limit, before it is over")
    weather_of: str = ""

    @model_validator(mode="after")
    def _sides(self) -> Self:
        _one_side(self.above, self.below)
        return self

    @property
    def own(self) -> tuple[str, ...]:
        """The one signal."""
        return (self.signal,)


class Sequence(Conditional):
    """From ``begins`` turning true to ``ends`` turning true takes ``at_least`` and ``at_most`` so long.

    Wrong as soon as ``at_most`` has passed without the end, or the end came too early; right again after
    the next run that keeps its time. ``gives_up``: a run that ends in none is forgotten after so long.
    While ``under_way`` holds without a break a run that begins again is still the same: it may go in jerks;
    where a run broke off, the rest of the way may well take less time than the whole.
    """

    kind: Literal["sequence"]
    begins: Condition
    ends: Condition
    under_way: Condition | None = None
    at_least: Duration = 0
    at_most: Duration
    gives_up: Duration = 0

    @property
    def own(self) -> tuple[str, ...]:
        """Its conditions' signals."""
        more = (self.under_way.signal,) if self.under_way else ()
        return tuple(dict.fromkeys((self.begins.signal, self.ends.signal, *more)))


class Schedule(Conditional):
    """``state`` holds from ``on_from`` to ``on_until`` and not outside, give or take ``tolerance``.

    Times are ``sunrise``, ``sunset`` (each with + or - a duration) or local ``HH:MM``.
    ``missing``: it should hold and does not. ``unbidden``: it holds and should not.
    """

    kind: Literal["schedule"]
    state: Condition
    on_from: str = Field(pattern=r"^(sunrise|sunset)([+-]\d+(\.\d+)?(s|min|h))?$|^\d\d:\d\d$")
    on_until: str = Field(pattern=r"^(sunrise|sunset)([+-]\d+(\.\d+)?(s|min|h))?$|^\d\d:\d\d$")
    tolerance: Duration
    direction: Literal["missing", "unbidden", "both"] = "both"

    @property
    def own(self) -> tuple[str, ...]:
        """The state's signal."""
        return (self.state.signal,)


class Count(Conditional):
    """More than ``above`` happenings ``over`` a window: turns of ``of`` to true, or steps of a counter.

    ``beside`` is a signal whose value is told too.
    """

    kind: Literal["count"]
    of: Condition | None = None
    counter: str = ""
    beside: str = ""
    over: Span
    above: Finite

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.of is None) == (not self.counter):
            raise ValueError(Wording("model.give-exactly-one-counter"))
        return self

    @property
    def own(self) -> tuple[str, ...]:
        """What is counted, and what is told beside it."""
        counted = self.of.signal if self.of else self.counter
        return (counted, self.beside) if self.beside else (counted,)


class Frozen(Conditional):
    """A signal that should move (``when``) has stayed within ``least`` (its unit) for ``on_delay``."""

    kind: Literal["frozen"]
    signal: str
    least: Finite = Field(gt=0)

    @property
    def own(self) -> tuple[str, ...]:
        """The one signal."""
        return (self.signal,)


class Spike(Conditional):
    """A signal jumps ``faster`` (its unit per s) than its thing can move, ``times`` ``over`` a window."""

    kind: Literal["spike"]
    signal: str
    faster: Finite = Field(gt=0)
    least: Finite = Field(default=0.0, ge=0, description="smaller jumps are noise")
    times: int = Field(default=1, ge=1)
    over: Span = 60 * 10**9
    returns: bool = Field(
        default=False, description="over at once where a jump leads back to where the first one began"
    )

    @property
    def own(self) -> tuple[str, ...]:
        """The one signal."""
        return (self.signal,)


class Ripple(Conditional):
    """How unsteady a signal is: the spread of its last ``points`` steps from sample to sample, in its unit.

    ``above``: unsteady, such as torque in stick-slip; ``below``: too quiet, such as a rope in the wind.
    """

    kind: Literal["ripple"]
    signal: str
    above: Finite | None = None
    below: Finite | None = None
    points: int = Field(default=20, ge=5, le=200)
    hysteresis: Finite = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _sides(self) -> Self:
        _one_side(self.above, self.below)
        return self

    @property
    def own(self) -> tuple[str, ...]:
        """The one signal."""
        return (self.signal,)


class Sensor(Conditional):
    """A reading that its thing cannot give: whichever of these signs is declared (the signal's unit).

    Beyond ``low`` or ``high``; a step of more than ``jump`` and ``faster`` (per s), until one leads
    back after ``over``; a spread of its last ``points`` steps of more than ``noise``; within ``least`` of
    one reading other than nought for ``still``, or while what it ``follows`` moves ``by`` so much.
    """

    kind: Literal["sensor"]
    signal: str
    low: Finite | None = None
    high: Finite | None = None
    jump: Finite | None = Field(default=None, gt=0)
    faster: Finite = Field(default=0.0, ge=0)
    over: Span = 60 * 10**9
    noise: Finite | None = Field(default=None, gt=0)
    points: int = Field(default=12, ge=5, le=200)
    least: Finite = Field(default=0.0, ge=0)
    still: Span = 0
    follows: str = ""
    by: Finite = Field(default=0.0, ge=0)

    @property
    def own(self) -> tuple[str, ...]:
        """The signal, and the one that it follows."""
        return (self.signal, self.follows) if self.follows else (self.signal,)


class Invalid(Conditional):
    """A unit answers, but this signal has no usable value: out of range, not a number, 'not available'."""

    kind: Literal["invalid"]
    signal: str

    @property
    def own(self) -> tuple[str, ...]:
        """The one signal."""
        return (self.signal,)


class Imbalance(Conditional):
    """Phases differ: one is more than ``above`` % from their mean, that mean being over ``least``."""

    kind: Literal["imbalance"]
    signals: tuple[str, ...] = Field(min_length=2)
    above: Finite = Field(gt=0)
    hysteresis: Finite = Field(default=0.0, ge=0)
    least: Finite = 0.0

    @property
    def own(self) -> tuple[str, ...]:
        """Every phase."""
        return self.signals


class Peer(Conditional):
    """A device against its neighbours of the same family and group: away from their median.

    ``above`` (or ``below``, negative) is a difference in the signal's unit, or with ``relative`` a share of
    the median. At least ``peers`` neighbours must be known.
    """

    kind: Literal["peer"]
    signal: str
    above: Finite | None = None
    below: Finite | None = None
    relative: bool = False
    hysteresis: Finite = Field(default=0.0, ge=0)
    peers: int = Field(default=3, ge=2)

    @model_validator(mode="after")
    def _sides(self) -> Self:
        _one_side(self.above, self.below)
        return self

    @property
    def own(self) -> tuple[str, ...]:
        """The one signal."""
        return (self.signal,)


class Trend(Conditional):
    """Where a signal is heading: one robust point a day, Theil-Sen, projected to ``above`` or ``below``.

    True when the likely date of reaching the limit is nearer than ``within``
    (docs/reference/anomalies.md §3, layer 4: at least ``points`` points, Mann-Kendall p < 0.05, the slope's
    interval excludes zero, no farther ahead than twice what was seen).
    ``counter``: a meter or counter, projected by its rate of use.
    """

    kind: Literal["trend"]
    signal: str
    above: Finite | None = None
    below: Finite | None = None
    within: Span
    points: int = Field(default=14, ge=5)
    counter: bool = False

    @model_validator(mode="after")
    def _sides(self) -> Self:
        _one_side(self.above, self.below)
        return self

    @property
    def own(self) -> tuple[str, ...]:
        """The one signal."""
        return (self.signal,)
