"""What waits for room on the disk: nothing that happened is pushed out by beats in which nothing did."""

from __future__ import annotations

import random
from dataclasses import replace

from support.commands import acknowledgement
from support.notification_fixtures import notice

from facilityd.model.alarm import AlarmState, Change, ChangeKind
from facilityd.model.suppression import Suppression, Suppressor
from facilityd.model.task import TaskEvent, TaskEventKind
from facilityd.pipeline.pending_writes import MOST, PendingWrites, WriteGroup
from facilityd.pipeline.spilled import Spilled
from facilityd.pipeline.uncommitted import UncommittedNotice
from facilityd.store.batch import ChangeRecord, Delivery
from facilityd.store.spill import ROOM


def _recorded(number: int) -> ChangeRecord:
    told = notice(key=f"fire/active/{number}/raised/li/li-1/5", body="体" * 900)
    return ChangeRecord(Change(number, "fire", "active", number, ChangeKind.RAISE), None, (told,))


def test_three_hours_of_nothing_push_nothing_out() -> None:
    held, first = PendingWrites(), WriteGroup(recorded=[_recorded(1)])
    for part in (first, *(WriteGroup() for _ in range(MOST + 1))):
        held.parts.append(part)
        held.keep(part)
    assert held.parts == [first]


def test_what_is_packed_comes_back() -> None:
    recorded = [_recorded(1), _recorded(2)]
    kept = [UncommittedNotice(0, recorded[0].notices[0], 3, 99, Delivery.REJECTED, "HTTP 401")]
    loose = [notice(key="ready/1")]
    asked = [acknowledgement("fire", "active", 5)[1]]
    tasks = [TaskEvent(1, 7, TaskEventKind.TAKE, "li", "on it", {"due": 9})]
    spilled = Spilled("token", recorded, [AlarmState("fire", "active")], kept, loose, asked, tasks)
    again = Spilled.unpack(spilled.pack(ROOM))
    assert again == spilled
    assert [one.key for one in again.notices] == [recorded[1].notices[0].key, "ready/1"]


def test_of_too_much_the_newest_is_kept_and_every_state() -> None:
    states = [AlarmState("fire", str(number)) for number in range(10)]
    packed = Spilled("token", [_recorded(number) for number in range(300)], states).pack(4000)
    again = Spilled.unpack(packed)
    assert again is not None
    assert len(packed) <= 4000
    assert again.alarms == states
    assert again.recorded
    assert again.recorded[-1] == _recorded(299)


def test_long_notes_about_tasks_push_out_no_alarm() -> None:
    chance = random.Random(1)
    words = ["".join(chr(0x4E00 + chance.randrange(20_000)) for _ in range(4000)) for _ in range(100)]
    tasks = [TaskEvent(n, 7, TaskEventKind.DONE, "li", text, {"parts": text}) for n, text in enumerate(words)]
    states, recorded = [AlarmState("fire", "active")], [_recorded(1)]
    packed = Spilled("token", recorded, states, tasks=tasks).pack(ROOM)
    assert len(packed) <= ROOM, "it can be kept"
    again = Spilled.unpack(packed)
    assert again is not None
    assert (again.recorded, again.alarms) == (recorded, states)
    assert [(one.task, one.kind) for one in again.tasks] == [(one.task, one.kind) for one in tasks]


def test_long_reasons_of_shelves_push_out_no_alarm() -> None:
    chance = random.Random(2)
    states = []
    for number in range(60):
        why = "".join(chr(0x4E00 + chance.randrange(20_000)) for _ in range(4000))
        shelf = Suppression(Suppressor.SHELVED, comment=why)
        states.append(AlarmState("fire", str(number), suppressors=(shelf,)))
    packed = Spilled("token", [_recorded(1)], states).pack(ROOM)
    assert len(packed) <= ROOM, "it can be kept"
    again = Spilled.unpack(packed)
    assert again is not None
    assert [one.rule for one in again.alarms] == [one.rule for one in states]
    assert all(one.suppressed_by(Suppressor.SHELVED) for one in again.alarms)


def test_what_is_no_such_thing_is_nothing() -> None:
    good = Spilled("token", [_recorded(1)]).pack(ROOM)
    for data in (b"", b"x", good[:-9], good[:40] + b"!" + good[41:], b"\x78\x9c" + bytes(50)):
        assert Spilled.unpack(data) is None


def test_refused_commands_make_room_for_what_happened() -> None:
    asked = acknowledgement("fire", "active", 5)[1]
    done = [replace(asked, id=str(number)) for number in range(3)]
    refused = [replace(asked, id=f"r{n}", refusal=random.Random(n).randbytes(400).hex()) for n in range(900)]
    packed = Spilled("token", [_recorded(1)], commands=[*done, *refused]).pack(ROOM)
    again = Spilled.unpack(packed)
    assert again is not None
    assert len(packed) <= ROOM
    assert (again.recorded, again.commands) == ([_recorded(1)], done)


def test_a_command_alone_outlives_a_crash() -> None:
    held, asked = PendingWrites(), acknowledgement("fire", "active", 5)[1]
    held.parts.append(WriteGroup(commands=[asked]))
    spilled = held.spilled(AlarmState)
    assert spilled is not None
    assert spilled.commands == [asked]
    assert spilled.token
