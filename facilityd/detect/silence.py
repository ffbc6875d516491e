"""Kind ``silence``: a unit of the device says nothing, although its link is up."""

from __future__ import annotations

from typing import Any

from facilityd.detect.detector import Trouble, in_seconds
from facilityd.detect.view import FOREVER, NEVER, View
from facilityd.detect.voice import Voice
from facilityd.model.finding import Evidence, Number
from facilityd.model.rule import Silence


class SilenceDetector:
    """True where any unit is silent; unknown where a unit's whole link is down."""

    def __init__(self, rule: Silence, view: View) -> None:
        self._rule, self._voices = rule, view.voices
        self.wake = FOREVER
        self._owing = self._stands = False
        self._well: int | None = None
        self._extent: frozenset[str] = frozenset()

    def update(self, now: int) -> bool | None:
        """Listen at ``now`` (ns, steady)."""
        verdict = self._listen(now)
        if verdict is not False:
            self._stands, self._well = self._stands or bool(verdict), None
            return verdict
        if self._stands:
            self._well = now if self._well is None else self._well
            over = self._well + self._rule.clear_hold
            self._stands = now < over
            self.wake = min(self.wake, over) if self._stands else self.wake
        return self._stands

    def _listen(self, now: int) -> bool | None:
        """Return whether any unit is silent, without any delay."""
        verdict: bool | None = False
        self.wake, self._owing = FOREVER, False
        told: list[str] = []
        for voice in self._voices:
            silent = self._silent(voice, now)
            if not voice.down and now < (end := voice.begun(now) + self._window(voice)) < self.wake:
                self.wake = end
            if voice.quiet and not (silent or voice.home):
                self._owing = True
            told += [voice.unit] if silent and not voice.home else []
            if told:
                verdict = True
            elif silent is not False:
                verdict = None
        self._extent = frozenset(told)
        return verdict

    def _silent(self, voice: Voice, now: int) -> bool | None:
        begun = voice.begun(now)
        if voice.down:
            return None
        needed = self._rule.unsure if voice.loses(now) else self._rule.unanswered
        if now - begun >= self._window(voice) and (not voice.unanswered or voice.unanswered >= needed):
            return True
        return False if voice.heard else None

    def _window(self, voice: Voice) -> int:
        """Return the shortest silence that counts, in ns."""
        return self._rule.hold + (0 if voice.unanswered else round(self._rule.periods * voice.expected))

    def evidence(self, now: int) -> Evidence:
        """Return which unit is silent since when."""
        silent = [voice for voice in self._voices if self._silent(voice, now)]
        own = [voice for voice in silent if not voice.home]
        down = [voice for voice in self._voices if voice.down]
        if own:
            return self._silence(own, now)
        if down:
            return Evidence("unknown-link", {"units": ", ".join(voice.unit for voice in down)})
        if silent:
            return Evidence("unknown-elsewhere", {"units": silent[0].unit, "device": silent[0].home})
        if self._stands and self._well is not None:
            return Evidence("silence-ending", self._units() | {"well_s": in_seconds(self._rule.clear_hold)})
        heard = all(voice.heard for voice in self._voices)
        return Evidence("silence-over", self._units()) if heard else Evidence("unknown-yet")

    def _units(self) -> dict[str, Number]:
        return {"units": ", ".join(voice.unit for voice in self._voices)}

    def _silence(self, silent: list[Voice], now: int) -> Evidence:
        longest = min(silent, key=lambda voice: voice.begun(now))
        numbers: dict[str, Number] = {
            "units": ", ".join(voice.unit for voice in silent),
            "for_s": in_seconds(now - longest.begun(now)),
            "period_s": in_seconds(longest.expected),
            "reason": longest.reason.value if longest.reason else "nothing",
        }
        serves = sorted({device for voice in silent for device in voice.serves})
        if serves:
            return Evidence("silence-shared", numbers | {"devices": ", ".join(serves)})
        return Evidence("silence", numbers)

    @property
    def extent(self) -> frozenset[str]:
        """The units that are silent, as of the newest look."""
        return self._extent

    occasional = dated = False
    edition = 0
    seen_at = NEVER

    @property
    def rising(self) -> bool:
        """True while a unit owes answers, and not yet for long enough."""
        return self._owing

    def trouble(self, now: int, *, ripe: bool = False) -> Trouble:
        """Return which units are silent, or owe answers."""
        own = [voice for voice in self._voices if not voice.home and not voice.down]
        found = (v for v in own if self._silent(v, now) or (v.quiet and not ripe))
        return frozenset((voice.unit, "silent") for voice in found)

    def resume(self, verdict: bool) -> None:
        """Take over an alarm that stands; silence itself is measured from the start."""
        self._stands = verdict

    def memory(self) -> Any:
        """Nothing is kept."""
        return None

    def recall(self, state: Any) -> None:
        """Nothing was kept."""
