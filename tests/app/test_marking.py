"""Marks through the running daemon: taken, refused with a reason, and left out of what is learned."""

from __future__ import annotations

from typing import Any

import pytest
from support.commands import result

from facilityd.app.commission import FitPeriod, fit_rules
from facilityd.cli.fit_marks import offered_marks
from facilityd.model.command import AddMark, RevokeMark
from facilityd.model.marks import Marking
from facilityd.model.sample import NS
from facilityd.store.reader import JournalReader
from facilityd.supervise.inbox import Inbox

MIN = 60 * NS


@pytest.fixture
def evening(simulated_site) -> Any:
    """An hour of a lit façade, with an alarm and its end in the midst of it."""
    site = simulated_site("square", only=["avenue-east"], start="2026-06-01T20:00")
    site.advance("30min")
    return site


def _now(site: Any) -> int:
    return round(site.now.timestamp() * NS)


def _ask(site: Any, request: Any) -> str:
    inbox = Inbox(site.journal)
    name = inbox.drop(request)
    site.advance("2min")
    assert not inbox.waiting(name)
    return result(site.journal, name)


def test_a_mark_is_stored_and_taken_back(evening: Any) -> None:
    now = _now(evening)
    assert (
        _ask(
            evening,
            AddMark(
                device="avenue-east",
                kind="incident",
                since=now - 5 * MIN,
                until=now,
                fault="L1",
                note="two dark",
                person="Li Na",
            ),
        )
        == ""
    )
    with JournalReader.open(evening.journal) as reader:
        (mark,) = reader.marks()
    assert (mark.kind, mark.fault, mark.note, mark.person) == (Marking.INCIDENT, "L1", "two dark", "Li Na")
    assert _ask(evening, RevokeMark(mark=mark.id, person="Li Na")) == ""
    assert "no mark 1 is in force" in _ask(evening, RevokeMark(mark=mark.id, person="Li Na"))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"device": "avenue-nowhere"}, "no device"),
        ({"kind": "odd"}, "neither incident nor healthy"),
        ({"fault": "H7"}, "bears fault number 'H7'"),
        ({"until": 2**62}, "ends in the past"),
        ({"since": 2**61}, "begins before it ends"),
        ({"person": ""}, "needs a name"),
    ],
)
def test_a_mark_that_makes_no_sense_is_refused(evening: Any, changes: dict[str, Any], why: str) -> None:
    now = _now(evening)
    asked = {"device": "avenue-east", "kind": "incident", "since": now - MIN, "until": now, "fault": "", "note": "",
             "person": "Li Na"}  # fmt: skip
    assert why in _ask(evening, AddMark(**(asked | changes)))


def test_nothing_is_learned_from_an_incident(evening: Any) -> None:
    start = _now(evening) - 30 * MIN
    evening.fault("avenue-east", "L1", lasting="25min")
    evening.wait_for_alarm("L1", on="avenue-east", within="20min")
    evening.advance("50min")
    end = _now(evening)
    with JournalReader.open(evening.journal) as reader:
        before = fit_rules(evening.site, "avenue-east", [FitPeriod(reader, start, end)])
    assert {fit_result.refused for fit_result in before} == {"unfit-alarm"}
    [trouble] = {one for fit_result in before for one in fit_result.troubles}
    assert (trouble.device, trouble.rule) == ("avenue-east", "lamp-failed")
    assert start + 30 * MIN <= trouble.since < trouble.until < start + 75 * MIN
    assert {fit_result.numbers["over_clock"] for fit_result in before} == {trouble.until}
    head, command = offered_marks(evening.site, before, "en")
    assert "mark it and learn again" in head
    day = "2026-06-01T2"
    assert f"avenue-east incident --since {day}0:" in command
    assert command.endswith("--note lamp-failed")
    asked = AddMark(
        device="avenue-east",
        kind="incident",
        since=start + 29 * MIN,
        until=start + 75 * MIN,
        fault="L1",
        note="",
        person="Li Na",
    )
    assert _ask(evening, asked) == ""
    with JournalReader.open(evening.journal) as reader:
        after = fit_rules(evening.site, "avenue-east", [FitPeriod(reader, start, end)])
    assert not {fit_result.refused for fit_result in after} & {"unfit-alarm"}
    rows = {fit_result.rule: fit_result.rows for fit_result in before}
    assert all(fit_result.rows < rows[fit_result.rule] for fit_result in after if rows[fit_result.rule])
