"""A device as rules see it: the newest value of each signal, with its reason and its age."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from facilityd.detect.availability import UnitAvailability
from facilityd.detect.context import RuleContext
from facilityd.model.finding import Evidence
from facilityd.model.operating_mode import CEREMONY, REST, OperatingMode, operating_mode, possible
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, STALE_PERIODS, Number, Sample

NEVER = -(1 << 62)
FOREVER = 1 << 62


@dataclass(slots=True, eq=False)
class SignalState:
    """The newest word on one signal. ``expected`` is its stream's period, in ns."""

    signal: str
    measure: str
    expected: int
    value: Number | None = None
    reason: Reason | None = None
    steady: int = NEVER

    def good(self, now: int) -> Number | None:
        """Return the value, or None where it is bad, of unknown age, too old or was never seen.

        A doubtful label of time is no reason: ages are measured on the clock that never jumps.
        """
        if now - self.steady > STALE_PERIODS * self.expected:
            return None
        return self.value if self.reason is None or self.reason is Reason.CLOCK else None

    def retained(self, now: int) -> Number | None:
        """Return what a broker keeps of it: true once, nobody knows when. None where it is something else."""
        fresh = now - self.steady <= STALE_PERIODS * self.expected
        return self.value if fresh and self.reason is Reason.AGE_UNKNOWN else None

    @property
    def valid_until(self) -> int:
        """Return until when the newest sample is valid: the next one is due then."""
        return self.steady + self.expected

    @property
    def stale_from(self) -> int:
        """Return the first instant at which the value is too old."""
        return self.steady + STALE_PERIODS * self.expected + 1


class OtherRule(Protocol):
    """What one rule may ask of another."""

    signal_states: tuple[SignalState, ...]

    def update(self, now: int) -> bool | None:
        """Evaluate at ``now`` (ns, steady)."""

    @property
    def seen(self) -> bool | None:
        """What it sees now, its on-delay not waited for."""

    def known_evidence(self, now: int) -> Evidence:
        """Return what that rests on."""


@dataclass(slots=True, eq=False)
class DeviceState:
    """Everything known of one device; ``near`` says whether an instant is near a ceremony."""

    device: str
    signal_states: dict[str, SignalState]
    availabilities: tuple[UnitAvailability, ...]
    states: Mapping[str, OperatingMode]
    near: Callable[[int], bool]
    context: RuleContext = field(default_factory=RuleContext)
    peers: tuple[DeviceState, ...] = ()
    """The states of its neighbours: same family, same group."""
    availability_of: Mapping[str, UnitAvailability] = field(default_factory=dict)
    """The availability of the unit that brings a signal."""
    listening: int = NEVER
    """Since when somebody asks without a break (ns, steady), where that is known."""
    rules: dict[str, OtherRule] = field(default_factory=dict)
    """What evaluates it, by rule: a rule may look at another's verdict."""
    mode_inputs: tuple[SignalState, ...] = field(init=False)
    _names: tuple[str, ...] = ()
    _names_at: int = NEVER

    def __post_init__(self) -> None:
        signals = {condition.signal for state in self.states.values() for condition in state.when}
        self.mode_inputs = tuple(self.signal_states[signal] for signal in sorted(signals))

    def put(self, signal_states: Iterable[SignalState], sample: Sample) -> None:
        """Learn what one stream says; ``signal_states`` are its signals in its order."""
        self._names_at = NEVER
        steady, reasons = sample.steady, sample.reasons
        for index, (signal_state, value) in enumerate(zip(signal_states, sample.values, strict=True)):
            signal_state.value, signal_state.steady = (None if isinstance(value, str) else value), steady
            signal_state.reason = reasons.get(index) if reasons else None

    def forget_mode(self) -> None:
        """Look at the signals again before the operating mode is evaluated."""
        self._names_at = NEVER

    def good_values(self, signal_states: Iterable[SignalState], now: int) -> dict[str, Number]:
        """Return the values fit to be evaluated."""
        return {
            signal_state.signal: value
            for signal_state in signal_states
            if (value := signal_state.good(now)) is not None
        }

    def mode_wake(self, during: frozenset[str], now: int) -> int:
        """Return when ``within`` may next change its answer by time alone (ns, steady)."""
        stale = (
            signal_state.stale_from for signal_state in self.mode_inputs if signal_state.stale_from > now
        )
        return min((now + NS if CEREMONY in during else FOREVER, *stale))

    def mode(self, now: int) -> str:
        """Return the operating mode the device is in, as far as is known."""
        return operating_mode(self.states, self.good_values(self.mode_inputs, now)) or REST

    def within(self, during: frozenset[str], now: int) -> bool | None:
        """Return whether the device is in one of these operating modes; None where that is unknown."""
        if CEREMONY in during and self.near(now):
            return True
        if self._names_at != now:
            self._names = possible(self.states, self.good_values(self.mode_inputs, now))
            self._names_at = now
        inside = {name in during for name in self._names}
        return None if len(inside) > 1 else inside.pop()
