"""Operating modes, worst devices and calendar months, and the commands that ask for them."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.alarm_history import AlarmHistory, alarm_history
from support.occurrences import DAY, HOUR, MINUTE, week
from support.query_sites import T0, MeterSite, StoredSite

from facilityd.cli.main import facilityd
from facilityd.errors import UsageError
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample
from facilityd.query.history import HistoryQuery, bucket_grid
from facilityd.query.instant_text import CalendarMonth, bucket_width
from facilityd.query.modes import mode_spans
from facilityd.query.state_spans import NOTHING
from facilityd.query.worst import WorstQuery
from facilityd.store.rollups import RollupWrite
from facilityd.store.samples import SampleWrite


@pytest.fixture
def history(history: AlarmHistory) -> AlarmHistory:
    history.watched(history.at("2026-10-01T00:00"), history.at("2026-10-07T00:00"))
    return history


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
