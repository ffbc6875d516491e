"""A repair from the alarm to the proof: who takes it, what it becomes, and when the data have the last word."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facilityd.errors import UsageError
from facilityd.model.alarm import AlarmCondition, AlarmState
from facilityd.model.message import spoken
from facilityd.model.sample import NS
from facilityd.model.settings import InspectionSettings, TaskSettings
from facilityd.model.task import TaskEvent, TaskEventKind, TaskStateName, fold
from facilityd.model.text import Text
from facilityd.tasks.inspections import next_due
from facilityd.tasks.manager import TaskManager
from facilityd.tasks.verification import RuleOutcome

START, MIN, DAY = 1_790_000_000 * NS, 60 * NS, 86_400 * NS
KEY = ("hoist-1", "brake-drags")
ALARM = AlarmState(*KEY, condition=AlarmCondition.TRUE, acked=False, occurrence=1, raised_at=START)
RIGHT, WRONG, UNKNOWN = AlarmCondition.FALSE, AlarmCondition.TRUE, AlarmCondition.UNKNOWN


@dataclass
class TaskRun:
    """A manager, every event it ever made, and the rule as the data have it."""

    manager: TaskManager
    events: list[TaskEvent]
    now: int = START
    rule: RuleOutcome | None = None

    def do(self, events: list[TaskEvent]) -> list[TaskEventKind]:
        self.manager.apply(events)
        self.events += events
        return [event.kind for event in events]

    def take(self, person: str = "li", due: int = 0) -> list[TaskEventKind]:
        return self.do(self.manager.take(ALARM, "high", person, "", due, self.now))

    def act(self, kind: TaskEventKind, number: int = 1, **details: str) -> list[TaskEventKind]:
        return self.do(self.manager.act(kind, number, "li", details.pop("note", ""), self.now, details))

    def wait(self, span: int, step: int = 2 * NS) -> list[TaskEventKind]:
        happened, end = [], self.now + span
        while self.now < end:
            self.now += step
            happened += self.do(self.manager.tick(self.now, lambda *_: self.rule))
        return happened

    def run(self, condition: AlarmCondition = RIGHT) -> list[TaskEventKind]:
        """The hoist runs for a minute, and stands for two: judged in the run only."""
        happened = []
        for _ in range(6):
            self.rule = RuleOutcome(condition, self.now, 1)
            happened += self.wait(10 * NS)
        return happened + self.wait(120 * NS)

    @property
    def task(self):
        return self.manager.task(1)


def crew(**kept) -> TaskRun:
    return TaskRun(TaskManager((), TaskSettings(**kept)), [], rule=RuleOutcome(WRONG, occurrence=1))


def test_a_repair_is_taken_done_and_verified_by_half_an_hour_of_right_readings() -> None:
    li = crew()
    assert li.take() == [TaskEventKind.OPEN, TaskEventKind.TAKE]
    assert (li.task.person, li.task.due) == ("li", START + DAY)
    li.wait(10 * MIN)
    assert li.act(TaskEventKind.NOTE, note="brake pads worn", parts="2 pads") == [TaskEventKind.NOTE]
    li.rule = RuleOutcome(RIGHT, occurrence=1)
    li.act(TaskEventKind.DONE, photo="pads.jpg")
    assert li.wait(29 * MIN) == []
    assert li.wait(2 * MIN) == [TaskEventKind.VERIFY]
    assert li.events[-1].details == {"seconds": 1800, "occasions": 0}
    assert li.task.state is TaskStateName.VERIFIED
    assert [(note.text, note.parts, note.photo) for note in li.task.notes] == [
        ("brake pads worn", "2 pads", ""),
        ("", "", "pads.jpg"),
    ]
    assert li.wait(60 * MIN) == []


def test_time_in_which_nothing_was_seen_proves_nothing() -> None:
    li = crew()
    li.take()
    li.act(TaskEventKind.DONE)
    li.rule = RuleOutcome(RIGHT, occurrence=1)
    li.wait(20 * MIN)
    li.rule = RuleOutcome(UNKNOWN, occurrence=1)
    assert li.wait(60 * MIN) == []
    li.rule = RuleOutcome(RIGHT, occurrence=1)
    li.wait(5 * MIN)
    assert li.wait(3600 * NS, step=600 * NS) == [], "the daemon was away between two looks"
    assert li.wait(6 * MIN) == [TaskEventKind.VERIFY]


def test_what_is_judged_in_runs_is_verified_by_runs_that_are_over() -> None:
    li = crew(occasions=2)
    li.take()
    li.run(WRONG)
    li.act(TaskEventKind.DONE)
    li.rule = RuleOutcome(RIGHT, li.now, 1)
    assert li.wait(25 * MIN) == [], "it stood still: an hour of that proves nothing"
    assert li.run() == []
    assert li.run() == [TaskEventKind.VERIFY]
    assert li.events[-1].details == {"seconds": 0, "occasions": 2}


def test_a_wrong_run_between_two_right_ones_begins_the_count_anew() -> None:
    li = crew(occasions=2, verify_for=365 * DAY)
    li.take()
    li.act(TaskEventKind.DONE)
    li.rule = RuleOutcome(RIGHT, li.now, 1)
    li.wait(MIN)
    assert [*li.run(), *li.run(WRONG), *li.run()] == []
    assert li.run() == [TaskEventKind.VERIFY]


def test_said_to_be_done_while_it_goes_on_it_is_opened_again_and_has_its_time_once_more() -> None:
    li = crew()
    li.take()
    li.wait(2 * 3600 * NS)
    li.act(TaskEventKind.DONE)
    assert li.wait(29 * MIN) == []
    assert li.wait(2 * MIN) == [TaskEventKind.REOPEN]
    assert (li.task.state, li.task.person, li.task.reopened) == (TaskStateName.TAKEN, "li", 1)
    assert li.task.due == li.events[-1].at + DAY


def test_an_alarm_that_comes_again_after_done_is_no_repair_and_before_it_the_same_task() -> None:
    li = crew()
    li.take()
    li.rule = RuleOutcome(WRONG, occurrence=2)
    assert li.wait(2 * NS) == [TaskEventKind.RECUR]
    assert li.take("wang") == [TaskEventKind.TAKE], "one repair of one alarm at a time"
    assert (li.task.recurred, li.task.person) == (1, "wang")
    li.act(TaskEventKind.DONE)
    li.rule = RuleOutcome(RIGHT, occurrence=2)
    li.wait(10 * MIN)
    li.rule = RuleOutcome(WRONG, occurrence=3)
    assert li.wait(2 * NS) == [TaskEventKind.RECUR, TaskEventKind.REOPEN]


def test_overdue_is_said_once_and_again_only_after_a_new_date() -> None:
    li = crew()
    li.take(due=START + 60 * MIN)
    assert li.wait(70 * MIN) == [TaskEventKind.OVERDUE]
    assert li.wait(DAY, step=600 * NS) == []
    li.do(li.manager.take_over(1, "wang", "", li.now + 60 * MIN, li.now))
    assert li.wait(70 * MIN) == [TaskEventKind.OVERDUE]


@pytest.mark.parametrize(
    ("before", "kind", "why"),
    [
        ([], TaskEventKind.DONE, "there is no task 1"),
        (["take", TaskEventKind.CANCEL], TaskEventKind.DONE, "task 1 was cancelled"),
        (["take", TaskEventKind.DONE], TaskEventKind.DONE, "done already"),
        (["take", TaskEventKind.CANCEL], TaskEventKind.NOTE, "task 1 was cancelled"),
    ],
)
def test_what_is_refused_says_why_in_both_languages(before: list, kind: TaskEventKind, why: str) -> None:
    li = crew()
    for one in before:
        li.take() if one == "take" else li.act(one)
    with pytest.raises(UsageError, match=why) as refused:
        li.act(kind)
    chinese = spoken(refused.value, "zh")
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)
    assert "task" not in chinese


@pytest.mark.parametrize("due", [START - 1, START, START + 367 * DAY, 2**62])
def test_a_date_that_no_repair_can_have_is_refused(due: int) -> None:
    li = crew()
    with pytest.raises(UsageError, match="within a year"):
        li.take(due=due)
    li.take()
    with pytest.raises(UsageError, match="within a year"):
        li.manager.take_over(1, "li", "", due, li.now)


def test_an_empty_note_is_none() -> None:
    li = crew()
    li.take()
    with pytest.raises(UsageError, match="needs words"):
        li.act(TaskEventKind.NOTE)


def test_where_there_is_no_alarm_there_is_nothing_to_take() -> None:
    over = replace(ALARM, condition=RIGHT, acked=True, cleared_at=START + 1)
    with pytest.raises(UsageError, match="no alarm to take"):
        crew().manager.take(over, "high", "li", "", 0, START)


ROPE = InspectionSettings(
    "rope", "hoist-1", Text(zh="检查钢丝绳", en="Look at the rope"), START, 90 * DAY, 7 * DAY
)


def test_an_inspection_comes_round_on_its_own_days_whenever_it_was_done() -> None:
    li = crew(inspections=(ROPE,))
    li.now = START - 8 * DAY
    assert li.wait(DAY // 2, step=3600 * NS) == []
    assert li.wait(DAY, step=3600 * NS) == [TaskEventKind.OPEN]
    assert (li.task.due, li.task.state) == (START, TaskStateName.OPEN)
    assert li.wait(7 * DAY, step=3600 * NS) == [TaskEventKind.OVERDUE]
    li.do(li.manager.take_over(1, "li", "", 0, li.now))
    li.act(TaskEventKind.DONE)
    assert li.task.closed
    assert li.wait(80 * DAY, step=3600 * NS) == []
    assert li.wait(7 * DAY, step=3600 * NS) == [TaskEventKind.OPEN]
    assert li.manager.task(2).due == START + 90 * DAY


@given(st.integers(1, 5), st.integers(-9, 9), st.integers(0, 30), st.integers(-10, 40))
def test_the_next_round_is_the_one_that_stepping_from_the_first_finds(
    every: int, first: int, done: int, now: int
) -> None:
    plan = replace(ROPE, first=first, every=every, ahead=0)
    last = first + done // 3 * every if done % 3 else 0
    due = first
    while (last and due <= last) or due + every <= now:
        due += every
    assert next_due(plan, last, now) == due


def test_a_plan_of_a_thousand_years_is_found_at_once() -> None:
    old = replace(ROPE, first=START - 740_000 * DAY, every=DAY, ahead=0)
    assert next_due(old, 0, START) == START


def test_rounds_that_were_missed_whole_are_not_made_up_for() -> None:
    li = crew(inspections=(ROPE,))
    li.now = START + 400 * DAY
    assert li.wait(NS, step=NS) == [TaskEventKind.OPEN]
    assert li.task.due == START + 360 * DAY


ACTIONS = st.lists(
    st.sampled_from(
        ["take", "take-over", "note", "done", "cancel", "right", "wrong", "unknown", "again", "wait", "long"]
    ),
    max_size=30,
)


@settings(max_examples=300, deadline=None)
@given(ACTIONS)
def test_whatever_happens_the_events_rebuild_the_tasks_and_the_life_makes_sense(actions: list[str]) -> None:
    li, occurrence = crew(inspections=(ROPE,)), 1
    conditions = {"right": RIGHT, "wrong": WRONG, "unknown": UNKNOWN}
    kinds = {"note": TaskEventKind.NOTE, "done": TaskEventKind.DONE, "cancel": TaskEventKind.CANCEL}
    for action in actions:
        newest = max(li.manager.tasks, default=1)
        occurrence += action == "again"
        if action in conditions or action == "again":
            li.rule = RuleOutcome(conditions.get(action, WRONG), occurrence=occurrence)
        try:
            if action == "take":
                li.do(li.manager.take(replace(ALARM, occurrence=occurrence), "high", "li", "", 0, li.now))
            elif action == "take-over":
                li.do(li.manager.take_over(newest, "wang", "", 0, li.now))
            elif action in kinds:
                li.act(kinds[action], newest, note="seen")
        except UsageError:
            before = dict(li.manager.tasks)
            assert before == dict(li.manager.tasks), "what is refused changes nothing"
        li.wait(40 * MIN if action == "long" else 4 * NS, step=4 * NS)
        assert fold(li.events) == dict(li.manager.tasks), "a restart has exactly this"
        open_keys = [task.key for task in li.manager.tasks.values() if not task.closed]
        assert len(open_keys) == len(set(open_keys)), "one open task of one alarm"
    for task in li.manager.tasks.values():
        mine = [event.kind for event in li.events if event.task == task.id]
        assert mine[0] is TaskEventKind.OPEN
        if TaskEventKind.VERIFY in mine:
            assert mine.index(TaskEventKind.VERIFY) > mine.index(TaskEventKind.DONE)
            assert mine[-1] is TaskEventKind.VERIFY, "nothing follows the proof"
        done = mine.count(TaskEventKind.DONE)
        assert mine.count(TaskEventKind.REOPEN) <= done
