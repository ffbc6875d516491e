"""This week against last: means by time, days of the site's clock, and what is not known is told."""

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from support.query_sites import T0, MeterSite

from facilityd.cli.main import facilityd
from facilityd.errors import UsageError
from facilityd.model.sample import NS, Sample
from facilityd.query.compare import CompareQuery, days_before, whole_hours
from facilityd.store.rollup import HOUR
from facilityd.store.samples import SampleWrite

DAY = 24 * HOUR
START = T0 // HOUR * HOUR
POWER = (("gate", "power"),)


def fill(yard: MeterSite, since: int, hours: float, power: float) -> None:
    """Readings of a second's period, all alike, for some hours."""
    names, step = yard.stream.signals, yard.stream.expected
    values = tuple(power if name == "power" else True for name in names)
    found = [Sample(yard.stream, at, at, values) for at in range(since, since + round(hours * HOUR), step)]
    yard.journal.commit([SampleWrite(found)])


def test_two_spans_are_compared_and_what_is_missing_is_told(yard: MeterSite) -> None:
    fill(yard, START, 0.5, 100.0)
    fill(yard, START + 7 * DAY, 0.25, 150.0)
    with yard.ask() as query:
        answer = query.comparison(CompareQuery(POWER, START + 7 * DAY, START + 7 * DAY + HOUR, START))
        (one,) = answer.signals
        assert (one.now.mean, one.before.mean, one.change) == pytest.approx((150, 100, 50))
        assert one.relative == pytest.approx(1 / 3)
        assert (one.now.good, one.before.good) == pytest.approx((0.25, 0.5), abs=0.01)
        nothing = query.comparison(CompareQuery(POWER, START + DAY, START + 2 * DAY, START + 3 * DAY))
        assert nothing.signals == ()
        half = query.comparison(CompareQuery(POWER, START, START + DAY, START + DAY))
        assert (half.signals[0].change, half.signals[0].before.mean) == (None, None)
        with pytest.raises(UsageError):
            query.comparison(CompareQuery(POWER, START, START, START))


@pytest.mark.parametrize("order", ["change", "mean", "greatest"])
def test_the_first_of_many_by_what_is_asked(yard: MeterSite, order: str) -> None:
    fill(yard, START, 0.1, 100.0)
    fill(yard, START + DAY, 0.1, 400.0)
    with yard.ask() as query:
        asked = CompareQuery(
            tuple(("gate", name) for name in reversed(yard.stream.signals)),
            START + DAY,
            START + DAY + HOUR,
            START,
            order,
            top=1,
        )
        assert [one.signal for one in query.comparison(asked).signals] == ["power"]


def test_a_week_before_is_the_same_time_of_day_where_the_clock_was_changed() -> None:
    zone = ZoneInfo("Europe/Berlin")
    monday = int(datetime(2026, 10, 26, 6, tzinfo=zone).timestamp()) * NS
    before = int(datetime(2026, 10, 19, 6, tzinfo=zone).timestamp()) * NS
    assert monday - before == 7 * DAY + HOUR
    assert days_before(monday, 7, "Europe/Berlin") == before
    assert whole_hours(monday + 1, monday + HOUR + 1) == (monday, monday + 2 * HOUR)


def test_the_command_says_it_in_both_languages_and_as_json(yard: MeterSite) -> None:
    fill(yard, START, 0.1, 100.0)
    fill(yard, START + DAY, 0.1, 150.0)
    edges = ["--since", "2026-09-22T22:00", "--until", "2026-09-22T23:00"]

    def run(*words: str) -> str:
        result = CliRunner().invoke(facilityd, ["compare", yard.site.source, "gate.*", *edges, *words])
        assert result.exit_code == 0, result.output
        return result.stdout

    told = json.loads(run("--json"))
    power = next(one for one in told["signals"] if one["signal"] == "power")
    assert (power["now"]["mean"], power["before"]["mean"]) == pytest.approx((150, 100))
    assert told["before"]["from"] == "2026-09-21T22:00:00.000+08:00"
    english, chinese = run("--lang", "en", "--top", "1"), run("--lang", "zh")
    assert "gate power" in english
    assert "(+33%)" in english
    assert english.count("gate ") == 1
    assert "对比" in chinese
