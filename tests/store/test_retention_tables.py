"""How long each table of the journal is kept, and that floods take no room of others."""

from dataclasses import fields, replace

from support.journals import DAY, T0, connected, open_journal, sample, stream

from facilityd.model.alarm import Change, ChangeKind
from facilityd.model.command_record import UNREADABLE, CommandRecord
from facilityd.model.finding import Evidence, Finding
from facilityd.model.sample import NS
from facilityd.model.settings import RetentionSettings
from facilityd.store import schema
from facilityd.store.batch import (
    ChangeRecord,
    DeadLetterLine,
    FindingRecord,
)
from facilityd.store.changes import ChangeWrite
from facilityd.store.commands import CommandWrite
from facilityd.store.dead_letters import DeadLetterLineWrite
from facilityd.store.findings import FindingWrite
from facilityd.store.reader import JournalReader
from facilityd.store.retention import forget
from facilityd.store.retention_table import LEVELS_KEPT, NEVER, RECORDS_KEPT, TABLES, findings_kept
from facilityd.store.rollup_blocks import LEVELS
from facilityd.store.samples import SampleWrite


def kept(reader) -> list[int]:
    return [row.id for row in reader.samples_after(0, 10**6)]


def test_commands_are_forgotten_after_years_and_no_flood_of_rubbish_hides_one(tmp_path):
    entry = next(one for one in TABLES if one.table == "command")
    entry = replace(entry, most_of=(("kind", UNREADABLE, 3),))
    old, new = ("ack", T0), ("ack", T0 + RECORDS_KEPT)
    kinds = [old, new, *((UNREADABLE, T0 + RECORDS_KEPT) for _ in range(9))]
    asked = [CommandRecord(str(n), kind, "li", at, "", "li", {}, at) for n, (kind, at) in enumerate(kinds)]
    with open_journal(tmp_path) as journal, JournalReader.open(journal.path) as reader:
        journal.commit([CommandWrite(asked)])
        with connected(journal.path) as db:
            forget(db, entry, T0 + RECORDS_KEPT, RetentionSettings())
        assert [record.kind for record in reader.commands()] == ["ack", *[UNREADABLE] * 3]
        with connected(journal.path) as db:
            forget(db, replace(entry, most=2), 0, RetentionSettings())
        assert [record.id for record in reader.commands()] == ["9", "10"]


def test_no_flood_of_refused_commands_takes_the_room_of_samples(tmp_path):
    entry = next(one for one in TABLES if one.table == "command")
    few = [(column, value, 4 if column != "kind" else most) for column, value, most in entry.most_of]
    asked = [
        CommandRecord(str(n), "note", "li", T0, "", "li", {}, T0, "no" if n % 5 else "") for n in range(50)
    ]
    with open_journal(tmp_path) as journal, JournalReader.open(journal.path) as reader:
        journal.commit([CommandWrite(asked)])
        with connected(journal.path) as db:
            forget(db, replace(entry, most_of=tuple(few)), 0, RetentionSettings())
        kept = reader.commands()
        assert [one.id for one in kept if one.refusal] == ["46", "47", "48", "49"]
        assert [one.id for one in kept if not one.refusal] == [str(n) for n in range(0, 50, 5)]


def test_every_table_of_the_journal_has_a_line_that_says_what_is_kept():
    known = [row[0] for row in schema.empty_journal(schema.VERSION).execute("SELECT name FROM sqlite_schema")]
    tables = {name for name, _ in schema.columns(schema.empty_journal(schema.VERSION)) if name in known}
    indices = {"sample_at", "outbox_open", "outbox_deferred", "chunk_at", "chunk_first", "chunk_last"}
    forgotten = {entry.table for entry in TABLES}
    assert forgotten | set(NEVER) == tables - indices
    assert not forgotten & set(NEVER)
    settings = {entry.setting for entry in TABLES} | set(LEVELS_KEPT)
    assert settings == {field.name for field in fields(RetentionSettings)}
    assert set(LEVELS_KEPT) == {level.name for level in LEVELS}


def test_a_site_says_how_long_each_table_is_kept(tmp_path):
    asked = RetentionSettings(findings=2 * DAY, alarms=DAY // 2, commands=10 * DAY, refused_lines=3)
    finding = Finding("d", "r", True, T0, T0, Evidence("above", {}))
    lines = [DeadLetterLine("influx", n, T0, "refused", "line") for n in range(9)]
    with (
        open_journal(tmp_path, max_age=DAY, retention=asked) as journal,
        JournalReader.open(journal.path) as reader,
    ):
        journal.commit([
            FindingWrite([FindingRecord(finding)]),
            ChangeWrite([ChangeRecord(Change(T0, "d", "r", 1, ChangeKind.RAISE))]),
            CommandWrite([CommandRecord("1", "ack", "li", T0, "", "li", {}, T0)]),
            DeadLetterLineWrite(lines),
        ])  # fmt: skip
        for n in range(300):
            journal.commit([SampleWrite([sample(stream(), T0 + DAY + 600 * NS + n * NS)])])
        assert len(reader.findings_after()) == 1, "longer than samples, as asked"
        assert reader.changes() == [], "shorter than by default"
        assert len(reader.commands()) == 1
        assert [line.row for line in reader.dead_letter_lines()] == [6, 7, 8]


def test_a_quarter_can_be_reported_in_the_week_after_it_though_samples_are_kept_for_less() -> None:
    kept = {one.table: -one.horizon(0, 90 * DAY, RetentionSettings()) // DAY for one in TABLES}
    assert (kept["finding"], kept["outbox"]) == (100, 100)
    assert findings_kept(400 * DAY, RetentionSettings()) == 400 * DAY
    assert findings_kept(90 * DAY, RetentionSettings(findings=5 * DAY)) == 5 * DAY
