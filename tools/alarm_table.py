"""Write docs/alarm-states.md from the table that the daemon runs; with --check only compare."""

from __future__ import annotations

import sys
from pathlib import Path

from facilityd.alarm.table import (
    REFUSALS,
    ROWS,
    SOURCES,
    STATES,
    AlarmEvent,
    EventSource,
    Transition,
    transition,
)
from facilityd.model.alarm import STRONGEST, AlarmStateName, Suppressor

FILE = Path(__file__).resolve().parent.parent / "docs" / "alarm-states.md"
PEOPLE = tuple(event for event, source in SOURCES.items() if source is EventSource.PERSON)

HEAD = """\
# The life of an alarm 报警状态

Written by `tools/alarm_table.py` from `facilityd/alarm/table.py`; change the table, not this file.
States and letters follow ISA-18.2-2016 / IEC 62682 (GB/T 41261-2022); the latched states follow OPC UA
Part 9 and ISA-18.1 sequence M. The number of a row is that of
[the reference](reference/alarms.md#12-transitions), which has the sources.
"""
TAIL = """\
## What holds whatever happens

- `unknown` never raises and never clears: what is active stays active, what is normal stays normal.
- Every raise is a new occurrence; an acknowledgement names exactly one.
- No way leads from *unacknowledged* to *normal* without an acknowledgement (a named person or policy), but
  row 21: what nothing watches any more nobody can acknowledge; it ends with that reason, never as well.
- A restart restores exactly the stored states (row 20); replaying the changes rebuilds them.
- A rule either latches or does not; the family file says so (`latching: true`).
- What lies over the life (E, F, G) never changes what is judged or recorded; of several the strongest is
  shown, in the order of JAWS: out of service, suppressed by design, shelved. Each is a fact of its own, with
  who, why and until when. As long as one is there nobody is told; who was told *raised* is told *cleared*
  all the same.
- All of it ends: a shelf by its time, a suppression with its cause; out of service has a date of review, and
  people are told when that is overdue.
- A confirmed repair whose condition still holds an hour later is announced again.
"""


def text() -> str:
    """Return the whole file."""
    return "\n".join([HEAD, *_states(), *_arrows(), *_refusals(), *_guards(), TAIL])


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    lines = [heads, ("---",) * len(heads), *rows]
    return [f"| {' | '.join(line)} |" for line in lines] + [""]


def _name(state_name: AlarmStateName) -> str:
    return f"{state_name.letter} {state_name.wording.en} {state_name.wording.zh}".strip()


def _states() -> list[str]:
    rows = [
        (state_name.letter or "–", state_name.wording.en, state_name.wording.zh, f"`{state_name.value}`")
        for state_name in AlarmStateName
    ]
    return ["## States", "", *_table(("letter", "state", "状态", "stored as"), rows)]


def _over(fact: Suppressor | None) -> str:
    return f"{_name(STRONGEST[fact])} over " if fact else ""


def _rule(row: Transition) -> str:
    kind = {None: "", True: "latching", False: "not latching"}[row.latching]
    return ", ".join(
        filter(None, (kind, "one-shot" if row.once else "", "suppressed" if row.suppressed else ""))
    )


def _arrows() -> list[str]:
    rows = [
        (
            str(r.number),
            _over(r.lifts) + _name(r.source),
            r.event.value,
            _rule(r),
            _over(r.lays) + _name(r.target),
            f"`{r.kind}`",
            r.effect,
        )
        for r in ROWS
    ]
    return ["## Transitions", "", *_table(("row", "from", "event", "rule", "to", "change", "effect"), rows)]


def _refusals() -> list[str]:
    rows = [
        (_name(state_name), event.value, *REFUSALS[state_name, event])
        for state_name in STATES
        for event in PEOPLE
        if _refused(state_name, event)
    ]
    return ["## Requests that are refused", "", *_table(("state", "request", "answer", "答复"), rows)]


def _refused(state_name: AlarmStateName, event: AlarmEvent) -> bool:
    return transition(state_name, event, latching=True) is None


GUARDS = (
    ("shelve", "it is shelved; without a name and a reason; longer than `alarms:` allows its class"),
    ("unshelve", "it is not shelved"),
    (
        "take out of service",
        "without ticket, name and reason; with a review later than its class allows",
    ),
    ("return to service", "it is not out of service"),
    ("confirm", "nothing was ever raised; its repair is confirmed already"),
    ("reset", "its condition cannot be judged now"),
    ("each", "another occurrence is meant than the newest"),
)


def _guards() -> list[str]:
    return ["Whatever the state:", "", *_table(("request", "is refused where"), list(GUARDS))]


def main() -> None:
    """Write, or compare."""
    if "--check" in sys.argv:
        current = FILE.exists() and FILE.read_text(encoding="utf-8") == text()
        sys.exit(0 if current else "docs/alarm-states.md is out of date; run tools/alarm_table.py")
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
