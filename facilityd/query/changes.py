"""What happened to alarms in a span of time, one change after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from facilityd.config.site import Device
from facilityd.model.text import Language, Text
from facilityd.notify.evidence_text import EvidenceFormatter
from facilityd.query.json_data import to_plain
from facilityd.query.words import both
from facilityd.store.rows import StoredChange


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change of one alarm. ``device`` is None where it left the site, ``what`` then the rule's id."""

    stored: StoredChange
    device: Device | None
    what: Text
    zone: ZoneInfo

    def evidence(self, language: Language) -> str:
        """Return what the change rests on; nothing where it has no evidence."""
        found = self.stored.change.evidence
        signals = self.device.family.signals if self.device else {}
        return EvidenceFormatter(signals, language, self.zone).evidence(found) if found else ""

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; texts in both languages, instants in ns UTC."""
        change, known = self.stored.change, self.device
        found = {
            "id": self.stored.id, "at": change.at, "device": change.device,
            "title": known.name if known else Text(zh=change.device, en=change.device),
            "family": known.family.family if known else "", "rule": change.rule, "what": self.what,
            "kind": change.kind.value, "occurrence": change.occurrence, "state": self.stored.state,
            "priority": self.stored.priority, "evidence": both(self.evidence), "person": change.person,
            "comment": change.comment, "details": change.details,
        }  # fmt: skip
        return dict(to_plain(found))


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which changes are asked for: before ``until`` (ns UTC), of a device, a family, a kind; "" is any."""

    until: int
    device: str = ""
    family: str = ""
    kind: str = ""

    def accepts(self, row: ChangeRow) -> bool:
        """Return whether a change is one of them."""
        change, known = row.stored.change, row.device
        return (
            change.at < self.until
            and self.device in ("", change.device)
            and self.family in ("", known.family.family if known else None)
            and self.kind in ("", change.kind.value)
        )


def change_rows(
    stored: Iterable[StoredChange], devices: Mapping[str, Device], zone: ZoneInfo
) -> Iterable[ChangeRow]:
    """Iterate over changes with their words, in the order in which they were stored."""
    for one in stored:
        device = devices.get(one.change.device)
        rule = device.family.rules.get(one.change.rule) if device else None
        name = one.change.rule or "?"
        yield ChangeRow(one, device, rule.name if rule else Text(zh=name, en=name), zone)
