"""Whether a unit answers or publishes. The values do not matter here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample

_NO_ANSWER = (Reason.TIMEOUT, Reason.MALFORMED, Reason.GATEWAY_TARGET, Reason.GATEWAY_PATH)
UNSURE = 3600 * NS
"""How long a unit that lost an answer may lose more (ns)."""


@dataclass(slots=True, eq=False)
class UnitAvailability:
    """Whether one unit answers or publishes. ``since`` is when it last did, or listening began (ns, steady).

    ``heard``: it has answered or published since listening began; a link that returns begins anew.
    ``unanswered``: how many questions in a row got no answer. A unit that publishes is asked none.
    ``wholly``: why all its newest values are bad, where that is one reason.
    ``owner``: the device that reports its silence, where that is another one; ``serves``: the others.
    """

    unit: str
    expected: int
    owner: str = ""
    serves: tuple[str, ...] = ()
    since: int | None = None
    heard: bool = False
    down: bool = False
    reason: Reason | None = None
    unanswered: int = 0
    wholly: Reason | None = None
    _lost: int | None = None

    def update(self, sample: Sample) -> None:
        """Learn from one sample of the unit."""
        reasons, now = sample.reasons, sample.steady
        self.wholly = _common(reasons, len(sample.values)) if reasons else None
        if len(reasons) < len(sample.values) or not all(map(_is_quiet, reasons.values())):
            if self.unanswered:
                self._lost = now
            self.since, self.heard, self.down, self.reason, self.unanswered = now, True, False, None, 0
            return
        was_down, self.down = self.down, Reason.LINK_DOWN in reasons.values()
        self.reason = next(iter(reasons.values()), None)
        if self.down or was_down:
            self.unanswered = 0
        if was_down and not self.down:
            self.since, self.heard = now, False
        elif self.reason in _NO_ANSWER:
            self.unanswered += 1

    @property
    def quiet(self) -> bool:
        """True while it owes an answer, or said that it is away, and its link is up."""
        return not self.down and self.reason is not None

    @property
    def well(self) -> bool:
        """True while it has been heard and owes nothing, and its link is up."""
        return self.heard and not (self.down or self.unanswered or self.reason)

    def begun(self, now: int) -> int:
        """Return since when nothing was received; the first question begins the listening."""
        if self.since is None:
            self.since = now
        return self.since

    def restart_listening(self, now: int) -> None:
        """Begin to listen at ``now``: what came before, when nobody asked, is nobody's silence."""
        self.since, self.heard, self.unanswered, self.reason = now, False, 0, None

    def go_on(self, before: UnitAvailability) -> None:
        """Take over what is known of the same unit, when its device is compiled anew."""
        self.since, self.heard, self.down = before.since, before.heard, before.down
        self.reason, self.wholly = before.reason, before.wholly
        self.unanswered, self._lost = before.unanswered, before._lost

    def loses(self, now: int) -> bool:
        """Return whether single answers of this unit were lost lately: then a few more mean little."""
        return self._lost is not None and now - self._lost < UNSURE


def assign_owner(availabilities: Iterable[tuple[str, int, UnitAvailability]]) -> None:
    """Find each unit's device: of ``(device, signals, availability)`` the one with most signals."""
    by_unit: dict[str, list[tuple[int, str, UnitAvailability]]] = {}
    for device, signals, availability in availabilities:
        by_unit.setdefault(availability.unit, []).append((-signals, device, availability))
    for own in by_unit.values():
        owner = min(own, key=lambda one: one[:2])[1]
        for _, device, availability in own:
            availability.owner = "" if device == owner else owner
            availability.serves = (
                tuple(sorted({d for _, d, _ in own if d != owner})) if device == owner else ()
            )


def _common(reasons: Mapping[int, Reason], values: int) -> Reason | None:
    """Return the one reason of all values, or None."""
    different = set(reasons.values())
    return different.pop() if len(reasons) == values and len(different) == 1 else None


def _is_quiet(reason: Reason) -> bool:
    """Return whether the unit said nothing: a broker's retained message is not its word."""
    return reason.is_silence or reason in (Reason.LINK_DOWN, Reason.AGE_UNKNOWN, Reason.GATEWAY_PATH)
