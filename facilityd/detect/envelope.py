"""Kind ``envelope``: a signal along a way, per direction, against what was learned at that very place."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from facilityd.detect.conditional import good_float
from facilityd.detect.detector import in_seconds
from facilityd.detect.device_state import DeviceState
from facilityd.detect.learned import FitRefused, LearnedDetector
from facilityd.model.baseline import HealthyReading
from facilityd.model.finding import Evidence, Number
from facilityd.model.rule import Envelope
from facilityd.model.sample import NS

PAUSE = 10 * NS
"""Rows so far apart (ns), or of the other direction, belong to another run."""
WAYS = ("forth", "back")


class EnvelopeDetector(LearnedDetector):
    """A place that no healthy run has passed, and standing still, say nothing: the verdict stands.

    Before the first place that was learned there is none.
    """

    def __init__(self, rule: Envelope, device_state: DeviceState) -> None:
        super().__init__(rule, device_state)
        self._rule = rule
        self._seen_wrong: bool | None = None
        self._usual = 0.0

    def forget(self) -> None:
        """Nothing was gathered."""
        self._seen_wrong = None

    def compare(self, row: HealthyReading | None, now: int) -> bool | None:
        """Return whether the value does not belong to its place."""
        if any(signal_state.good(now) is None for signal_state in self.signal_states):
            return None
        if row is not None:
            self._see(*row.values)
        return self._seen_wrong

    def _see(self, value: float, place: float, direction: float) -> None:
        usual = self._expected(place, direction)
        if usual is None:
            return
        self._usual = usual
        back = self._rule.hysteresis if self.delay.verdict else 0.0
        allowed = max(0.0, self._rule.share * abs(usual) + self._rule.band - back)
        above, below = value > usual + allowed, value < usual - allowed
        side = self._rule.side
        self._seen_wrong = (above and side != "below") or (below and side != "above")

    def _expected(self, place: float, direction: float) -> float | None:
        low, high, bins = self.data["low"], self.data["high"], self._rule.bins
        if not direction or not low <= place <= high:
            return None
        number = min(bins - 1, int((place - low) / (high - low) * bins))
        learned: float | None = self.data[WAYS[direction < 0]][number]
        return learned

    def known_evidence(self, now: int) -> Evidence:
        """Return the value, the place and what was learned there."""
        signal_state, over = self.signal_states[0], self.signal_states[1]
        value, place = good_float(signal_state, now), good_float(over, now)
        numbers: dict[str, Number] = {"value": "?" if value is None else value, "unit": signal_state.measure}
        if not self.delay.verdict or value is None or place is None:
            return Evidence("envelope-over", numbers, signal_state.signal)
        numbers |= {"usual": self._usual, "place_n": round(place, 1), "over_signal": over.signal}
        numbers["for_s"] = in_seconds(self.delay.held)
        side = "above" if value > self._usual else "below"
        return Evidence(f"envelope-{side}", numbers, signal_state.signal)


def fit_envelope(rule: Envelope, rows: Sequence[HealthyReading]) -> dict[str, Any]:
    """Return the median at each place of each direction. Raises Unfit where too few runs were seen."""
    seen = {
        "forth": [row for row in rows if row.values[2] > 0],
        "back": [row for row in rows if row.values[2] < 0],
    }
    for own in seen.values():
        if _runs(own) < rule.runs:
            raise FitRefused("unfit-runs", seen_n=_runs(own), needed_n=rule.runs)
    places = [row.values[1] for own in seen.values() for row in own]
    low, high = min(places), max(places)
    if not low < high:
        raise FitRefused("unfit-runs", seen_n=0, needed_n=rule.runs)
    out: dict[str, Any] = {"low": low, "high": high}
    for way, own in seen.items():
        bins: list[list[float]] = [[] for _ in range(rule.bins)]
        for row in own:
            number = int((row.values[1] - low) / (high - low) * rule.bins)
            bins[min(rule.bins - 1, number)].append(row.values[0])
        out[way] = [median(values) if values else None for values in bins]
    return out


def _runs(rows: Sequence[HealthyReading]) -> int:
    """Return how many runs the rows of one direction belong to."""
    return sum(i == 0 or row.steady - rows[i - 1].steady > PAUSE for i, row in enumerate(rows))
