"""Devices with their values, ages and states, read from the journal."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from devices.family import Signal
from facilityd.config.site import Device
from facilityd.model.operating_mode import operating_mode
from facilityd.model.sample import STALE_PERIODS, Sample, Stream, Value
from facilityd.model.suppression import Suppressor
from facilityd.model.text import Language, Text
from facilityd.notify.value_text import format_value
from facilityd.query.alarms import AlarmRow
from facilityd.query.json_data import to_plain
from facilityd.query.words import both, query_words
from facilityd.store.reader import JournalReader
from facilityd.store.rows import StoredSample

Source = tuple[str, str]
"""A device and the unit that measures it."""


@dataclass(frozen=True, slots=True)
class SignalRow:
    """One signal. ``age``: of its last good value; ``message_age``: of its unit's last word; both ns.

    None: never, or too long ago to be found. ``shown`` is the value as people read it.
    """

    signal: str
    label: Text
    value: Value | None
    shown: Text
    age: int | None
    message_age: int | None
    quality: str
    unit_id: str
    link: str


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One device: ``state`` is what its worst active alarm says, else its operating mode.

    ``state_id``: that rule's or mode's name, ``normal``, or ``unknown`` where no value is known.
    ``held``: the state in which nobody is notified of it, such as maintenance; "" where it is in none.
    """

    device: str
    title: Text
    state: Text
    state_id: str
    priority: str
    signals: tuple[SignalRow, ...]
    held: str = ""

    @property
    def age(self) -> int | None:
        """The oldest value's age in ns; None where a value was never seen, or there is none."""
        ages = [signal.age for signal in self.signals if signal.age is not None]
        return max(ages) if ages and len(ages) == len(self.signals) else None

    @property
    def quality(self) -> str:
        """The signals' reasons, or good."""
        return ", ".join(sorted({s.quality for s in self.signals if s.quality != "good"})) or "good"

    @property
    def links(self) -> list[str]:
        """Links that the device depends on."""
        return sorted({signal.link for signal in self.signals})

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; texts in both languages, ages in ns."""
        found = asdict(self) | {"quality": self.quality, "links": self.links}
        return dict(to_plain(found | {"state": self.state_id, "state_text": self.state}))


class DeviceReader:
    """Reads the devices anew at each call; when a signal was last good is remembered between calls."""

    def __init__(self, reader: JournalReader) -> None:
        self._reader = reader
        self._good: dict[tuple[Source, str], int] = {}
        """When each signal had its last good value, ns UTC; 0: too long ago to be found."""

    def rows(self, devices: Sequence[Device], alarms: Sequence[AlarmRow], now: int) -> list[DeviceRow]:
        """Return the devices at ``now`` (ns UTC); ``alarms`` are those not normal, most urgent first."""
        latest = self._latest({device.id for device in devices})
        return [
            self._row(device, latest, [a for a in alarms if a.device == device.id], now) for device in devices
        ]

    def _latest(self, devices: Container[str]) -> dict[Source, Sample]:
        """Return the newest sample of each unit of some devices, having noted how old its values are."""
        newest: dict[Source, tuple[StoredSample, Sample]] = {}
        for row in self._reader.latest():
            # A period that was changed makes another stream of the same unit: the newest one counts.
            sample = self._reader.sample(row)
            source = (sample.stream.device, sample.stream.unit)
            if source[0] in devices and (source not in newest or newest[source][0].at < row.at):
                newest[source] = row, sample
        for source, (row, sample) in newest.items():
            self._date(source, row, sample)
        return {source: sample for source, (_, sample) in newest.items()}

    def _date(self, source: Source, row: StoredSample, sample: Sample) -> None:
        """Note when each signal of a unit had its last good value; of a bad one that is looked for once."""
        names = sample.stream.signals
        good = [sample.values[n] is not None and n not in sample.reasons for n in range(len(names))]
        self._good |= {(source, name): row.at for n, name in enumerate(names) if good[n]}
        unknown = [n for n, name in enumerate(names) if (source, name) not in self._good]
        if unknown:
            found = self._reader.last_good(row, unknown)
            self._good |= {(source, names[n]): found.get(n, 0) for n in unknown}

    def _row(
        self, device: Device, latest: Mapping[Source, Sample], alarms: list[AlarmRow], now: int
    ) -> DeviceRow:
        signals = tuple(
            row for stream in device.streams for row in self._signals(device, stream, latest, now)
        )
        worst = next((alarm for alarm in alarms if alarm.active), None)
        values = {s.signal: s.value for s in signals if s.value is not None and s.quality == "good"}
        held = _held(alarms)
        if worst:
            connected = device.family.family == "link" and values.get("up") is True
            again = connected and not values.get("unborn")
            what = _with(query_words().device["clearing"] if again else worst.what, held)
            return DeviceRow(device.id, device.name, what, worst.rule, worst.priority, signals, held)
        state = _calm(device, values)
        named = device.family.states.get(state)
        text = _with(named.name if named else query_words().device[state], held)
        return DeviceRow(device.id, device.name, text, state, "", signals, held)

    def _signals(
        self, device: Device, stream: Stream, latest: Mapping[Source, Sample], now: int
    ) -> Iterable[SignalRow]:
        sample = latest.get((stream.device, stream.unit))
        places = {name: index for index, name in enumerate(sample.stream.signals)} if sample else {}
        for name in stream.signals:
            here = sample if name in places else None
            value = here.values[places[name]] if here else None
            message_age = max(0, now - here.at) if here else None
            seen = self._good.get(((stream.device, stream.unit), name), 0) if here else 0
            age = max(0, now - seen) if seen else None
            quality = _quality(here, places.get(name, 0), message_age or 0, stream)
            label = device.family.signals[name].name
            shown = both(partial(show_value, device.family.signals[name], value))
            yield SignalRow(name, label, value, shown, age, message_age, quality, stream.unit, stream.link)


def _held(alarms: Iterable[AlarmRow]) -> str:
    """Return the state of a device in which nobody is notified of it, "" where it is in none."""
    facts = (fact for row in alarms for fact in row.suppressors if fact.kind is Suppressor.BY_STATE)
    return next((fact.state for fact in facts), "")


def _with(state: Text, held: str) -> Text:
    """Return how a device is, and that nobody is notified of it."""
    known = query_words().held.get(held)
    return state if known is None else both(lambda lang: known.in_(lang).format(state=state.in_(lang)))


def _calm(device: Device, values: dict[str, Value]) -> str:
    """Return the state of a device without an active alarm: nothing known is not normal."""
    if not values and device.bound:
        return "unknown"
    return operating_mode(device.family.states, values) or "normal"


def _quality(sample: Sample | None, index: int, age: int, stream: Stream) -> str:
    if sample is None:
        return "never seen"
    if index in sample.reasons:
        return str(sample.reasons[index])
    return "old" if age > STALE_PERIODS * stream.expected else "good"


def show_value(signal: Signal, value: Value | None, language: Language) -> str:
    """Return a value as people say it: a code and a word by their names, a number with its unit."""
    if value is None or value == "":
        return "—"
    if isinstance(value, str):
        word = signal.words.get(value)
        return word.in_(language) if word else value
    return format_value(value, signal, signal.unit, language)
