"""Kind ``sequence``: a run from one event to another keeps its time, as far as polling shows."""

from __future__ import annotations

from typing import Any

from facilityd.detect.conditional import ConditionalDetector
from facilityd.detect.detector import in_seconds
from facilityd.detect.device_state import FOREVER, NEVER, DeviceState
from facilityd.model.finding import Evidence
from facilityd.model.operating_mode import answer
from facilityd.model.rule import Sequence


class SequenceDetector(ConditionalDetector):
    """The beginning lies between the last sample without it and the first with it, and so does the end.

    Wrong only where even the kindest reading of both is: at 60 s between polls nothing is timed to 3 s.
    ``_open``: a run has begun and not come to its end; what begins after it is the rest of that way.
    """

    def __init__(self, rule: Sequence, device_state: DeviceState) -> None:
        super().__init__(rule, device_state)
        self._rule = rule
        self._one, self._other = (
            device_state.signal_states[rule.begins.signal],
            device_state.signal_states[rule.ends.signal],
        )
        self._under_way = device_state.signal_states[rule.under_way.signal] if rule.under_way else None
        self._idle = self._earliest = self._begun = self._unended = NEVER
        self._stopped = self._open = self._rest_of_way = False
        self._wrong: bool | None = None
        self._side, self._took, self._ended = "kept", 0, NEVER
        self.occasional = True

    dated = True

    @property
    def seen_at(self) -> int:
        """When the run that was timed last ended (ns, steady); NEVER while one is late already."""
        return NEVER if self._side == "late" and self._begun != NEVER else self._ended

    @property
    def timed(self) -> tuple[int, int] | None:
        """When the run that was timed last came to its end (ns, steady) and how long it took (ns)."""
        return None if self._ended == NEVER or self._begun != NEVER else (self._ended, self._took)

    def evaluate(self, now: int) -> bool | None:
        """Return whether the last run, or the present one, did not keep its time; None before the first."""
        begun = answer(self._rule.begins, self._one.good(now))
        ended = answer(self._rule.ends, self._other.good(now))
        if begun is None or ended is None:
            return None
        if self.fresh():
            self._stop(now)
            self._begin(begun, ended)
            if self._begun != NEVER:
                self._run(ended)
        return self._wrong

    def _stop(self, now: int) -> None:
        """Note that the run which is under way has come to a stop."""
        way, condition = self._under_way, self._rule.under_way
        if way is None or condition is None or answer(condition, way.good(now)) is False:
            self._stopped = True

    def _begin(self, begun: bool, ended: bool) -> None:
        at = self._one.steady
        if not begun:
            self._idle = at
        elif self._idle != NEVER:
            if self._begun == NEVER or self._stopped:
                # Only a turn begins a run; one that was already under way cannot be timed.
                self._earliest, self._begun = self._idle, NEVER if ended else at
                self._unended, self._rest_of_way = at, self._open
                self._stopped, self._open = False, not ended
            self._idle = NEVER

    def _run(self, ended: bool) -> None:
        rule, at = self._rule, self._other.steady
        if not ended:
            self._unended = max(self._unended, at)
            if self._unended - self._begun > rule.at_most:
                self._judge("late", self._unended - self._begun)
            if rule.gives_up and self._unended - self._begun > rule.gives_up:
                self._begun, self._ended = NEVER, at
            return
        shortest, longest = max(0, self._unended - self._begun), at - self._earliest
        early = longest < rule.at_least and not self._rest_of_way
        side = "late" if shortest > rule.at_most else "early" if early else "kept"
        self._open = False
        self._judge(side, shortest if side == "late" else longest)
        self._begun, self._ended = NEVER, at

    def _judge(self, side: str, took: int) -> None:
        self._wrong, self._side, self._took = side != "kept", side, took
        self.rests_since = self._earliest

    def disabled(self, now: int) -> None:  # noqa: ARG002 - whenever it was
        """A run is not timed across a time in which it was not evaluated."""
        self._idle = self._begun = NEVER

    def known_evidence(self, now: int) -> Evidence:  # noqa: ARG002 - as of the last look
        """Return how long the run took and how long it may."""
        numbers = {"took_s": in_seconds(self._took)}
        numbers |= {"least_s": in_seconds(self._rule.at_least), "most_s": in_seconds(self._rule.at_most)}
        side = self._side if self.delay.verdict else "kept"
        return Evidence(f"sequence-{side}", dict(numbers), self._rule.ends.signal)

    def evidence(self, now: int) -> Evidence:
        """Return what the verdict rests on; also that no run has been timed."""
        if self._wrong is None and self._one.good(now) is not None and self._other.good(now) is not None:
            return Evidence("unknown-untimed", {}, self._rule.ends.signal)
        return super().evidence(now)

    def kind_checkpoint(self) -> Any:
        """Return the run that is under way and the verdict on the last."""
        times = [self._idle, self._earliest, self._begun, self._unended]
        last = {"wrong": self._wrong, "side": self._side, "took": self._took, "ended": self._ended}
        last["since"] = self.rests_since
        way = {"stopped": self._stopped, "open": self._open, "rest": self._rest_of_way}
        return {"times": times, **way, **last}

    def restore_kind(self, kept: Any) -> None:
        """Go on timing the run that was under way."""
        self._idle, self._earliest, self._begun, self._unended = kept["times"]
        self._side, self._took = kept["side"], kept["took"]
        self._stopped, self._open = kept.get("stopped", False), kept.get("open", False)
        self._rest_of_way = kept.get("rest", False)
        self.rests_since = kept.get("since", FOREVER)
        self._wrong = kept["wrong"] if self._took else None
        self._ended = kept.get("ended", self._unended)  # an older version kept no end
