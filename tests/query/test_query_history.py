"""History: a signal over a span, in values or buckets, and never a value where there was none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.journals import purge
from support.query_sites import T0, MeterSite, StoredSite

from facilityd.app.builtin import all_devices
from facilityd.errors import UsageError
from facilityd.model.downtime import Downtime
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample
from facilityd.query.history import MOST_BUCKETS, HistoryAnswer, HistoryQuery
from facilityd.store.downtimes import DowntimeWrite
from facilityd.store.rollups import RollupWrite
from facilityd.store.samples import SampleWrite

MINUTE, HOUR, DAY = 60 * NS, 3600 * NS, 86_400 * NS


def ask(
    yard: MeterSite, until: float, bucket: int = 0, *, since: float = 0, gaps: bool = True
) -> HistoryAnswer:
    with yard.ask() as query:
        span = (T0 + round(since * NS), T0 + round(until * NS))
        return query.history(HistoryQuery("gate", "power", *span, bucket, gaps=gaps))


def test_values_come_with_their_quality_and_only_of_the_span(yard: MeterSite) -> None:
    yard.store(0, 10)
    yard.store(2, 11)
    yard.store(4, None, Reason.TIMEOUT)
    yard.store(6, 13)
    answer = ask(yard, 6, since=2)
    assert [(p.at - T0, p.value, p.quality) for p in answer.points] == [
        (2 * NS, 11, "good"), (4 * NS, None, "timeout"),
    ]  # fmt: skip
    assert answer.buckets == ()
    assert answer.signal.unit == "W"
    assert (answer.quality.values, answer.quality.bad) == (1, 1)


def test_every_step_of_the_span_has_its_bucket_and_an_empty_one_has_no_figures(yard: MeterSite) -> None:
    for at, power in ((0, 10), (2, 20), (121, 7)):
        yard.store(at, power)
    yard.store(122, None, Reason.TIMEOUT)
    first, second, third = ask(yard, 180, MINUTE).buckets
    assert (first.count, first.least, first.greatest, first.bad) == (2, 10, 20, 0)
    assert first.mean == 17.5, "over time: 10 W held for 2 s, 20 W for 6 s, until they were too old"
    assert (second.at, second.count, second.mean, second.least) == (T0 + MINUTE, 0, None, None)
    assert (third.count, third.mean, third.bad) == (1, 7.0, 1)


@pytest.mark.parametrize(
    ("bucket", "begins"), [(24 * HOUR, "00:00"), (6 * HOUR, "18:00"), (HOUR, "22:00"), (5 * MINUTE, "22:10")]
)
def test_buckets_begin_with_the_sites_own_day(yard: MeterSite, bucket: int, begins: str) -> None:
    yard.store(0, 10)
    first = ask(yard, 60, bucket).buckets[0]
    local = datetime.fromtimestamp(first.at / NS, ZoneInfo("Asia/Shanghai"))
    assert f"{local:%Y-%m-%d %H:%M}" == f"2026-09-21 {begins}"
    assert first.count == 1


def test_a_gap_says_why_there_is_nothing(yard: MeterSite) -> None:
    """A bad value has its reason, a stop of the daemon its times, and a silence neither."""
    for at in (0, 2, 4):
        yard.store(at, 10)
    for at in (6, 8, 10):
        yard.store(at, None, Reason.TIMEOUT)
    for at in (12, 14, 100, 102, 200, 202):
        yard.store(at, 12)
    stop = Downtime(T0 + 103 * NS, T0 + 199 * NS)
    yard.journal.commit([DowntimeWrite([stop])])
    bad, silent, stopped = ask(yard, 204).gaps
    assert (bad.since - T0, bad.until - T0, bad.reason) == (6 * NS, 12 * NS, Reason.TIMEOUT)
    assert (silent.since - T0, silent.until - T0) == (14 * NS, 100 * NS)
    assert (silent.reason, silent.downtime, silent.text("en")) == (None, None, "nothing was stored")
    assert stopped.downtime == stop
    assert stopped.text("zh") == "监测程序未运行：2026-09-21 22:15:43 至 2026-09-21 22:17:19"
    told = stopped.plain()
    assert told["downtime"]["why"] == "stopped"
    assert told["downtime"]["from"] == "2026-09-21T22:15:43.000+08:00"
    assert told["reason"]["en"] == stopped.text("en")
    assert [gap.plain()["code"] for gap in (bad, silent)] == ["timeout", None]


def test_a_silence_while_the_link_was_down_has_that_as_its_reason(yard: MeterSite) -> None:
    """Over MQTT nobody stores a bad value while the broker is away: the link's own record says it."""
    yard.store(0, 10)
    yard.store(100, 12)
    yard.store(200, 12)
    (link,) = all_devices(yard.site)[f"link-{yard.stream.link}"].streams
    at = T0 + 20 * NS
    values = tuple(False if name == "up" else None for name in link.signals)
    yard.journal.commit([SampleWrite([Sample(link, at, at, values)])])
    down, silent = ask(yard, 201).gaps
    assert (down.reason, down.text("en")) == (Reason.LINK_DOWN, "the link is down")
    assert (silent.reason, silent.text("en")) == (None, "nothing was stored")


def test_what_is_missing_is_summed_and_gaps_cost_nothing_where_nobody_asks(yard: MeterSite) -> None:
    yard.store(0, 10)
    yard.store(100, 10)
    assert ask(yard, 101).quality.missing == 100 * NS
    without = ask(yard, 101, gaps=False)
    assert (without.gaps, without.quality.missing) == ((), 0)
    assert len(without.points) == 2


def test_a_span_in_which_nothing_was_stored_is_one_gap(yard: MeterSite) -> None:
    answer = ask(yard, 60)
    assert (answer.points, answer.quality.values) == ((), 0)
    (gap,) = answer.gaps
    assert (gap.since, gap.until) == (T0, T0 + MINUTE)
    assert list(answer.rows()) == []


def test_rows_are_flat_and_alike_and_json_needs_no_help(yard: MeterSite) -> None:
    yard.store(0, 10)
    yard.store(2, None, Reason.TIMEOUT)
    for bucket, keys in (
        (0, ["at", "time", "value", "quality"]),
        (NS, ["at", "time", "count", "mean", "least", "greatest", "bad"]),
    ):
        answer = ask(yard, 4, bucket)
        rows = list(answer.rows())
        assert {tuple(row) for row in rows} == {tuple(keys)}
        assert rows[0]["time"] == "2026-09-21T22:14:00.000+08:00"
        assert json.loads(json.dumps(answer.plain()))["rows"] == rows


@pytest.mark.parametrize(
    ("asked", "said", "hint"),
    [
        (HistoryQuery("gaet", "power", 0, 1), "no device 'gaet'", "gate"),
        (HistoryQuery("gate", "powr", 0, 1), "gate has no signal 'powr'", "power"),
        (HistoryQuery("gate", "leakage", 0, 1), "gate has no signal 'leakage'", ""),
        (HistoryQuery("gate", "power", 5, 5), "a span longer than 0", ""),
        (HistoryQuery("gate", "power", 6, 5), "a span longer than 0", ""),
        (HistoryQuery("gate", "power", 0, 5, -1), "a span longer than 0", ""),
        (HistoryQuery("gate", "power", 0, MOST_BUCKETS + 1, 1), "more than 100,000 buckets", "longer"),
    ],
)
def test_what_cannot_be_answered_is_refused(
    yard: MeterSite, asked: HistoryQuery, said: str, hint: str
) -> None:
    with yard.ask() as query, pytest.raises(UsageError) as refused:
        query.history(asked)
    assert said in str(refused.value)
    assert hint in (refused.value.hint or "")


READINGS = st.lists(
    st.tuples(st.integers(0, 600), st.one_of(st.integers(0, 60_000), st.none())),
    max_size=30, unique_by=lambda reading: reading[0],
)  # fmt: skip


def _over_time(start: int, width: int, points, end: int, stale: int) -> float | None:
    """The mean over the time for which values held, second by second: slow, and another way than ours."""
    held = []
    for at in range(start, min(start + width, end), NS):
        before = [p for p in points if p.at <= at]
        if before and before[-1].value is not None and at < before[-1].at + stale:
            held.append(before[-1].value)
    return sum(held) / len(held) if held else None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(readings=READINGS, width=st.integers(1, 200), since=st.integers(0, 300))
def test_buckets_and_gaps_agree_with_the_values(yard: MeterSite, readings, width: int, since: int) -> None:
    """However readings fall: buckets hold each value once, and no good value lies within a gap."""
    base = next(yard.regions)
    for at, power in sorted(readings):
        yard.store(base + at, power, None if power is not None else Reason.TIMEOUT)
    begin, end = base + since, base + 601
    raw, cut = ask(yard, end, since=begin), ask(yard, end, width * NS, since=begin)
    good = [p for p in raw.points if p.value is not None]
    stale, whole = 3 * yard.stream.expected, ask(yard, end, since=base)
    stored = {(p.at - T0) // NS - base: p.value for p in raw.points}
    assert stored == {at: power for at, power in readings if at >= since}
    for bucket in cut.buckets:
        here = [p.value for p in good if bucket.at <= p.at < bucket.at + width * NS]
        if bucket.at >= T0 + begin * NS:  # the first may begin before what was asked for
            assert (bucket.count, bucket.least) == (len(here), min(here, default=None))
            mean = _over_time(bucket.at, width * NS, whole.points, T0 + end * NS, stale) if here else None
            assert bucket.mean == (None if mean is None else pytest.approx(mean))
    assert raw.gaps == cut.gaps
    edges = [(gap.since, gap.until) for gap in raw.gaps]
    assert all(a < b for a, b in edges)
    assert all(one[1] <= other[0] for one, other in pairwise(edges)), "in order, and none overlap"
    assert all(T0 + begin * NS <= a and b <= T0 + end * NS for a, b in edges)
    assert [(p.at, a, b) for p in good for a, b in edges if a < p.at < b] == []


def test_a_story_is_told_as_it_went(story: StoredSite) -> None:
    """The flag went up, so the position did; and nobody asked for more buckets than minutes."""
    with story.ask() as query:
        answer = query.history(HistoryQuery("hoist-1", "position", story.now - HOUR, story.now, MINUTE))
    highest = [b.greatest for b in answer.buckets if b.greatest is not None]
    assert highest[0] < 1
    assert highest[-1] > 20
    assert [round(h) for h in highest] == sorted(round(h) for h in highest)
    assert len(answer.buckets) in (60, 61)
    assert answer.quality.missing < 2 * MINUTE


def store_all(yard: MeterSite, seconds: Iterable[int]) -> None:
    """Store readings of so many watts as seconds after T0, in one transaction."""
    ats = [(T0 + second * NS, float(second % 500)) for second in seconds]
    width = len(yard.stream.signals)
    yard.journal.commit([SampleWrite([Sample(yard.stream, at, at, (power,) * width) for at, power in ats])])


def test_buckets_go_on_where_the_samples_are_forgotten_and_say_the_same(yard: MeterSite) -> None:
    """Two hours with a gap in them; then the file has no room for samples, and the roll-ups remain."""
    store_all(yard, (*range(0, 3600, 2), *range(7200, 10_800, 2)))
    yard.now = T0 + 86_400 * NS
    yard.journal.commit([RollupWrite(yard.now, 0, 1000)])
    quarter, span = 900 * NS, (-(T0 // NS) % 900 - 900, 14_400)
    before = ask(yard, span[1], quarter, since=span[0])
    yard.store(80_000, 1)
    purge(yard.journal.path, 3600)
    assert ask(yard, span[1], since=span[0]).points == ()
    after = ask(yard, span[1], quarter, since=span[0])
    assert after.buckets == before.buckets
    assert sum(bucket.count for bucket in after.buckets) == 3600
    ends = [(gap.since - T0, gap.until - T0) for gap in after.gaps]
    assert len(ends) == 2, "between and behind what there was, to the quarter of an hour"
    assert 3600 * NS <= ends[0][0] <= 3600 * NS + quarter
    assert 7200 * NS - quarter <= ends[0][1] <= 7200 * NS


@pytest.mark.parametrize("until", [59, 60, 61, 1000, 3599, 3601])
def test_a_bucket_that_the_span_ends_early_has_only_what_is_before(yard: MeterSite, until: int) -> None:
    store_all(yard, range(0, 7200, 2))
    yard.now = T0 + 86_400 * NS
    yard.journal.commit([RollupWrite(yard.now, 0, 1000)])
    for bucket in (MINUTE, 15 * MINUTE, HOUR):
        buckets = ask(yard, until, bucket).buckets
        assert sum(one.count for one in buckets) == len(ask(yard, until).points)


def test_what_was_last_long_ago_is_found_without_reading_all_before_it(
    yard: MeterSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks a day after the daemon ended is told at once, of every signal."""
    names, step = yard.stream.signals, 20 * NS
    ats = range(T0 - 5 * DAY, T0 - 26 * HOUR, step)
    values = [tuple(n % 90 if name == "power" else True for name in names) for n in range(len(ats))]
    made = [Sample(yard.stream, at, at, one) for at, one in zip(ats, values, strict=True)]
    yard.journal.commit([SampleWrite(made)])
    read = [0]
    with yard.ask() as query:
        history = query.journal.history

        def counted(*asked: Any) -> Iterator[Any]:
            for point in history(*asked):
                read[0] += 1
                yield point

        monkeypatch.setattr(query.journal, "history", counted)
        found = query.as_of([("gate", name) for name in names], T0)
    assert [(one.at, one.value, one.held) for one in found] == [
        (ats[-1], value, False) for value in values[-1]
    ]
    assert read[0] < len(ats) / 4, "a quarter of the samples of one signal"
