"""Verdicts that changed, as they are written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from facilityd.model.finding import Evidence
from facilityd.store.batch import FindingRecord, Write, WriteContext

_ADD = "INSERT INTO finding(at, device, rule, verdict, evidence, sample) VALUES(?, ?, ?, ?, ?, ?)"


def evidence_json(evidence: Evidence) -> str:
    """Return evidence as it is stored."""
    return json.dumps(evidence.as_dict(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class FindingWrite(Write):
    """Verdicts that differ from the ones before."""

    records: Sequence[FindingRecord]

    def apply(self, to: WriteContext) -> None:
        """Store them."""
        for record in self.records:
            f = record.finding
            row = (f.at, f.device, f.rule, f.verdict, evidence_json(f.evidence), record.sample)
            to.db.execute(_ADD, row)
