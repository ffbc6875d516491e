"""Kind ``silence``: a unit of the device says nothing, although its link is up."""

from __future__ import annotations

from typing import Any

from facilityd.detect.detector import in_seconds
from facilityd.detect.view import FOREVER, View
from facilityd.detect.voice import Voice
from facilityd.model.finding import Evidence, Number
from facilityd.model.rule import Silence


class SilenceDetector:
    """True where any unit is silent; unknown where a unit's whole link is down."""

    def __init__(self, rule: Silence, view: View) -> None:
        self._windows = [(voice, round(rule.periods * voice.expected) + rule.hold) for voice in view.voices]
        self.wake = FOREVER

    def update(self, now: int) -> bool | None:
        """Listen at ``now`` (ns, steady)."""
        verdict: bool | None = False
        self.wake = FOREVER
        for voice, window in self._windows:
            silent = voice.silent(now, window)
            if not voice.down and now < (end := voice.begun(now) + window) < self.wake:
                self.wake = end
            if silent or verdict:
                verdict = True
            elif silent is None:
                verdict = None
        return verdict

    def evidence(self, now: int) -> Evidence:
        """Return which unit is silent since when."""
        silent = [voice for voice, window in self._windows if voice.silent(now, window)]
        down = [voice for voice, _ in self._windows if voice.down]
        if silent:
            return Evidence("silence", self._numbers(silent, now))
        if down:
            return Evidence("unknown-link", {"units": ", ".join(voice.unit for voice in down)})
        heard = all(voice.heard for voice, _ in self._windows)
        return Evidence("silence-over", self._units()) if heard else Evidence("unknown-yet")

    def _units(self) -> dict[str, Number]:
        return {"units": ", ".join(voice.unit for voice, _ in self._windows)}

    def _numbers(self, silent: list[Voice], now: int) -> dict[str, Number]:
        longest = min(silent, key=lambda voice: voice.begun(now))
        numbers: dict[str, Number] = {
            "units": ", ".join(voice.unit for voice in silent),
            "for_s": in_seconds(now - longest.begun(now)),
            "period_s": in_seconds(longest.expected),
        }
        return numbers | {"reason": longest.reason.value if longest.reason else "nothing"}

    rising = False
    """Silence has no hold: its window is one."""

    def resume(self, verdict: bool) -> None:
        """Nothing to take over: silence is measured from the start."""

    def memory(self) -> Any:
        """Nothing is kept."""
        return None

    def recall(self, state: Any) -> None:
        """Nothing was kept."""
