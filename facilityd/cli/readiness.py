"""The checklist of devices in words: as the journal has it now, and as it was before past ceremonies."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from facilityd.app.checklist import Checklists, JournalState
from facilityd.cli.liveness import unwatched
from facilityd.cli.snapshot import open_journal
from facilityd.config.site import Device, Site
from facilityd.model.readiness import Check, CheckedItem, Waiver
from facilityd.model.rule_parameters import parameter
from facilityd.model.text import Language, Text
from facilityd.notify.readiness import ReadinessContext

ASSUMED = {"zh": "［假定限值］", "en": "[assumed limit]"}


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
        return f"{why} {ASSUMED[language]}" if self.assumed else why

    def plain(self) -> dict[str, object]:
        """Return data for JSON."""
        why = {"zh": self.shown("zh"), "en": self.shown("en")}
        return {"device": self.device.id, **self.checked.plain(), "why": why, "assumed": self.assumed}


class ReadinessBoard:
    """The checklists of some devices of a site, to be looked at again and again."""

    def __init__(self, site: Site, devices: Iterable[str]) -> None:
        self._site, self._devices = site, tuple(devices)
        self._lists = Checklists(site)

    def lines(self, now: int | None = None) -> list[ItemRow]:
        """Return every item at ``now`` (ns UTC). Raises UsageError where there is no journal."""
        lines: list[ItemRow] = []
        with open_journal(self._site) as reader:
            source = JournalState(reader, time.time_ns() if now is None else now)
            for device in self._devices:
                waivers = {w.item: w for w in source.waivers if w.device == device}
                checked = self._lists.check(device, source)
                about, subject = self._site.devices[device], self._subject(device)
                lines += [ItemRow(about, one, subject, waivers.get(one.item)) for one in checked]
        return lines

    def warning(self, language: Language) -> str:
        """Return that nobody watches now, or nothing."""
        return unwatched(self._site, language)

    def _subject(self, device: str) -> ReadinessContext:
        about, lists = self._site.devices[device], self._lists
        zone = ZoneInfo(self._site.timezone)
        names, signals = lists.names(device), lists.signals(device)
        return ReadinessContext(about.name, about.family.readiness, names, signals, zone)

    def checks(self, since: int) -> Sequence[Check]:
        """Return the recorded checks before ceremonies from ``since`` (ns UTC) on."""
        with open_journal(self._site) as reader:
            return [one for one in reader.checks(since) if one.device in self._devices]
