"""The checklist of devices in words: as the journal has it now, and as it was before past ceremonies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo

from facilityd.app.checklist import Checklists, JournalState
from facilityd.config.site import Device, Site
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.readiness import Check, CheckedItem, ItemOutcome, Waiver
from facilityd.model.rule_parameters import parameter
from facilityd.model.sample import NS
from facilityd.model.text import Language, Text
from facilityd.notify.readiness import ReadinessContext
from facilityd.query.countdown import Countdown, countdown
from facilityd.query.json_data import to_plain
from facilityd.query.liveness import liveness
from facilityd.query.words import both, sentence
from facilityd.store.reader import JournalReader
from facilityd.yaml_source import suggestion

Verdict = Literal["pass", "fail", "unknown"]


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item of one device; ``subject`` knows the words, ``waiver`` is in force for it."""

    device: Device
    checked: CheckedItem
    subject: ReadinessContext
    waiver: Waiver | None = None

    @property
    def name(self) -> Text:
        """What is checked."""
        return self.device.family.readiness[self.checked.item].name

    @property
    def first(self) -> Text:
        """What to do first where it stands against a ceremony."""
        return self.device.family.readiness[self.checked.item].first

    @property
    def assumed(self) -> dict[str, Any]:
        """Limits that belong to the machine and are the family's assumption here."""
        item = self.device.family.readiness[self.checked.item]
        own = [name for one, name in self.device.assumed_items if one == self.checked.item]
        return {name: parameter(item, name) for name in own}

    def shown(self, language: Language) -> str:
        """Return what it rests on and how old that is, and whether a limit is the family's assumption."""
        why = self.subject.why(self.checked, language)
        return f"{why} {sentence('assumed-limit', language)}" if self.assumed else why

    def plain(self) -> dict[str, Any]:
        """Return data for JSON."""
        found = {**self.checked.plain(), "why": both(self.shown), "assumed": self.assumed}
        return {"device": self.device.id, **to_plain(found)}


@dataclass(frozen=True, slots=True)
class ReadinessAnswer:
    """Whether devices are ready for the ceremony that comes next, item by item."""

    items: tuple[ItemRow, ...]
    countdown: Countdown

    @property
    def verdict(self) -> Verdict:
        """What the whole list says."""
        return verdict_of([row.checked for row in self.items])

    @property
    def ready(self) -> bool:
        """Whether nothing stands against it, and something speaks for it."""
        return self.verdict == "pass"

    @property
    def absent(self) -> int:
        """How many items were not checked: not fitted or not learned."""
        return sum(row.checked.outcome is ItemOutcome.ABSENT for row in self.items)

    def plain(self) -> dict[str, Any]:
        """Return data for JSON."""
        items = [row.plain() for row in self.items]
        return {"ready": self.ready, "ceremony": self.countdown.plain(), "items": items}


@dataclass(frozen=True, slots=True)
class RecordedCheck:
    """A check that the daemon made before a ceremony and recorded."""

    check: Check

    @property
    def minutes(self) -> int:
        """How long before the ceremony, in min."""
        return self.check.before // (60 * NS)

    @property
    def verdict(self) -> Verdict:
        """What the whole list said."""
        return verdict_of(self.check.items)

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; instants in ns UTC."""
        check = self.check
        return {
            "ceremony": check.ceremony, "name": check.name, "before_min": self.minutes,
            "device": check.device, "at": check.at, "ready": check.ready,
            "items": [one.plain() for one in check.items],
        }  # fmt: skip


def verdict_of(items: Iterable[CheckedItem]) -> Verdict:
    """Return what a list says: fail, unknown (nothing failed, and not all is known) or pass."""
    found = {one.outcome for one in items}
    if ItemOutcome.FAIL in found:
        return "fail"
    passed = found & {ItemOutcome.PASS, ItemOutcome.WAIVED}
    return "unknown" if ItemOutcome.UNKNOWN in found or not passed else "pass"


def checklist_devices(site: Site, device: str = "") -> list[str]:
    """Return the devices that have a checklist, or the one named. Raises UsageError where there is none."""
    known = [name for name, one in site.devices.items() if one.family.readiness]
    if not known:
        hint = Wording("ask.readiness-family")
        raise UsageError(Wording("ask.no-device-has-checklist"), where=site.source, hint=hint)
    if device and device not in known:
        raise UsageError(
            Wording("ask.no-device-with-checklist", device=device), hint=suggestion(device, known)
        )
    return [device] if device else known


class ReadinessBoard:
    """The checklists of some devices of a site, to be looked at again and again; ``now`` in ns UTC.

    ``lists``: those of the site, where they are built already: it takes the rules of all its devices.
    """

    def __init__(self, site: Site, devices: Iterable[str], lists: Checklists | None = None) -> None:
        self._site, self._devices = site, tuple(devices)
        self._lists = lists or Checklists(site)

    def answer(self, reader: JournalReader, now: int) -> ReadinessAnswer:
        """Return the next ceremony and every item at ``now``."""
        return ReadinessAnswer(tuple(self.items(reader, now)), countdown(self._site, now))

    def items(self, reader: JournalReader, now: int) -> list[ItemRow]:
        """Return every item at ``now``."""
        rows: list[ItemRow] = []
        source = JournalState(reader, now, liveness(self._site, reader, now).judging)
        for device in self._devices:
            waivers = {w.item: w for w in source.waivers if w.device == device}
            about, subject = self._site.devices[device], self._subject(device)
            checked = self._lists.check(device, source)
            rows += [ItemRow(about, one, subject, waivers.get(one.item)) for one in checked]
        return rows

    def recorded(self, reader: JournalReader, since: int) -> list[RecordedCheck]:
        """Return the recorded checks before ceremonies from ``since`` (ns UTC) on."""
        return [RecordedCheck(one) for one in reader.checks(since) if one.device in self._devices]

    def _subject(self, device: str) -> ReadinessContext:
        about, lists = self._site.devices[device], self._lists
        zone = ZoneInfo(self._site.timezone)
        names, signals = lists.names(device), lists.signals(device)
        return ReadinessContext(about.name, about.family.readiness, names, signals, zone)
