"""One rule on one device, and what was last reported of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from facilityd.detect.dependencies import ALWAYS, Dependencies, VerdictScope
from facilityd.detect.detector import Detector
from facilityd.detect.device_state import FOREVER, NEVER
from facilityd.detect.explained import ExplainedLimits
from facilityd.model.finding import Evidence, Finding
from facilityd.model.sample import NS, STALE_PERIODS

_UNTOLD: Final = object()
_WAIT: Final = "?"
GATHER = 60 * NS
"""What joins an alarm within so long (ns) of its last notice is gathered into one further notice."""
GRACE = 600 * NS
"""A consequence that goes on so long (ns) after its cause is over is a trouble of its own."""


@dataclass(slots=True, eq=False)
class RuleInstance:
    """Tells a verdict when it has changed. ``wake``: when to look again without new data.

    Unknown is reported once it has lasted ``patience`` ns: one lost poll is not news. ``causes``: what this
    rule may be a mere consequence of. While one of them is about to turn true, this one waits for it,
    ``wait`` ns at most; it outlives them by ``grace`` ns before it is a trouble of its own.
    ``doubted``: what calls a sensor false that this rule reads, with the signal; this is unknown meanwhile.
    """

    device: str
    rule: str
    detector: Detector
    patience: int
    wake: int = NEVER
    standing: VerdictScope = VerdictScope.RUN
    dependencies: Dependencies = ALWAYS
    causes: tuple[RuleInstance, ...] = ()
    limits: Mapping[str, ExplainedLimits] = field(default_factory=dict)
    """How far each cause explains this; of those that are not here, wholly."""
    doubted: tuple[tuple[RuleInstance, str], ...] = ()
    preferred: tuple[RuleInstance, ...] = ()
    """What tells the same better: while one of them is in force, this is not, and is never true."""
    wait: int = FOREVER
    grace: int = GRACE
    _told: object = _UNTOLD
    _cause: str = ""
    _before: str = ""
    """Whose consequence it was before it could not be evaluated."""
    _caused: int = NEVER
    _held_at: int = NEVER
    """When it was last seen true."""
    _lost: int | None = None
    reports_each_occasion: bool = False
    """Whether the same verdict of another occasion is news: a checklist shows when that was."""
    _firm: bool = False
    """Its last verdict while no sensor was doubted."""
    _kept: Evidence | None = None
    _kept_at: int | None = None
    _told_of: int = NEVER
    _waiting: int | None = None
    _extent: frozenset[str] = frozenset()
    _extended: int = NEVER
    _edition: int = 0

    @property
    def holds(self) -> bool:
        """True while its newest reported verdict is true."""
        return self._told is True

    @property
    def stands_alone(self) -> bool:
        """True while its newest reported verdict is true, and it is no consequence of another rule."""
        return self.holds and not self._cause

    def run(self, now: int, at: int) -> Finding | None:
        """Evaluate at ``now`` (ns, steady); return a finding where the verdict is news."""
        verdict = self.detector.update(now)
        self.wake, self.standing = self.detector.wake, VerdictScope.RUN
        doubt = self._doubt() if self.doubted else None
        if verdict is False and not doubt and self._goes_on():
            return None
        if doubt:
            # What it makes of a false reading must not stand once the sensor is mended.
            self.detector.resume(self._firm)
            verdict = None
        elif verdict is not None:
            self._firm = verdict
            self._held_at = now if verdict else self._held_at
            if better := next((one for one in self.preferred if one.detector.in_force), None):
                verdict, doubt = False, Evidence("replaced", names={"rules": (better.rule,)})
        if verdict is not None:
            self._lost = None
        elif not self._ripe(now):
            return None
        cause = self._blame(now) if verdict and self.causes else ""
        if not verdict:
            self._waiting = None
            self._before = (self._cause or self._before) if verdict is None else ""
        stands = verdict is not None and self.reports_each_occasion and self._stands(now)
        renewed = stands and self._told_of != self.detector.seen_at
        renewed = renewed or self.detector.edition != self._edition
        renewed = renewed or (verdict is True and self._told is True and self._grown(now))
        if cause == _WAIT or (verdict is self._told and cause == self._cause and not renewed):
            if not (verdict or doubt or self.reports_each_occasion):
                self.standing = self.detector.standing
            return None
        extent = self.detector.extent if verdict else frozenset()
        self._extent, self._extended = (self._extent | extent if verdict else extent), now
        self._told, self._cause, self._edition = verdict, cause, self.detector.edition
        seen = doubt or self._evidence(now, at, stands=stands)
        evidence = replace(seen, cause=cause, extent=tuple(sorted(extent)))
        return Finding(self.device, self.rule, verdict, at, now, evidence)

    def _goes_on(self) -> bool:
        """Return whether all stays as it is, as after by far the most looks: nothing wrong, now as before."""
        if self._told is not False or self._cause or self.reports_each_occasion:
            return False
        if self.detector.edition != self._edition:
            return False
        self._lost, self._waiting, self._firm, self._before = None, None, False, ""
        self.standing = self.detector.standing
        return True

    def stands(self, now: int, changed: int) -> bool:
        """Return whether a run at ``now`` (ns, steady) could only repeat the last one; note that it stands.

        ``changed``: the bits of the signals that are not as they were.
        """
        if self.dependencies[self.standing] & changed:
            return False
        if not self.detector.still(now):
            return False
        self.wake = self.detector.wake
        return True

    def _doubt(self) -> Evidence | None:
        """Return which sensor that this rule reads is called false, and by which rule."""
        for one, signal in self.doubted:
            if one._told is True and not one._cause:  # noqa: SLF001 - of its own kind, at every look
                return Evidence("unknown-doubted", {}, signal, names={"rules": (one.rule,)})
        return None

    def _grown(self, now: int) -> bool:
        """Return whether it is of more than was reported, for long enough to be reported together."""
        if self.detector.extent <= self._extent:
            return False
        ready = self._extended + GATHER
        if now < ready:
            self.wake = min(self.wake, ready)
        return now >= ready

    def _stands(self, now: int) -> bool:
        """Return whether the verdict is of an occasion that is over; keep what is seen while it is not."""
        seen, detector = self.detector.seen_at, self.detector
        if seen >= now and not detector.dated:
            self._kept, self._kept_at = detector.evidence(now), now
        return NEVER < seen < now

    def _evidence(self, now: int, at: int, *, stands: bool) -> Evidence:
        if not stands:
            return self.detector.evidence(now)
        seen = self._told_of = self.detector.seen_at
        kept = self._kept if self._kept_at in (seen, None) and not self.detector.dated else None
        self._kept_at = seen
        return replace(kept or self.detector.evidence(now), seen=at - (now - seen))

    def restore_finding(self, finding: Finding) -> None:
        """Take back what was reported before a restart: the values behind a standing verdict are gone."""
        self._kept = finding.evidence if finding.verdict is not None else None

    def _blame(self, now: int) -> str:
        """Return the rule whose consequence this is, or nothing, or that it is too early to say."""
        able = [instance for instance in self.causes if instance.holds or instance.detector.pending]
        able = [instance for instance in able if self._explains(instance, now)]
        holding = next((instance for instance in able if instance.holds), None)
        if holding:
            self._caused, self._waiting = now, None
            return holding.rule
        if self._told is not True and (past := self._past_cause(now)):
            self._caused, self._waiting = past._held_at, None  # noqa: SLF001 - of its own kind
            return past.rule
        if able and self._told is not True and self._may_wait(now):
            self.wake = min(self.wake, *(instance.detector.wake for instance in able))
            return _WAIT
        return self._lingering(now)

    def _lingering(self, now: int) -> str:
        """Return the cause that is over and still explains this: for a time of grace, or for its occasion."""
        if self._before and not self._cause:  # evaluated again: its cause may need longer than it does
            self._cause, self._caused = self._before, now
        if any(one.rule == self._cause and one.holds and self._outgrown(one, now) for one in self.causes):
            return ""  # no time of grace: it is news
        if self._cause and self._caused >= self.detector.rests_since:
            return self._cause  # it is of the run that its cause disturbed, which is over: nothing goes on
        if self._cause and now < self._caused + self.grace:
            self.wake = min(self.wake, self._caused + self.grace)
            return self._cause
        return ""

    def _past_cause(self, now: int) -> RuleInstance | None:
        """Return a cause that is over where this is seen only now: a run that it disturbed, a slow poll."""
        polled = now - self.patience // STALE_PERIODS
        since = min(polled, self.detector.rests_since)
        past = (one for one in self.causes if one._told is False and one._held_at >= since)  # noqa: SLF001
        return next((one for one in past if self._explains(one, now)), None)

    def _explains(self, cause: RuleInstance, now: int) -> bool:
        """Return whether a cause tells of all that this one tells of."""
        if self._outgrown(cause, now):
            return False
        mine = self.detector.trouble(now, ripe=True)
        theirs = cause.detector.trouble(now) if mine is not None else None
        return mine is None or theirs is None or mine <= theirs

    def _outgrown(self, cause: RuleInstance, now: int) -> bool:
        """Return whether this is bigger than, or of another kind than, what a cause explains."""
        limits = self.limits.get(cause.rule)
        return limits is not None and not limits.allow(cause.detector, self.detector, now)

    def _may_wait(self, now: int) -> bool:
        if self._waiting is None:
            self._waiting = now
        if self.wait != FOREVER:
            self.wake = min(self.wake, self._waiting + self.wait)
        return now < self._waiting + self.wait

    def _ripe(self, now: int) -> bool:
        """Return whether unknown has lasted long enough to be reported."""
        if self._lost is None:
            self._lost = now
        ripe = self._lost + self.patience
        if now < ripe and self._told is not None:
            self.wake = min(self.wake, ripe)
        return now >= ripe

    def warm(self, now: int) -> None:
        """Evaluate without reporting; the next run reports."""
        verdict = self.detector.update(now)
        if verdict is not None:
            self._lost = None
            if self.reports_each_occasion:
                self._stands(now)
        elif self._lost is None:
            self._lost = now
        self.wake, self.standing = NEVER, VerdictScope.RUN

    def resume(self, verdict: bool, cause: str, now: int) -> None:
        """Take over the verdict from before a restart, and whose consequence it was."""
        self._firm = verdict
        self.standing = VerdictScope.RUN
        self.detector.resume(verdict)
        self._cause, self._caused = cause, now
