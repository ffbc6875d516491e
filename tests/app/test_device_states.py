"""States of a device: begun by a person or by a season, always listed, always over at some time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.commands import result

from facilityd.app.seasons import ends_at
from facilityd.config.load import load
from facilityd.errors import ConfigError
from facilityd.model.command import Command, StartMaintenance, StopMaintenance
from facilityd.model.notice import Purpose
from facilityd.model.sample import NS
from facilityd.model.settings import SeasonSettings
from facilityd.query.site import SiteQuery
from facilityd.scenario.load import LIBRARY
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader
from facilityd.supervise.inbox import Inbox

SITES = LIBRARY.parent / "sites" / "crew"
HOUR = 3600 * NS
ZONE = ZoneInfo("Asia/Shanghai")
WINTER = SeasonSettings("winter", "drained", ("lamp-1",), (11, 15), (3, 16), "frost")
WATCHED = subset(load(SITES / "site.yaml", SITES / "winter.yaml"), ("lamp-1", "lamp-2"))


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()) * NS


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(replace(WATCHED, seasons=()), tmp_path, start=at("2026-12-01T22:00")) as opened:
        opened.advance(120)
        yield opened


def ask(runtime: VirtualRuntime, command: Command) -> str:
    name = Inbox(runtime.journal).drop(command)
    runtime.advance(60)
    return result(runtime.journal, name)


def states(runtime: VirtualRuntime) -> dict[str, str]:
    """Return what the list of devices says of the state of each that is in one."""
    with SiteQuery(runtime.load(0)[0], lambda: runtime.now) as query:
        return {row.device: row.state.en for row in query.devices() if row.held}


def ended(runtime: VirtualRuntime) -> list[str]:
    with JournalReader.open(runtime.journal) as reader:
        return [e.notice.subject for e in reader.outbox() if e.notice.purpose is Purpose.STATE_OVER]


def start(runtime: VirtualRuntime, state: str, lasts: int, device: str = "lamp-1") -> str:
    made = StartMaintenance(device=device, person="li", reason="why", until=runtime.now + lasts, state=state)
    return ask(runtime, made)


def test_a_person_begins_and_ends_a_state_and_it_is_listed_meanwhile(runtime: VirtualRuntime) -> None:
    assert states(runtime) == {}
    assert start(runtime, "wind-hold", 6 * HOUR) == ""
    assert "held for the wind" in states(runtime)["lamp-1"]
    assert "in state wind-hold already" in start(runtime, "maintenance", HOUR)
    assert start(runtime, "wind-hold", 7 * HOUR) == "", "another end"
    assert ask(runtime, StopMaintenance(device="lamp-1", person="li")) == ""
    assert states(runtime) == {}
    assert ended(runtime) == [], "who ends it knows"


@pytest.mark.parametrize(
    ("state", "lasts", "said"),
    [
        ("flying", HOUR, "no state 'flying'"),
        ("wind-hold", 80 * HOUR, "within 72 hours"),
        ("maintenance", 25 * HOUR, "within 24 hours"),
        ("drained", 0, "ends in the future"),
    ],
)
def test_a_state_has_a_longest_time(runtime: VirtualRuntime, state: str, lasts: int, said: str) -> None:
    assert said in start(runtime, state, lasts)


def test_that_it_ended_by_its_time_is_told_once_whatever_restarts(runtime: VirtualRuntime) -> None:
    assert start(runtime, "maintenance", HOUR) == ""
    runtime.advance(3000)
    runtime.restart(1800)  # it ends meanwhile
    runtime.advance(600)
    runtime.restart(10)
    runtime.advance(600)
    assert ended(runtime) == ["【检修到期】一号照明回路：恢复通知，当前无报警"]


def test_a_season_begins_and_ends_by_its_days_over_restarts(tmp_path: Path) -> None:
    with VirtualRuntime(WATCHED, tmp_path, start=at("2026-11-14T23:30")) as runtime:
        runtime.advance(1200)
        assert states(runtime) == {}
        runtime.advance(1200)
        assert list(states(runtime)) == ["lamp-1"]
        runtime.restart(10)
        runtime.advance(60)
        with SiteQuery(runtime.load(0)[0], lambda: runtime.now) as query:
            (fact,) = {fact for row in query.alarms() for fact in row.suppressors}
        assert (fact.state, fact.person, fact.until) == ("drained", "seasons.winter", at("2027-03-16T00:00"))
        with JournalReader.open(runtime.journal) as reader:
            kinds = [(one.kind, one.person) for one in reader.commands(0)]
        assert kinds == [("maintenance", "seasons.winter")], "once, and on record"


def test_a_season_that_a_person_ended_does_not_begin_again(tmp_path: Path) -> None:
    with VirtualRuntime(WATCHED, tmp_path, start=at("2026-12-01T22:00")) as runtime:
        runtime.advance(120)
        assert list(states(runtime)) == ["lamp-1"]
        assert ask(runtime, StopMaintenance(device="lamp-1", person="li")) == ""
        runtime.restart(10)
        runtime.advance(3 * 3600)
        assert states(runtime) == {}


def test_a_season_that_left_the_files_ends(tmp_path: Path) -> None:
    with VirtualRuntime(WATCHED, tmp_path, start=at("2026-12-01T10:00")) as runtime:
        runtime.advance(120)
        assert list(states(runtime)) == ["lamp-1"]
        runtime.reload(replace(WATCHED, seasons=()))
        runtime.advance(120)
        assert states(runtime) == {}
        runtime.reload(WATCHED)
        runtime.advance(120)
        assert list(states(runtime)) == ["lamp-1"]


@pytest.mark.parametrize(
    ("when", "begin", "until", "end"),
    [
        ("2026-11-14T23:59", (11, 15), (3, 16), ""),
        ("2026-11-15T00:00", (11, 15), (3, 16), "2027-03-16T00:00"),
        ("2027-03-15T23:59", (11, 15), (3, 16), "2027-03-16T00:00"),
        ("2027-03-16T00:00", (11, 15), (3, 16), ""),
        ("2027-07-01T00:00", (6, 1), (9, 1), "2027-09-01T00:00"),
        ("2027-02-28T12:00", (1, 1), (2, 29), "2027-03-01T00:00"),
        ("2028-02-28T12:00", (1, 1), (2, 29), "2028-02-29T00:00"),
    ],
)
def test_the_days_of_a_season(when: str, begin: tuple[int, int], until: tuple[int, int], end: str) -> None:
    season = replace(WINTER, begin=begin, until=until)
    assert ends_at(season, at(when), ZONE) == (at(end) if end else 0)


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("lamp-1]", "lamp-9]", "'lamp-9' is no device of this site"),
        ("lamp-1]", "lamp-1], families: [hoist]", "no family"),
        ("lamp-1]", "lamp-1], also: [fire]", "these devices have no rule 'fire'"),
        ('"11-15"', '"11-31"', "month and day expected"),
        ("devices: [lamp-1], ", "", "devices or families are needed"),
        ('"03-16"', '"11-15"', "begins and ends on the same day"),
        ("drained", "frozen", "frozen"),
    ],
)
def test_a_mistake_in_a_season_has_its_place(tmp_path: Path, wrong: str, right: str, said: str) -> None:
    text = (SITES / "winter.yaml").read_text(encoding="utf-8")
    assert wrong in text
    file = tmp_path / "people.yaml"
    file.write_text(text.replace(wrong, right), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"people\.yaml:\d+:\d+") as told:
        load(SITES / "site.yaml", file)
    assert said in str(told.value)


def test_check_warns_of_danger_that_nobody_hears_of_in_a_season(tmp_path: Path) -> None:
    text = (SITES / "winter.yaml").read_text(encoding="utf-8")
    file = tmp_path / "people.yaml"
    file.write_text(text.replace("lamp-1]", "lamp-1], also: [leakage]"), encoding="utf-8")
    (warning,) = [w for w in load(SITES / "site.yaml", file).warnings if "endangers people" in w]
    assert "leakage" in warning
