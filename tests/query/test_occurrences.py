"""All that happened, flat: occurrences, events, states over time, the worst devices, months."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.alarm_history import AlarmHistory
from support.occurrences import DAY, HOUR, week
from support.query_sites import T0, MeterSite, StoredSite

from facilityd.app.builtin import all_devices
from facilityd.cli.main import facilityd
from facilityd.errors import UsageError
from facilityd.model.alarm import ChangeKind
from facilityd.model.downtime import Downtime
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, STALE_PERIODS
from facilityd.query.event_log import SOURCES, EventFilter, kinds
from facilityd.query.occurrences import OccurrenceQuery, alarm_topics
from facilityd.query.state_spans import AWAY, NOTHING, StateAnswer, state_spans
from facilityd.store.downtimes import DowntimeWrite


@pytest.fixture
def history(history: AlarmHistory) -> AlarmHistory:
    history.watched(history.at("2026-10-01T00:00"), history.at("2026-10-07T00:00"))
    return history


# --- occurrences -----------------------------------------------------------------------------------


def test_every_occurrence_of_a_span_is_there_by_device_family_and_rule(history: AlarmHistory) -> None:
    first = history.at("2026-10-02T08:00")
    history.alarm(first - 3 * DAY, cleared=60)
    history.alarm(first, acked=30, cleared=90)
    history.alarm(first + HOUR, "hoist-1", "drive-trip")
    history.alarm(first + 2 * HOUR, "water", cleared=60, state="shelved")
    with history.ask(history.at("2026-10-07T00:00")) as query:
        rows = query.occurrences(OccurrenceQuery(*week(history)))
        hoists = query.occurrences(OccurrenceQuery(*week(history), family="hoist"))
        fires = query.occurrences(OccurrenceQuery(*week(history), devices=("fire",), rule="active"))
        then = query.occurrences(OccurrenceQuery(first + DAY, first + DAY + 1, standing=True))
    assert [(row.device, row.until is None) for row in rows] == [
        ("fire", False), ("hoist-1", True), ("water", False),
    ]  # fmt: skip
    assert (rows[0].person, rows[0].acknowledged_at, rows[2].told_at) == ("anna", first + 30 * NS, None)
    assert [row.device for row in hoists] == [row.device for row in then] == ["hoist-1"]
    assert [row.since for row in fires] == [first]


@pytest.mark.parametrize("wrong", [{"family": "hoists"}, {"rule": "no-rule"}, {"about": "lamp"}])
def test_what_there_is_not_is_refused_by_name(history: AlarmHistory, wrong: dict[str, str]) -> None:
    with history.ask(0) as query, pytest.raises(UsageError, match="no family, rule or topic"):
        query.occurrences(OccurrenceQuery(*week(history), **wrong))


def test_each_topic_names_rules_that_its_families_have(story: StoredSite) -> None:
    families = {one.family.family: one.family for one in all_devices(story.site).values()}
    assert {"lamps", "leaks", "brakes"} <= alarm_topics().keys()
    for name, topic in alarm_topics().items():
        for family, rules in topic.rules.items():
            known = families[family].rules if family in families else story.site.families[family].rules
            assert [rule for rule in rules if rule not in known] == [], name


def test_which_lamps_failed_is_one_question(story: StoredSite) -> None:
    with story.ask() as query:
        found = query.occurrences(OccurrenceQuery(story.now - DAY, story.now, about="lamps"))
    assert {row.family for row in found} <= {"lighting"}
    assert all(row.evidence.en and row.evidence.zh for row in found)


# --- events ----------------------------------------------------------------------------------------


def test_events_are_in_order_and_can_be_asked_by_source_and_kind(history: AlarmHistory) -> None:
    at = history.at("2026-10-02T08:00")
    history.alarm(at, acked=30, cleared=90)
    history.change(at + 60 * NS, ChangeKind.LOSE)
    history.away(at + HOUR, at + 2 * HOUR)
    with history.ask(at + DAY) as query:
        every = query.events(EventFilter(*week(history)), 100)
        lost = query.events(EventFilter(*week(history), kind="lose"), 100)
        raised = query.events(EventFilter(*week(history), kind="raise"), 100)
        one = query.events(EventFilter(*week(history)), 1)
        with pytest.raises(UsageError, match="no kind of event"):
            query.events(EventFilter(*week(history), kind="risen"), 1)
    assert [(row.source, row.kind) for row in every] == [
        ("alarm", "raise"), ("alarm", "acknowledge"), ("alarm", "clear"), ("downtime", "stopped"),
    ]  # fmt: skip
    assert [row.kind for row in lost] == ["lose"]
    assert [row.at for row in raised] == [at] == [row.at for row in one]
    assert set(SOURCES) <= set(kinds())


# --- states ----------------------------------------------------------------------------------------


def states_of(yard: MeterSite, since: float, until: float) -> StateAnswer:
    yard.now = T0 + round(until * NS) + DAY
    with yard.ask() as query:
        return query.states("gate", "power", T0 + round(since * NS), T0 + round(until * NS), 1000)


def test_a_state_lasts_until_the_next_value_or_until_it_is_old(yard: MeterSite) -> None:
    period = yard.stream.expected / NS
    stale = STALE_PERIODS * period
    yard.store(0, 5.0)
    yard.store(period, 5.0)
    yard.store(2 * period, 7.0)
    yard.store(3 * period, None, Reason.TIMEOUT)
    end = 3 * period + stale + 100
    answer = states_of(yard, 0, end)
    edges = [(one.value, one.quality, round((one.until - one.since) / NS, 6)) for one in answer.spans]
    assert edges == [
        (5.0, "good", 2 * period), (7.0, "good", period), (None, "timeout", stale), (None, NOTHING, 100),
    ]  # fmt: skip
    assert answer.totals()[0] == (5.0, 1, round(2 * period * NS))
    assert answer.totals()[-1][0] is None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(0, 3000), st.sampled_from([1.0, 2.0, None])),
        min_size=1, max_size=12, unique_by=lambda one: one[0],
    )
)  # fmt: skip
def test_spans_are_what_looking_at_each_second_would_say(
    yard: MeterSite, samples: list[tuple[int, float | None]]
) -> None:
    """Against the definition: the last sample up to an instant, as long as it is not old."""
    base = next(yard.regions)
    stale = STALE_PERIODS * yard.stream.expected // NS
    for at, value in samples:
        yard.store(base + at, value, None if value else Reason.TIMEOUT)
    answer = states_of(yard, base, base + 3600)
    spans = answer.spans
    assert all(a.until == b.since for a, b in pairwise(spans)), "without a hole"
    assert (spans[0].since, spans[-1].until) == (T0 + base * NS, T0 + (base + 3600) * NS)
    for second in range(0, 3600, 37):
        before = max((one for one in samples if one[0] <= second), default=None, key=lambda one: one[0])
        wanted = before[1] if before and second < before[0] + stale else None
        at = T0 + (base + second) * NS
        found = next(one for one in spans if one.since <= at < one.until)
        assert found.value == wanted, second


def test_a_time_nobody_watched_is_told_apart_from_one_in_which_nothing_came(history: AlarmHistory) -> None:
    at = history.at("2026-10-02T08:00")
    history.away(at, at + HOUR)
    with history.ask(at + DAY) as query:
        answer = query.states("fire", "active", at - HOUR, at + 2 * HOUR, 10)
    assert [one.quality for one in answer.spans] == [NOTHING, AWAY, NOTHING]
    with history.ask(at + DAY) as query, pytest.raises(UsageError, match="changed more than"):
        query.states("fire", "active", at - HOUR, at + 2 * HOUR, 2)


def test_a_state_does_not_hold_through_a_time_that_nobody_watched(yard: MeterSite) -> None:
    period = yard.stream.expected
    begin, end = T0 + 10 * period, T0 + 12 * period
    for n in (*range(11), *range(13, 20)):
        yard.store(n * period / NS, 1.0)
    yard.journal.commit([DowntimeWrite((Downtime(begin, end),))])
    answer = states_of(yard, 0, 20 * period / NS)
    assert [(one.value, one.quality, one.since, one.until) for one in answer.spans] == [
        (1.0, "good", T0, begin), (None, AWAY, begin, end), (1.0, "good", end, T0 + 20 * period),
    ]  # fmt: skip
    with yard.ask() as query:
        held = list(state_spans(query.journal, "gate", "power", T0, T0 + 20 * period))
    assert [one.value for one in held] == [1.0], "an operating mode goes on through a restart"


def test_what_was_at_a_time_that_nobody_watched_says_so(history: AlarmHistory, tmp_path: Path) -> None:
    at = history.at("2026-10-02T08:00")
    history.away(at, at + HOUR)
    history.store()
    done = CliRunner().invoke(
        facilityd, ["status", str(tmp_path), "fire", "--at", "2026-10-02T08:30", "--lang", "en"]
    )
    assert "facilityd was not running from 2026-10-02 08:00:00 to 2026-10-02 09:00:00" in done.output
