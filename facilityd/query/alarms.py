"""Alarms: as rows of a list, and one whole with its changes; also of devices and rules that are gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from zoneinfo import ZoneInfo

from facilityd.config.site import Device
from facilityd.errors import UsageError
from facilityd.model.alarm import AlarmState, AlarmStateName, Change
from facilityd.model.message import Wording
from facilityd.model.rule import Rule
from facilityd.model.sample import NS
from facilityd.model.suppression import Suppression
from facilityd.model.text import Language, Text
from facilityd.notify.evidence_text import EvidenceFormatter
from facilityd.query.json_data import to_plain
from facilityd.query.words import both
from facilityd.store.reader import JournalReader
from facilityd.yaml_source import suggestion

UNWATCHED = Text(zh="不再监测", en="no longer watched")
NOTHING_FIRST = Text(zh="—", en="—")
_QUIET = Text(zh="当前未报警", en="not active now")
UNWATCHED_ID = "no-longer-watched"
"""How an alarm is shown that ended because nothing watches it any more."""


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One alarm with its record. ``since`` in ns UTC; ``first``: what to do first.

    ``suppressors``: why nobody is notified of it; ``suppressed_by``: the rule whose consequence it is.
    """

    device: str
    rule: str
    state: Text
    priority: str
    occurrence: int
    since: int
    what: Text
    first: Text
    acked_by: str
    level: int
    state_id: str
    active: bool
    suppressors: tuple[Suppression, ...] = ()
    suppressed_by: str = ""

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; texts in both languages."""
        return dict(to_plain(asdict(self) | {"state": self.state_id, "state_text": self.state}))


@dataclass(frozen=True, slots=True)
class AlarmRecord:
    """One alarm whole: its rule, its state (None: never raised) and its changes, oldest first.

    ``about`` is None where the device or its rule left the site; then ``row`` has what the journal knows.
    """

    device: Device | None
    about: Rule | None
    rule: str
    state: AlarmState | None
    changes: Sequence[Change]
    zone: ZoneInfo

    @property
    def row(self) -> AlarmRow | None:
        """The alarm as a row of a list; None where it was never raised."""
        devices = {self.device.id: self.device} if self.device and self.about else {}
        return alarm_row(self.state, devices) if self.state else None

    def evidence(self, language: Language) -> str:
        """Return what the last raise rests on; nothing where there was none."""
        found = [change for change in self.changes if change.evidence and change.kind.value == "raise"]
        return self.evidence_of(found[-1], language) if found else ""

    def evidence_of(self, change: Change, language: Language) -> str:
        """Return what a change rests on; nothing where it has no evidence."""
        signals = self.device.family.signals if self.device else {}
        formatter = EvidenceFormatter(signals, language, self.zone)
        return formatter.evidence(change.evidence) if change.evidence else ""

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; instants in ns UTC, texts in both languages."""
        changes = [
            {"at": c.at, "kind": c.kind.value, "person": c.person, "comment": c.comment, "details": c.details,
             "occurrence": c.occurrence, "evidence": c.evidence.as_dict() if c.evidence else None}
            for c in self.changes
        ]  # fmt: skip
        if self.device is None or self.about is None:
            return dict(to_plain((self.row.plain() if self.row else {}) | {"changes": changes}))
        about, state = self.about, self.state
        found = {
            "device": self.device.id, "rule": self.rule, "fault": about.fault, "name": about.name,
            "state": state.state_name.value if state else "normal",
            "occurrence": state.occurrence if state else 0,
            "priority": about.priority.name.lower(), "evidence": both(self.evidence),
            "action": about.action, "cause": about.cause,
            "consequence": about.consequence, "confirm": about.confirm,
            "respond_s": about.respond / NS, "changes": changes,
        }  # fmt: skip
        return dict(to_plain(found))


def alarm_row(state: AlarmState, devices: Mapping[str, Device]) -> AlarmRow | None:
    """Return the row of an alarm; None where it was never raised.

    One whose device or rule left the site is named by its ids: the daemon ends it at its next start.
    """
    if state.state_name is AlarmStateName.NORMAL and not state.occurrence:
        return None  # one that is shelved or out of service is listed all the same
    device = devices.get(state.device)
    rule = device.family.rules.get(state.rule) if device else None
    ended = state.unwatched and state.state_name is AlarmStateName.NORMAL
    return AlarmRow(
        state.device,
        state.rule,
        UNWATCHED if ended else _wording(state),
        rule.priority.name.lower() if rule else "",
        state.occurrence,
        (state.began or 0) if state.active or not state.suppressors else state.since,
        rule.name if rule else Text(zh=state.rule or "?", en=state.rule or "?"),
        rule.action[0] if rule else NOTHING_FIRST,
        state.acked_by,
        int(rule.priority) if rule else 0,
        UNWATCHED_ID if ended else state.state_name.value,
        state.active,
        state.suppressors,
        state.cause,
    )


def cause_of(row: AlarmRow, devices: Mapping[str, Device]) -> Text:
    """Return the name of the rule whose consequence an alarm is; its id where the rule left the site."""
    device = devices.get(row.device)
    rule = device.family.rules.get(row.suppressed_by) if device else None
    return rule.name if rule else Text(zh=row.suppressed_by, en=row.suppressed_by)


def _wording(state: AlarmState) -> Text:
    """Return the state in words; of what is suppressed also that nothing is wrong now, where that is so."""
    name = state.state_name.wording
    if not state.suppressors or state.active:
        return name
    return Text(zh=f"{name.zh}（{_QUIET.zh}）", en=f"{name.en}, {_QUIET.en}")


def alarm_rows(
    states: Iterable[AlarmState], devices: Mapping[str, Device], *, everything: bool = False
) -> list[AlarmRow]:
    """Return alarms that are not normal, or ``everything`` ever raised; most urgent first.

    Of two states of an alarm the later one in ``states`` counts.
    """
    newest = {(one.device, one.rule): one for one in states}
    states = [s for s in newest.values() if everything or s.state_name is not AlarmStateName.NORMAL]
    rows = [row for state in states if (row := alarm_row(state, devices))]
    return sorted(rows, key=lambda row: (-row.level, row.since))


def alarm_record(
    reader: JournalReader, devices: Mapping[str, Device], device: str, rule: str, zone: ZoneInfo
) -> AlarmRecord:
    """Return one alarm. Raises UsageError where neither the site nor the journal knows it."""
    state = next((s for s in reader.alarms() if (s.device, s.rule) == (device, rule)), None)
    changes = [s.change for s in reader.changes() if (s.change.device, s.change.rule) == (device, rule)]
    if not changes:
        require_rule(devices, device, rule)
    known = devices.get(device)
    return AlarmRecord(known, known.family.rules.get(rule) if known else None, rule, state, changes, zone)


def require_device(devices: Mapping[str, Device], device: str) -> Device:
    """Return a device. Raises UsageError where there is none of that id."""
    if device not in devices:
        raise UsageError(Wording("ask.no-device", device=device), hint=suggestion(device, devices))
    return devices[device]


def require_rule(devices: Mapping[str, Device], device: str, rule: str) -> Rule:
    """Return a rule. Raises UsageError where there is no such device or rule."""
    rules = require_device(devices, device).family.rules
    if found := [name for name, about in rules.items() if about.fault and about.fault == rule]:
        raise UsageError(Wording("ask.number-fault", rule=rule), hint=Wording("ask.found-by", found=found))
    if rule not in rules:
        raise UsageError(Wording("ask.has-no-rule", device=device, rule=rule), hint=suggestion(rule, rules))
    return rules[rule]
