"""Every rule of a device, and how it stands: evaluated, waiting for a baseline, or lacking a signal."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from facilityd.app.builtin import all_devices
from facilityd.app.checklist import JournalState
from facilityd.app.engine import fresh_engine
from facilityd.config.site import Device, Site
from facilityd.model.charts import Learned
from facilityd.model.finding import Finding
from facilityd.model.rule import Rule
from facilityd.model.rule_parameters import parameter
from facilityd.model.text import Language
from facilityd.notify.evidence_text import EvidenceFormatter
from facilityd.query.json_data import to_plain
from facilityd.query.limits import say_limit
from facilityd.query.liveness import liveness
from facilityd.query.words import both, listed, sentence
from facilityd.store.reader import JournalReader

UNLEARNED, REPLACED = "unknown-unlearned", "replaced"


class RuleStatus(Enum):
    """How a rule stands on a device."""

    RIGHT = "healthy"
    WRONG = "abnormal"
    UNKNOWN = "unknown"
    UNJUDGED = "not judged yet"  # by the daemon that watches now
    UNLEARNED = "needs commissioning"
    UNFITTED = "not applicable"
    REPLACED = "another in force"


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule on one device; ``missing`` signals or states keep it from applying. ``zone``: the site's.

    ``unset``: parameters that belong to the machine and are not its own.
    """

    device: Device
    name: str
    rule: Rule
    standing: RuleStatus
    finding: Finding | None
    missing: tuple[str, ...]
    zone: ZoneInfo
    unset: tuple[str, ...] = ()

    @property
    def assumed(self) -> dict[str, Any]:
        """Parameters that belong to the machine and are the family's assumption here."""
        return {name: parameter(self.rule.detect, name) for name in self.unset}

    @property
    def since(self) -> int | None:
        """When the newest verdict was found, or the run was that it rests on, ns UTC."""
        judged = self.standing in (RuleStatus.RIGHT, RuleStatus.WRONG, RuleStatus.UNKNOWN)
        return (self.finding.evidence.seen or self.finding.at) if judged and self.finding else None

    def text(self, language: Language) -> str:
        """Return what the verdict rests on, or what the rule needs to apply."""
        signals, states = self.device.family.signals, self.device.family.states
        if self.standing is RuleStatus.UNFITTED:
            words = {name: state.name for name, state in states.items()}
            words |= {name: signal.name for name, signal in signals.items()}
            names = (words[n].in_(language) if n in words else n for n in self.missing)
            return sentence("needs", language, names=listed(names, language))
        formatter = EvidenceFormatter(signals, language, self.zone)
        said = formatter.evidence(self.finding.evidence) if self.finding else ""
        limits = listed(
            (say_limit(self.rule.detect, path, signals, language) for path in self.assumed), language
        )
        return " ".join(
            filter(None, (said, sentence("assumed-limits", language, limits=limits) if limits else ""))
        )

    def plain(self) -> dict[str, Any]:
        """Return data for JSON."""
        rule = self.rule
        found = {"verdict": self.finding.verdict, "at": self.finding.at} if self.finding else {}
        data = {
            "device": self.device.id, "rule": self.name, "fault": rule.fault, "kind": rule.detect.kind,
            "name": rule.name, "priority": rule.priority.name.lower(),
            "assumed": self.assumed, "state": self.standing.value,
            "said": both(self.text), "missing": list(self.missing), **found,
        }  # fmt: skip
        return dict(to_plain(data))


def rule_rows(site: Site, devices: Iterable[str], now: int | None = None) -> list[RuleRow]:
    """Return every rule of some devices at ``now`` (ns UTC). Without a journal nothing was evaluated yet."""
    known, zone = all_devices(site), ZoneInfo(site.timezone)
    engine, found = fresh_engine(site), _newest(site, time.time_ns() if now is None else now)
    out = []
    for device in devices:
        missing = engine.not_applicable(device) if known[device].streams else {}
        assumed = known[device].assumed
        for name, rule in known[device].family.rules.items():
            unset = tuple(one for owner, one in assumed if owner == name)
            finding = found.get((device, name))
            lacks = missing.get(name, ())
            standing = _standing(rule, finding, lacks)
            out.append(RuleRow(known[device], name, rule, standing, finding, lacks, zone, unset))
    return out


def _standing(rule: Rule, finding: Finding | None, missing: tuple[str, ...]) -> RuleStatus:
    if missing:
        return RuleStatus.UNFITTED
    if finding is None:
        return RuleStatus.UNLEARNED if isinstance(rule.detect, Learned) else RuleStatus.UNJUDGED
    if finding.verdict is None:
        return RuleStatus.UNLEARNED if finding.evidence.slug == UNLEARNED else RuleStatus.UNKNOWN
    if finding.evidence.slug == REPLACED:
        return RuleStatus.REPLACED
    return RuleStatus.WRONG if finding.verdict else RuleStatus.RIGHT


def _newest(site: Site, now: int) -> dict[tuple[str, str], Finding]:
    """Return each rule's newest word of the daemon that watches now; of an earlier one only what is wrong.

    What was right before a stop says nothing of now; what was wrong is not hidden by it.
    """
    if not Path(site.store.path).exists():
        return {}
    with JournalReader.open(Path(site.store.path), site.id) as reader:
        stored = {(s.finding.device, s.finding.rule): s.finding for s in reader.verdicts()}
        source = JournalState(reader, now, liveness(site, reader, now).judging)
        return {key: one for key, one in stored.items() if one.verdict or source.finding(*key) is not None}
