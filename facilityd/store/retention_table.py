"""What of each table is kept, for how long and how many: one line for each table of the journal.

A table that is in neither of the two lists fails a test: nothing grows without somebody having thought of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from facilityd.model.command_record import UNREADABLE
from facilityd.model.settings import RetentionSettings
from facilityd.store.commands import MOST, MOST_REFUSED, MOST_UNREADABLE

YEAR = 365 * 86400 * 10**9
QUARTER_KEPT = 100 * 86400 * 10**9
"""A report of a quarter, made in the week after it, needs how its runs ran and who was told; ns."""
RECORDS_KEPT = 3 * YEAR
"""Who acknowledged what is kept longer than what was measured; ns."""

# Who was told that an alarm was raised is to be told its end, however long it stands. The states are
# searched as text, so that a damaged one costs no more than its own notices.
_STANDS = """
EXISTS (SELECT 1 FROM change AS c JOIN alarm AS a ON a.device = c.device AND a.rule = c.rule
WHERE c.id = change AND instr(a.state, '"occurrence":' || c.occurrence || ',') > 0
AND (instr(a.state, '"cleared_at":null') > 0 OR instr(a.state, '"latched":true') > 0))
"""


@dataclass(frozen=True, slots=True)
class TableRetention:
    """One table, in the order of ``key``; a row ages by ``age`` (a column in ns UTC).

    ``setting``: its name in ``store.retention``; there a length of time, or of ``rows`` the number kept.
    ``unless``: SQL of what stays however old it is. ``at_least``: kept so long (ns) where the site says
    nothing, and never less than the samples. ``most``: rows kept whatever their age; ``most_of``: rows of
    which a column has a value, and how many.
    """

    table: str
    setting: str
    age: str = ""
    key: str = "id"
    unless: str = ""
    at_least: int = 0
    most: int = 0
    most_of: tuple[tuple[str, str | int, int], ...] = ()

    def horizon(self, now: int, max_age: int, settings: RetentionSettings) -> int:
        """Return the instant before which rows are forgotten, ns; ``max_age``: how long samples are kept."""
        asked: int | None = getattr(settings, self.setting)
        return now - (max(self.at_least, max_age) if asked is None else asked)

    def rows(self, settings: RetentionSettings) -> int:
        """Return how many rows are kept at most; 0 for any number."""
        return self.most if self.age else getattr(settings, self.setting) or self.most


def findings_kept(max_age: int, settings: RetentionSettings) -> int:
    """Return how long findings are kept, ns; ``max_age``: how long samples are."""
    return -TABLES[0].horizon(0, max_age, settings)


TABLES = (
    TableRetention("finding", "findings", "at", at_least=QUARTER_KEPT),
    TableRetention(
        "outbox", "notices", "at", unless=f"state IN ('waiting', 'deferred') OR {_STANDS}",
        at_least=QUARTER_KEPT,
    ),
    TableRetention("change", "alarms", "at", at_least=RECORDS_KEPT),
    TableRetention("downtime", "downtimes", "until", at_least=RECORDS_KEPT),
    # No flood of commands fills the file, and none of rubbish hides a command.
    TableRetention(
        "command", "commands", "done_at", "number", at_least=RECORDS_KEPT, most=MOST,
        most_of=(("kind", UNREADABLE, MOST_UNREADABLE), ("(refusal <> '')", 1, MOST_REFUSED)),
    ),
    TableRetention("parked", "refused_lines", most=10_000),
)  # fmt: skip
"""What is forgotten, the oldest first, a little at a time. Samples go by age and by the file's size."""


def changes_kept(max_age: int, settings: RetentionSettings) -> int:
    """Return how long changes of alarms are kept, ns; ``max_age``: how long samples are."""
    (changes,) = (one for one in TABLES if one.table == "change")
    return -changes.horizon(0, max_age, settings)


LEVELS_KEPT = {"rollup_1min": 0, "rollup_15min": YEAR, "rollup_1h": 10 * YEAR}
"""How long roll-ups are kept where the site says nothing (ns), and never less than the samples."""


def rollups_kept(level: str, max_age: int, settings: RetentionSettings) -> int:
    """Return how long the roll-ups of a level are kept, ns; ``max_age``: how long samples are."""
    asked: int | None = getattr(settings, level)
    return max(LEVELS_KEPT[level], max_age) if asked is None else asked


Why = Literal["present", "signed", "evidence", "samples", "levels"]
NEVER: dict[str, Why] = {
    "alarm": "present",
    "escalation": "present",
    "counter": "present",
    "memory": "present",
    "meta": "present",
    "sink": "present",
    "stream": "present",
    "tail": "present",
    "baseline": "signed",
    "mark": "signed",
    "readiness": "signed",
    "waiver": "signed",
    "task_event": "signed",
    "dead_letter": "evidence",
    "sample": "samples",
    "chunk": "samples",
    "purged_hour": "samples",
    "rollup": "levels",
    "rollup_due": "present",
}
"""What is never removed by this table, and why: it is the present state, of a size that does not grow with
time; a person answers for it; it says what was damaged; or Retention sees to it: samples by age and by the
file's size (``purged_hour`` is one number for each hour of them), roll-ups by LEVELS_KEPT."""
