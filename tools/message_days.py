"""What is told of tasks, ceremonies, mornings and states of devices, made as the daemon makes it."""

from __future__ import annotations

from collections.abc import Iterator

from message_desk import HOUR, LEAK, MIN, NIGHT, Desk, Told, at, pair

from facilityd.app.checklist import Checklists
from facilityd.model.downtime import Downtime
from facilityd.model.notice import Notice
from facilityd.model.people import DutyPlan
from facilityd.model.readiness import Check, CheckedItem, ItemOutcome
from facilityd.model.rule import Priority
from facilityd.model.task import TaskEvent, TaskEventKind, TaskKind, TaskState
from facilityd.model.text import Text
from facilityd.notify.morning import CeremonyOutlook, MorningFacts, NightAlarm, plan_morning
from facilityd.notify.readiness import ReadinessContext, plan_check
from facilityd.notify.roster import Roster
from facilityd.notify.state_over import StateOver, plan_state_over
from facilityd.notify.tasks import BY_OTHERS, TaskContext, plan_task


def ceremonies(desk: Desk) -> Iterator[Told]:
    """Yield what is told before a ceremony."""
    device = desk.devices["hoist-1"]
    lists = Checklists(desk.site)
    about = ReadinessContext(
        device.name,
        device.family.readiness,
        lists.names("hoist-1"),
        lists.signals("hoist-1"),
        desk.place.zone,
    )
    rise = at("2026-06-11T04:46")
    place = type(desk.place)(desk.place.name, desk.place.zone, "facilityd ready square")
    bad = CheckedItem(
        "emergency-chain", ItemOutcome.FAIL, {"estop_chain_ok": False}, ages={"estop_chain_ok": 4 * 10**9}
    )
    good = CheckedItem(
        "emergency-chain", ItemOutcome.PASS, {"estop_chain_ok": True}, ages={"estop_chain_ok": 4 * 10**9}
    )

    def check(item: CheckedItem, before: int) -> list[Notice]:
        made = Check(rise, before, "hoist-1", "sunrise", rise - before, (item,))
        return plan_check(made, about, place, desk.people, {"emergency-chain"})

    yield pair(
        "Not ready", "At T-60, T-30 and T-10 min before a ceremony, where an item stands against it.",
        check(bad, HOUR), ("未通过", "国旗升降机", "日出升旗 04:46"),
        ("NOT READY 04:46", "National flag hoist"),
    )  # fmt: skip
    yield pair(
        "Ready again", "Every item passes that did not at the check before.",
        check(good, 30 * MIN), ("已通过", "国旗升降机", "日出升旗 04:46"),
        ("Ready 04:46", "National flag hoist"),
    )  # fmt: skip


OTHERS = (
    (
        TaskEventKind.TAKE,
        "Taken over",
        "Somebody else takes a task; to who had it. This and the next two wait for the end of quiet hours.",
        "已由他人接手",
        "Taken over",
    ),
    (TaskEventKind.DONE, "Done by another", "Somebody else says so; to who has it.", "已报告完工", "Done"),
    (TaskEventKind.CANCEL, "Cancelled", "By somebody else; to who has it.", "已取消", "Cancelled"),
)


def tasks(desk: Desk) -> Iterator[Told]:
    """Yield what is told of repairs and inspections."""
    device = desk.devices["fountain-2"]
    rule, scope = device.family.rules["leakage"], (("fountain-2", "fountain"),)
    repair = TaskContext(device.name, rule.name, rule.priority, scope, rule.action, rule.short)
    patrol = TaskContext(
        device.name, Text(zh="月度绝缘检查", en="Monthly insulation test"), Priority.MEDIUM, scope,
        (Text(zh="断电挂牌", en="Lock out"), Text(zh="摇测绝缘并记录", en="Measure the insulation, note it")),
    )  # fmt: skip
    place, roster = desk.place, Roster(desk.people, DutyPlan(), desk.place.zone)
    place = type(place)(place.name, place.zone, "facilityd take square")
    task = TaskState(
        17,
        TaskKind.REPAIR,
        *LEAK[:1],
        NIGHT,
        rule="leakage",
        occurrence=1,
        person="王师傅",
        due=NIGHT + 4 * HOUR,
    )
    planned = TaskState(
        18, TaskKind.INSPECTION, "fountain-2", NIGHT, inspection="insulation", due=NIGHT + 60 * HOUR
    )
    for title, when, kind, state, about, zh, en, details in (
        (
            "Inspection is due",
            "An inspection comes round.",
            TaskEventKind.OPEN,
            planned,
            patrol,
            "待检查",
            "Inspect",
            {},
        ),
        (
            "Task overdue",
            "A repair or an inspection is late.",
            TaskEventKind.OVERDUE,
            task,
            repair,
            "任务超期",
            "Overdue",
            {},
        ),
        (
            "Repair in vain",
            "It was said to be done, and the data show that it is not.",
            TaskEventKind.REOPEN,
            task,
            repair,
            "修复未生效",
            "Not fixed",
            {},
        ),
        (
            "Repair verified",
            "The data were right for long enough; to who did it.",
            TaskEventKind.VERIFY,
            TaskState(
                17, TaskKind.REPAIR, "fountain-2", NIGHT, rule="leakage", occurrence=1, person="li", due=0
            ),
            repair,
            "修复已验证",
            "Verified",
            {"seconds": 1800.0},
        ),
        *[(title, when, kind, task, repair, zh, en, {}) for kind, title, when, zh, en in OTHERS],
    ):
        people = ("li", "ann") if kind in (TaskEventKind.VERIFY, *BY_OTHERS) else ("",)
        by, note = ("王师傅", "先处理此处") if kind in BY_OTHERS else ("", "")
        event = TaskEvent(state.id, NIGHT + 5 * HOUR, kind, by, note, details)
        notices = [
            n
            for person in people
            for n in plan_task(
                event,
                state
                if not person
                else TaskState(
                    17, TaskKind.REPAIR, "fountain-2", NIGHT, rule="leakage", occurrence=1, person=person
                ),
                about,
                place,
                roster,
                person,
            )
        ]
        what = ("绝缘", "Monthly insul") if planned is state else ("漏电", "earth leak")
        where = "fountain-2" if planned is state else "Fountain pump 2"
        yield pair(title, when, notices, (zh, "二号喷泉泵", what[0]), (en, where, what[1]))


def days(desk: Desk) -> Iterator[Told]:
    """Yield what is told by the calendar: the morning, and the end of a state."""
    since, now = at("2026-06-10T18:00"), at("2026-06-11T07:30")
    pump, hoist = desk.devices["fountain-2"], desk.devices["hoist-1"]
    leaks, clogged = pump.family.rules["leakage"], pump.family.rules["strainer-clogged"]
    night = [
        NightAlarm(pump.name, leaks.name, leaks.priority, NIGHT, NIGHT + 34 * MIN, "王师傅"),
        NightAlarm(
            desk.devices["fountain-1"].name, clogged.name, clogged.priority, NIGHT + HOUR, None, "", 3
        ),
    ]
    chain = hoist.family.readiness["emergency-chain"].name
    rise, fall = at("2026-06-11T04:46"), at("2026-06-11T19:42")
    outlook = [
        CeremonyOutlook("sunrise", rise, hoist.name, ready=True),
        CeremonyOutlook("sunset", fall, hoist.name, ready=False, against=(chain,)),
    ]
    gap = [Downtime(at("2026-06-11T03:10"), at("2026-06-11T03:25"))]
    full = MorningFacts(since, now, night, [], gap, [desk.devices["pole-3"].name], 44, 1, (3, 1), outlook)
    quiet = MorningFacts(since, now, [], [], [], [], 44, 0, (0, 0), outlook[:1])

    def morning(facts: MorningFacts) -> list[Notice]:
        return [n for person in desk.people for n in plan_morning(facts, person, desk.place, now)]

    yield pair(
        "Morning digest",
        "Once a day, to who wants it.",
        morning(full),
        ("未就绪", "市民广场", "未解除"),
        ("NOT READY", "Civic square"),
    )
    yield pair(
        "Morning digest of a quiet night",
        "With what it rests on; never where the daemon was blind.",
        morning(quiet),
        ("夜间无报警",),
        ("Morning", "Civic square", "no night alarms"),
    )
    over = plan_state_over(
        StateOver("fountain-2", "drained", at("2027-03-16T00:00")), pump.name, desk.people, desk.place
    )
    yield pair(
        "A state has ended",
        "Maintenance or a season ended by its time, and nothing stands there.",
        over,
        ("到期", "二号喷泉泵"),
        ("Over", "Fountain pump 2"),
    )
