"""What is told of alarms, made as the daemon makes it, of the demo site."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from message_desk import (
    CHANNEL,
    DRY,
    HOUR,
    LEAK,
    LEAKING,
    LINK,
    LIVE,
    MIN,
    NIGHT,
    POLE,
    STRAINER,
    Desk,
    Told,
    eased,
    pair,
    worse,
)

from facilityd.alarm.events import AlarmEvent
from facilityd.model.alarm import Change, ChangeKind
from facilityd.model.command import (
    RealarmAlarm,
    ReturnToService,
    ShelveAlarm,
    TakeOutOfService,
)
from facilityd.model.finding import Evidence
from facilityd.model.notice import Notice
from facilityd.model.suppression import Suppression, Suppressor
from facilityd.notify.digest import plan_digests
from facilityd.notify.merge import merged
from facilityd.notify.sparkline import Sparkline

ZH, EN = ("紧急", "二号喷泉泵", "漏电"), ("CRIT", "Fountain pump 2", "earth leak")


def raised(desk: Desk) -> Iterator[Told]:
    """Yield how an alarm begins, goes on and ends."""
    staged = desk.alarm(LEAK)
    signal = staged.planner.contexts[LEAK].signals["leakage"]
    staged.sparkline = Sparkline(signal, "▁▁▁▁▁▁▁▁▁▁▁▁▂▂▁▂▂▂▃▄▅▇█", 0.0031, 0.0214, 20 * MIN)
    yield pair(
        "Raised", "An alarm begins, or its cause is over and it goes on.", staged.finds(True, LEAKING), ZH, EN
    )
    staged.sparkline = None
    raise_ = Change(staged.now, *LEAK, 1, ChangeKind.RAISE, LEAKING)
    people = ("li", "ann")
    due = staged.now + 10 * MIN
    escalated = staged.planner.escalate(raise_, staged.state, people, due, due)
    yield pair("Escalated", "Nobody has acknowledged it by a step of the escalation.", escalated, ZH, EN)
    staged.now += 12 * MIN
    yield pair(
        "Acknowledged",
        "Somebody is on it (high priority and above); not to that person.",
        staged.ack(),
        ("已有人处理", *ZH[1:]),
        ("Taken on", *EN[1:]),
    )
    asked = staged.passes(HOUR)
    yield pair("Still on it?", "An acknowledgement has grown old while the alarm goes on.", asked, ZH, EN)
    staged.ack()
    staged.now += 20 * MIN
    ended = staged.finds(False, DRY)
    yield pair(
        "Cleared", "To whoever was told that it was raised.", ended, ("已恢复", *ZH[1:]), ("Cleared", *EN[1:])
    )
    staged.now += HOUR
    staged.finds(True, LEAKING)
    staged.now += 3 * MIN
    yield pair(
        "Cleared, not acknowledged",
        "The same, where nobody has looked.",
        staged.finds(False, DRY),
        ("已恢复，未确认", *ZH[1:]),
        ("Cleared", *EN[1:]),
    )


def latched(desk: Desk) -> Iterator[Told]:
    """Yield what waits for an inspection."""
    staged = desk.alarm(POLE, latching=True)
    numbers = {"value": 0.0008, "limit": 0.003, "for_s": 600.0, "unit": "A"}
    dead = replace(LIVE, slug="clear-above", numbers=numbers)
    staged.finds(True, LIVE)
    staged.now += 4 * MIN
    yield pair(
        "Latched",
        "The condition is over; the alarm stays until somebody has inspected.",
        staged.finds(False, dead),
        ("待检查复位", "城楼台基", "灯杆带电"),
        ("Latched", "Gate tower base", "pole live"),
    )


def again(desk: Desk) -> Iterator[Told]:
    """Yield what is told again, and what people keep silent."""
    device, rule = STRAINER
    staged = desk.alarm(STRAINER)
    clogged = Evidence(
        "limit-below", {"value": -0.42, "limit": -0.3, "for_s": 300.0, "unit": "bar"}, "inlet_pressure"
    )
    staged.finds(True, clogged)
    staged.now += 2 * HOUR
    staged.ack()
    about = {"device": device, "rule": rule, "person": "李师傅"}
    zh, en = ("一号喷泉泵", "进水滤网堵塞"), ("Fountain pump 1", "strainer clogged")
    yield pair(
        "Announced again",
        "Somebody took the acknowledgement back, or a repair is not proven after an hour.",
        staged.asks(AlarmEvent.REALARM, RealarmAlarm(**about)),
        ("再次提醒", *zh),
        ("LOW", *en),
    )
    staged.asks(AlarmEvent.SHELVE, ShelveAlarm(**about, comment="等备件", until=staged.now + HOUR))
    yield pair(
        "Shelf over",
        "A shelf ended by its time, and the alarm goes on.",
        staged.passes(HOUR),
        ("搁置到期", *zh),
        ("LOW", *en),
    )
    out = TakeOutOfService(**about, ticket="GP-0612", comment="换泵", until=staged.now + 24 * HOUR)
    staged.asks(AlarmEvent.OUT_OF_SERVICE, out)
    yield pair(
        "Review is due",
        "An alarm is out of service, and the day of its review has come.",
        staged.passes(24 * HOUR),
        ("停用待复查", *zh),
        ("Review", "fountain-1", "strainer clogged"),
    )
    back = staged.asks(AlarmEvent.RETURN_TO_SERVICE, ReturnToService(**about))
    yield pair(
        "Back in service",
        "It was returned to service, and goes on.",
        back,
        ("恢复使用", *zh),
        ("LOW", *en),
    )
    fact = Suppression(
        Suppressor.BY_STATE, staged.now, staged.now + HOUR, "李师傅", "换滤网", state="maintenance"
    )
    staged.alarms.begin_state(device, [rule], staged.now, fact, "c")
    yield pair(
        "State over",
        "Maintenance, or a season, ended by its time, and the alarm goes on.",
        staged.passes(HOUR),
        ("检修结束", *zh),
        ("LOW", *en),
    )


def silenced(desk: Desk) -> Iterator[Told]:
    """Yield what is told of a critical alarm that a person keeps silent."""
    for event, command, title, zh, en in (
        (
            AlarmEvent.SHELVE,
            ShelveAlarm(
                device=LEAK[0], rule=LEAK[1], person="王师傅", comment="正在断电检修", until=NIGHT + HOUR
            ),
            "Shelved",
            "已搁置",
            "Shelved",
        ),
        (
            AlarmEvent.OUT_OF_SERVICE,
            TakeOutOfService(
                device=LEAK[0],
                rule=LEAK[1],
                person="王师傅",
                comment="水泵已吊出",
                ticket="GP-0610",
                until=NIGHT + 24 * HOUR,
            ),
            "Out of service",
            "已停用",
            "Removed",
        ),
    ):
        staged = desk.alarm(LEAK)
        staged.finds(True, LEAKING)
        yield pair(
            title,
            "Of a critical alarm, to whoever answers for it and the supervisor.",
            staged.asks(event, command),
            (zh, *ZH[1:]),
            (en, *EN[1:]),
        )


def causes(desk: Desk) -> Iterator[Told]:
    """Yield alarms that stand for others: a link, a channel; one that grew; one that nothing watches."""
    staged = desk.alarm(LINK)
    down = Evidence("limit-is", {"value": False, "for_s": 10.0, "unit": ""}, "up")
    blind = {"blind": ["fountain-1", "fountain-2", "fountain-3"], "in_alarm": [["fountain-2", "leakage"]]}
    yield pair(
        "A link is down",
        "One message for all that is blind without it, and what was in alarm before.",
        staged.finds(True, down, **blind),
        ("紧急", "fountain-gateway", "中断"),
        ("CRITICAL", "fountain-gateway", "down"),
    )
    staged = desk.alarm(CHANNEL)
    refuses = Evidence("limit-is", {"value": False, "for_s": 120.0, "unit": "", "because_why": 1}, "taking")
    yield pair(
        "A channel is broken",
        "Over the other channels.",
        staged.finds(True, refuses),
        ("重要", "通知渠道 值班员", "不接收"),
        ("HIGH", "Duty crew's webhook", "refuses"),
    )
    staged = desk.alarm(LEAK)
    staged.finds(True, replace(LEAKING, extent=("leakage",)))
    staged.now += 5 * MIN
    wider = replace(LEAKING, extent=("leakage", "flood"))
    yield pair(
        "More of it",
        "The alarm goes on, and is of more than was told.",
        staged.finds(True, wider),
        ("范围扩大", *ZH[1:]),
        EN,
    )
    yield worse(desk)
    yield eased(desk)
    gone = staged.alarms.retire(*LEAK, Evidence("unwatched-device", {}), staged.now + HOUR)
    yield pair(
        "No longer watched",
        "The device or the rule left the site while the alarm stood.",
        staged.tell(gone),
        ("不再监测", *ZH[1:]),
        ("Unwatched", *EN[1:]),
    )


def together(desk: Desk) -> Iterator[Told]:
    """Yield several notices as one message."""
    several = [
        desk.alarm(key) for key in (("fountain-1", "leakage-raised"), ("fountain-3", "leakage-raised"))
    ]
    raised_ = Evidence(
        "limit-above", {"value": 0.0102, "limit": 0.0075, "for_s": 300.0, "unit": "A"}, "leakage"
    )
    for staged in several:
        staged.finds(True, raised_)
    several[1].now += HOUR
    several[1].finds(False, replace(DRY, numbers={**DRY.numbers, "limit": 0.006}))
    states = {staged.key: staged.state for staged in several}

    def mine(person: str) -> list[Notice]:
        return [n for staged in several for n in staged.ledger.sent if n.recipient == person]

    def digest(wait: int) -> list[Notice]:
        found = []
        for person in desk.people:
            waited = [replace(n, not_before=n.at + wait) for n in mine(person.id)]
            found += plan_digests(waited, lambda *key: states[key], desk.place, NIGHT + 9 * HOUR, "ntfy")
        return found

    yield pair(
        "Digest of quiet hours",
        "When quiet hours end: what was put off, with what became of it.",
        digest(9 * HOUR),
        ("重要", "汇总", "市民广场", "2 项报警"),
        ("HIGH", "digest", "Civic square", "2 alarms"),
    )
    yield pair(
        "Digest in a flood",
        "After five pushes in ten minutes; what is critical stays single.",
        digest(MIN),
        ("重要", "合并", "市民广场", "2 项报警"),
        ("HIGH", "many", "Civic square", "2 alarms"),
    )
    robot = [merged(mine(person.id))[0] for person in desk.people]
    yield pair(
        "Merged by a robot",
        "What a robot's pace would make wait.",
        robot,
        ("重要", "一号喷泉泵", "剩余电流偏高"),
        ("HIGH", "Fountain pump 1", "leakage raised"),
    )
    yield pair(
        "Test message",
        "`facilityd notify test`, and daily with `proof_of_life`.",
        several[0].planner.test(NIGHT),
        ("测试", "市民广场", "正常"),
        ("Test", "Civic square", "works"),
    )
