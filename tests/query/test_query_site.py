"""Every question to a stored site, its answer, and that the command line says the same in JSON."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.query_sites import T0, MeterSite, StoredSite

from facilityd.errors import UsageError
from facilityd.model.alarm import AlarmCondition, AlarmState, Change, ChangeKind
from facilityd.model.quality import Reason
from facilityd.model.readiness import ItemOutcome
from facilityd.model.sample import NS
from facilityd.query.rules import RuleStatus
from facilityd.query.site import SiteQuery
from facilityd.store.batch import ChangeRecord
from facilityd.store.changes import AlarmWrite, ChangeWrite

HOUR = 3600 * NS


def test_devices_have_values_ages_and_the_state_of_their_worst_alarm(story: StoredSite) -> None:
    with story.ask() as query:
        rows = {row.device: row for row in query.devices()}
    hoist, bridges, weather = rows["hoist-1"], rows["bridges"], rows["weather"]
    assert (hoist.state_id, hoist.priority) == ("emergency-stop", "critical")
    assert (bridges.state_id, bridges.priority) == ("lamp-failed", "low")
    assert (weather.state_id, weather.priority, weather.quality) == ("normal", "", "good")
    assert weather.age is not None
    expected = max(stream.expected for stream in story.site.devices["weather"].streams)
    assert 0 <= weather.age <= 3 * expected, "what is older is not good"
    wind = next(signal for signal in weather.signals if signal.signal == "wind")
    assert wind.shown.en == f"{wind.value:.1f} m/s"
    assert {"hoist-1", "bridges", "fountain-2", "weather", "facilityd"} <= rows.keys()


def test_later_every_value_is_old_and_only_its_age_grew(story: StoredSite) -> None:
    with story.ask() as now, story.ask(HOUR) as then:
        (before,), (after,) = now.devices(("weather",)), then.devices(("weather",))
    assert {signal.quality for signal in after.signals} == {"old"}
    assert after.quality == "old"
    assert [a.age - b.age for a, b in zip(after.signals, before.signals, strict=True)] == [HOUR] * len(
        before.signals
    )
    assert after.state_id == "unknown", "of old values nothing follows"


def test_a_device_that_there_is_not_is_refused_with_the_nearest_name(story: StoredSite) -> None:
    with story.ask() as query:
        for question in (
            lambda: query.devices(("wether",)),
            lambda: query.rules("wether"),
            lambda: query.alarm("wether", "silent"),
        ):
            with pytest.raises(UsageError, match="no device 'wether'") as refused:
                question()
            assert "weather" in (refused.value.hint or "")
        with pytest.raises(UsageError, match="with a checklist"):
            query.readiness("bridges")


def test_alarms_come_most_urgent_first_and_one_has_its_whole_life(story: StoredSite) -> None:
    with story.ask() as query:
        rows = query.alarms()
        record = query.alarm(rows[0].device, rows[0].rule)
        lamp = query.alarm("bridges", "lamp-failed")
    assert [row.level for row in rows] == sorted((row.level for row in rows), reverse=True)
    assert {row.device for row in rows} >= {"hoist-1", "bridges", "fountain-2"}
    assert all(0 < row.since <= story.now for row in rows)
    assert record.row == rows[0]
    assert [change.kind for change in lamp.changes][-1] is ChangeKind.RAISE
    assert [change.at for change in lamp.changes] == sorted(change.at for change in lamp.changes)
    assert lamp.evidence("en").startswith("The lamp has failed")
    assert lamp.plain()["action"][0].keys() == {"zh", "en"}


def test_rules_stand_as_the_daemon_left_them_and_after_a_stop_only_what_is_wrong(story: StoredSite) -> None:
    with story.ask() as query, story.ask(HOUR) as later:
        now = {(row.device.id, row.name): row for row in query.rules()}
        then = {(row.device.id, row.name): row for row in later.rules("bridges")}
    assert now["bridges", "lamp-failed"].standing is RuleStatus.WRONG
    assert then["bridges", "lamp-failed"].standing is RuleStatus.WRONG
    assert now["bridges", "dark"].standing is RuleStatus.RIGHT
    assert then["bridges", "dark"].standing is RuleStatus.UNJUDGED
    assert {device for device, _ in then} == {"bridges"}


def test_readiness_names_what_stands_against_the_next_ceremony(story: StoredSite) -> None:
    with story.ask() as query, story.ask(HOUR) as later:
        now, then = query.readiness("hoist-1"), later.readiness("hoist-1")
        recorded = query.recorded_checks(story.now - 24 * HOUR)
        coming = query.countdown()
    failed = {row.checked.item for row in now.items if row.checked.outcome is ItemOutcome.FAIL}
    assert "emergency-chain" in failed
    assert (now.ready, now.verdict, then.verdict) == (False, "fail", "unknown")
    assert coming.ceremony is not None
    assert (coming.ceremony.name, now.countdown) == ("sunset", coming)
    assert 12 * 3600 < coming.left < 15 * 3600
    assert {one.check.device for one in recorded} == {"hoist-1", "weather"}
    assert [one.minutes for one in recorded] == sorted((one.minutes for one in recorded), reverse=True)


def test_who_stopped_is_not_watching_and_who_never_ran_said_nothing(
    story: StoredSite, yard: MeterSite
) -> None:
    with story.ask(HOUR) as query:
        found = query.liveness()
    assert (found.state, found.at) == ("stopped", story.now + HOUR)
    assert abs(found.since - story.now) < 2 * NS
    assert found.warning("Asia/Shanghai", "en").startswith("NOT RUNNING since 2026-06-10 05:")
    with yard.ask() as query:  # the journal is held by a writer, as a daemon holds it
        assert query.liveness().state == "running"
        assert query.liveness().warning("Asia/Shanghai", "en") == ""
        yard.store(0, 10)
        yard.now = T0 + 151 * NS
        assert query.liveness().state == "hung"
    yard.journal.close()
    with yard.ask() as query:
        assert query.liveness().plain() == {
            "state": "stopped",
            "since": T0,
            "at": yard.now,
            "outdated_since": None,
        }


def test_a_value_is_as_old_as_its_last_good_reading(yard: MeterSite) -> None:
    yard.now = T0 + 5 * NS
    yard.store(0, 10)
    yard.store(4, None, Reason.TIMEOUT)
    with yard.ask() as query:
        (gate,) = query.devices(("gate",))
        power = next(signal for signal in gate.signals if signal.signal == "power")
        assert (power.value, power.quality, power.shown.en) == (None, "timeout", "—")
        assert (power.age, power.message_age) == (5 * NS, 1 * NS)
        (tower,) = query.devices(("tower",))
    assert {(s.age, s.message_age, s.quality) for s in tower.signals} == {(None, None, "never seen")}
    assert (tower.age, tower.state_id) == (None, "unknown")
    assert tower.plain()["signals"][0]["age"] is None


def test_an_alarm_of_what_left_the_site_is_known_by_its_ids(yard: MeterSite) -> None:
    state = AlarmState(
        "well", "dry", AlarmCondition.FALSE, occurrence=2, raised_at=T0, cleared_at=T0 + NS, unwatched=True
    )
    raised = Change(T0, "well", "dry", 2, ChangeKind.RAISE)
    yard.journal.commit([ChangeWrite([ChangeRecord(raised)]), AlarmWrite([state])])
    with yard.ask() as query:
        assert query.alarms() == []
        (row,) = query.alarms(everything=True)
        record = query.alarm("well", "dry")
        with pytest.raises(UsageError, match="gate has no rule 'dry'"):
            query.alarm("gate", "dry")
        with pytest.raises(UsageError, match="L2 is the number of a fault; it is found by "):
            query.alarm("gate", "L2")
    assert (row.state_id, row.state.en, row.what.en, row.priority) == (
        "no-longer-watched", "no longer watched", "dry", "",
    )  # fmt: skip
    assert (record.device, record.about, record.row) == (None, None, row)
    told = record.plain()
    assert (told["state"], told["changes"][0]["kind"]) == ("no-longer-watched", "raise")


def test_a_rule_that_was_never_raised_has_a_record_without_a_life(yard: MeterSite) -> None:
    rule = next(iter(yard.site.devices["gate"].family.rules))
    with yard.ask() as query:
        record = query.alarm("gate", rule)
    assert (record.row, list(record.changes), record.evidence("zh")) == (None, [], "")
    assert (record.plain()["state"], record.plain()["occurrence"]) == ("normal", 0)


def test_before_the_first_verdict_no_alarm_says_nothing(yard: MeterSite, story: StoredSite) -> None:
    with yard.ask() as query:
        assert query.unjudged().never
    with story.ask() as query:
        assert not query.unjudged().never


def test_without_a_journal_or_with_another_sites_there_is_no_answer(yard: MeterSite, tmp_path: Path) -> None:
    elsewhere = replace(yard.site, store=replace(yard.site.store, path=str(tmp_path / "none.db")))
    with pytest.raises(UsageError, match="no journal"):
        SiteQuery(elsewhere)
    yard.store(0, 10)
    with pytest.raises(UsageError):
        SiteQuery(replace(yard.site, id="meadow"))
