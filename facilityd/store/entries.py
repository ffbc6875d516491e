"""The writer's side of everything that is not a sample. All functions run inside a transaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import apsw

from facilityd.model.alarm import AlarmState
from facilityd.model.finding import Evidence
from facilityd.model.notice import Notice
from facilityd.store.batch import Attempt, ChangeRecord, DeadLetterLine, FindingRecord, LineKind

JUDGED = "judged"
FINDINGS_BEFORE = "findings-before"
_FINDING = "INSERT INTO finding(at, device, rule, verdict, evidence, sample) VALUES(?, ?, ?, ?, ?, ?)"
_CHANGE = """
INSERT INTO change(
    at, device, rule, occurrence, kind, evidence, person, comment, sample, state, condition, priority, details
) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
"""
_ALARM = "INSERT OR REPLACE INTO alarm(device, rule, state) VALUES(?, ?, ?)"
_NOTICE = """
INSERT INTO outbox(change, at, key, recipient, channel, purpose, body, state, attempts, next_at, error)
VALUES(?, ?, ?, ?, ?, ?, ?, 'waiting', 0, 0, '') ON CONFLICT(key) DO NOTHING
"""
_ATTEMPT = "UPDATE outbox SET state = ?, attempts = ?, next_at = ?, error = ? WHERE id = ?"
_ATTEMPT_OF = "UPDATE outbox SET state = ?, attempts = ?, next_at = ?, error = ? WHERE key = ?"
_PARKED = """
INSERT INTO parked(sink, kind, row, at, reason, line) VALUES(?, ?, ?, ?, ?, ?)
ON CONFLICT(sink, kind, row) DO NOTHING
"""
_PASSED = "SELECT count(*) FROM {0} WHERE id > ? AND id <= ?"
_REFUSED = "SELECT count(*) FROM parked WHERE sink = ? AND kind = ? AND row > ? AND row <= ?"
FORWARDED = {LineKind.SAMPLE: "forwarded", LineKind.CHANGE: "changes_forwarded"}
"""The counter of what sinks have taken."""
_COUNT = """
INSERT INTO counter(name, value) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = value + excluded.value
"""


def _text(evidence: Evidence) -> str:
    return json.dumps(evidence.as_dict(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def add_findings(db: apsw.Connection, findings: Iterable[FindingRecord]) -> None:
    """Store verdicts that changed."""
    for judged in findings:
        f = judged.finding
        db.execute(_FINDING, (f.at, f.device, f.rule, f.verdict, _text(f.evidence), judged.sample))


def add_changes(db: apsw.Connection, changes: Iterable[ChangeRecord]) -> tuple[int, ...]:
    """Store changes with the notices they cause; return their ids."""
    numbers = []
    for recorded in changes:
        c = recorded.change
        evidence = _text(c.evidence) if c.evidence else None
        row = (c.at, c.device, c.rule, c.occurrence, c.kind, evidence, c.person, c.comment, recorded.sample)
        details = json.dumps(c.details, ensure_ascii=False, sort_keys=True) if c.details else None
        after = (recorded.state, recorded.condition, recorded.priority, details)
        numbers.append(db.execute(_CHANGE, (*row, *after)).get)
        add_notices(db, recorded.notices, numbers[-1])
    return tuple(numbers)


def add_notices(db: apsw.Connection, notices: Iterable[Notice], change: int | None = None) -> None:
    """Queue notices; one whose key is already there is the same notice and is not queued twice."""
    for n in notices:
        db.execute(_NOTICE, (change, n.at, n.key, n.recipient, n.channel, n.purpose, n.to_json()))


def note_attempts(db: apsw.Connection, attempts: Iterable[Attempt]) -> None:
    """Update the outbox, by the notice's key where it was tried before it had an id."""
    for a in attempts:
        row = (a.state, a.attempts, a.next_at, a.error)
        db.execute(_ATTEMPT_OF if a.key else _ATTEMPT, (*row, a.key or a.notice))


def set_alarms(db: apsw.Connection, alarms: Iterable[AlarmState]) -> None:
    """Replace the current states."""
    db.executemany(_ALARM, [(a.device, a.rule, a.to_json()) for a in alarms])


def add_dead_letter_lines(
    db: apsw.Connection, dead_letter_lines: Sequence[DeadLetterLine], counts: Counter[str]
) -> None:
    """Keep lines that a sink refuses; a replay parks none twice."""
    for p in dead_letter_lines:
        db.execute(_PARKED, (p.sink, p.kind, p.row, p.at, p.reason, p.line))
        counts["parked"] += db.changes()


def move_cursors(
    db: apsw.Connection, cursors: Mapping[tuple[str, LineKind], int], counts: Counter[str]
) -> None:
    """Move sinks forward, never back, and count the samples or changes that were taken."""
    for (name, kind), row in cursors.items():
        before = db.execute(f"SELECT {kind} FROM sink WHERE name = ?", (name,)).get  # noqa: S608 - our own names
        if before is None or before >= row:
            continue
        passed = db.execute(_PASSED.format(kind), (before, row)).get
        counts[FORWARDED[kind]] += passed - db.execute(_REFUSED, (name, kind, before, row)).get
        db.execute(f"UPDATE sink SET {kind} = ? WHERE name = ?", (row, name))  # noqa: S608


def set_sinks(db: apsw.Connection, names: Sequence[str]) -> None:
    """Say which sinks are configured. A new one starts at the oldest; others keep their place.

    Where nothing changes nothing is written: a start must not need room on a full disk.
    """
    if {name for (name,) in db.execute("SELECT name FROM sink WHERE active")} == set(names):
        return
    db.execute("UPDATE sink SET active = 0")
    for name in names:
        db.execute(
            "INSERT INTO sink(name, sample, change, active) VALUES(?, 0, 0, 1)"
            " ON CONFLICT(name) DO UPDATE SET active = 1",
            (name,),
        )


def set_meta(db: apsw.Connection, meta: Mapping[str, str], judged: int | None) -> None:
    """Replace texts, and the id of the last sample that the rules have seen."""
    rows = list(meta.items())
    if judged is not None:
        rows.append((JUDGED, str(judged)))
    db.executemany("INSERT OR REPLACE INTO meta(name, value) VALUES(?, ?)", rows)


def add_counts(db: apsw.Connection, counts: Mapping[str, int]) -> None:
    """Add to the counters, which only grow."""
    db.executemany(_COUNT, [(name, value) for name, value in counts.items() if value])
