"""What was learned, in the journal: the rules' memory over a restart, and baselines with their versions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import apsw

from facilityd.model.baseline import Baseline
from facilityd.store.batch import RuleCheckpoint
from facilityd.store.rows import number_in
from facilityd.store.schema import select, single

REMEMBERED = "remembered"
_MEMORY = "INSERT INTO memory(device, rule, state) VALUES(?, ?, ?)"
_META = "INSERT OR REPLACE INTO meta(name, value) VALUES(?, ?)"
_RETIRE = "UPDATE baseline SET retired = ? WHERE device = ? AND rule = ? AND retired IS NULL"
_BASELINE = """
INSERT INTO baseline(device, rule, version, at, since, until, person, comment, data)
VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_BASELINES = "SELECT device, rule, version, at, since, until, person, data, comment FROM baseline"


def save_checkpoint(db: apsw.Connection, checkpoint: RuleCheckpoint) -> None:
    """Replace the memory, together with the id of the last sample in it. Within a transaction."""
    db.execute("DELETE FROM memory")
    rows = [(device, rule, _plain(state)) for (device, rule), state in checkpoint.states.items()]
    db.executemany(_MEMORY, rows)
    db.execute(_META, (REMEMBERED, str(checkpoint.sample)))


def load_checkpoint(db: apsw.Connection) -> RuleCheckpoint:
    """Return the memory; of sample 0 where none was ever stored."""
    with db:  # one read transaction: the states belong to that very sample
        found = single(db, "SELECT value FROM meta WHERE name = ?", (REMEMBERED,))
        rows = select(db, "SELECT device, rule, state FROM memory")
    return RuleCheckpoint(
        number_in(found), {(device, rule): json.loads(state) for device, rule, state in rows}
    )


def add_baselines(db: apsw.Connection, baselines: Iterable[Baseline]) -> None:
    """Store baselines; what a rule was judged by before is kept and retired. Within a transaction."""
    for b in baselines:
        db.execute(_RETIRE, (b.at, b.device, b.rule))
        row = (b.device, b.rule, b.version, b.at, b.since, b.until, b.person, b.comment, _plain(b.data))
        db.execute(_BASELINE, row)


def retire(db: apsw.Connection, retired: Iterable[Baseline], at: int) -> None:
    """Let no rule judge by these any more; they are kept. ``at`` in ns UTC. Within a transaction."""
    db.executemany(_RETIRE, [(at, b.device, b.rule) for b in retired])


def baselines(db: apsw.Connection, *, retired: bool = False) -> list[Baseline]:
    """Return the baselines in force, or with ``retired`` every version there ever was."""
    which = "" if retired else " WHERE retired IS NULL"
    rows = select(db, f"{_BASELINES}{which} ORDER BY device, rule, version")
    return [
        Baseline(device, rule, version, at, since, until, person, json.loads(data), comment)
        for device, rule, version, at, since, until, person, data, comment in rows
    ]


def _plain(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=dict)
