"""What others do to somebody's task: who hears of it, and when."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from facilityd.app.task_notifier import TaskNotifier
from facilityd.config.load import load
from facilityd.model.notice import OF_TASKS, Notice, Purpose
from facilityd.model.people import ALL, DutyPlan, Hours, QuietHours
from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.model.settings import ChannelSettings, RecipientSettings
from facilityd.model.task import TaskEvent, TaskEventKind, TaskKind, TaskState
from facilityd.model.text import Text
from facilityd.notify.render import SiteContext
from facilityd.notify.roster import Roster
from facilityd.notify.tasks import BY_OTHERS, TaskContext, plan_task
from facilityd.scenario.load import square

ZONE = ZoneInfo("Asia/Shanghai")
NIGHT, MORNING = 1_781_118_000 * NS, 1_781_132_400 * NS
"""2026-06-11 03:00 and 07:00 there."""
NAMES = {"li": Text(zh="李师傅", en="Li"), "wang": Text(zh="王工", en="Wang")}
ABOUT = TaskContext(Text(zh="水泵", en="Pump"), Text(zh="漏电", en="Leak"), Priority.CRITICAL)
SLEEPS = (QuietHours(Hours(22 * 60, 7 * 60, frozenset({ALL})), Priority.CRITICAL),)


def told(
    kind: TaskEventKind, by: str, holder: str = "li", note: str = "", asleep: bool = False
) -> list[Notice]:
    people = [
        RecipientSettings(
            id=one,
            name=name,
            language="zh",
            minimum=Priority.LOW,
            quiet=SLEEPS if asleep else (),
            channels=(ChannelSettings(id=f"{one}-1-ntfy", kind="ntfy", options={}),),
        )
        for one, name in NAMES.items()
    ]
    task = TaskState(3, TaskKind.REPAIR, "pump", NIGHT, rule="leak", occurrence=2, person=by)
    event = TaskEvent(3, NIGHT, kind, by, note)
    place = SiteContext(Text(zh="场", en="Yard"), ZONE, "facilityd take yard", people=NAMES)
    return plan_task(event, task, ABOUT, place, Roster(people, DutyPlan(), ZONE), holder)


@pytest.mark.parametrize(
    ("kind", "purpose", "words"),
    [
        (TaskEventKind.TAKE, Purpose.TASK_TAKEN_OVER, "王工已于 2026-06-11 03:00 接手"),
        (TaskEventKind.DONE, Purpose.TASK_DONE, "王工已于 2026-06-11 03:00 报告完工"),
        (TaskEventKind.CANCEL, Purpose.TASK_CANCELLED, "王工已于 2026-06-11 03:00 取消"),
    ],
)
def test_who_had_it_is_told_who_did_what(kind: TaskEventKind, purpose: Purpose, words: str) -> None:
    (notice,) = told(kind, "wang", note="先停泵\x1b[31m")
    assert (notice.recipient, notice.purpose) == ("li", purpose)
    assert words in notice.body
    assert "说明：先停泵\n" in notice.body + "\n"


@pytest.mark.parametrize("by", ["li", "李师傅", "LI"])
def test_nobody_is_told_what_they_did_themselves(by: str) -> None:
    assert all(not told(kind, by) for kind in BY_OTHERS)


def test_where_nobody_had_it_nobody_is_told() -> None:
    assert not told(TaskEventKind.TAKE, "wang", holder="")
    assert not told(TaskEventKind.CANCEL, "wang", holder="root"), "no person of the site"


def test_it_waits_for_the_end_of_quiet_hours_and_a_critical_task_that_is_late_does_not() -> None:
    (notice,) = told(TaskEventKind.TAKE, "wang", asleep=True)
    assert notice.not_before == MORNING
    late = told(TaskEventKind.OVERDUE, "wang", asleep=True)
    assert {one.recipient for one in late} == {"li", "wang"}
    assert {one.not_before for one in late} == {0}


def test_each_kind_is_one_of_tasks() -> None:
    assert {p for p in Purpose if "task" in p} == OF_TASKS


def test_a_task_of_a_device_that_left_the_site_is_overdue_all_the_same() -> None:
    site = load(square(), secrets=False)
    task = TaskState(3, TaskKind.REPAIR, "gone", NIGHT, rule="leak", occurrence=2, person="crew", due=NIGHT)
    late = TaskEvent(3, NIGHT, TaskEventKind.OVERDUE)
    notices = TaskNotifier(site, {}).plan([late], {3: task}, {3: task})
    assert {one.recipient for one in notices} == set(site.recipients)
    assert all("gone" in one.subject and "leak" in one.subject for one in notices)
