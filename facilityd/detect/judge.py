"""The judge: samples in, findings out wherever a verdict has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from facilityd.detect.compile import Bench, FamilyKind, Feed, compile_device
from facilityd.detect.gated import GatedDetector
from facilityd.detect.learned import LearnedDetector
from facilityd.detect.shared import share
from facilityd.detect.surroundings import Surroundings
from facilityd.detect.view import FOREVER, NEVER, View
from facilityd.detect.voice import Voice, house
from facilityd.model.alarm import AlarmState
from facilityd.model.baseline import Baseline
from facilityd.model.finding import Finding
from facilityd.model.sample import NS, Sample, Stream

STOOD_STILL = 5 * NS
"""Overdue by so much (ns), nobody was there to look: the process was paused, or its machine was."""
SLACK = 60 * NS
"""Samples this far ahead of the start of a run are from another clock (ns)."""


class Judge:
    """Every rule of every device, compiled once. Reads no clock: time comes with the sample.

    ``families`` by name; ``ceremony`` tells whether a steady instant in ns lies near one.
    """

    def __init__(
        self,
        families: Mapping[str, FamilyKind],
        streams: Iterable[Stream],
        ceremony: Callable[[int], bool] | None = None,
        around: Surroundings | None = None,
    ) -> None:
        by_device: dict[str, list[Stream]] = {}
        for stream in streams:
            by_device.setdefault(stream.device, []).append(stream)
        special = around.own if around else {}
        family_of = {
            device: special.get(device, families[own[0].family]) for device, own in by_device.items()
        }
        self._benches: dict[str, Bench] = {
            device: compile_device(family_of[device], own, ceremony, around)
            for device, own in by_device.items()
        }
        self._introduce({device: own[0].family for device, own in by_device.items()}, around)
        self._feeds: dict[Stream, Feed] = {s: f for b in self._benches.values() for s, f in b.feeds.items()}
        house((stream.device, len(stream.signals), feed.voice) for stream, feed in self._feeds.items())
        share(self._feeds.values(), {device: family.rules for device, family in family_of.items()})
        self._watches = [watch for bench in self._benches.values() for watch in bench.watches]
        for baseline in around.baselines if around else ():
            self.teach(baseline.device, baseline.rule, baseline)
        self._judging = [bench for bench in self._benches.values() if bench.watches]
        # Samples of an earlier run carry its steady clock, which may have been ahead of ours.
        self._latest = FOREVER
        self._planned = NEVER
        # When somebody looks at the latest: what is planned, or the next beat where that is past already.
        self._expected = FOREVER
        self._looked = self._begun = NEVER
        self._live = False
        self.on_pause: Callable[[int], None] = lambda _: None

    def begin(self, now: int) -> None:
        """Begin to listen at ``now`` (ns, steady), after everything before a restart was shown.

        From then on somebody looks whenever a rule asks for it; where that was long overdue, nothing was
        asked meanwhile, and all listening begins anew.
        """
        self._live, self._expected, self._begun = True, FOREVER, now
        self.listen_anew(now)
        for bench in self._judging:
            bench.planned = NEVER

    def listen_anew(self, now: int) -> None:
        """Let what came before ``now`` (ns, steady), when nobody asked, be nobody's silence."""
        for voice in self._voices():
            voice.listen_anew(now)
        for bench in self._judging:
            bench.view.listening = now

    def _voices(self) -> list[Voice]:
        return list({id(feed.voice): feed.voice for feed in self._feeds.values()}.values())

    def _notice_pause(self, now: int) -> None:
        """Begin anew where a look is long overdue; tell how long nobody looked (ns)."""
        if self._live and self._expected < now - STOOD_STILL:
            self.on_pause(now - max(self._looked, self._begun))
            self.begin(now)

    @property
    def next_wake(self) -> int:
        """Return when ``tick`` may first find something (ns, steady), if no sample comes before."""
        return self._planned

    def judge(self, samples: Iterable[Sample]) -> list[Finding]:
        """Take samples in the order they were read; return the verdicts that changed."""
        findings = []
        for sample in samples:
            if self._expected < sample.steady - STOOD_STILL:
                self._notice_pause(sample.steady)
            feed = self._take(sample)
            if feed is None:
                continue
            self._looked = now = feed.newest
            at, bench = sample.at, feed.bench
            for watch in feed.watches:
                finding = watch.run(now, at)
                if finding is not None:
                    findings.append(finding)
                if watch.wake < bench.planned:  # noqa: PLR1730 - a call of min costs more than all of this
                    bench.planned = watch.wake
            if bench.planned < self._planned:
                self._planned = bench.planned
                self._expected = min(self._expected, max(self._planned, now))
        return findings

    def tick(self, steady: int, at: int) -> list[Finding]:
        """Let holds, silence and ages run on without data; call about once a second."""
        self._latest = FOREVER
        self._notice_pause(steady)
        self._looked = steady
        findings = []
        for bench in self._judging:
            if bench.planned <= steady:
                findings += [watch.run(steady, at) for watch in bench.watches if watch.wake <= steady]
                bench.planned = min(watch.wake for watch in bench.watches)
        self._planned = min((bench.planned for bench in self._judging), default=FOREVER)
        self._expected = max(self._planned, steady)
        return [finding for finding in findings if finding is not None]

    def resume(self, states: Iterable[AlarmState]) -> None:
        """Start from stored alarms, so that hysteresis and off-delays go on; call before ``warm``."""
        known = {(state.device, state.rule): state for state in states if state.occurrence}
        for watch in self._watches:
            state = known.get((watch.device, watch.rule))
            if state is not None:
                watch.resume(state.active, state.cause, state.since)

    def warm(self, samples: Iterable[Sample], steady: int, *, remembered: bool = False) -> None:
        """Feed history at a restart, telling nothing; ``steady`` is now, ns.

        Until the first tick, samples from a clock that was ahead are taken as of now.
        Every verdict is told once at the next run; alarms that already know it ignore it.
        ``remembered``: rules that keep a memory have these samples in it, and do not see them again.
        """
        self._latest = steady + SLACK
        for bench in self._judging:
            bench.view.listening = steady  # what a gap in the past left unread, nobody could hear
        for sample in samples:
            feed = self._take(sample)
            if feed is not None:
                for watch in feed.watches:
                    if not (remembered and watch.detector.memory() is not None):
                        watch.warm(feed.newest)

    def memory(self) -> dict[tuple[str, str], Any]:
        """Return, as plain JSON by (device, rule), what a restart must not lose."""
        kept = ((watch, watch.detector.memory()) for watch in self._watches)
        return {(watch.device, watch.rule): state for watch, state in kept if state is not None}

    def renew(self, device: str, rules: Iterable[str]) -> None:
        """Let rules of a device tell their verdict of each occasion, be it the same as of the last."""
        for watch in self._benches[device].watches:
            watch.renews |= watch.rule in set(rules) and watch.detector.occasional

    def recollect(self, findings: Iterable[Finding]) -> None:
        """Take back the newest word of each rule, as it was told before a restart."""
        known = {(finding.device, finding.rule): finding for finding in findings}
        for watch in self._watches:
            if watch.renews and (watch.device, watch.rule) in known:
                watch.recollect(known[watch.device, watch.rule])

    def recall(self, memory: Mapping[tuple[str, str], Any]) -> None:
        """Take back what ``memory`` returned; call after ``resume`` and before ``warm``."""
        for watch in self._watches:
            if (watch.device, watch.rule) in memory:
                watch.detector.recall(memory[watch.device, watch.rule])

    def learned(self, device: str) -> dict[str, LearnedDetector]:
        """Return the detectors of a device that judge by a baseline, by rule."""
        watches = self._benches[device].watches
        return {w.rule: w.detector for w in watches if isinstance(w.detector, LearnedDetector)}

    def teach(self, device: str, rule: str, baseline: Baseline | None) -> None:
        """Let a rule judge by a baseline from now on; one that does not apply here is let alone."""
        detector = self.learned(device).get(rule) if device in self._benches else None
        if detector is not None:
            detector.teach(baseline)

    def service(self, device: str, rules: Iterable[str]) -> None:
        """Let some rules of a device forget what was before a service."""
        chosen = set(rules)
        for watch in self._benches[device].watches:
            if watch.rule in chosen and isinstance(watch.detector, GatedDetector):
                watch.detector.serviced()

    def _introduce(self, families: Mapping[str, str], around: Surroundings | None) -> None:
        groups = around.groups if around else {}
        rows: dict[tuple[str, str], list[View]] = {}
        for device, bench in self._benches.items():
            rows.setdefault((families[device], groups.get(device, "")), []).append(bench.view)
        for views in rows.values():
            for view in views:
                view.peers = tuple(other for other in views if other is not view)

    @property
    def watched(self) -> frozenset[tuple[str, str]]:
        """The (device, rule) pairs that are judged."""
        return frozenset((watch.device, watch.rule) for watch in self._watches)

    def not_applicable(self, device: str) -> dict[str, tuple[str, ...]]:
        """Return the rules that cannot be judged on a device, with the signals or states it lacks."""
        return dict(self._benches[device].missing)

    def applicable(self, device: str) -> tuple[str, ...]:
        """Return the rules that are judged on a device."""
        return tuple(watch.rule for watch in self._benches[device].watches)

    def _take(self, sample: Sample) -> Feed | None:
        feed = self._feeds.get(sample.stream)
        if sample.steady > self._latest:
            sample = replace(sample, steady=self._latest - SLACK)
        if feed is None or sample.steady < feed.newest:
            return None  # of a device no longer watched, or overtaken by a newer sample
        feed.newest = sample.steady
        feed.view.put(feed.cells, sample)
        feed.voice.hear(sample)
        return feed
