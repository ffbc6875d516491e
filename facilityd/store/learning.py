"""What was learned, in the journal: the rules' memory over a restart, and baselines with their versions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from facilityd.model.baseline import Baseline
from facilityd.store.batch import RuleCheckpoint, Write, WriteContext
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


@dataclass(frozen=True, slots=True)
class CheckpointWrite(Write):
    """What the rules keep over a restart, in place of all that was kept before."""

    checkpoint: RuleCheckpoint

    def apply(self, to: WriteContext) -> None:
        """Replace it, together with the id of the last sample in it."""
        to.db.execute("DELETE FROM memory")
        states = self.checkpoint.states.items()
        to.db.executemany(_MEMORY, [(device, rule, _plain(state)) for (device, rule), state in states])
        to.db.execute(_META, (REMEMBERED, str(self.checkpoint.sample)))


@dataclass(frozen=True, slots=True)
class BaselineWrite(Write):
    """Baselines; what a rule was evaluated against before is kept and retired."""

    baselines: Sequence[Baseline]

    def apply(self, to: WriteContext) -> None:
        """Store them."""
        for b in self.baselines:
            to.db.execute(_RETIRE, (b.at, b.device, b.rule))
            row = (b.device, b.rule, b.version, b.at, b.since, b.until, b.person, b.comment, _plain(b.data))
            to.db.execute(_BASELINE, row)


@dataclass(frozen=True, slots=True)
class BaselineRetirement(Write):
    """No rule is evaluated against these any more, from ``at`` (ns UTC) on; they are kept."""

    baselines: Sequence[Baseline]
    at: int

    def apply(self, to: WriteContext) -> None:
        """Retire them."""
        to.db.executemany(_RETIRE, [(self.at, b.device, b.rule) for b in self.baselines])


def load_checkpoint(db: apsw.Connection) -> RuleCheckpoint:
    """Return the memory; of sample 0 where none was ever stored."""
    with db:  # one read transaction: the states belong to that very sample
        found = single(db, "SELECT value FROM meta WHERE name = ?", (REMEMBERED,))
        rows = select(db, "SELECT device, rule, state FROM memory")
    return RuleCheckpoint(
        number_in(found), {(device, rule): json.loads(state) for device, rule, state in rows}
    )


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
