"""Verdicts that changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from facilityd.model.finding import Evidence
from facilityd.store.batch import FindingRecord, Write, WriteContext
from facilityd.store.rows import StoredFinding, built, finding
from facilityd.store.schema import select, single

_ADD = "INSERT INTO finding(at, device, rule, verdict, evidence, sample) VALUES(?, ?, ?, ?, ?, ?)"
_FINDINGS = """
SELECT id, sample, CAST(device AS BLOB), CAST(rule AS BLOB), verdict, at, CAST(evidence AS BLOB)
FROM finding WHERE id > ? ORDER BY id LIMIT ?
"""
_VERDICTS = """
SELECT id, sample, CAST(device AS BLOB), CAST(rule AS BLOB), verdict, at, CAST(evidence AS BLOB)
FROM finding
WHERE id IN (SELECT max(id) FROM finding GROUP BY device, rule) ORDER BY id
"""
_LAST_JUDGED_AT = "SELECT max(at) FROM (SELECT at FROM finding ORDER BY id DESC LIMIT 1000)"


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


def findings_after(db: apsw.Connection, after: int = 0, limit: int = -1) -> list[StoredFinding]:
    """Return verdicts in the order they were stored, from the one after id ``after`` on."""
    return built(select(db, _FINDINGS, (after, limit)), finding, "finding")


def verdicts(db: apsw.Connection) -> list[StoredFinding]:
    """Return the newest finding of every rule on every device that was ever evaluated."""
    return built(select(db, _VERDICTS), finding, "finding")


def last_finding(db: apsw.Connection) -> int:
    """Return the id of the last finding that is kept; 0 where there is none."""
    return single(db, "SELECT max(id) FROM finding") or 0


def last_judged_at(db: apsw.Connection) -> int:
    """Return the newest instant (ns UTC) of the findings stored last; 0 where there is none."""
    return single(db, _LAST_JUDGED_AT) or 0
