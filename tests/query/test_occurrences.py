"""All that happened, flat: occurrences, events, states over time, the worst devices, months."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.alarm_history import AlarmHistory, alarm_history
from support.query_sites import T0, MeterSite, StoredSite

from facilityd.app.builtin import all_devices
from facilityd.cli.main import facilityd
from facilityd.errors import UsageError
from facilityd.model.alarm import ChangeKind
from facilityd.model.downtime import Downtime
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, STALE_PERIODS, Sample
from facilityd.query.event_log import SOURCES, EventFilter, kinds
from facilityd.query.history import HistoryQuery, bucket_grid
from facilityd.query.instant_text import CalendarMonth, bucket_width
from facilityd.query.modes import mode_spans
from facilityd.query.occurrences import OccurrenceQuery, alarm_topics
from facilityd.query.state_spans import AWAY, NOTHING, StateAnswer, state_spans
from facilityd.query.worst import WorstQuery
from facilityd.store.downtimes import DowntimeWrite
from facilityd.store.rollups import RollupWrite
from facilityd.store.samples import SampleWrite

MINUTE, HOUR, DAY = 60 * NS, 3600 * NS, 86_400 * NS


@pytest.fixture
def history(tmp_path: Path) -> Iterator[AlarmHistory]:
    with alarm_history(tmp_path) as made:
        made.watched(made.at("2026-10-01T00:00"), made.at("2026-10-07T00:00"))
        yield made


def week(history: AlarmHistory) -> tuple[int, int]:
    return history.at("2026-10-01T00:00"), history.at("2026-10-07T00:00")


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


def test_a_raising_of_the_flag_is_one_stay_and_what_is_skipped_changes_nothing(story: StoredSite) -> None:
    hoist = story.site.devices["hoist-1"]
    with story.ask() as query:
        found = mode_spans(query.journal, hoist, story.now - 6 * HOUR, story.now)
        shifted = mode_spans(query.journal, hoist, found[0].since - MINUTE, found[0].until + MINUTE)
        cut = mode_spans(query.journal, hoist, found[0].since + MINUTE, story.now)
    assert [(one.mode, one.kind, one.whole) for one in found] == [("moving", "raising", True)]
    assert shifted == found, "hours that were skipped hold no other run"
    assert 60 * NS < found[0].until - found[0].since < 300 * NS
    assert cut[0].begun is False


@pytest.mark.parametrize("seed", range(4))
def test_operating_modes_are_those_of_the_samples_however_many_hours_are_rolled_up(
    yard: MeterSite, seed: int
) -> None:
    """Lights that change within, at and just after full hours; times without a value, and in doubt."""
    chance, step, begin = random.Random(seed), 5 * NS, T0 // HOUR * HOUR
    names = yard.stream.signals
    full = [begin + n * HOUR + d for n in range(1, 6) for d in (0, 700_000_000, 26 * NS)]
    edges = sorted([*chance.sample(full, 5), *(begin + chance.randrange(6 * HOUR) for _ in range(2))])
    silent = begin + chance.randrange(6 * HOUR)
    samples = []
    for at in range(begin, begin + 6 * HOUR, step):
        lit = sum(edge <= at for edge in edges) % 2 == 1
        power = chance.uniform(30, 90) if lit else chance.uniform(0, 9)
        if not silent <= at < silent + 40 * NS:
            doubt = {names.index("power"): Reason.CLOCK} if chance.random() < 0.0002 else {}
            values = tuple(power if name == "power" else True for name in names)
            samples.append(Sample(yard.stream, at, at, values, doubt))
    yard.journal.commit([SampleWrite(samples)])
    gate, span = yard.site.devices["gate"], (begin - HOUR, begin + 6 * HOUR)
    with yard.ask() as query:
        raw = mode_spans(query.journal, gate, *span)
        for hours in (3, 6):
            yard.journal.commit([RollupWrite(begin + hours * HOUR, 0, 100)])
            assert mode_spans(query.journal, gate, *span) == raw, hours
    assert {one.mode for one in raw} == {"lit", "commanded"}
    sums = {
        (at, 20 < held)
        for at, held in ((s.at, s.values[names.index("power")]) for s in samples if not s.reasons)
    }
    for at, lit in sums:
        modes = [one.mode for one in raw if one.since <= at < one.until]
        assert modes == ["lit" if lit else "commanded"], at


# --- the worst, and months -------------------------------------------------------------------------


def test_the_worst_devices_come_first_by_what_is_asked(history: AlarmHistory) -> None:
    at = history.at("2026-10-02T08:00")
    for n in range(3):
        history.alarm(at + n * HOUR, "fire", cleared=60)
    history.alarm(at, "water", cleared=7200)
    with history.ask(history.at("2026-10-07T00:00")) as query:
        by_alarms = query.worst(WorstQuery(*week(history))).rows
        by_time = query.worst(WorstQuery(*week(history), order="time", top=1)).rows
        with pytest.raises(UsageError):
            query.worst(WorstQuery(*week(history), family="lamps"))
    assert [(row.device, row.alarms, row.in_alarm_s) for row in by_alarms[:2]] == [
        ("fire", 3, 180), ("water", 1, 7200),
    ]  # fmt: skip
    assert [row.device for row in by_time] == ["water"]


def test_months_are_those_of_the_sites_calendar(tmp_path: Path) -> None:
    with alarm_history(tmp_path, "Europe/Berlin") as made:
        asked = HistoryQuery(
            "fire", "active", made.at("2026-02-10T05:00"), made.at("2026-05-02T00:00"), bucket_width("month")
        )
        grid = list(bucket_grid(made.site, asked))
        starts = [made.at(f"2026-{month:02d}-01T00:00") for month in (2, 3, 4, 5, 6)]
    assert [start for start, _, _ in grid] == starts[:4]
    assert [width for _, _, width in grid] == [b - a for a, b in pairwise(starts)]
    assert grid[1][2] == 31 * DAY - HOUR, "in March the clock is put forward"
    assert isinstance(bucket_width(" 月 "), CalendarMonth)
    assert not isinstance(bucket_width("30d"), CalendarMonth)


def test_a_month_is_what_its_days_come_to(yard: MeterSite) -> None:
    for n in range(20):
        yard.store(n * 43_200, float(n))
    with yard.ask() as query:
        span = ("gate", "power", T0 - DAY, T0 + 20 * DAY)
        months = query.history(HistoryQuery(*span, CalendarMonth())).buckets
        days = query.history(HistoryQuery(*span, DAY)).buckets
    assert (len(months), sum(one.count for one in months)) == (2, sum(one.count for one in days))
    assert max(one.greatest for one in months if one.greatest is not None) == 19.0


# --- the commands ----------------------------------------------------------------------------------


def told(*words: str) -> Any:
    done = CliRunner().invoke(facilityd, [*words, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_commands_say_what_the_read_model_does(history: AlarmHistory, tmp_path: Path) -> None:
    history.alarm(history.at("2026-10-02T08:00"), acked=30, cleared=90)
    history.store()
    site, span = str(tmp_path), ("--since", "2026-10-01", "--until", "2026-10-07")
    assert [row["kind"] for row in told("events", site, *span)] == ["raise", "acknowledge", "clear"]
    assert [row["rule"] for row in told("alarms", site, *span, "--family", "contact")] == ["active"]
    assert told("states", site, "fire", "active", *span)["spans"][0]["quality"] == NOTHING
    assert told("worst", site, *span)["devices"][0]["device"] == "fire"
    then = told("status", site, "fire", "--at", "2026-10-02T08:01")
    assert [row["device"] for row in then["alarms"]] == ["fire"]
    for words in (["events", *span], ["alarms", *span, "--rule", "active"], ["worst", *span],
                  ["states", "fire", "active", *span], ["status", "--at", "2026-10-02T08:01"]):  # fmt: skip
        name, *rest = words
        for language in ("zh", "en"):
            done = CliRunner().invoke(facilityd, [name, site, *rest, "--lang", language])
            assert (done.exit_code, bool(done.output)) == (0, True), done.output


def test_one_alarm_whole_takes_no_span(history: AlarmHistory, tmp_path: Path) -> None:
    history.store()
    done = CliRunner().invoke(facilityd, ["alarms", str(tmp_path), "fire", "active", "--since", "7d"])
    assert isinstance(done.exception, UsageError)
