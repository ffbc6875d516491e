"""Floods, chattering and worst times against brute force; the kpi command."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from support.alarm_history import AlarmHistory
from support.journals import edit, rows
from support.kpi_history import DAY, HOUR, MINUTE, OCTOBER, SHANGHAI, ask
from support.query_sites import StoredSite

from facilityd.cli.main import facilityd
from facilityd.errors import UsageError
from facilityd.model.sample import NS
from facilityd.query.alarm_log import OccurrenceSpan
from facilityd.query.calendar_span import month_span, quarter_span
from facilityd.query.kpi_alarms import chattering, floods, worst
from facilityd.query.kpi_table import Flood, kpi_table

# --- against brute force ----------------------------------------------------------------------------------

INSTANTS = st.lists(st.integers(0, 4000), max_size=60).map(sorted)


@given(INSTANTS)
def test_floods_are_those_that_a_look_at_every_second_finds(instants: list[int]) -> None:
    by = Flood(begins=10, ends=5, within="10min")
    found = floods([at * NS for at in instants], by, 10_000 * NS)
    inside: list[tuple[int, int]] = []
    begun: int | None = None
    for second in range(4000 + 601):
        held = [at for at in instants if second - 600 < at <= second]
        if begun is not None and len([at for at in held if at < second]) < 5:
            inside.append((begun, second))
            begun = None
        if begun is None and len(held) >= 10:
            begun = held[0]
    assert [(one.since // NS, one.until // NS) for one in found] == inside


@given(INSTANTS, st.integers(1, 900))
def test_the_worst_time_is_that_of_a_window_from_each_instant(instants: list[int], within: int) -> None:
    most = max((sum(at <= other < at + within for other in instants) for at in instants), default=0)
    assert worst(instants, within) == most


@given(INSTANTS)
def test_an_alarm_chatters_where_three_lie_within_a_minute(instants: list[int]) -> None:
    spans = [OccurrenceSpan("fire", "active", n, "high", at * NS) for n, at in enumerate(instants)]
    found = chattering(spans, 3, MINUTE)
    assert bool(found) == any(c - a < 60 for a, c in zip(instants, instants[2:], strict=False))
    if found:
        assert found[0].most == worst(instants, 60)
        assert 1 <= found[0].episodes <= len(instants) // 3


def test_the_alarms_of_a_story_are_those_in_its_journal(story: StoredSite) -> None:
    """Counted anew from the rows by SQL alone."""
    path = Path(story.site.store.path)
    since, until = story.now - 12 * HOUR, story.now + HOUR
    counted = rows(
        path,
        "SELECT device, rule, count(*) FROM change WHERE kind IN ('raise', 're-alarm', 'worsen') "
        f"AND state = 'unacknowledged' AND at >= {since} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
    )
    with story.ask() as query:
        answer = query.kpi(since, until)
    assert answer.alarms == sum(n for _, _, n in counted) > 2
    assert [(one.device, one.rule, one.alarms) for one in answer.bad_actors] == counted[:10]
    assert 0 < answer.window.days < 0.06, "an hour and a bit"
    assert any("not over" in note.en for note in answer.window.notes())


def test_a_damaged_row_hurts_no_other(history: AlarmHistory) -> None:
    history.watched(*OCTOBER)
    for n in range(3):
        history.alarm(OCTOBER[0] + n * DAY, acked=60, cleared=120)
    history.notice(OCTOBER[0])
    history.notice(OCTOBER[0])
    history.store()
    path = Path(history.site.store.path)
    edit(path, "UPDATE change SET kind = 'rai\x05e' WHERE id = 1")
    edit(path, "UPDATE change SET device = CAST(x'ff' AS TEXT) WHERE id = 4")
    edit(path, "UPDATE outbox SET state = 'odd' WHERE id = 1")
    answer = ask(history)
    assert (answer.alarms, answer.people[0].notices) == (1, 1)


# --- months, quarters, the command ------------------------------------------------------------------------


def test_months_and_quarters_are_the_sites() -> None:
    assert month_span("2026-12", SHANGHAI) == tuple(
        round(datetime(year, month, 1, tzinfo=SHANGHAI).timestamp()) * NS
        for year, month in ((2026, 12), (2027, 1))
    )
    assert quarter_span("2026-q4", UTC_ZONE) == tuple(
        round(datetime(year, month, 1, tzinfo=UTC).timestamp()) * NS
        for year, month in ((2026, 10), (2027, 1))
    )
    for text in ("2026-13", "2026", "2026-1", "octobre", "2026-00", "٢٠٢٦-10", "0001-01", "9999-12"):
        with pytest.raises(UsageError):
            month_span(text, SHANGHAI)
    for text in ("2026-Q5", "Q4", "2026-10"):
        with pytest.raises(UsageError):
            quarter_span(text, SHANGHAI)


UTC_ZONE = ZoneInfo("UTC")


def run(history: AlarmHistory, *words: str) -> Any:
    return CliRunner().invoke(facilityd, ["kpi", str(Path(history.site.source)), *words])


def test_the_command_says_the_same_in_both_languages_and_in_json(history: AlarmHistory) -> None:
    history.watched(*OCTOBER)
    for n in range(40):
        history.alarm(history.at("2026-10-02T10:00") + n * 25 * NS, acked=60, cleared=120)
    answer = ask(history)
    english, chinese = (run(history, "--month", "2026-10", "--lang", language) for language in ("en", "zh"))
    told = json.loads(run(history, "--month", "2026-10", "--json").stdout)
    assert english.exit_code == chinese.exit_code == 0
    assert "40 alarms" in english.stdout
    assert "报警 40 次" in chinese.stdout
    for figure in answer.figures:
        assert figure.words.name.en[:15] in english.stdout
        assert figure.words.name.zh[:8] in chinese.stdout
    assert [one["value"] for one in told["figures"]] == [one.value for one in answer.figures]
    assert told["window"]["since"] == "2026-10-01T00:00:00.000+08:00"
    assert told["floods"][0]["since"] == "2026-10-02T10:00:00.000+08:00"


@pytest.mark.parametrize(
    "words",
    [
        ("--month", "2026-10", "--quarter", "2026-Q4"),
        ("--month", "x"),
        ("--month", "2026-10", "--since", "1d"),
    ],
)
def test_spans_that_mean_nothing_are_refused_in_words(history: AlarmHistory, words: tuple[str, ...]) -> None:
    history.store()
    done = run(history, *words)
    assert isinstance(done.exception, UsageError)


def test_every_figure_is_in_one_group_and_every_limit_names_its_source() -> None:
    table = kpi_table()
    grouped = [name for names in table.groups.values() for name in names]
    assert sorted(grouped) == sorted(table.figures)
    assert table.groups.keys() == table.group_names.keys()
    assert {one.of for one in table.figures.values()} <= table.of.keys()
    assert all(one.unit for one in table.figures.values() if one.share)
