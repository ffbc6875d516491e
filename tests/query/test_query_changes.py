"""What happened to alarms, who asked what, and bounds of a question."""

from __future__ import annotations

import apsw
import pytest
from support.query_sites import T0, MeterSite, StoredSite

from facilityd.errors import UsageError
from facilityd.model.command_record import CommandRecord
from facilityd.model.sample import NS, Sample
from facilityd.query.audit import command_plain
from facilityd.query.changes import ChangeFilter
from facilityd.query.history import HistoryQuery
from facilityd.query.instant_text import LocalTime, at_site, parse_instant
from facilityd.store.commands import CommandWrite
from facilityd.store.samples import SampleWrite

DAY = 86_400 * NS


def test_what_happened_to_a_device_is_told_with_its_evidence_in_both_languages(story: StoredSite) -> None:
    with story.ask() as query:
        rows = query.changes(story.now - DAY, ChangeFilter(story.now, "fountain-2", kind="raise"), 100)
    (leak,) = [row.plain() for row in rows if row.stored.change.rule == "leakage"]
    assert (leak["device"], leak["rule"], leak["family"]) == ("fountain-2", "leakage", "fountain")
    assert leak["evidence"]["en"].startswith("Residual current is")
    assert leak["evidence"]["zh"].startswith("剩余电流")
    assert leak["priority"] == "critical"


def test_changes_can_be_asked_by_family_and_span_and_are_bounded(story: StoredSite) -> None:
    with story.ask() as query:
        lamps = query.changes(0, ChangeFilter(story.now, family="lighting", kind="raise"), 100)
        assert {row.stored.change.rule for row in lamps} == {"lamp-failed"}
        assert query.changes(0, ChangeFilter(story.now - DAY), 100) == []
        everything = query.changes(0, ChangeFilter(story.now), 10_000)
        assert query.changes(0, ChangeFilter(story.now), 3) == everything[:3]
        assert query.changes_after(everything[1].stored.id, 2) == everything[2:4]
        with pytest.raises(UsageError, match="fountain-2"):
            query.changes(0, ChangeFilter(story.now, "fountain-3"), 10)


def test_more_values_than_asked_for_are_refused_and_none_is_left_out_in_silence(yard: MeterSite) -> None:
    for second in range(20):
        yard.store(second, 100.0)
    asked = HistoryQuery("gate", "power", T0, T0 + 60 * NS, most=20)
    with yard.ask() as query:
        assert len(query.history(asked).points) == 20
        with pytest.raises(UsageError, match="more than 19 values"):
            query.history(HistoryQuery("gate", "power", T0, T0 + 60 * NS, most=19))
        assert [point.at for point in query.points(asked)] == [T0 + n * NS for n in range(20)]
        with pytest.raises(UsageError):
            query.points(HistoryQuery("gate", "powr", T0, T0 + 60 * NS))


def test_a_question_that_takes_too_long_is_given_up(yard: MeterSite) -> None:
    values = tuple(1.0 if name == "power" else True for name in yard.stream.signals)
    instants = [T0 + n * NS for n in range(3000)]
    yard.journal.commit([SampleWrite([Sample(yard.stream, at, at, values, {}) for at in instants])])
    with yard.ask() as query:
        query.give_up_when(lambda: True)
        with pytest.raises(apsw.InterruptError):
            query.history(HistoryQuery("gate", "power", T0, T0 + DAY))
        query.give_up_when(lambda: False)
        assert len(query.history(HistoryQuery("gate", "power", T0, T0 + DAY)).points) == 3000


def test_commands_are_listed_with_what_came_of_them(yard: MeterSite) -> None:
    taken = CommandRecord("a" * 32, "ack", "bo", T0, "page", "root", {"device": "gate"}, T0)
    refused = CommandRecord("b" * 32, "done", "bo", T0, "page", "root", {"task": 9}, T0, "no task")
    yard.journal.commit([CommandWrite([taken, refused])])
    with yard.ask() as query:
        assert [one.id[0] for one in query.commands(0)] == ["a", "b"]
        assert [command_plain(one)["refused"]["en"] for one in query.commands(0, refused=True)] == ["no task"]
        assert [query.command_result(name * 32) for name in "abc"] == ["", "no task", None]


@pytest.mark.parametrize(
    "text", ["2026-06-10T04:20:00+08:00", "2026-06-10T04:20", "1h", "yesterday", "21:30"]
)
def test_an_instant_is_read_as_people_write_it(text: str) -> None:
    instant = parse_instant(text)
    local = not text.endswith(("+08:00", "1h"))
    assert isinstance(instant, LocalTime) == local
    assert at_site(instant, "Asia/Shanghai") > 0
