"""Kind ``silence``: a unit of the device says nothing, although its link is up."""

from __future__ import annotations

from collections.abc import Iterable

from facilityd.detect.availability import UnitAvailability
from facilityd.detect.delay import OnOffDelay
from facilityd.detect.dependencies import VerdictScope
from facilityd.detect.detector import StatelessDetector, Trouble, in_seconds
from facilityd.detect.device_state import FOREVER, DeviceState
from facilityd.model.finding import Evidence, Number
from facilityd.model.rule import Silence


class SilenceDetector(StatelessDetector):
    """True where any unit is silent; unknown where a unit's whole link is down.

    An alarm that stands is over once no unit was silent for ``off_delay``. ``extent``: the units that are, as
    of the newest look.
    """

    def __init__(self, rule: Silence, device_state: DeviceState) -> None:
        self._rule, self._availabilities = rule, device_state.availabilities
        self._delay = OnOffDelay(0, rule.off_delay, FOREVER)
        self.wake = FOREVER
        self._owing = False
        self._windows = tuple(
            (one, rule.on_delay + round(rule.periods * one.expected)) for one in self._availabilities
        )

    def update(self, now: int) -> bool | None:
        """Listen at ``now`` (ns, steady)."""
        silent, self.standing = self._listen(now), VerdictScope.RUN
        if silent is None:
            self._delay.drop()
            return None
        verdict = self._delay.see(silent, now, FOREVER)
        self.wake = min(self.wake, self._delay.due)
        if not (silent or verdict or self._owing) and all(one.well for one in self._availabilities):
            self.standing = VerdictScope.CLEAR
        return verdict

    def still(self, now: int) -> bool:
        """Its units have answered: listen from then on."""
        self.wake = min([one.begun(now) + window for one, window in self._windows])
        return now < self.wake

    def _listen(self, now: int) -> bool | None:
        """Return whether any unit is silent, without any delay."""
        verdict: bool | None = False
        self.wake, self._owing = FOREVER, False
        own: list[str] = []
        for availability in self._availabilities:
            silent = self._silent(availability, now)
            if (
                not availability.down
                and now < (end := availability.begun(now) + self._window(availability)) < self.wake
            ):
                self.wake = end
            if availability.quiet and not (silent or availability.owner):
                self._owing = True
            if silent and not availability.owner:
                own.append(availability.unit)
            if own:
                verdict = True
            elif silent is not False:
                verdict = None
        self.extent = frozenset(own)
        return verdict

    def _silent(self, availability: UnitAvailability, now: int) -> bool | None:
        begun = availability.begun(now)
        if availability.down:
            return None
        needed = self._rule.unsure if availability.loses(now) else self._rule.unanswered
        if now - begun >= self._window(availability) and (
            not availability.unanswered or availability.unanswered >= needed
        ):
            return True
        return False if availability.heard else None

    def _window(self, availability: UnitAvailability) -> int:
        """Return the shortest silence that counts, in ns."""
        return self._rule.on_delay + (
            0 if availability.unanswered else round(self._rule.periods * availability.expected)
        )

    def evidence(self, now: int) -> Evidence:
        """Return which unit is silent since when."""
        silent = [availability for availability in self._availabilities if self._silent(availability, now)]
        own = [availability for availability in silent if not availability.owner]
        down = [availability for availability in self._availabilities if availability.down]
        if own:
            return self._silence(own, now)
        if down:
            return Evidence("unknown-link", names=_units(down))
        if silent:
            return Evidence("unknown-elsewhere", {"device": silent[0].owner}, names=_units(silent[:1]))
        if not all(availability.heard for availability in self._availabilities):
            return Evidence("unknown-yet")
        if self._delay.verdict:
            numbers: dict[str, Number] = {"well_s": in_seconds(self._rule.off_delay)}
            return Evidence("silence-ending", numbers, names=_units(self._availabilities))
        return Evidence("silence-over", names=_units(self._availabilities))

    def _silence(self, silent: list[UnitAvailability], now: int) -> Evidence:
        longest = min(silent, key=lambda availability: availability.begun(now))
        numbers: dict[str, Number] = {
            "for_s": in_seconds(now - longest.begun(now)),
            "period_s": in_seconds(longest.expected),
            "reason": longest.reason.value if longest.reason else "nothing",
        }
        serves = sorted({device for availability in silent for device in availability.serves})
        if serves:
            return Evidence("silence-shared", numbers, names=_units(silent) | {"devices": tuple(serves)})
        return Evidence("silence", numbers, names=_units(silent))

    @property
    def pending(self) -> bool:
        """True while a unit owes answers, and not yet for long enough."""
        return self._owing

    def trouble(self, now: int, *, ripe: bool = False) -> Trouble:
        """Return which units are silent, or owe answers."""
        own = [
            availability
            for availability in self._availabilities
            if not availability.owner and not availability.down
        ]
        found = (v for v in own if self._silent(v, now) or (v.quiet and not ripe))
        return frozenset((availability.unit, "silent") for availability in found)


def _units(availabilities: Iterable[UnitAvailability]) -> dict[str, tuple[str, ...]]:
    return {"units": tuple(availability.unit for availability in availabilities)}
