"""Stored history played through a rule engine: time passes between samples; an absence is a restart."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from facilityd.app.builtin import PERIOD
from facilityd.detect.engine import RuleEngine
from facilityd.model.alarm import AlarmState
from facilityd.model.downtime import Downtime, Pause
from facilityd.model.finding import Evidence, Finding
from facilityd.model.sample import STALE_PERIODS, Sample
from facilityd.store.reader import JournalReader

PAGE = 5_000
AWAY = STALE_PERIODS * PERIOD
"""The daemon writes itself down every minute; without a word for so long (ns) it was not running.

Journals record that since version 5; older ones are known by this."""


@dataclass(slots=True)
class AlarmSpan:
    """One alarm: ``until`` None while it goes on; ``cause`` where it was a mere consequence. ns UTC."""

    since: int
    until: int | None
    evidence: Evidence | None
    cause: str = ""

    def end(self, last: int) -> int:
        """Return its end, or ``last``."""
        return last if self.until is None else self.until


@dataclass(slots=True)
class JournalReplay:
    """Plays rows of a journal; ``make`` makes the engine anew, as a start of the daemon does."""

    reader: JournalReader
    devices: frozenset[str]
    make: Callable[[], RuleEngine]
    progress: Callable[[int], None]
    samples: int = 0
    values: int = 0
    _engine: RuleEngine = field(init=False)
    _verdicts: dict[tuple[str, str], Finding] = field(default_factory=dict)
    _last: int = 0
    _away: deque[Downtime] = field(default_factory=deque)

    def play(self, since: int, until: int) -> Iterator[Finding]:
        """Yield every verdict that changed from ``since`` (with nothing known) to ``until``, ns UTC."""
        self._engine = self.make()
        self._away = deque(self.reader.downtimes(since, until))
        for at, sample in self._rows(since, until):
            if self._last:
                yield from self._noted(self._until(at))
            self._last = max(self._last, at)
            if sample is not None:
                self.samples, self.values = self.samples + 1, self.values + len(sample.values)
                yield from self._noted(self._engine.evaluate([sample]))
        if self._last and until - self._last <= AWAY:
            yield from self._noted(self._passed(until))

    def _until(self, at: int) -> list[Finding]:
        """Let time pass until an instant, except where nobody watched."""
        away: list[Downtime] = []
        while self._away and self._away[0].until <= at:
            away.append(self._away.popleft())
        if not away and at - self._last > AWAY:
            away = [Downtime(self._last, at)]  # of a journal that kept no record of it
        found: list[Finding] = []
        for one in (one for one in away if one.until >= self._last):
            if one.since > self._last:
                found += self._passed(one.since)
            self._last = one.until
            if one.why is Pause.STOPPED:
                self._restart()
            self._engine.restart_listening(one.until)
        return found + self._passed(at)

    def _passed(self, at: int) -> list[Finding]:
        """Let time pass until an instant, beat by beat where a rule asks for it."""
        found: list[Finding] = []
        while (due := max(self._engine.next_wake, self._last)) <= at:
            found += self._engine.tick(due, due)
            if self._engine.next_wake <= due:
                break
        return found

    def _restart(self) -> None:
        """Do what a start of the daemon does: alarms and what the rules remember are taken over."""
        checkpoint, self._engine = self._engine.checkpoint(), self.make()
        self._engine.resume(_state(one) for one in self._verdicts.values() if one.verdict is not None)
        self._engine.restore(checkpoint)

    def _noted(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        for one in findings:
            if one.verdict is not None:
                self._verdicts[one.device, one.rule] = one
            yield one

    def _rows(self, since: int, until: int) -> Iterator[tuple[int, Sample | None]]:
        """Yield (instant, sample); None where somebody else's shows that the daemon was there."""
        last = self.reader.before(since)
        while rows := self.reader.samples_after(last, PAGE):
            last = rows[-1].id
            self.progress(rows[-1].at)
            for row in rows:
                if since <= row.at < until:
                    mine = self.reader.stream(row.stream).device in self.devices
                    yield row.at, self.reader.sample(row) if mine else None
            if rows[0].at > until:
                return


def _state(one: Finding) -> AlarmState:
    ended = None if one.verdict else one.at
    return AlarmState(
        one.device, one.rule, occurrence=1, since=one.steady, raised_at=one.at, cleared_at=ended,
        cause=one.evidence.cause,
    )  # fmt: skip


def spans(findings: Iterable[Finding], device: str, rule: str) -> list[AlarmSpan]:
    """Return one rule's alarms; unknown ends none, and a cause that is gone leaves an alarm of its own."""
    found: list[AlarmSpan] = []
    for one in findings:
        if (one.device, one.rule) != (device, rule) or one.verdict is None:
            continue
        running = bool(found) and found[-1].until is None
        if one.verdict and running:
            found[-1].cause = found[-1].cause and one.evidence.cause
        elif one.verdict:
            found.append(AlarmSpan(one.steady, None, one.evidence, one.evidence.cause))
        elif running:
            found[-1].until = one.steady
    return found
