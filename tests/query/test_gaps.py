"""A downtime that still lasts is in no journal yet: whoever asks is told of it as of those before."""

from __future__ import annotations

from support.query_sites import T0, MeterSite, StoredSite

from facilityd.model.downtime import Pause
from facilityd.model.sample import NS
from facilityd.query.export import ExportQuery, export_rows
from facilityd.query.gaps import GapQuery, read_gaps
from facilityd.query.history import HistoryQuery

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
