"""What is, read from the journal: devices with their values, ages and alarms."""

from __future__ import annotations

import time
from collections.abc import Container, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.text import Text as Styled

from devices.family import Signal
from facilityd.app.builtin import DAEMON, all_devices
from facilityd.app.checklist import NOT_YET, JournalState
from facilityd.cli.alarm_row import AlarmRow, alarm_row
from facilityd.cli.counts import Counts
from facilityd.cli.language import both
from facilityd.cli.liveness import Liveness, liveness, outstanding
from facilityd.cli.unwatched import unwatched_lines
from facilityd.cli.words import NEVER, counted, words
from facilityd.cli.wrapping import wrapped
from facilityd.config.site import Device, Site
from facilityd.errors import UsageError
from facilityd.model.alarm import AlarmStateName
from facilityd.model.operating_mode import operating_mode
from facilityd.model.sample import STALE_PERIODS, Sample, Stream, Value
from facilityd.model.text import Language, Text
from facilityd.notify.value_text import format_value
from facilityd.store.reader import JournalReader
from facilityd.store.rows import StoredSample
from facilityd.yaml_source import suggestion

Source = tuple[str, str]
"""A device and the unit that measures it."""
NO_ALARMS = {"zh": "没有报警", "en": "no alarms"}
DOUBTS: dict[tuple[str, Language], str] = {
    ("none", "zh"): "：尚未判断任何规则",
    ("none", "en"): ": no rule has been judged yet",
    ("some", "zh"): "：{count} 条规则当前无法判断（见 facilityd rules）",
    ("some", "en"): ": {count} rules cannot be judged now (see facilityd rules)",
}
"""No alarm is good news only where somebody could have raised one."""


def open_journal(site: Site) -> JournalReader:
    """Open the site's journal. Raises UsageError where there is none."""
    return JournalReader.open(Path(site.store.path), site.id)


@dataclass(frozen=True, slots=True)
class SignalRow:
    """One signal. ``age``: of its last good value; ``message_age``: of its unit's last word; both ns."""

    signal: str
    label: Text
    value: Value | None
    shown: Text
    age: int
    message_age: int
    quality: str
    unit_id: str
    link: str


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One device: ``state`` is what its worst active alarm says, else its operating mode.

    ``state_id``: that rule's or mode's name, ``normal``, ``unknown`` where no value is known, or ``down``.
    """

    device: str
    title: Text
    state: Text
    state_id: str
    priority: str
    signals: tuple[SignalRow, ...]

    @property
    def age(self) -> int:
        """The oldest value's age in ns."""
        return max((signal.age for signal in self.signals), default=NEVER)

    @property
    def quality(self) -> str:
        """The signals' reasons, or good."""
        return ", ".join(sorted({s.quality for s in self.signals if s.quality != "good"})) or "good"

    @property
    def links(self) -> list[str]:
        """Links that the device depends on."""
        return sorted({signal.link for signal in self.signals})

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        plain = asdict(self) | {"quality": self.quality, "links": self.links}
        for signal in plain["signals"]:
            for age in ("age", "message_age"):
                signal[age] = None if signal[age] == NEVER else signal[age]
        return plain | {"state": self.state_id, "state_text": self.state}


class Snapshot:
    """Reads anew at each call."""

    def __init__(self, site: Site, language: Language) -> None:
        self._site, self._language = site, language
        self._devices = all_devices(site)
        self._reader = open_journal(site)
        self._good: dict[tuple[Source, str], int] = {}
        """When each signal had its last good value, ns UTC; 0: too long ago to be found."""

    @property
    def language(self) -> Language:
        """The language of its texts."""
        return self._language

    @property
    def liveness(self) -> Liveness:
        """Whether the daemon watches now."""
        return liveness(self._site, self._reader)

    @property
    def warning(self) -> str:
        """What must be known before anything else is read; nothing while the daemon watches."""
        return self.liveness.warning(self._site.timezone, self._language)

    def unwatched(self, width: int) -> list[Styled]:
        """Return lines of ``width`` cells on each wildcard topic behind which something is not watched."""
        lines = unwatched_lines(self._site, self._language)
        return [Styled(part, style=line.style) for line in lines for part in wrapped(line.plain, width)]

    def doubt(self) -> str:
        """Return what 'no alarms' does not say: how many rules cannot be told, or that none was judged."""
        known = {(d.id, name) for d in self._devices.values() for name in d.family.rules}
        now = JournalState(self._reader, time.time_ns())
        found = [finding for key in known if (finding := now.finding(*key)) is not None]
        unknown = sum(one.verdict is None and one.evidence.slug not in NOT_YET for one in found)
        word = "none" if all(one.verdict is None for one in found) else "some" if unknown else ""
        return DOUBTS[word, self._language].format(count=unknown) if word else ""

    def headline(self) -> str:
        """Return the site's name and how many alarms there are."""
        count = len(self.alarms())
        said = counted(count, "alarm", self._language) if count else NO_ALARMS[self._language]
        return f"{self._site.name.in_(self._language)}  {said}"

    def counts(self) -> Counts:
        """Return what the daemon counts of its own."""
        (daemon,) = self.lines((DAEMON,))
        return Counts.read(self._reader, {signal.signal: signal.value for signal in daemon.signals})

    def counted(self, *, width: int, brief: bool) -> list[Styled]:
        """Return the same as lines of ``width`` cells; ``brief``: none where there is nothing to count."""
        return self.counts().text(self._language, self._site.timezone, width=width, brief=brief)

    def lines(self, only: tuple[str, ...] = ()) -> list[DeviceRow]:
        """Return every device, or those named. Raises UsageError for one that there is not."""
        if unknown := set(only) - self._devices.keys():
            name = min(unknown)
            raise UsageError(f"no device {name!r}", hint=suggestion(name, self._devices))
        chosen = [d for d in self._devices.values() if not only or d.id in only]
        latest = self._latest({device.id for device in chosen})
        alarms = self.alarms()
        return [self._line(device, latest, [a for a in alarms if a.device == device.id]) for device in chosen]

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

    def _line(self, device: Device, latest: dict[Source, Sample], alarms: list[AlarmRow]) -> DeviceRow:
        now = time.time_ns()
        signals = tuple(
            line for stream in device.streams for line in self._signals(device, stream, latest, now)
        )
        values = {s.signal: s.value for s in signals if s.value is not None and s.quality == "good"}
        worst = next((alarm for alarm in alarms if alarm.active), None)
        if worst:
            return DeviceRow(device.id, device.name, worst.what, worst.rule, worst.priority, signals)
        state = self._calm(device, values)
        named = device.family.states.get(state)
        return DeviceRow(
            device.id, device.name, named.name if named else words().device[state], state, "", signals
        )

    def _calm(self, device: Device, values: dict[str, Value]) -> str:
        """Return the state of a device without an active alarm: nothing known is not normal."""
        if device.family.family == "link" and values.get("up") is False:
            return "down"
        if not values and device.bound:
            return "unknown"
        return operating_mode(device.family.states, values) or "normal"

    def _signals(
        self, device: Device, stream: Stream, latest: dict[Source, Sample], now: int
    ) -> Iterable[SignalRow]:
        sample = latest.get((stream.device, stream.unit))
        places = {name: index for index, name in enumerate(sample.stream.signals)} if sample else {}
        for name in stream.signals:
            here = sample if name in places else None
            value = here.values[places[name]] if here else None
            heard = max(0, now - here.at) if here else NEVER
            seen = self._good.get(((stream.device, stream.unit), name), 0) if here else 0
            age = max(0, now - seen) if seen else NEVER
            quality = _quality(here, places.get(name, 0), heard, stream)
            label = device.family.signals[name].name
            shown = both(partial(_show, device.family.signals[name], value))
            yield SignalRow(name, label, value, shown, age, heard, quality, stream.unit, stream.link)

    def alarms(self, *, everything: bool = False) -> list[AlarmRow]:
        """Return alarms that are not normal, most urgent first."""
        newest = {(one.device, one.rule): one for one in self._reader.alarms()}
        spilled = outstanding(self._site, self._reader)
        newest |= {(one.device, one.rule): one for one in spilled.alarms} if spilled else {}
        states = [s for s in newest.values() if everything or s.state_name is not AlarmStateName.NORMAL]
        lines = [line for state in states if (line := alarm_row(state, self._devices))]
        return sorted(lines, key=lambda line: (-line.level, line.since))


def _quality(sample: Sample | None, index: int, age: int, stream: Stream) -> str:
    if sample is None:
        return "never seen"
    if index in sample.reasons:
        return str(sample.reasons[index])
    return "old" if age > STALE_PERIODS * stream.expected else "good"


def _show(signal: Signal, value: Value | None, language: Language) -> str:
    """Return a value as people say it: a code and a word by their names, a number with its unit."""
    if value is None or value == "":
        return "—"
    if isinstance(value, str):
        word = signal.words.get(value)
        return word.in_(language) if word else value
    return format_value(value, signal, signal.unit, language)
