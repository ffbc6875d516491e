"""The rule engine: samples in, findings out wherever a verdict has changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from facilityd.detect.assembly import Assembly, assemble
from facilityd.detect.compile import StreamBinding
from facilityd.detect.conditional import ConditionalDetector
from facilityd.detect.context import RuleContext
from facilityd.detect.dependencies import ANY, QUALITY, VerdictScope
from facilityd.detect.detector import Detector
from facilityd.detect.device_state import FOREVER, NEVER
from facilityd.detect.learned import LearnedDetector
from facilityd.detect.resume import Past, resume
from facilityd.detect.rule_inputs import FamilyKind
from facilityd.model.alarm import AlarmState
from facilityd.model.baseline import Baseline
from facilityd.model.finding import Finding
from facilityd.model.sample import NS, Sample, Stream

STOOD_STILL = 5 * NS
"""Overdue by so much (ns), nobody was there to look: the process was paused, or its machine was."""
SLACK = 60 * NS
"""Samples this far ahead of the start of a run are from another clock (ns)."""


class RuleEngine:
    """Every rule of every device, compiled once. Reads no clock: time comes with the sample.

    ``families`` by name; ``ceremony`` says whether a steady instant in ns lies near one.
    """

    def __init__(
        self,
        families: Mapping[str, FamilyKind],
        streams: Iterable[Stream],
        ceremony: Callable[[int], bool] | None = None,
        context: RuleContext | None = None,
    ) -> None:
        self._ceremony = ceremony
        self._take_over(assemble(families, streams, ceremony, context))
        for baseline in context.baselines if context else ():
            self.set_baseline(baseline.device, baseline.rule, baseline)
        # Samples of an earlier run carry its steady clock, which may have been ahead of ours.
        self._latest = FOREVER
        self._planned = NEVER
        # When somebody looks at the latest: what is planned, or the next beat where that is past already.
        self._expected = FOREVER
        self._looked = self._begun = NEVER
        self._live = False
        self.on_pause: Callable[[int], None] = lambda _: None

    def _take_over(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._device_rules, self._bindings = assembly.device_rules, assembly.bindings
        self._instances = [one for rules in self._device_rules.values() for one in rules.instances]
        self._judging = [rules for rules in self._device_rules.values() if rules.instances]
        self._look_anew()

    def _look_anew(self) -> None:
        for device_rules in self._judging:
            device_rules.look_anew()

    def reconfigure(
        self,
        families: Mapping[str, FamilyKind],
        streams: Iterable[Stream],
        context: RuleContext,
        past: Past,
    ) -> None:
        """Go on with other devices and rules. What did not change goes on as if nothing had happened.

        What did begins as at a start of the daemon: ``past`` is what it was and is shown.
        """
        before, checkpoint = self._assembly, self.checkpoint()
        self._take_over(assemble(families, streams, self._ceremony, context, before, past.rebound))
        for baseline in context.baselines:
            detector = self.learned(baseline.device).get(baseline.rule)
            if detector and (not detector.baseline or detector.baseline.version != baseline.version):
                detector.set_baseline(baseline)
        resume(self._assembly, before, checkpoint, past)
        self._planned = NEVER

    def begin(self, now: int) -> None:
        """Begin to listen at ``now`` (ns, steady), after everything before a restart was shown.

        From then on somebody looks whenever a rule asks for it; where that was long overdue, nothing was
        asked meanwhile, and all listening begins anew.
        """
        self._live, self._expected, self._begun = True, FOREVER, now
        self.restart_listening(now)
        self._look_anew()
        for device_rules in self._judging:
            device_rules.planned = NEVER

    def restart_listening(self, now: int) -> None:
        """Let what came before ``now`` (ns, steady), when nobody asked, be nobody's silence."""
        self._assembly.hear_anew(now)
        for device_rules in self._judging:
            device_rules.device_state.listening = now

    def _notice_pause(self, now: int) -> None:
        """Begin anew where a look is long overdue; return how long nobody looked (ns)."""
        if self._live and self._expected < now - STOOD_STILL:
            self.on_pause(now - max(self._looked, self._begun))
            self.begin(now)

    @property
    def next_wake(self) -> int:
        """Return when ``tick`` may first find something (ns, steady), if no sample comes before."""
        return self._planned

    def is_due(self, steady: int) -> bool:
        """Return whether a tick at ``steady`` (ns) has anything to do: samples put off most looks planned."""
        if self._latest != FOREVER or self._expected < steady - STOOD_STILL:
            return True
        self._looked = steady
        if self._planned <= steady:
            for device_rules in self._judging:
                if device_rules.planned <= steady:
                    device_rules.plan()
            self._plan(steady)
        return self._planned <= steady

    def evaluate(self, samples: Iterable[Sample]) -> list[Finding]:
        """Take samples in the order they were read; return the verdicts that changed."""
        findings = []
        for sample in samples:
            if self._expected < sample.steady - STOOD_STILL:
                self._notice_pause(sample.steady)
            binding = self._take(sample)
            if binding is None:
                continue
            self._looked = now = binding.newest
            at, device_rules, changed = sample.at, binding.device_rules, binding.changed
            for instance in binding.instances:
                if not (instance.standing and instance.stands(now, changed)):
                    finding = instance.run(now, at)
                    if finding is not None:
                        findings.append(finding)
                        device_rules.look_anew()
                if instance.wake < device_rules.planned:  # noqa: PLR1730 - a call of min costs more than all of this
                    device_rules.planned = instance.wake
            if device_rules.planned < self._planned:
                self._planned = device_rules.planned
                self._expected = min(self._expected, max(self._planned, now))
        return findings

    def tick(self, steady: int, at: int) -> list[Finding]:
        """Let delays, silence and ages run on without data; call about once a second."""
        self._latest = FOREVER
        self._notice_pause(steady)
        self._looked = steady
        findings = []
        for device_rules in self._judging:
            if device_rules.planned <= steady:
                found = [
                    instance.run(steady, at) for instance in device_rules.instances if instance.wake <= steady
                ]
                if any(found):
                    findings += [finding for finding in found if finding is not None]
                    device_rules.look_anew()
                device_rules.plan()
        self._plan(steady)
        return findings

    def _plan(self, steady: int) -> None:
        self._planned = min((device_rules.planned for device_rules in self._judging), default=FOREVER)
        self._expected = max(self._planned, steady)

    def resume(self, states: Iterable[AlarmState]) -> None:
        """Start from stored alarms, so that hysteresis and off-delays go on; call before ``warm``."""
        known = {(state.device, state.rule): state for state in states if state.occurrence}
        for instance in self._instances:
            state = known.get((instance.device, instance.rule))
            if state is not None:
                instance.resume(state.active, state.cause, state.since)

    def warm(
        self, samples: Iterable[Sample], steady: int, *, remembered: bool = False, pauses: Iterable[int] = ()
    ) -> None:
        """Feed history at a restart, telling nothing; ``steady`` is now, ns.

        Until the first tick, samples from a clock that was ahead are taken as of now.
        Every verdict is reported once at the next run; alarms that already know it ignore it.
        ``remembered``: rules that keep a memory have these samples in it, and do not see them again.
        ``pauses``: when times ended in which nobody watched (ns, steady): nobody was silent in them.
        """
        ends = deque(sorted(pauses))
        self._latest = steady + SLACK
        for device_rules in self._judging:  # what a gap in the past left unread could not be received
            device_rules.device_state.listening = steady
        for sample in samples:
            while ends and ends[0] <= sample.steady:
                self._assembly.hear_anew(ends.popleft())
            binding = self._take(sample)
            if binding is not None:
                for instance in binding.instances:
                    if not (remembered and instance.detector.checkpoint() is not None):
                        instance.warm(binding.newest)

    def checkpoint(self) -> dict[tuple[str, str], Any]:
        """Return, as plain JSON by (device, rule), what a restart must not lose."""
        kept = ((instance, instance.detector.checkpoint()) for instance in self._instances)
        return {(instance.device, instance.rule): state for instance, state in kept if state is not None}

    def checkpoint_serviced(self, device: str, rules: Collection[str]) -> dict[tuple[str, str], Any]:
        """Return the checkpoint as it is after ``service``: what those rules gathered is not in it."""
        forgetful = {
            (instance.device, instance.rule)
            for instance in self._device_rules[device].instances
            if instance.rule in rules
            and isinstance(instance.detector, ConditionalDetector)
            and type(instance.detector).serviced is not ConditionalDetector.serviced
        }
        return {key: state for key, state in self.checkpoint().items() if key not in forgetful}

    def report_each_occasion(self, device: str, rules: Iterable[str]) -> None:
        """Let rules of a device report their verdict of each occasion, be it the same as of the last."""
        for instance in self._device_rules[device].instances:
            instance.reports_each_occasion |= instance.rule in set(rules) and instance.detector.occasional

    def restore_findings(self, findings: Iterable[Finding]) -> None:
        """Take back the newest word of each rule, as it was reported before a restart."""
        known = {(finding.device, finding.rule): finding for finding in findings}
        for instance in self._instances:
            if instance.reports_each_occasion and (instance.device, instance.rule) in known:
                instance.restore_finding(known[instance.device, instance.rule])

    def restore(self, checkpoint: Mapping[tuple[str, str], Any]) -> None:
        """Take back what ``checkpoint`` returned; call after ``resume`` and before ``warm``."""
        for instance in self._instances:
            if (instance.device, instance.rule) in checkpoint:
                instance.standing = VerdictScope.RUN
                instance.detector.restore(checkpoint[instance.device, instance.rule])

    def judged_at(self, device: str, rule: str) -> int | None:
        """Return when a rule that is evaluated at times was evaluated last (ns, steady); None: always."""
        for instance in self._device_rules[device].instances if device in self._device_rules else ():
            if instance.rule == rule:
                return instance.detector.seen_at if instance.detector.occasional else None
        return None

    def learned(self, device: str) -> dict[str, LearnedDetector]:
        """Return the detectors of a device that evaluate against a baseline, by rule."""
        found = self.detectors(device).items()
        return {rule: detector for rule, detector in found if isinstance(detector, LearnedDetector)}

    def detectors(self, device: str) -> dict[str, Detector]:
        """Return what evaluates each rule that applies to a device."""
        rules = self._device_rules.get(device)
        return {instance.rule: instance.detector for instance in (rules.instances if rules else ())}

    def set_baseline(self, device: str, rule: str, baseline: Baseline | None) -> None:
        """Let a rule evaluate against a baseline from now on; one that does not apply here is let alone."""
        detector = self.learned(device).get(rule)
        if detector is not None:
            detector.set_baseline(baseline)
            self._device_rules[device].look_anew()

    def service(self, device: str, rules: Iterable[str]) -> None:
        """Let some rules of a device forget what was before a service."""
        chosen = set(rules)
        for instance in self._device_rules[device].instances:
            if instance.rule in chosen and isinstance(instance.detector, ConditionalDetector):
                instance.detector.serviced()
        self._device_rules[device].look_anew()

    @property
    def watched(self) -> frozenset[tuple[str, str]]:
        """The (device, rule) pairs that are evaluated."""
        return frozenset((instance.device, instance.rule) for instance in self._instances)

    def not_applicable(self, device: str) -> dict[str, tuple[str, ...]]:
        """Return the rules that cannot be evaluated on a device, with the signals or states it lacks."""
        return dict(self._device_rules[device].missing)

    def applicable(self, device: str) -> tuple[str, ...]:
        """Return the rules that are evaluated on a device."""
        return tuple(instance.rule for instance in self._device_rules[device].instances)

    def _take(self, sample: Sample) -> StreamBinding | None:
        binding = self._bindings.get(sample.stream)
        if sample.steady > self._latest:
            sample = replace(sample, steady=self._latest - SLACK)
        if binding is None or sample.steady < binding.newest:
            return None  # of a device no longer watched, or overtaken by a newer sample
        binding.newest = sample.steady
        bad = bool(sample.reasons)
        quality = QUALITY if bad or binding.bad else 0
        binding.changed, binding.bad = (
            ANY | quality | binding.device_state.put(binding.signal_states, sample),
            bad,
        )
        binding.availability.update(sample)
        return binding
