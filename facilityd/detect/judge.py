"""The judge: samples in, findings out wherever a verdict has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from facilityd.detect.compile import Bench, FamilyKind, Feed, compile_device
from facilityd.detect.view import FOREVER, NEVER
from facilityd.model.alarm import AlarmState
from facilityd.model.finding import Finding
from facilityd.model.sample import NS, Sample, Stream

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
    ) -> None:
        by_device: dict[str, list[Stream]] = {}
        for stream in streams:
            by_device.setdefault(stream.device, []).append(stream)
        self._benches: dict[str, Bench] = {
            device: compile_device(families[own[0].family], own, ceremony)
            for device, own in by_device.items()
        }
        self._feeds: dict[Stream, Feed] = {s: f for b in self._benches.values() for s, f in b.feeds.items()}
        self._watches = [watch for bench in self._benches.values() for watch in bench.watches]
        self._judging = [bench for bench in self._benches.values() if bench.watches]
        # Samples of an earlier run carry its steady clock, which may have been ahead of ours.
        self._latest = FOREVER
        self._planned = NEVER

    @property
    def next_wake(self) -> int:
        """Return when ``tick`` may first find something (ns, steady), if no sample comes before."""
        return self._planned

    def judge(self, samples: Iterable[Sample]) -> list[Finding]:
        """Take samples in the order they were read; return the verdicts that changed."""
        findings = []
        for sample in samples:
            feed = self._take(sample)
            if feed is None:
                continue
            now, at, bench = feed.newest, sample.at, feed.bench
            for watch in feed.watches:
                finding = watch.run(now, at)
                if finding is not None:
                    findings.append(finding)
                if watch.wake < bench.planned:  # noqa: PLR1730 - a call of min costs more than all of this
                    bench.planned = watch.wake
            if bench.planned < self._planned:  # noqa: PLR1730
                self._planned = bench.planned
        return findings

    def tick(self, steady: int, at: int) -> list[Finding]:
        """Let holds, silence and ages run on without data; call about once a second."""
        self._latest = FOREVER
        findings = []
        for bench in self._judging:
            if bench.planned <= steady:
                findings += [watch.run(steady, at) for watch in bench.watches if watch.wake <= steady]
                bench.planned = min(watch.wake for watch in bench.watches)
        self._planned = min((bench.planned for bench in self._judging), default=FOREVER)
        return [finding for finding in findings if finding is not None]

    def resume(self, states: Iterable[AlarmState]) -> None:
        """Start from stored alarms, so that hysteresis and off-delays go on; call before ``warm``."""
        active = {(state.device, state.rule): state.active for state in states if state.occurrence}
        for watch in self._watches:
            if (watch.device, watch.rule) in active:
                watch.detector.resume(active[watch.device, watch.rule])

    def warm(self, samples: Iterable[Sample], steady: int) -> None:
        """Feed history at a restart, telling nothing; ``steady`` is now, ns.

        Until the first tick, samples from a clock that was ahead are taken as of now.
        Every verdict is told once at the next run; alarms that already know it ignore it.
        """
        self._latest = steady + SLACK
        for sample in samples:
            feed = self._take(sample)
            if feed is not None:
                for watch in feed.watches:
                    watch.warm(feed.newest)

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
