"""The morning digest: what happened, what is open, what is ready; once a day, and never a claim without a ground."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.notification_fixtures import SITE_CONTEXT

from facilityd.config.load import load
from facilityd.model.downtime import Downtime
from facilityd.model.notice import Notice, Purpose
from facilityd.model.people import MorningSettings
from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.model.text import Text
from facilityd.notify.morning import CeremonyOutlook, MorningFacts, NightAlarm, plan_morning
from facilityd.scenario.load import LIBRARY, square
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime

SITES = LIBRARY.parent / "sites" / "crew"
SITE = load(SITES / "site.yaml", SITES / "mornings.yaml")
ZONE = ZoneInfo("Asia/Shanghai")
HOUR = 3600


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()) * NS


def mornings(runtime: VirtualRuntime, person: str = "li") -> list[Notice]:
    taken = (n for n in runtime.mailbox.taken if n.purpose is Purpose.MORNING)
    return [n for n in taken if n.recipient == person]


def test_a_quiet_night_is_told_with_its_ground_and_only_to_who_wants_it(tmp_path: Path) -> None:
    with VirtualRuntime(subset(SITE, ("fire-gate",)), tmp_path, start=at("2026-06-10T17:00")) as runtime:
        runtime.advance(15 * HOUR)
        (told,) = mornings(runtime)
        assert told.subject == "【早报】小广场：夜间无报警"
        assert told.body.splitlines() == [
            "06-10 18:00 以来没有新报警。",
            "依据：06-10 18:00 至 06-11 07:30 监测程序连续运行，1 台设备中 1 台有当前数据",
        ]
        assert mornings(runtime, "wang") == []


def test_a_night_that_nobody_watched_from_its_beginning_is_not_called_quiet(tmp_path: Path) -> None:
    with VirtualRuntime(subset(SITE, ("fire-gate",)), tmp_path, start=at("2026-06-10T23:00")) as runtime:
        runtime.advance(9 * HOUR)
        (told,) = mornings(runtime)
        assert "监测不完整" in told.subject
        assert "06-10 18:00 至 06-10 23:00" in told.body
        assert len(mornings(runtime, "wang")) == 1, "what nobody saw is no quiet night"


def test_a_device_without_data_is_named(tmp_path: Path) -> None:
    site = subset(SITE, ("lamp-1", "lamp-2"))
    with VirtualRuntime(site, tmp_path, start=at("2026-06-10T17:00")) as runtime:
        runtime.advance(12 * HOUR)
        runtime.hazard("lamp-1-meter", "silent")
        runtime.advance(3 * HOUR)
        (told,) = mornings(runtime)
        lines = told.body.splitlines()
        assert lines[0] == "夜间报警（1 项）："
        assert "【提示】一号照明回路：照明回路的模块无应答，未解除，无人确认" in lines[1]
        assert "无当前数据的设备（1 台）：一号照明回路" in lines
        assert lines[-1].endswith("2 台设备中 1 台有当前数据")


def test_the_ceremonies_of_today_are_told_as_they_were_and_as_things_are(tmp_path: Path) -> None:
    wanted = MorningSettings(7 * 60, 18 * 60)
    demo = subset(load(square()), ("hoist-1", "weather"))
    people = {name: replace(one, morning=wanted) for name, one in demo.recipients.items()}
    with VirtualRuntime(replace(demo, recipients=people), tmp_path, start=at("2026-04-02T18:20")) as runtime:
        runtime.advance(12 * HOUR)
        runtime.fault("hoist-1", "estop")
        runtime.advance(HOUR)
        (told,) = mornings(runtime, "engineer")
    assert told.subject.startswith("[Morning, NOT READY] ")
    assert "National flag hoist, raising at sunrise 05:56: every item passes" in told.body
    assert "lowering at sunset 18:3" in told.body
    assert "NOT READY (" in told.body
    assert "Emergency-stop chain closed" in told.body


FACTS = MorningFacts(at("2026-06-10T18:00"), at("2026-06-11T07:30"), [], [], [], [], 12, 0, (0, 0), [])
PUMP, LEAK = Text(zh="一号泵", en="Pump 1"), Text(zh="漏电", en="it leaks")


def alarm(number: int = 0, ended: int | None = None, acked_by: str = "", times: int = 1) -> NightAlarm:
    raised = FACTS.since + number * 60 * NS
    return NightAlarm(PUMP, LEAK, Priority.HIGH, raised, ended, acked_by, times)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"raised": [alarm(times=3)]}, "漏电（3 次），未解除，无人确认"),
        ({"before": [alarm(acked_by="李")]}, "此前未解除（1 项）："),
        ({"before": [alarm(acked_by="李")]}, "未解除，李 已确认"),
        ({"hidden": 2}, "已抑制通知（搁置、停用、检修等）但正在报警：2 项"),
        ({"tasks": (3, 1)}, "未完成任务 3 项，超期 1 项"),
        ({"downtimes": [Downtime(FACTS.since, FACTS.since + NS)]}, "监测程序未运行"),
        ({"unseen": [PUMP]}, "无当前数据的设备（1 台）：一号泵"),
        (
            {"ceremonies": [CeremonyOutlook("sunset", FACTS.at + NS, PUMP, ready=False, against=(LEAK,))]},
            "日落降旗 07:30，一号泵：未就绪（漏电）",
        ),
    ],
)
def test_whatever_there_is_to_say_is_said_and_is_not_quiet(change: dict[str, object], said: str) -> None:
    facts = replace(FACTS, **change)  # type: ignore[arg-type]
    assert not facts.quiet
    (told,) = plan_morning(facts, SITE.recipients["li"], SITE_CONTEXT, 1)
    assert said in told.body


def test_nothing_to_say_is_quiet_and_a_long_list_is_counted() -> None:
    assert FACTS.quiet
    many = replace(FACTS, raised=[alarm(n) for n in range(40)])
    (told,) = plan_morning(many, SITE.recipients["li"], SITE_CONTEXT, 1)
    assert "… 另 25 项" in told.body
    assert told.key.startswith("morning/li/li-1-ntfy/1")
