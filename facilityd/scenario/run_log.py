"""What a story left behind: alarms, verdicts, signals, notices, read from its journal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from facilityd.app.builtin import all_devices
from facilityd.app.checklist import Checklists
from facilityd.config.site import Device, Site
from facilityd.model.alarm import AlarmStateName, ChangeKind
from facilityd.model.finding import Evidence, Finding
from facilityd.model.measure import spell_duration
from facilityd.model.quality import Reason
from facilityd.model.readiness import Waiver, is_ready
from facilityd.model.sample import NS, Value
from facilityd.model.task import TaskEvent, fold
from facilityd.model.text import Language
from facilityd.notify.evidence_text import EvidenceFormatter
from facilityd.scenario.load import LoadedScenario
from facilityd.store.batch import Delivery
from facilityd.store.history import Gap
from facilityd.store.reader import JournalReader
from facilityd.store.rows import OutboxEntry, StoredChange

WINDOW = 600 * NS
"""How far back a signal's newest value is looked for, in ns."""
_OVER = (ChangeKind.CLEAR, ChangeKind.LATCH, ChangeKind.RESET, ChangeKind.RETIRE)


@dataclass(slots=True)
class AlarmOccurrence:
    """One occurrence. Instants in ns UTC."""

    device: str
    rule: str
    raised: int
    evidence: Evidence | None
    cleared: int | None = None
    cause: str = ""
    """The rule whose consequence it is now: such an alarm is told to nobody."""
    told: int | None = None
    """When somebody was notified: at once, or when its cause was over."""
    suppressed_by: list[str] = field(default_factory=list)
    worse_than: str = ""
    """The alarm that stood and was told, of which this is the worsening."""


class RunLog:
    """One journal, read as a story."""

    def __init__(self, site: Site, reader: JournalReader, start: int, end: int) -> None:
        self._reader, self.start, self.end = reader, start, end
        self.devices: dict[str, Device] = all_devices(site)
        self._site = site
        self._zone = ZoneInfo(site.timezone)

    @classmethod
    @contextmanager
    def open(cls, script: LoadedScenario, journal: Path) -> Iterator[RunLog]:
        """Open the journal of a story. Raises UsageError."""
        with JournalReader.open(journal) as reader:
            yield cls(script.site, reader, script.start, script.start + script.scenario.duration)

    @cached_property
    def alarms(self) -> list[AlarmOccurrence]:
        """Every alarm, in the order they were raised."""
        return _alarms(self._reader)

    @cached_property
    def outbox(self) -> list[OutboxEntry]:
        """Every notice, in the order in which they were made."""
        return self._reader.outbox()

    @cached_property
    def _findings(self) -> list[Finding]:
        return [stored.finding for stored in self._reader.findings_after()]

    def is_rule(self, alarm: AlarmOccurrence, device: str, rule: str) -> bool:
        """Return whether an alarm is of a rule, given by name or catalogue number."""
        if alarm.device != device:
            return False
        return rule in (alarm.rule, self.devices[device].family.rules[alarm.rule].fault)

    def since(self, at: int) -> list[AlarmOccurrence]:
        """Return the alarms raised from an instant on."""
        return [alarm for alarm in self.alarms if alarm.raised >= at]

    def rules(self, device: str, rule: str) -> list[str]:
        """Return the names of the rules meant by a name or a catalogue number."""
        known = self.devices[device].family.rules
        return [name for name, one in known.items() if rule in (name, one.fault)]

    def inputs(self, device: str, rule: str) -> tuple[tuple[str, str], ...]:
        """Return the signals that a rule looks at, those that the site has."""
        family, bound = self.devices[device].family, self.devices[device].bound
        wanted = (s for name in self.rules(device, rule) for s in family.rules[name].detect.inputs)
        return tuple((device, signal) for signal in dict.fromkeys(wanted) if signal in bound)

    def bound(self) -> set[tuple[str, str]]:
        """Return every (device, signal) that the site has."""
        return {(d.id, signal) for d in self.devices.values() for s in d.streams for signal in s.signals}

    def verdicts(self, device: str, rule: str) -> list[tuple[int, bool | None]]:
        """Return (instant, verdict) wherever the verdict of a rule changed."""
        names = self.rules(device, rule)
        return [(f.at, f.verdict) for f in self._findings if f.device == device and f.rule in names]

    def unjudged(self, device: str, rule: str) -> str:
        """Say that no rule meant here was ever told right or wrong; nothing where one was. Empty: any."""
        names = self.rules(device, rule) if rule else []
        for finding in self._findings:
            meant = finding.device == device or not device
            if finding.verdict is not None and meant and (not rule or finding.rule in names):
                return ""
        return self.last_word(device, rule, self.start) if rule else "no rule was ever told right or wrong"

    def last_word(self, device: str, rule: str, since: int) -> str:
        """Say what the rule said last, for people."""
        names = self.rules(device, rule)
        mine = [f for f in self._findings if f.device == device and f.rule in names]
        if not mine:
            why = "signals not bound, or other operating modes"
            return f"the rule {' or '.join(names)} was never judged here: {why}"
        last = mine[-1]
        verdict = {True: "true", False: "false", None: "unknown"}[last.verdict]
        said = self.speak(device, last.evidence)
        return f"its last verdict was {verdict} ({(last.at - since) / NS:+.1f} s): {said}"

    def told_to(self, alarm: AlarmOccurrence, language: Language = "en") -> str:
        """Say an alarm with its evidence."""
        zh = language == "zh"
        what = f"{alarm.device} {alarm.rule}" if zh else f"{alarm.rule} on {alarm.device}"
        said = self.speak(alarm.device, alarm.evidence, language) if alarm.evidence else ""
        return f"{what}{'：' if zh else ': '}{said}" if said else what

    def speak(self, device: str, evidence: Evidence, language: Language = "en") -> str:
        """Put evidence into words; times of day are the site's."""
        return EvidenceFormatter(self.devices[device].family.signals, language, self._zone).evidence(evidence)

    def gaps(self, device: str, signal: str) -> list[Gap]:
        """Return where a signal has no good value, from its first one on."""
        found = self._reader.gaps(device, signal, self.start, self.end)
        return [gap for gap in found if gap.since > self.start]

    def value(self, device: str, signal: str, at: int) -> tuple[Value | None, Reason | str | None]:
        """Return the newest value and reason at an instant."""
        last: tuple[Value | None, Reason | str | None] = (None, "no sample yet")
        for _, value, reason in self._reader.history(device, signal, at - WINDOW, at + 1):
            last = value, reason
        return last

    def seen(self, device: str, signal: str, at: int) -> int | None:
        """Return when the newest sample at an instant was read, ns UTC."""
        found = [when for when, *_ in self._reader.history(device, signal, at - WINDOW, at + 1)]
        return found[-1] if found else None

    def series(self, device: str, signal: str, since: int, until: int) -> list[tuple[int, Value | None]]:
        """Return (instant, good value or None)."""
        found = self._reader.history(device, signal, since, until)
        return [(at, value if reason is None else None) for at, value, reason in found]

    def task_events(self, device: str, rule: str) -> list[TaskEvent]:
        """Return what happened to the repairs of an alarm, in order."""
        events = self._reader.task_events()
        mine = {task.id for task in fold(events).values() if task.key == (device, rule)}
        return [event for event in events if event.task in mine]

    def notices(self, device: str, rule: str, recipient: str = "") -> int:
        """Return how many notices of a rule left, or were taken by a recipient's channels."""
        names = self.rules(device, rule)
        mine = (
            entry.notice
            for entry in self.outbox
            if not recipient or (entry.notice.recipient, entry.state) == (recipient, Delivery.ACCEPTED)
        )
        return sum(notice.device == device and notice.rule in names for notice in mine)

    def readiness(self, device: str, at: int) -> tuple[bool, tuple[str, ...]]:
        """Return the readiness at an instant and the items that stand against it."""
        checked = self._checklists.check(device, _Then(self, at))
        return is_ready(checked), tuple(one.item for one in checked if one.stands_against)

    @cached_property
    def _checklists(self) -> Checklists:
        return Checklists(self._site)

    def finding(self, device: str, rule: str, at: int) -> Finding | None:
        """Return the newest word of a rule at an instant, of the daemon that was running then."""
        mine = [f for f in self._findings if (f.device, f.rule) == (device, rule) and f.at <= at]
        return mine[-1] if mine and mine[-1].at >= self._reader.started(at) else None

    def waivers(self, at: int) -> list[Waiver]:
        """Return what was waived at an instant."""
        return [waiver for waiver in self._reader.waivers() if waiver.holds(at)]

    def clock(self, at: int) -> str:
        """Return an instant as the site's clock shows it, and how far into the story it is."""
        into = (at - self.start) / NS
        return f"{datetime.fromtimestamp(at / NS, self._zone):%m-%d %H:%M:%S} (+{into:.0f} s)"


@dataclass(frozen=True, slots=True)
class _Then:
    """A story as it was known at an instant (app.checklist.StateSource)."""

    run_log: RunLog
    at: int

    def value(self, device: str, signal: str) -> Value | None:
        """Return a good value, or None."""
        found, reason = self.run_log.value(device, signal, self.at)
        return found if reason is None else None

    def seen(self, device: str, signal: str) -> int | None:
        """Return when it was read, ns UTC."""
        return self.run_log.seen(device, signal, self.at)

    def finding(self, device: str, rule: str) -> Finding | None:
        """Return the newest word of a rule."""
        return self.run_log.finding(device, rule, self.at)

    @property
    def waivers(self) -> list[Waiver]:
        """What was waived."""
        return self.run_log.waivers(self.at)


_HIDDEN = (AlarmStateName.SHELVED, AlarmStateName.BY_DESIGN, AlarmStateName.OUT_OF_SERVICE)
_BACK = (ChangeKind.SHELF_OVER, ChangeKind.RETURN_TO_SERVICE, ChangeKind.STATE_OVER)


def _alarms(reader: JournalReader) -> list[AlarmOccurrence]:
    open_: dict[tuple[str, str], AlarmOccurrence] = {}
    found: list[AlarmOccurrence] = []
    for stored in reader.changes():
        change, key = stored.change, (stored.change.device, stored.change.rule)
        if change.kind is ChangeKind.RAISE:
            open_[key] = _begun(stored)
            found.append(open_[key])
        elif change.kind in (ChangeKind.SUPPRESS, ChangeKind.UNSUPPRESS) and key in open_ and change.evidence:
            open_[key].cause = change.evidence.cause
            if change.evidence.cause:
                open_[key].suppressed_by.append(change.evidence.cause)
            elif open_[key].told is None:
                open_[key].told = change.at
        elif change.kind in _BACK and key in open_ and open_[key].told is None:
            open_[key].told = None if stored.state in _HIDDEN else change.at
        elif change.kind in _OVER and key in open_:
            open_.pop(key).cleared = change.at
    return found


def _begun(stored: StoredChange) -> AlarmOccurrence:
    """Return an occurrence as it began: told, or hidden by a cause, a shelf, a maintenance or the like."""
    change = stored.change
    cause = change.evidence.cause if change.evidence else ""
    hidden = cause or (stored.state if stored.state in _HIDDEN else "")
    return AlarmOccurrence(
        change.device, change.rule, change.at, change.evidence, cause=cause,
        told=None if hidden else change.at, suppressed_by=[hidden] if hidden else [],
        worse_than=str(change.details.get("worse_than", "")),
    )  # fmt: skip


def spell_span(ns: int) -> str:
    """Return a span of a story as its report says it: to a tenth of a second, longer ones in whole units."""
    return f"{ns / NS:.1f} s" if ns < 600 * NS else spell_duration(ns // NS * NS)
