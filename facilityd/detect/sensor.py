"""Kind ``sensor``: what its thing cannot read: out of reach, jumping, noisy or standing still."""

from __future__ import annotations

from collections import deque
from typing import Any

from facilityd.detect.conditional import ConditionalDetector, good_float
from facilityd.detect.detector import in_seconds
from facilityd.detect.device_state import NEVER, DeviceState
from facilityd.detect.ripple import SuccessiveDifferences
from facilityd.detect.stands import EarlierStands
from facilityd.model.finding import Evidence, Number
from facilityd.model.histories import Sensor
from facilityd.model.sample import NS, STALE_PERIODS

FEWEST = 4
"""So many equal readings in a row before one stands still, so many steps before one is noisy."""


class SensorDetector(ConditionalDetector):
    """The first of its signs that holds is the evidence. A jump stands until one leads back, or a service."""

    def __init__(self, rule: Sensor, device_state: DeviceState) -> None:
        super().__init__(rule, device_state)
        self._rule, self._signal_state = rule, self.signal_states[0]
        self._driver = self.signal_states[1] if rule.follows else None
        self._outside = False
        self._last: tuple[int, float] | None = None
        self._jumps: deque[tuple[int, float]] = deque(maxlen=20)
        self._differences = SuccessiveDifferences(rule.points)
        self._stood: list[float] = []  # value, since, readings, least and most of the driver meanwhile
        self._earlier = EarlierStands()
        self._sign = ""
        self._gap = STALE_PERIODS * self._signal_state.expected

    def evaluate(self, now: int) -> bool | None:
        """Return whether one of the signs holds; None while the signal has no value."""
        value = good_float(self._signal_state, now)
        if value is None:
            return None
        if self._signal_state.steady != self._seen:
            self._seen = self._signal_state.steady
            self._take(self._seen, value, good_float(self._driver, now) if self._driver else None)
        return bool(self._sign)

    def _take(self, at: int, value: float, driver: float | None) -> None:
        rule = self._rule
        low = rule.low is not None and value < rule.low
        self._outside = low or (rule.high is not None and value > rule.high)
        self._follow(at, value)
        self._differences.take(value)
        self._stand(at, value, driver)
        self._last = (at, value)
        self._sign = self._look(at)

    def _look(self, at: int) -> str:
        """Return the first sign that holds."""
        rule = self._rule
        if self._outside:
            return "outside"
        if self._jumps:
            return "jumped"
        if rule.noise is not None and (self._differences.spread or 0.0) > rule.noise:
            return "noisy"
        return "still" if self._still(at) else ""

    def _follow(self, at: int, value: float) -> None:
        """Note a step that its thing cannot make; one that leads back ends those before it."""
        rule = self._rule
        if self._last is None or rule.jump is None:
            return
        step, span = value - self._last[1], (at - self._last[0]) / NS
        if abs(step) <= max(rule.jump, rule.faster * span):
            return
        if (
            self._jumps
            and abs(value - self._jumps[0][1]) <= rule.jump
            and at - self._jumps[-1][0] > rule.over
        ):
            self._jumps.clear()
        else:
            self._jumps.append((at, self._last[1]))

    def _stand(self, at: int, value: float, driver: float | None) -> None:
        unseen = self._last is not None and at - self._last[0] > self._gap
        moved = bool(self._stood) and abs(value - self._stood[0]) > self._rule.least
        if self._last is not None and not unseen:
            self._moved(at, value, ended=moved)
        if not self._stood or unseen or moved:
            self._stood = [value, at, 0.0]  # what it did while nobody read it is not known
        self._stood[2] += 1
        if driver is not None and self._driver and self._driver.steady >= self._stood[1]:
            # an older one, of another unit, is of before it stood: a lamp is lit, then its meter is asked
            self._stood[3:] = [
                min(driver, *self._stood[3:4] or [driver]),
                max(driver, *self._stood[4:] or [driver]),
            ]

    def _moved(self, at: int, value: float, *, ended: bool) -> None:
        """Note a step, and how long it had stood before where the step ended that."""
        before, last = self._last or (at, value)
        step = abs(value - last)
        self._earlier.step(step)
        if ended and self._stood[2] > 1 and abs(self._stood[0]) > self._rule.least:
            length = before - int(self._stood[1])
            self._earlier.ended(at, length, step, told=self._sign == "still")

    def _still(self, at: int) -> bool:
        rule = self._rule
        if not self._stood or self._stood[2] < FEWEST:
            return False
        if abs(self._stood[0]) <= rule.least:  # what is off reads nought
            return False
        if len(self._stood) > 3:  # noqa: PLR2004 - with what drives it
            low, high = self._stood[3:5]
            if high - low >= rule.by and self._earlier.worth_reading(self._stood[0], low, high):
                return True
        return bool(rule.still) and at - self._stood[1] >= self._earlier.too_long(at, rule.still)

    def disabled(self, now: int) -> None:  # noqa: ARG002 - whenever it was
        """What it does while it is not evaluated is not followed."""
        self._last, self._outside, self._stood = None, False, []
        self._differences.forget()
        self._sign = "jumped" if self._jumps else ""

    def serviced(self) -> None:
        """Where it jumped from was before the service."""
        self._jumps.clear()
        self._sign = ""

    def kind_checkpoint(self) -> Any:
        """Return the jumps that stand, and where it stands."""
        last = list(self._last) if self._last else None
        own: dict[str, Any] = {
            "jumps": [list(one) for one in self._jumps],
            "last": last,
            "stood": list(self._stood),
        }
        own |= {"outside": self._outside, "sign": self._sign}
        return own | {"differences": self._differences.checkpoint(), "earlier": self._earlier.checkpoint()}

    def restore_kind(self, kept: Any) -> None:
        """Go on from there."""
        self._jumps.extend((int(at), float(value)) for at, value in kept["jumps"])
        self._last = (kept["last"][0], kept["last"][1]) if kept["last"] else None
        self._stood, self._outside, self._sign = list(kept["stood"]), kept["outside"], kept["sign"]
        if "earlier" in kept:
            self._earlier.restore(kept["earlier"])
        self._differences.restore(
            kept["differences"] if "differences" in kept else kept["rest"]
        )  # an older name

    def known_evidence(self, now: int) -> Evidence:
        """Return the value and which sign it is."""
        value, rule = good_float(self._signal_state, now), self._rule
        unit = self._signal_state.measure
        numbers: dict[str, Number] = {"value": "?" if value is None else value, "unit": unit}
        signal = self._signal_state.signal
        if not self.delay.verdict or not self._sign:
            return Evidence("sensor-over", numbers, signal)
        if self._sign == "outside":
            low = rule.low is not None and value is not None and value < rule.low
            numbers["limit"] = (rule.low if low else rule.high) or 0.0
        elif self._sign == "jumped":
            numbers["before"] = self._jumps[0][1] if self._jumps else "?"
        elif self._sign == "noisy":
            numbers["spread"] = self._differences.spread or 0.0
        else:
            since = self._stood[1] if self._stood else NEVER
            numbers["for_s"] = in_seconds(max(0, now - int(since)))
        return Evidence(f"sensor-{self._sign}", numbers, signal)
