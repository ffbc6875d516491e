"""What most kinds share: when a rule is evaluated, for how long it must be so, what a restart keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from facilityd.detect.delay import OnOffDelay
from facilityd.detect.dependencies import VerdictScope
from facilityd.detect.detector import Trouble, why_unknown
from facilityd.detect.device_state import FOREVER, NEVER, DeviceState, SignalState
from facilityd.model.finding import Evidence
from facilityd.model.kinds import Conditional
from facilityd.model.operating_mode import CEREMONY, answer
from facilityd.model.sample import NS, STALE_PERIODS

REPLAYED = 15 * 60 * NS
"""What a restart shows the rules again (ns): a shorter on-delay needs no memory."""


class EnableCondition:
    """Whether a rule is evaluated: in its operating modes, settled there, and while its conditions hold."""

    def __init__(self, rule: Conditional, device_state: DeviceState) -> None:
        self._during = frozenset(rule.during)
        self._conditions = tuple((c, device_state.signal_states[c.signal]) for c in rule.when)
        self._settle, self._device_state = rule.settle, device_state
        self.entered = NEVER
        self.outside = False
        """Whether the last look found it outside its modes and conditions, not only unsettled."""
        self.timeless = CEREMONY not in self._during
        self.always = not (rule.during or rule.when)
        self.signal_states = tuple(signal_state for _, signal_state in self._conditions)
        self.wake = FOREVER

    def is_met(self, now: int) -> bool | None:
        """Return whether to evaluate at ``now`` (ns, steady); None where that is unknown."""
        self.wake = FOREVER
        if self.always and NEVER < self.entered <= now - self._settle:
            return True
        inside = self._inside(now)
        self.outside = inside is False
        if inside is False:
            self.entered = NEVER
        elif inside and not NEVER < self.entered <= now:
            self.entered = now
        if not inside:
            return inside
        settled = self.entered + self._settle
        if now < settled:
            self.wake = min(self.wake, settled)
            return False
        return True

    def _inside(self, now: int) -> bool | None:
        met = self._met(now)
        if met is False or not self._during:
            return met
        within = self._device_state.within(self._during, now)
        self.wake = self._device_state.mode_wake(self._during, now)
        return within if within is False or met else None

    def _met(self, now: int) -> bool | None:
        if not self._conditions:
            return True
        found = [answer(condition, signal_state.good(now)) for condition, signal_state in self._conditions]
        if False in found:
            return False
        return None if None in found else True


class ConditionalDetector(ABC):
    """A kind says what it sees (``evaluate``); when it is asked and how long it must see it is done here.

    ``evaluate`` may be called again without new data; one that keeps a history asks ``fresh`` first.
    """

    def __init__(self, rule: Conditional, device_state: DeviceState) -> None:
        self.device_state = device_state
        self.enable = EnableCondition(rule, device_state)
        self.signal_states = self.inputs(rule, device_state)
        slowest = max(
            signal_state.expected for signal_state in (*self.signal_states, *self.enable.signal_states)
        )
        self.delay = OnOffDelay(rule.on_delay, rule.off_delay, (STALE_PERIODS - 1) * slowest)
        self.wake, self.standing = FOREVER, VerdictScope.RUN
        self._seen = NEVER
        self._known = False
        self._judged = NEVER
        self._stamp = (NEVER, -1)
        self._sources = device_state.one_of_each_stream(self.signal_states)
        every = (*self.signal_states, *self.enable.signal_states)
        self._aging = device_state.one_of_each_stream(every)
        modes = device_state.mode_inputs if rule.during else ()
        self._all_aging = device_state.one_of_each_stream((*every, *modes))
        self.occasional = not self.enable.always

    size: float | None = None

    repeatable = False
    """Whether the same inputs give the same answer, however often and whenever it is asked."""

    lasting = False
    """Whether they do until ``still`` says otherwise."""

    @property
    def in_force(self) -> bool:
        """Whether it can judge here at all."""
        return True

    dated = False
    rests_since = FOREVER
    extent: frozenset[str] = frozenset()
    edition = 0

    @property
    def seen_at(self) -> int:
        """When it was last evaluated (ns, steady)."""
        return self._judged

    def update(self, now: int) -> bool | None:
        """Evaluate at ``now`` (ns, steady)."""
        self._stamp = (now, self.device_state.puts)
        inside = self.enable.is_met(now)
        self.wake, self.standing = self.enable.wake, VerdictScope.RUN
        if inside is False:
            self.disabled(now)
            self.delay.drop()
            self._known = self.delay.verdict is not None
            if self.enable.outside and self.enable.timeless:
                self.standing = VerdictScope.DISABLED
            return self.delay.verdict
        seen = self.evaluate(now) if inside else None
        self._known = seen is not None
        if seen is None:
            self.delay.pause(now)
            return None
        self._judged = now
        delay = self.delay
        if seen is delay.verdict:
            verdict = delay.go_on()
        else:
            verdict = delay.see(seen, now, min([one.valid_until for one in self._sources]))
            self.wake = min(self.wake, delay.due)
        for one in self._aging:
            if one.stale_from < self.wake:  # noqa: PLR1730 - a call of min costs more
                self.wake = one.stale_from
        if not (verdict or seen) and (self.repeatable or self.lasting) and self.enable.timeless:
            self.standing = VerdictScope.CLEAR
        return verdict

    def still(self, now: int) -> bool:
        """Look at the ages of what it reads."""
        stale_from = FOREVER
        for one in self._all_aging:
            if one.stale_from < stale_from:  # noqa: PLR1730
                stale_from = one.stale_from
        if stale_from <= now:
            return False
        if self.wake != FOREVER:
            self.wake = stale_from
        if self.standing is VerdictScope.CLEAR:
            self._judged = now
        self._stamp = (now, self.device_state.puts)
        return True

    def refresh(self, now: int) -> None:
        """Evaluate at ``now``, unless it has been with what is known by now."""
        if self._stamp != (now, self.device_state.puts):
            self.update(now)

    def inputs(self, rule: Conditional, device_state: DeviceState) -> tuple[SignalState, ...]:
        """Return the signal states that the kind itself looks at."""
        return tuple(device_state.signal_states[signal] for signal in rule.own)

    @abstractmethod
    def evaluate(self, now: int) -> bool | None:
        """Return what is seen at ``now``, without any delay; None where it is unknown."""

    @abstractmethod
    def known_evidence(self, now: int) -> Evidence:
        """Return what the verdict, which is known, rests on. ``self.delay`` knows it and for how long."""

    def disabled(self, now: int) -> None:  # noqa: B027 - most kinds have nothing to forget
        """It is not evaluated now: a kind that must not bridge the pause forgets here."""

    def serviced(self) -> None:  # noqa: B027 - most kinds look at the present only
        """Somebody has serviced the device: what was before says nothing of what comes."""

    def fresh(self) -> bool:
        """Return whether any own signal has a newer sample than at the last time this was asked."""
        newest = max(signal_state.steady for signal_state in self.signal_states)
        if newest == self._seen:
            return False
        self._seen = newest
        return True

    def evidence(self, now: int) -> Evidence:
        """Return what the newest verdict rests on, or why there is none."""
        if not self._known or self.delay.verdict is None:
            return why_unknown(
                (*self.signal_states, *self.enable.signal_states, *self.device_state.mode_inputs), now
            )
        return self.known_evidence(now)

    @property
    def pending(self) -> bool:
        """True while it is seen wrong, and the on-delay is not over."""
        return self.delay.pending

    def trouble(self, now: int, *, ripe: bool = False) -> Trouble:  # noqa: ARG002 - it has one trouble
        """Of nothing but what its rule says."""
        return None

    @property
    def seen(self) -> bool | None:
        """What the newest look makes of it for other rules: what it is about to say counts already."""
        return bool(self.delay.verdict or self.delay.pending) if self._known else None

    def resume(self, verdict: bool) -> None:
        """Take over the verdict from before a restart."""
        self.delay.resume(verdict)

    def kind_checkpoint(self) -> Any:
        """Return, as plain JSON, what the kind itself must not lose; None: the last minutes will do."""
        return None

    def restore_kind(self, kept: Any) -> None:  # noqa: B027 - most kinds keep nothing
        """Take back what ``kind_checkpoint`` returned before a restart."""

    def checkpoint(self) -> Any:
        """Return, as plain JSON, what a restart must not lose; None where the last minutes are enough."""
        own = self.kind_checkpoint()
        if own is None and self.delay.on <= REPLAYED and self.enable.always:
            return None  # while it is not evaluated the verdict stands, and nothing would bring it back
        return {"own": own, "hold": self.delay.checkpoint(), "entered": self.enable.entered,
                "seen": self._seen, "judged": self._judged}  # fmt: skip

    def restore(self, state: Any) -> None:
        """Take back what ``checkpoint`` returned before a restart; what an older version kept is let go."""
        if "hold" not in state:
            return
        self.delay.restore(state["hold"])
        self.enable.entered, self._seen = state["entered"], state["seen"]
        self._judged = state.get("judged", state["seen"])
        if state["own"] is not None:
            self.restore_kind(state["own"])


def good_float(signal_state: SignalState, now: int) -> float | None:
    """Return a signal's good value as a float, or None."""
    value = signal_state.good(now)
    return None if value is None else float(value)
