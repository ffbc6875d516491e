"""Kind ``day-profile``: a load against what was learned for this time of a worked day, or of one of rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from facilityd.detect.conditional import good_float
from facilityd.detect.detector import in_seconds
from facilityd.detect.device_state import NEVER, DeviceState
from facilityd.detect.learned import FitRefused, LearnedDetector
from facilityd.model.baseline import HealthyReading
from facilityd.model.finding import Evidence, Number
from facilityd.model.rule import DayProfile
from facilityd.model.sample import NS

DAY_S = 86_400
SIGMA = 1.4826
USELESS = 3.0
"""A spread that pushes the band out so many times further makes the rule blind at that time."""
DIGITS = 6
"""Digits that count of what is kept: a fortnight's file would be the longer for nothing."""
KINDS_OF_DAY = ("worked", "rest")


class DayProfileDetector(LearnedDetector):
    """Unknown at a time of day that was not learned for such a day."""

    def __init__(self, rule: DayProfile, device_state: DeviceState) -> None:
        super().__init__(rule, device_state)
        self._rule, self._calendar = rule, device_state.context.calendar
        self._from, self._until, self._ahead = NEVER, NEVER, 0
        self._time = (0.0, 0.0, 0.0)
        self.forget()

    def forget(self) -> None:
        """A new baseline: nothing was compared with it."""
        self._seen_wrong: bool | None = None
        self._bounds: tuple[float, float, float] | None = None
        self._from, self._until = NEVER, NEVER

    def beside(self, now: int) -> tuple[float, ...]:  # noqa: ARG002 - a reading belongs to its own instant
        """Return day, part of the day and kind of day of the newest reading."""
        self._find(self.signal_states[0].steady)
        return self._time

    def _find(self, at: int) -> None:
        """Find the part of the day that an instant is in, and until when that lasts."""
        if self._calendar is None:
            return
        if self._from <= at < self._until and self._ahead == self._calendar.ahead:
            return
        self._ahead = self._calendar.ahead
        local, bins = self._calendar.local(at), self._rule.bins
        place = local.second * bins // DAY_S
        begun = -(-place * DAY_S // bins)
        end = -(-(place + 1) * DAY_S // bins)
        self._from, self._until = at - (local.second - begun) * NS, at + (end - local.second) * NS
        self._time = (float(local.day), float(place), float(local.rest))
        learned = self.data.get(KINDS_OF_DAY[local.rest])
        self._bounds = self._around(learned, place) if learned else None

    def _around(
        self, learned: Sequence[Sequence[float] | None], place: int
    ) -> tuple[float, float, float] | None:
        """Return what is usual in a part of the day, and how low and high it may be."""
        here = learned[place]
        if here is None:
            return None
        near = [part for part in (learned[place - 1], here, learned[(place + 1) % len(learned)]) if part]
        return (
            here[0],
            min(usual - self._allowed(usual, spread) for usual, spread in near),
            max(usual + self._allowed(usual, spread) for usual, spread in near),
        )

    def _allowed(self, usual: float, spread: float) -> float:
        rule = self._rule
        return max(rule.share * abs(usual), rule.band, rule.factor * spread)

    def compare(self, row: HealthyReading | None, now: int) -> bool | None:
        """Return whether the newest reading does not belong to its time of day."""
        if row is not None:
            self._seen_wrong = self._judge(row.values[0])
        return None if self.signal_states[0].good(now) is None else self._seen_wrong

    def _judge(self, value: float) -> bool | None:
        if self._calendar is None or self._bounds is None:
            return None
        usual, low, high = self._bounds
        back = self._rule.hysteresis if self.delay.verdict else 0.0
        above, below = value > high - back * (high - usual), value < low + back * (usual - low)
        return (above and self._rule.side != "below") or (below and self._rule.side != "above")

    def known_evidence(self, now: int) -> Evidence:
        """Return the value, what is usual at this time, and which version says so."""
        signal_state, by = self.signal_states[0], self.baseline
        value = good_float(signal_state, now)
        numbers: dict[str, Number] = {"value": "?" if value is None else value, "unit": signal_state.measure}
        if not self.delay.verdict or value is None or self._bounds is None:
            return Evidence("day-profile-over", numbers, signal_state.signal)
        usual, low, high = self._bounds
        numbers |= {
            "expected": usual,
            "low": low,
            "high": high,
            "seen_clock": signal_state.steady + self._ahead,
        }
        numbers |= {"learned_at": by.at if by else 0, "version_n": by.version if by else 0}
        side = "above" if value > usual else "below"
        numbers["for_s"] = in_seconds(self.delay.held)
        return Evidence(f"day-profile-{side}", numbers, signal_state.signal)

    def evidence(self, now: int) -> Evidence:
        """Return what the verdict rests on; also that this time of day was never learned."""
        seen = self.signal_states[0].good(now) is not None
        if self.baseline is not None and self._seen_wrong is None and not self._known and seen:
            return Evidence("unknown-outside", {}, self._rule.signal)
        return super().evidence(now)


def fit_day_profile(rule: DayProfile, rows: Sequence[HealthyReading]) -> dict[str, Any]:
    """Return by kind of day, for each part of it, the usual value and its spread (None: not learned).

    Raises FitRefused where too few worked days were seen, or no part of the day often enough.
    """
    worked = [row for row in rows if not row.values[3]]
    rest = [row for row in rows if row.values[3]]
    seen = len({row.values[1] for row in worked})
    found = {"worked": _parts(rule, worked), "rest": _parts(rule, rest)}
    if seen < rule.days or not any(found["worked"]):
        raise FitRefused("unfit-days", seen_n=seen, needed_n=rule.days)
    return found


def _parts(rule: DayProfile, rows: Iterable[HealthyReading]) -> list[list[float] | None]:
    """Return the usual value and the spread of each part of the day: that of a day, and from day to day."""
    seen: list[dict[float, list[float]]] = [{} for _ in range(rule.bins)]
    for row in rows:
        seen[int(row.values[2])].setdefault(row.values[1], []).append(row.values[0])
    return [_part(rule, days) if len(days) >= rule.days else None for days in seen]


def _part(rule: DayProfile, days: dict[float, list[float]]) -> list[float] | None:
    usual = median(median(values) for values in days.values())
    spread = SIGMA * median(abs(value - usual) for values in days.values() for value in values)
    asked = max(rule.share * abs(usual), rule.band)
    if asked and rule.factor * spread > USELESS * asked:
        return None
    return [float(f"{number:.{DIGITS}g}") for number in (usual, spread)]
