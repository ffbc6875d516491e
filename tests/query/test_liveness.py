"""A daemon that hangs is seen by its heartbeat, a slow or a starting one is not taken for one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.query_sites import T0, MeterSite, StoredSite

from facilityd.cli.tail import LIVENESS_S, DaemonWatch
from facilityd.model.downtime import Pause
from facilityd.model.sample import NS
from facilityd.query.liveness import HUNG_AFTER, liveness, present_downtime
from facilityd.store.heartbeat_file import WRITER_STUCK, HeartbeatFile, HeartbeatRecord, Phase


def beat(yard: MeterSite, ago: float = 0.0, phase: Phase = "running", writer: float = 0.0) -> HeartbeatRecord:
    """Let the yard's daemon have beaten ``ago`` s before it is asked: since this machine was started."""
    now = HeartbeatRecord.now(phase, round(writer * NS))
    told = replace(now, steady=now.steady - round(ago * NS), at=yard.now - round(ago * NS))
    HeartbeatFile(yard.journal.path).write(told)
    return told


@pytest.mark.parametrize(
    ("ago", "phase", "writer", "state"),
    [
        (0, "running", 0, "running"), (8, "running", 0, "running"), (15, "running", 0, "hung"),
        (1, "running", 45, "running"), (1, "running", 61, "hung"), (15, "starting", 0, "starting"),
        (301, "starting", 0, "hung"),
    ],
)  # fmt: skip
def test_the_state_is_by_the_beat(
    yard: MeterSite, ago: float, phase: Phase, writer: float, state: str
) -> None:
    yard.store(-100, 10)
    beat(yard, ago, phase, writer)
    with yard.ask() as query:
        assert query.liveness().state == state


@pytest.mark.parametrize(
    ("ago", "phase", "writer", "judging"),
    [(8, "running", 0, True), (15, "running", 0, False), (1, "running", 61, False), (15, "starting", 0, False)],
)  # fmt: skip
def test_what_the_rules_said_before_a_hang_says_nothing_of_now(
    yard: MeterSite, ago: float, phase: Phase, writer: float, judging: bool
) -> None:
    yard.store(-100, 10)
    beat(yard, ago, phase, writer)
    with yard.ask() as query:
        assert query.liveness().judging == judging


def test_a_daemon_that_was_stopped_judged_until_a_moment_ago(story: StoredSite) -> None:
    for later, known in ((5 * NS, True), (HUNG_AFTER + NS, False)):
        with story.ask(later) as query:
            found = query.readiness("hoist-1").items
            assert ({"unknown"} == {one.checked.outcome.value for one in found}) != known
            assert query.unjudged().never != known


def test_who_follows_the_journal_is_told_once_that_nothing_more_will_come(
    yard: MeterSite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    yard.store(-100, 10)
    monkeypatch.setattr("time.time_ns", lambda: yard.now)
    steady = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: steady[0])
    with yard.ask() as query:
        watch = DaemonWatch(yard.site, query.journal, "en")
        for ago in (1, 15, 16, 1, 15):
            beat(yard, ago)
            steady[0] += LIVENESS_S
            watch.look()
    assert capsys.readouterr().err.count("NOT RESPONDING") == 2


def test_it_is_told_in_both_languages_with_the_age_of_the_last_beat(yard: MeterSite) -> None:
    yard.store(-100, 10)
    beat(yard, 15)
    with yard.ask() as query:
        found = query.liveness()
    assert found.since == T0 - 15 * NS
    assert "NOT RESPONDING" in found.warning("Asia/Shanghai", "en")
    assert "(15 s ago)" in found.warning("Asia/Shanghai", "en")
    assert "监测程序无反应" in found.warning("Asia/Shanghai", "zh")


def test_a_writer_that_is_stuck_is_told_of_as_such(yard: MeterSite) -> None:
    yard.store(-100, 10)
    beat(yard, 1, writer=89)
    with yard.ask() as query:
        found = query.liveness()
    assert (found.stuck, round((yard.now - found.since) / NS)) == (True, 90)
    assert "the journal has taken nothing since" in found.warning("Asia/Shanghai", "en")
    assert "卡在写盘上" in found.warning("Asia/Shanghai", "zh")
    assert WRITER_STUCK > HUNG_AFTER, "a long commit is no hang"


def test_a_start_says_until_when_the_site_was_watched(yard: MeterSite) -> None:
    beat(yard, 1, "starting")
    with yard.ask() as query:
        assert query.liveness().warning("Asia/Shanghai", "en") == "STARTING: nothing is recorded yet"
        yard.store(-600, 10)
        assert (
            query.liveness().warning("Asia/Shanghai", "en").startswith("STARTING: the site was watched until")
        )
        assert "正在启动" in query.liveness().warning("Asia/Shanghai", "zh")


def test_what_was_stored_a_moment_ago_is_a_sign_of_life_without_a_beat(yard: MeterSite) -> None:
    """The beat's file cannot be written any more: the journal still grows."""
    yard.store(-3, 10)
    beat(yard, 100)
    with yard.ask() as query:
        assert query.liveness().state == "running"
    yard.now = T0 + 13 * NS
    beat(yard, 100)
    with yard.ask() as query:
        assert query.liveness().state == "hung"


def test_a_sample_that_is_dated_ahead_is_no_sign_of_life(yard: MeterSite) -> None:
    yard.store(3600, 10)
    beat(yard, 20)
    with yard.ask() as query:
        assert query.liveness().state == "hung"


def test_a_hang_is_a_downtime_while_it_lasts(yard: MeterSite) -> None:
    yard.store(-100, 10)
    beat(yard, 20)
    with yard.ask() as query:
        found = present_downtime(yard.site, query.journal, yard.now)
        assert found
        assert (found.why, found.until) == (Pause.STOOD_STILL, yard.now)
        beat(yard)
        assert present_downtime(yard.site, query.journal, yard.now) is None
        assert liveness(yard.site, query.journal, yard.now).state == "running"
