"""The command table is complete: each command has a handler, each event of a person's a command and a word."""

from __future__ import annotations

from typing import get_args

import pytest
from support.commands import EVENTS, operate

from facilityd.alarm import AlarmManager
from facilityd.alarm.table import REFUSALS, ROWS, SOURCES, AlarmEvent, EventSource, Transition
from facilityd.app.commands import ALARM_EVENTS, HANDLERS
from facilityd.cli.main import COMMANDS
from facilityd.model.alarm import AlarmStateName, Suppressor
from facilityd.model.command import Command
from facilityd.model.command_record import UNREADABLE
from facilityd.model.finding import Evidence, Finding
from facilityd.query.words import query_words

KINDS = {kind.model_fields["command"].default: kind for kind in get_args(Command)}
PEOPLES = [row for row in ROWS if SOURCES[row.event] is EventSource.PERSON]
KEY = ("hoist", "drag")
WAYS = {
    AlarmStateName.UNACKNOWLEDGED: "#",
    AlarmStateName.ACKNOWLEDGED: "#a",
    AlarmStateName.RETURNED: "#.",
    AlarmStateName.LATCHED_UNACKNOWLEDGED: "#.",
    AlarmStateName.LATCHED_ACKNOWLEDGED: "#.a",
    AlarmStateName.NORMAL: "#a.",
}
"""How an alarm gets there: '#' wrong, '.' right, 'a' acknowledged."""
OVER = {Suppressor.SHELVED: "s", Suppressor.OUT_OF_SERVICE: "o"}
"""What brings about that which a row lifts."""


def test_every_command_has_a_handler_and_every_handler_a_command() -> None:
    assert len(KINDS) == len(get_args(Command))
    assert set(KINDS.values()) == HANDLERS.keys()
    assert query_words().command.keys() == KINDS.keys() | {UNREADABLE}


def test_every_event_of_the_alarm_table_that_is_a_persons_has_a_command() -> None:
    assert SOURCES.keys() == set(AlarmEvent) == {row.event for row in ROWS}
    peoples = {event for event, source in SOURCES.items() if source is EventSource.PERSON}
    assert sorted(ALARM_EVENTS.values()) == sorted(peoples)
    assert {event for _, event in REFUSALS} <= peoples, "what a rule finds is never refused"
    typed = {kind.model_fields["command"].default for kind in ALARM_EVENTS}
    assert typed <= COMMANDS.keys(), "each is a command of the command line by the same name"


@pytest.mark.parametrize("row", PEOPLES, ids=lambda row: f"{row.source}-{row.event}")
def test_every_row_of_a_persons_is_walked_by_its_command(row: Transition) -> None:
    latching = "latched" in row.source
    alarms = AlarmManager((), {KEY} if latching else ())
    way = WAYS[row.source] + (OVER[row.lifts] if row.lifts else "")
    for at, mark in enumerate(way, start=1):
        if mark in EVENTS:
            operate(alarms, mark, KEY, at)
        else:
            alarms.apply(Finding(*KEY, mark == "#", at, at, Evidence("limit-above", {})))
    assert alarms.state(*KEY).unsuppressed is row.source
    letter = next(letter for letter, event in EVENTS.items() if event is row.event)
    assert operate(alarms, letter, KEY, 9).kind is row.kind
    assert alarms.state(*KEY).unsuppressed is row.target
