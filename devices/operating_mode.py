"""Operating modes at the edge: the state of each device sets the poll period of its units.

Lives beside the adapters on purpose: the poll period must follow the field even when everything
behind the journal is busy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from devices.family import CEREMONY, REST, Family
from facilityd.model.operating_mode import operating_mode
from facilityd.model.sample import Sample, Stream, Value

ModeCallback = Callable[[str], None]


@dataclass(slots=True)
class _Device:
    family: Family
    values: dict[str, Value] = field(default_factory=dict)
    state: str = REST
    callbacks: list[ModeCallback] = field(default_factory=list)


class OperatingModeTracker:
    """Latest good values and the operating mode of each device that has one.

    ``ceremony`` says whether a steady instant in ns lies near a ceremony.
    """

    def __init__(self, families: Mapping[str, Family], ceremony: Callable[[int], bool] | None = None) -> None:
        self._devices = {name: _Device(family) for name, family in families.items()}
        self._ceremony = ceremony or (lambda _: False)
        self._near = False
        self._telling: dict[Stream, tuple[tuple[int, str], ...]] = {}

    def adopt(self, families: Mapping[str, Family]) -> None:
        """Follow these devices from now on; what is known of one that was there before stays known."""
        self._telling.clear()
        before, self._devices = self._devices, {}
        for name, family in families.items():
            known = self._devices[name] = before.get(name) or _Device(family)
            known.family, state = family, known.state
            known.state = operating_mode(family.states, known.values) or REST
            if known.state != state:
                self._tell(name, known)

    def state(self, device: str) -> str:
        """Return the operating mode that sets the poll period now."""
        known = self._devices.get(device)
        if known is None:
            return REST
        return CEREMONY if self._near and known.state == REST else known.state

    @contextmanager
    def watching(self, device: str, callback: ModeCallback) -> Iterator[None]:
        """Within, call ``callback`` with the device's name whenever its state changes."""
        callbacks = self._devices[device].callbacks if device in self._devices else []
        callbacks.append(callback)
        try:
            yield
        finally:
            callbacks.remove(callback)

    def observe(self, sample: Sample) -> None:
        """Learn from a sample as it is taken."""
        telling = self._telling.get(sample.stream)
        if telling is None:
            telling = self._telling[sample.stream] = self._what_tells(sample.stream)
        if not telling:
            return
        known, changed = self._devices[sample.stream.device], False
        for index, signal in telling:
            value = sample.values[index]
            if value is not None and index not in sample.reasons and known.values.get(signal) != value:
                known.values[signal] = value
                changed = True
        if not changed:
            return
        before, known.state = known.state, operating_mode(known.family.states, known.values) or REST
        if known.state != before:
            self._tell(sample.stream.device, known)

    def _what_tells(self, stream: Stream) -> tuple[tuple[int, str], ...]:
        """Return (index, signal) of what decides an operating mode."""
        known = self._devices.get(stream.device)
        if known is None:
            return ()
        deciding = {condition.signal for state in known.family.states.values() for condition in state.when}
        return tuple((n, signal) for n, signal in enumerate(stream.signals) if signal in deciding)

    def tick(self, steady: int) -> None:
        """Look at the calendar; call about once a second."""
        near = self._ceremony(steady)
        if near != self._near:
            self._near = near
            for name, known in self._devices.items():
                self._tell(name, known)

    @staticmethod
    def _tell(name: str, known: _Device) -> None:
        for callback in known.callbacks:
            callback(name)
