"""How rules that are new or changed begin beside others that go on: as after a restart, from the past."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from facilityd.detect.assembly import Assembly
from facilityd.detect.compile import DeviceRules, StreamBinding
from facilityd.detect.device_state import NEVER, SignalState
from facilityd.detect.instance import RuleInstance
from facilityd.model.alarm import AlarmState
from facilityd.model.finding import Finding
from facilityd.model.sample import Sample, Stream

_Values = list[tuple[SignalState, Any, Any, int]]


@dataclass(frozen=True, slots=True)
class Past:
    """What a changed device is begun with at ``now`` (ns, steady).

    ``samples``: the last minutes of the devices that changed, in their order. ``rebound``: (device, signal)
    whose values mean something else from now on. ``moved``: units that are asked elsewhere or over another
    connection: how long they have been silent is counted anew. ``look_again``: what rules go by besides
    values, such as the hours of ceremonies, may be other.
    """

    now: int
    alarms: Iterable[AlarmState] = ()
    findings: Iterable[Finding] = ()
    samples: Sequence[Sample] = ()
    rebound: Collection[tuple[str, str]] = ()
    moved: Collection[str] = ()
    look_again: bool = False
    pauses: Collection[int] = ()
    """When times ended in which nobody watched (ns, steady): nobody was silent in them."""


def resume(
    assembly: Assembly, before: Assembly, checkpoint: Mapping[tuple[str, str], Any], past: Past
) -> None:
    """Begin the fresh instances of an assembly: alarms and memory taken over, the last minutes shown."""
    restored = _restore(assembly, before, checkpoint, past)
    by_device: dict[str, list[Sample]] = {}
    for sample in past.samples:
        by_device.setdefault(sample.stream.device, []).append(sample)
    for device, rules in assembly.device_rules.items():
        old = before.device_rules.get(device)
        show = _Show(rules, assembly.fresh, restored, past)
        if old is None or old.device_state is not rules.device_state:
            rules.device_state.listening = past.now
            show.samples(by_device.get(device, ()), availability=True)
            _carry_over(rules, old, past)
        elif not assembly.fresh.isdisjoint(rules.instances):
            kept = _rewind(rules)
            show.samples(by_device.get(device, ()), availability=False)
            _return(rules, kept)
        again = [binding for stream, binding in rules.bindings.items() if stream.unit in past.moved]
        for binding in again:
            binding.availability.restart_listening(past.now)
        if again or past.look_again or old is not rules:
            for instance in rules.instances:
                instance.wake = NEVER


def _restore(
    assembly: Assembly, before: Assembly, checkpoint: Mapping[tuple[str, str], Any], past: Past
) -> frozenset[RuleInstance]:
    """Let fresh instances take over alarms and memory; return those that had a memory."""
    alarms = {(state.device, state.rule): state for state in past.alarms if state.occurrence}
    told = {(finding.device, finding.rule): finding for finding in past.findings}
    restored = set()
    for instance in assembly.fresh:
        key = instance.device, instance.rule
        if state := alarms.get(key):
            instance.resume(state.active, state.cause, state.since)
        if key in told:
            instance.restore_finding(told[key])
        was = before.family_of[key[0]].rules.get(key[1]) if key[0] in before.family_of else None
        now = assembly.family_of[key[0]].rules[key[1]]
        rebound = any((key[0], signal) in past.rebound for signal in now.detect.inputs)
        if key in checkpoint and was and was.detect.kind == now.detect.kind and not rebound:
            instance.detector.restore(checkpoint[key])
            restored.add(instance)
    return frozenset(restored)


@dataclass(frozen=True, slots=True)
class _Show:
    """Shows the last minutes to the fresh instances of one device, also what came in another layout."""

    rules: DeviceRules
    fresh: Collection[RuleInstance]
    restored: Collection[RuleInstance]
    past: Past
    _layouts: dict[Stream, tuple[StreamBinding, list[int], list[SignalState]] | None] = field(
        default_factory=dict
    )

    def samples(self, samples: Iterable[Sample], *, availability: bool) -> None:
        """Show samples in their order; ``availability``: also to the device's units."""
        ends = deque(sorted(self.past.pauses) if availability else ())
        for sample in samples:
            while ends and ends[0] <= sample.steady:
                end = ends.popleft()
                for binding in self.rules.bindings.values():
                    binding.availability.restart_listening(end)
            if sample.stream not in self._layouts:
                self._layouts[sample.stream] = self._layout(sample.stream)
            if layout := self._layouts[sample.stream]:
                self._one(*layout, sample, availability=availability)

    def _layout(self, stream: Stream) -> tuple[StreamBinding, list[int], list[SignalState]] | None:
        """Return where the values of a stream go by now; None for those of a unit that brings none here."""
        for present, binding in self.rules.bindings.items():
            if present.unit == stream.unit:
                known = dict(zip(present.signals, binding.signal_states, strict=True))
                wanted = [
                    (n, known[signal])
                    for n, signal in enumerate(stream.signals)
                    if signal in known and (stream.device, signal) not in self.past.rebound
                ]
                return binding, [n for n, _ in wanted], [state for _, state in wanted]
        return None

    def _one(
        self,
        binding: StreamBinding,
        indexes: list[int],
        states: list[SignalState],
        sample: Sample,
        *,
        availability: bool,
    ) -> None:
        steady = min(sample.steady, self.past.now)
        if steady < binding.newest:
            return
        binding.newest = steady
        if availability:
            binding.availability.update(replace(sample, steady=steady))
        reasons = {n: sample.reasons[index] for n, index in enumerate(indexes) if index in sample.reasons}
        values = tuple(sample.values[index] for index in indexes)
        binding.device_state.put(states, replace(sample, steady=steady, values=values, reasons=reasons))
        for instance in binding.instances:
            if instance in self.fresh and instance not in self.restored:
                instance.warm(steady)


def _rewind(rules: DeviceRules) -> tuple[_Values, dict[Stream, int]]:
    """Forget the newest values of a device for a moment, so that one of its rules can be shown the past."""
    states = rules.device_state.signal_states.values()
    kept = [(one, one.value, one.reason, one.steady) for one in states]
    for one in states:
        one.value, one.reason = None, None
        one.read_at(NEVER)
    newest = {stream: binding.newest for stream, binding in rules.bindings.items()}
    for binding in rules.bindings.values():
        binding.newest = NEVER
    return kept, newest


def _return(rules: DeviceRules, kept: tuple[_Values, dict[Stream, int]]) -> None:
    """Remember the newest values again."""
    states, newest = kept
    for one, value, reason, steady in states:
        one.value, one.reason = value, reason
        one.read_at(steady)
    for stream, binding in rules.bindings.items():
        binding.newest = newest[stream]
    rules.device_state.forget_mode()


def _carry_over(rules: DeviceRules, old: DeviceRules | None, past: Past) -> None:
    """Let a device that is compiled anew know what is known of its units and signals already."""
    units = {stream.unit: binding for stream, binding in old.bindings.items()} if old else {}
    for stream, binding in rules.bindings.items():
        was = units.get(stream.unit)
        if was is None or stream.unit in past.moved:
            binding.availability.restart_listening(past.now)
            continue
        binding.availability.go_on(was.availability)
        rules.device_state.listening = was.device_state.listening
        theirs = {one.signal: one for one in was.signal_states}
        for mine in binding.signal_states:
            then = theirs.get(mine.signal)
            fits = then is not None and (stream.device, mine.signal) not in past.rebound
            if then is not None and fits and then.steady > mine.steady:
                mine.value, mine.reason = then.value, then.reason
                mine.read_at(then.steady)
    rules.device_state.forget_mode()
