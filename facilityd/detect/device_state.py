"""A device as rules see it: the newest value of each signal, with its reason and its age."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
    bit: int = 0
    """Its bit among the signals of its device (detect/dependencies.py)."""
    text: str = ""
    """What a signal of type text said last; no rule evaluates it, it is told beside a verdict."""
    stale_from: int = NEVER
    """The first instant at which the value is too old: ``lasts`` after ``steady``."""
    lasts: int = field(init=False)

    def __post_init__(self) -> None:
        self.lasts = STALE_PERIODS * self.expected + 1
        self.read_at(self.steady)

    def read_at(self, steady: int) -> None:
        """Let the newest word be of this instant, in ns."""
        self.steady, self.stale_from = steady, steady + self.lasts

    def good(self, now: int) -> Number | None:
        """Return the value, or None where it is bad, of unknown age, too old or was never seen.

        A doubtful label of time is no reason: ages are measured on the clock that never jumps.
        """
        if now >= self.stale_from:
            return None
        return self.value if self.reason is None or self.reason is Reason.CLOCK else None

    def good_text(self, now: int) -> str:
        """Return the text, "" where there is none that is fit to be told."""
        return self.text if now < self.stale_from and self.reason is None else ""

    def retained(self, now: int) -> Number | None:
        """Return what a broker keeps of it: true once, nobody knows when. None where it is something else."""
        return self.value if now < self.stale_from and self.reason is Reason.AGE_UNKNOWN else None

    @property
    def valid_until(self) -> int:
        """Return until when the newest sample is valid: the next one is due then."""
        return self.steady + self.expected


class OtherRule(Protocol):
    """What one rule may ask of another."""

    signal_states: tuple[SignalState, ...]
    repeatable: bool

    def refresh(self, now: int) -> None:
        """Evaluate at ``now`` (ns, steady), unless it has been with what is known by now."""

    @property
    def seen(self) -> bool | None:
        """What it sees now, its on-delay not waited for."""

    @property
    def in_force(self) -> bool:
        """Whether it can judge here at all."""

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
    row: Sequence[DeviceState] = ()
    """The states of its row, which has one family and one group; its own is among them."""
    availability_of: Mapping[str, UnitAvailability] = field(default_factory=dict)
    """The availability of the unit that brings a signal."""
    listening: int = NEVER
    """Since when somebody asks without a break (ns, steady), where that is known."""
    rules: dict[str, OtherRule] = field(default_factory=dict)
    """What evaluates it, by rule: a rule may look at another's verdict."""
    mode_inputs: tuple[SignalState, ...] = field(init=False)
    puts: int = 0
    """How many samples it has taken: what was found at one instant is true until the next one."""
    _names: tuple[str, ...] = ()
    _names_at: int = NEVER
    _within: dict[frozenset[str], bool | None] = field(default_factory=dict)
    _mode_stale: int = FOREVER

    def __post_init__(self) -> None:
        signals = {condition.signal for state in self.states.values() for condition in state.when}
        self.mode_inputs = tuple(self.signal_states[signal] for signal in sorted(signals))

    @property
    def peers(self) -> Iterator[DeviceState]:
        """The states of its neighbours."""
        return (other for other in self.row if other is not self)

    def put(self, signal_states: Iterable[SignalState], sample: Sample) -> int:
        """Learn what one stream says; ``signal_states`` are its signals in its order.

        Return the bits of those whose value or reason is another one than before.
        """
        self._names_at = NEVER
        self.puts += 1
        steady, reasons, changed = sample.steady, sample.reasons, 0
        for index, (signal_state, value) in enumerate(zip(signal_states, sample.values, strict=True)):
            signal_state.steady, signal_state.stale_from = steady, steady + signal_state.lasts
            if isinstance(value, str):
                known, signal_state.text = None, value
            else:
                known = value
            reason = reasons.get(index) if reasons else None
            if known != signal_state.value or reason is not signal_state.reason:
                signal_state.value, signal_state.reason = known, reason
                changed |= signal_state.bit
        return changed

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
        self._look_at_modes(now)
        return min(now + NS, self._mode_stale) if CEREMONY in during else self._mode_stale

    def mode(self, now: int) -> str:
        """Return the operating mode the device is in, as far as is known."""
        return operating_mode(self.states, self.good_values(self.mode_inputs, now)) or REST

    def within(self, during: frozenset[str], now: int) -> bool | None:
        """Return whether the device is in one of these operating modes; None where that is unknown."""
        if CEREMONY in during and self.near(now):
            return True
        self._look_at_modes(now)
        if during not in self._within:
            inside = {name in during for name in self._names}
            self._within[during] = None if len(inside) > 1 else inside.pop()
        return self._within[during]

    def _look_at_modes(self, now: int) -> None:
        """Find the possible operating modes, once for all rules that ask."""
        if self._names_at == now:
            return
        self._names = possible(self.states, self.good_values(self.mode_inputs, now))
        self._names_at = now
        self._within.clear()
        stale = [one.stale_from for one in self.mode_inputs if one.stale_from > now]
        self._mode_stale = min(stale, default=FOREVER)

    def one_of_each_stream(self, signal_states: Iterable[SignalState]) -> tuple[SignalState, ...]:
        """Return one of the signal states for each stream among them: ages are those of streams."""
        found = {id(self.availability_of.get(one.signal, one)): one for one in signal_states}
        return tuple(found.values())
