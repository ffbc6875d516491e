"""The short log of alarms leaves out what changes nothing, and says the same."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.journals import DAY, T0, edit, open_journal

from facilityd.model.alarm import Change, ChangeKind
from facilityd.model.sample import NS
from facilityd.query.alarm_log import AlarmLog
from facilityd.store.alarm_log import AlarmLogEntry
from facilityd.store.batch import ChangeRecord
from facilityd.store.changes import ChangeWrite
from facilityd.store.reader import JournalReader

SAID = (ChangeKind.LOSE, ChangeKind.REGAIN)
NEXT = {
    "normal": {ChangeKind.RAISE: "unacknowledged", ChangeKind.STATE_BEGINS: "suppressed-by-design"},
    "unacknowledged": {ChangeKind.ACKNOWLEDGE: "acknowledged", ChangeKind.CLEAR: "returned-unacknowledged",
                       ChangeKind.SHELVE: "shelved", ChangeKind.RETIRE: "normal"},
    "acknowledged": {ChangeKind.CLEAR: "normal", ChangeKind.REALARM: "unacknowledged"},
    "returned-unacknowledged": {ChangeKind.ACKNOWLEDGE: "normal", ChangeKind.RAISE: "unacknowledged"},
    "shelved": {ChangeKind.SHELF_OVER: "unacknowledged", ChangeKind.CLEAR: "normal"},
    "suppressed-by-design": {ChangeKind.STATE_OVER: "normal"},
}  # fmt: skip
"""A part of the table of states, enough for all that is counted."""


def told(taken: list[tuple[int, int]]) -> list[ChangeRecord]:
    """Changes of three alarms in the order of time: which of them, and which of what can follow."""
    states, numbers, found = ["normal"] * 3, [0] * 3, []
    for n, (alarm, choice) in enumerate(taken):
        able = [*NEXT[states[alarm]].items(), *((kind, states[alarm]) for kind in SAID)]
        kind, states[alarm] = able[choice % len(able)]
        numbers[alarm] += kind is ChangeKind.RAISE
        change = Change(T0 + n * NS, "fire", f"rule-{alarm}", numbers[alarm], kind)
        found.append(ChangeRecord(change, state=states[alarm], condition="true", priority="high"))
    return found


def whole(reader: JournalReader, until: int) -> AlarmLog:
    """What every single change comes to."""
    return AlarmLog.of(
        AlarmLogEntry(
            one.change.at, one.change.device, one.change.rule, one.change.occurrence, one.change.kind,
            one.change.person, one.state or "", one.priority or "",
        )
        for one in reader.changes()
        if one.change.at < until
    )  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6)), max_size=60), st.integers(0, 60))
def test_it_comes_to_what_every_change_comes_to(taken, seconds):
    with TemporaryDirectory() as folder, open_journal(Path(folder)) as journal:
        journal.commit([ChangeWrite(tuple(told(taken)))])
        with JournalReader.open(journal.path) as reader:
            for until in (T0 + seconds * NS, T0 + DAY):
                assert AlarmLog.of(reader.alarm_log(until)) == whole(reader, until)


def test_of_many_starts_one_row_for_each_alarm_is_read(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal, JournalReader.open(journal.path) as reader:
        journal.commit([ChangeWrite(tuple(told([(n % 3, 3) for n in range(600)])))])
        assert len(reader.alarm_log(T0 + DAY)) == 3
        assert len(reader.changes()) == 600
        assert AlarmLog.of(reader.alarm_log(T0 + DAY)).states == {
            ("fire", f"rule-{n}"): "normal" for n in range(3)
        }


def test_an_alarm_whose_end_is_damaged_stands_no_longer_than_its_next_word(tmp_path: Path) -> None:
    taken = [(0, 0), (0, 0), (0, 0), (0, 2)]  # raised, acknowledged, cleared, and that it is not known
    with open_journal(tmp_path) as journal, JournalReader.open(journal.path) as reader:
        journal.commit([ChangeWrite(tuple(told(taken)))])
        edit(journal.path, "UPDATE change SET kind = 'clex' WHERE id = 3")
        (span,) = AlarmLog.of(reader.alarm_log(T0 + DAY)).standing
        assert (span.since, span.until) == (T0, T0 + 3 * NS)
