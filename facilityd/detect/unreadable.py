"""Kind ``unreadable``: a signal that matters cannot be read, whatever the reason: danger would go unseen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from facilityd.detect.dependencies import VerdictScope
from facilityd.detect.detector import Trouble, in_seconds, why_unknown
from facilityd.detect.device_state import FOREVER, NEVER, DeviceState
from facilityd.detect.readability import SignalReadability
from facilityd.model.finding import Evidence, Number
from facilityd.model.rule import Unreadable

SHOWN = 2
"""So many registers or topics are named in one sentence."""


class UnreadableDetector:
    """True where any of its signals is unreadable; unknown where another alarm is about to say why.

    ``extent``: the signals that are, as of the newest look. A verdict stands until every signal has been
    readable for ``off_delay``.
    """

    def __init__(self, rule: Unreadable, device_state: DeviceState) -> None:
        bound = [
            device_state.signal_states[signal]
            for signal in rule.signals
            if signal in device_state.signal_states
        ]
        self._device_state, self._off_delay = device_state, rule.off_delay
        # While all is readable a look at every sample of a fast unit costs more than it tells.
        self._next, self._seldom = NEVER, rule.on_delay // 8
        self.signs = tuple(
            SignalReadability(
                signal_state, device_state.availability_of[signal_state.signal], device_state, rule
            )
            for signal_state in bound
        )
        self._listening = device_state.listening
        self._stands = self._told = False
        self._readable_since: int | None = None
        self._troubled: tuple[SignalReadability, ...] = ()
        self._ripe: tuple[SignalReadability, ...] = ()
        self._said: tuple[SignalReadability, ...] = ()
        self.wake, self.standing = FOREVER, VerdictScope.RUN

    occasional = dated = False
    rests_since = FOREVER
    edition = 0
    seen_at = NEVER
    size: float | None = None
    in_force = True

    def update(self, now: int) -> bool | None:
        """Look at every signal at ``now`` (ns, steady)."""
        if self._listening != self._device_state.listening:
            self._listening, self._stands = self._device_state.listening, False
        elif now < self._next and now < self.wake:
            return False
        self.standing = VerdictScope.RUN
        self._troubled = tuple([sign for sign in self.signs if sign.is_bad(now)])
        self._ripe = ()
        self.wake = min([sign.stale_from for sign in self.signs if sign.begun is None], default=FOREVER)
        return self._judge(now) if self._troubled else self._readable(now)

    def _readable(self, now: int) -> bool:
        """Return whether an alarm that stands does so still, although all is readable."""
        if not (self._stands and self._told):  # what nobody was notified of needs no time to be over
            self._stands, self._next, self.standing = False, now + self._seldom, VerdictScope.CLEAR
            return False
        if self._readable_since is None:
            self._readable_since = now
        over = self._readable_since + self._off_delay
        self._stands = now < over
        if self._stands:
            self.wake = min(self.wake, over)
        return self._stands

    def _judge(self, now: int) -> bool | None:
        self._readable_since, self._next = None, NEVER
        open_ = [sign for sign in self._troubled if not sign.told_elsewhere(now)]
        self._ripe = tuple(sign for sign in open_ if sign.due <= now)
        self.wake = min([self.wake, *(sign.wake(now) for sign in self._troubled)])
        if self._ripe:
            self._stands, self._said = True, self._ripe
        elif not open_:
            self._stands = False  # what tells of it now tells of all of it
        return True if self._stands else None

    @property
    def extent(self) -> frozenset[str]:
        """The signals that are unreadable, as of the newest look."""
        return frozenset(sign.signal for sign in self._ripe)

    @property
    def pending(self) -> bool:
        """True while a signal has no good value, and not yet for long enough."""
        return bool(self._troubled) and not self._stands

    def trouble(self, now: int, *, ripe: bool = False) -> Trouble:  # noqa: ARG002 - as of the newest look
        """Return what is wrong where; ``ripe``: only what has lasted long enough."""
        return frozenset(sign.trouble for sign in (self._ripe if ripe else self._troubled))

    def evidence(self, now: int) -> Evidence:
        """Return which signal cannot be read, since when and why."""
        self._told = self._stands
        if self._stands:
            return self._unreadable(now)
        if not self._troubled:
            return Evidence("unreadable-over")
        down = {sign.availability.unit for sign in self._troubled if sign.availability.down}
        if down:
            return Evidence("unknown-link", names={"units": tuple(sorted(down))})
        told = next(((s, by) for s in self._troubled if (by := s.told_elsewhere(now))), None)
        if told:
            return Evidence(
                "unknown-elsewhere", {"device": told[1]}, names={"units": (told[0].availability.unit,)}
            )
        return why_unknown((sign.signal_state for sign in self._troubled), now)

    def _unreadable(self, now: int) -> Evidence:
        ripe = sorted(self._ripe or self._said, key=lambda sign: sign.since)
        numbers: dict[str, Number] = {
            "for_s": in_seconds(now - ripe[0].since),
            "since_clock": ripe[0].since,
        }
        names = {
            "signals": tuple(sign.signal for sign in ripe),
            "reasons": tuple(_each(sign.reason for sign in ripe)),
            "points": tuple(_few(_each(sign.point for sign in ripe))),
        }
        serves = sorted({device for sign in ripe for device in sign.availability.serves})
        if serves:
            names |= {"devices": tuple(serves)}
            return Evidence("unreadable-shared", numbers, ripe[0].signal, names=names)
        return Evidence("unreadable", numbers, ripe[0].signal, names=names)

    def still(self, now: int) -> bool:
        """All was readable: look again in a while, whatever comes."""
        return now < self._next and now < self.wake and self._listening == self._device_state.listening

    def resume(self, verdict: bool) -> None:
        """Nothing to take over: what is unreadable is found so anew, and till then it is unknown."""

    def checkpoint(self) -> Any:
        """Nothing is kept."""
        return None

    def restore(self, state: Any) -> None:
        """Nothing was kept."""


def _each(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


def _few(words: list[str]) -> list[str]:
    return words if len(words) <= SHOWN else [*words[:SHOWN], "…"]
