"""A downtime that still lasts is in no journal yet: whoever asks is told of it as of those before."""

from __future__ import annotations

from unittest.mock import patch

from support.query_sites import T0, MeterSite, StoredSite

from facilityd.model.downtime import Pause
from facilityd.model.sample import NS, Sample
from facilityd.query.export import ExportQuery, export_rows
from facilityd.query.gaps import GapQuery, read_gaps
from facilityd.query.history import HistoryQuery
from facilityd.store.rollups import RollupWrite
from facilityd.store.samples import SampleWrite
from facilityd.web.page.chart import runs_of

MINUTE = 60 * NS


def test_the_time_since_the_stop_is_a_downtime(story: StoredSite) -> None:
    until = story.now + 30 * MINUTE
    with story.ask(30 * MINUTE) as query:
        asked = HistoryQuery("weather", "wind_mean", story.now - 10 * MINUTE, until)
        gap = query.history(asked).gaps[-1]
    assert gap.downtime
    assert (gap.downtime.why, gap.until, gap.downtime.until) == (Pause.STOPPED, until, until)
    assert abs(gap.downtime.since - story.now) < NS
    assert gap.text("en").startswith("facilityd was not running from 2026-06-10")
    assert gap.text("zh").startswith("监测程序未运行")
    assert gap.plain()["downtime"]["why"] == "stopped"


def test_a_span_that_lies_behind_the_stop_is_one_downtime(story: StoredSite) -> None:
    since = story.now + 3600 * NS
    with story.ask(2 * 3600 * NS) as query:
        (gap,) = query.history(HistoryQuery("weather", "wind_mean", since, since + MINUTE)).gaps
        buckets = query.history(HistoryQuery("weather", "wind_mean", since, since + MINUTE, bucket=10 * NS))
    assert gap.downtime
    assert (gap.since, gap.until) == (since, since + MINUTE)
    assert [one.downtime for one in buckets.gaps] == [gap.downtime]


def test_while_the_daemon_runs_a_silence_is_no_downtime(yard: MeterSite) -> None:
    yard.store(0, 10)
    with yard.ask() as query:
        asked = GapQuery("gate", "power", T0, T0 + 100 * NS, T0 + 100 * NS)
        (gap,) = read_gaps(yard.site, query.journal, asked)
    assert (gap.downtime, gap.text("en")) == (None, "nothing was stored")


def test_an_export_says_so_too(story: StoredSite) -> None:
    asked = ExportQuery((("weather", "wind_mean"),), story.now - MINUTE, story.now + 3600 * NS)
    with story.ask(3600 * NS) as query:
        last = list(export_rows(story.site, query.journal, asked))[-1]
    assert (last.value, last.quality) == (None, "not-running")


def _flood(yard: MeterSite, hours: int) -> None:
    """Store a meter that is read each second for ten seconds, and not at all for the next fifty."""
    index = yard.stream.signals.index("power")
    values = tuple(1.0 if n == index else True for n in range(len(yard.stream.signals)))
    instants = [T0 + at * NS for at in range(hours * 3600) if at % 60 < 10]
    yard.journal.commit([SampleWrite([Sample(yard.stream, at, at, values) for at in instants])])
    yard.now = T0 + hours * 3600 * NS
    yard.journal.commit([RollupWrite(yard.now, 0, 2 * hours)])


def test_a_flood_of_short_gaps_is_told_by_bucket(yard: MeterSite) -> None:
    _flood(yard, 8)
    asked = HistoryQuery("gate", "power", T0, yard.now, bucket=900 * NS)
    with yard.ask() as query:
        each = query.history(asked)
        with patch("facilityd.query.gaps.MOST_TOLD", 400):
            told = query.history(asked)
    assert len(each.gaps) == 480
    assert len(told.gaps) <= len(told.buckets) == len(each.buckets)
    assert all(gap.known for gap in told.gaps)
    held = 480 * 3 * yard.stream.expected  # a value counts as there until it is stale
    assert abs(each.quality.missing - told.quality.missing - held) < held / 20
    gap = told.gaps[3]
    assert "many short gaps" in gap.text("en")
    assert gap.plain()["missing"] < gap.plain()["seconds"] == 900
    assert runs_of(told) == [[one for one in told.buckets if one.count]], "the line goes on over them"


def test_in_a_flood_a_time_without_any_value_is_still_a_gap(yard: MeterSite) -> None:
    _flood(yard, 4)
    yard.store(8 * 3600, 1.0)
    yard.now = T0 + 8 * 3600 * NS + NS
    asked = HistoryQuery("gate", "power", T0, yard.now, bucket=900 * NS)
    with yard.ask() as query, patch("facilityd.query.gaps.MOST_TOLD", 100):
        answer = query.history(asked)
    (long,) = [gap for gap in answer.gaps if not gap.known]
    assert (long.until - long.since) // (3600 * NS) in (3, 4)
    assert len(runs_of(answer)) == 2
