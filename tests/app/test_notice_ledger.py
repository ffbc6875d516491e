"""Who was told what is in the journal: a restart, other people and other channels change nothing of it."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from support.commands import operate
from support.notification_fixtures import ALARM_CONTEXT, KEY, SITE_CONTEXT, person
from support.rule_harness import START

from facilityd.alarm import AlarmManager
from facilityd.app.notice_ledger import JournalLedger
from facilityd.errors import UsageError
from facilityd.model.alarm import Change
from facilityd.model.finding import Evidence, Finding
from facilityd.model.notice import Notice, Purpose
from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.model.settings import RecipientSettings
from facilityd.notify.planner import NotificationPlanner
from facilityd.store.batch import Attempt, ChangeRecord, Delivery
from facilityd.store.changes import AlarmWrite, ChangeWrite
from facilityd.store.journal import Journal
from facilityd.store.outbox import AttemptWrite
from facilityd.store.reader import JournalReader

WRONG = Evidence("limit-above", {"value": 12.5, "limit": 10.0, "unit": "A", "for_s": 3.0}, "current")
RIGHT = Evidence("clear-above", {"value": 3.0, "limit": 8.0, "unit": "A", "for_s": 0.0}, "current")
NAMES = ("li", "wang", "chief")


class JournalDay:
    """Alarms with a planner and a real journal; every step is a minute, each change one commit."""

    def __init__(self, path: Path, crew: list[RecipientSettings]) -> None:
        self.path, self.crew, self.minute = path, crew, 0
        self.stack = ExitStack()
        self.restart(crew)

    def restart(self, crew: list[RecipientSettings]) -> None:
        self.stack.close()
        self.crew = crew
        self.journal = self.stack.enter_context(
            Journal.open(self.path, max_bytes=2**24, max_age=10**18, durable=False)
        )
        self.reader = self.stack.enter_context(JournalReader.open(self.path))
        ledger = JournalLedger(self.path)
        self.stack.callback(ledger.close)
        self.alarms = AlarmManager(self.reader.alarms())
        self.planner = NotificationPlanner(SITE_CONTEXT, {KEY: ALARM_CONTEXT}, crew, ledger)

    def step(self, mark: str) -> list[Notice]:
        self.minute += 1
        change = self.change(mark, START + self.minute * 60 * NS)
        if change is None:
            return []
        notices = self.planner.tell(change, self.alarms.state(*KEY))
        record = ChangeRecord(change, None, tuple(notices))
        self.journal.commit([ChangeWrite([record]), AlarmWrite([self.alarms.state(*KEY)])])
        return notices

    def change(self, mark: str, at: int) -> Change | None:
        if mark in "ar!":
            try:
                return operate(self.alarms, mark, KEY, at, "Zhao")
            except UsageError:
                return None
        return self.alarms.apply(Finding(*KEY, mark == "#", at, at, WRONG if mark == "#" else RIGHT))

    def refuse(self, channel: str) -> None:
        """Let the newest notice on a channel be refused for good, if it is the raise and its end has not gone out.

        A refusal that comes later changes nothing: whom nothing had failed for until then was told the end.
        """
        outbox = self.reader.outbox()
        mine = [e for e in outbox if e.notice.channel == channel]
        ended = {
            (e.notice.recipient, e.notice.occurrence) for e in outbox if e.notice.purpose is Purpose.CLEARED
        }
        newest = mine[-1].notice if mine else None
        if newest and newest.purpose is Purpose.RAISED and (newest.recipient, newest.occurrence) not in ended:
            self.journal.commit([AttemptWrite([Attempt(mine[-1].id, Delivery.REJECTED, 1)])])


def _crew(drawn: list[tuple[Priority, int]]) -> list[RecipientSettings]:
    return [
        person(name, minimum=minimum, channels=channels)
        for name, (minimum, channels) in zip(NAMES, drawn, strict=False)
    ]


CREWS = st.lists(st.tuples(st.sampled_from(Priority), st.integers(1, 2)), min_size=3, max_size=3).map(_crew)
STEPS = st.lists(
    st.sampled_from("##..a!") | CREWS | st.sampled_from([f"{n}-{k}" for n in NAMES for k in (1, 2)]),
    max_size=25,
)


def _play(day: JournalDay, steps: list) -> None:
    for step in steps:
        if isinstance(step, list):
            day.restart(step)
        elif "-" in step:
            day.refuse(step)
        else:
            day.step(step)


@settings(max_examples=60, deadline=None)
@given(CREWS, STEPS)
def test_whoever_was_told_raised_is_told_cleared_in_that_order(crew, steps) -> None:
    """Whatever minimum or channel they have by then, after any restart; and nobody else is."""
    with tempfile.TemporaryDirectory() as folder:
        day = JournalDay(Path(folder) / "journal.db", crew)
        with day.stack:
            _play(day, [*steps, "#", "."])
            told = [e for e in day.reader.outbox() if e.state is not Delivery.REJECTED]
            last = day.alarms.state(*KEY).occurrence
            for occurrence in range(1, last + 1):
                mine = [e for e in told if e.notice.occurrence == occurrence]
                began = {
                    e.notice.recipient: e.id
                    for e in reversed(mine)
                    if e.notice.purpose in (Purpose.RAISED, Purpose.REALARMED)
                }
                ended = {e.notice.recipient: e.id for e in mine if e.notice.purpose is Purpose.CLEARED}
                assert set(began) == set(ended)
                assert all(began[name] < ended[name] for name in began)
            addresses = [
                (e.notice.occurrence, e.notice.channel) for e in told if e.notice.purpose is Purpose.CLEARED
            ]
            assert len(addresses) == len(set(addresses)), "each end once over each channel"


def test_the_end_goes_to_who_was_told_before_the_restart_over_a_channel_they_have(tmp_path: Path) -> None:
    day = JournalDay(tmp_path / "journal.db", [person("li", channels=2), person("wang")])
    with day.stack:
        assert [n.channel for n in day.step("#")] == ["li-1", "li-2", "wang-1"]
        day.restart([person("li", minimum=Priority.CRITICAL, channels=1), person("chief")])
        assert [n.channel for n in day.step(".")] == ["li-1"], "once, and not to the chief"


def test_what_is_not_written_yet_counts(tmp_path: Path) -> None:
    """Within one batch, and while the disk is full, the journal does not have it."""
    day = JournalDay(tmp_path / "journal.db", [person("li")])
    with day.stack:
        raised = day.planner.tell(day.change("#", START), day.alarms.state(*KEY))
        ledger = JournalLedger(day.path)
        ledger.pending = lambda: raised
        planner = NotificationPlanner(SITE_CONTEXT, {KEY: ALARM_CONTEXT}, day.crew, ledger)
        cleared = planner.tell(day.change(".", START + NS), day.alarms.state(*KEY))
        ledger.close()
    assert [n.purpose for n in cleared] == [Purpose.CLEARED]


def test_a_file_that_cannot_be_read_stops_nobody_from_being_told(tmp_path: Path) -> None:
    ledger = JournalLedger(tmp_path / "nothing.db")
    planner = NotificationPlanner(SITE_CONTEXT, {KEY: ALARM_CONTEXT}, [person("li")], ledger)
    alarms = AlarmManager()
    change = alarms.apply(Finding(*KEY, True, START, START, WRONG))
    assert [n.recipient for n in planner.tell(change, alarms.state(*KEY))] == ["li"]
