"""Write docs/alarm-states.md from the table that the daemon runs; with --check only compare."""

from __future__ import annotations

import sys
from pathlib import Path

from facilityd.alarm.table import REFUSALS, RESERVED, ROWS, STATES, AlarmEvent, transition
from facilityd.model.alarm import AlarmStateName

FILE = Path(__file__).resolve().parent.parent / "docs" / "alarm-states.md"
PEOPLE = (AlarmEvent.ACKNOWLEDGE, AlarmEvent.RESET, AlarmEvent.REALARM)

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
"""


def text() -> str:
    """Return the whole file."""
    return "\n".join([HEAD, *_states(), *_arrows(), *_refusals(), *_reserved(), TAIL])


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


def _arrows() -> list[str]:
    rule = {None: "", True: "latching", False: "not latching"}
    rows = [
        (
            str(r.number),
            _name(r.source),
            r.event.value,
            rule[r.latching],
            _name(r.target),
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


def _reserved() -> list[str]:
    rows = list(RESERVED.items())
    return ["## Reserved", "", *_table(("rows", "meaning"), rows)]


def main() -> None:
    """Write, or compare."""
    if "--check" in sys.argv:
        current = FILE.exists() and FILE.read_text(encoding="utf-8") == text()
        sys.exit(0 if current else "docs/alarm-states.md is out of date; run tools/alarm_table.py")
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
