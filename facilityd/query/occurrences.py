"""Every occurrence of alarms in a span: when it was raised, told, acknowledged and over, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from facilityd.config.site import Device
from facilityd.errors import UsageError
from facilityd.model.alarm import ChangeKind
from facilityd.model.finding import Evidence
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.model.text import Language, Strict, Text
from facilityd.model.word_table import shipped_table
from facilityd.notify.evidence_text import EvidenceFormatter
from facilityd.query.alarm_log import AlarmLog, OccurrenceSpan
from facilityd.query.json_data import to_plain
from facilityd.query.kpi_answer import alarm_words
from facilityd.query.words import both
from facilityd.store.reader import JournalReader
from facilityd.yaml_source import suggestion

Key = tuple[str, str, int]
"""A device, a rule and the number of an occurrence."""


class AlarmTopic(Strict):
    """What people ask about by one word: by family the rules that it means."""

    name: Text
    rules: dict[str, tuple[str, ...]]


class AlarmTopics(Strict):
    """What ``occurrences.yaml`` holds."""

    topics: dict[str, AlarmTopic]


@cache
def alarm_topics() -> dict[str, AlarmTopic]:
    """Return the table that is shipped, by the word that people ask by."""
    return shipped_table("facilityd.query", "occurrences.yaml", AlarmTopics).topics


@dataclass(frozen=True, slots=True)
class OccurrenceQuery:
    """Occurrences that began in since <= t < until (ns UTC); "" and () are any.

    ``about``: one of the topics. ``standing``: also what began before and was not over by ``since``.
    """

    since: int
    until: int
    devices: tuple[str, ...] = ()
    family: str = ""
    rule: str = ""
    about: str = ""
    standing: bool = False

    def accepts(self, one: OccurrenceSpan, device: Device | None) -> bool:
        """Return whether an occurrence is one of them."""
        family = device.family.family if device else ""
        over = one.cleared is not None and one.cleared < self.since
        begun = self.standing and not over if one.raised < self.since else one.raised < self.until
        topic = alarm_topics()[self.about].rules.get(family, ()) if self.about else (one.rule,)
        return (
            begun and one.rule in topic and self.family in ("", family) and self.rule in ("", one.rule)
            and (not self.devices or one.device in self.devices)
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class OccurrenceRow:
    """One occurrence; instants in ns UTC, None where it is not so: of ``told_at`` where nobody was told."""

    device: str
    where: Text
    family: str
    rule: str
    what: Text
    priority: str
    occurrence: int
    since: int
    until: int | None
    told_at: int | None
    acknowledged_at: int | None
    person: str
    evidence: Text

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; texts in both languages."""
        own = {name: getattr(self, name) for name in self.__slots__}
        length = None if self.until is None else (self.until - self.since) / NS
        return dict(to_plain(own | {"seconds": length}))


def check_query(query: OccurrenceQuery, devices: Mapping[str, Device]) -> None:
    """Raise UsageError for a family, rule or topic that there is not."""
    families = {one.family.family: one.family for one in devices.values()}
    rules = {rule for one in families.values() for rule in one.rules}
    for asked, known in ((query.family, families), (query.rule, rules), (query.about, alarm_topics())):
        if asked and asked not in known:
            what = Wording("ask.means-no-alarm", name=asked)
            raise UsageError(
                what, hint=suggestion(asked, known) or Wording("ask.known-names", names=sorted(known))
            )


def read_occurrences(
    devices: Mapping[str, Device], reader: JournalReader, query: OccurrenceQuery, zone: str
) -> list[OccurrenceRow]:
    """Return the occurrences, the newest last. Raises UsageError for what there is not."""
    check_query(query, devices)
    log = AlarmLog.of(reader.alarm_log(query.until))
    found = [one for one in log.occurrences if query.accepts(one, devices.get(one.device))]
    why = _evidence(reader, found)
    return [_row(one, devices, why.get((one.device, one.rule, one.occurrence)), zone) for one in found]


def _evidence(reader: JournalReader, found: Iterable[OccurrenceSpan]) -> dict[Key, Evidence]:
    """Return what raised each occurrence."""
    keys = {(one.device, one.rule, one.occurrence): one.raised for one in found}
    if not keys:
        return {}
    changes = (stored.change for stored in reader.changes(min(keys.values())))
    return {
        (one.device, one.rule, one.occurrence): one.evidence
        for one in changes
        if one.kind is ChangeKind.RAISE and one.evidence
    }


def _row(
    one: OccurrenceSpan, devices: Mapping[str, Device], why: Evidence | None, zone: str
) -> OccurrenceRow:
    known = devices.get(one.device)
    what, where = alarm_words(devices, one.device, one.rule)
    signals = known.family.signals if known else {}

    def evidence(language: Language) -> str:
        return EvidenceFormatter(signals, language, ZoneInfo(zone)).evidence(why) if why else ""

    return OccurrenceRow(
        one.device, where, known.family.family if known else "", one.rule, what, one.priority, one.occurrence,
        one.raised, one.cleared, one.annunciated, one.acknowledged, one.person, both(evidence),
    )  # fmt: skip
