"""Changes of alarms go to a sink as samples do: each once, in order, by a cursor of their own."""

import asyncio
from collections import defaultdict, deque
from pathlib import Path

from support.forwarding import deliver_all, fill, forwarder, forwarder_of, influx, running, wait_for
from support.influxd import influxd, instant
from support.journals import T0, edit
from support.scripted_influxdb import ScriptedInfluxDb, serve

from facilityd.model.alarm import Change, ChangeKind
from facilityd.store.batch import ChangeRecord, LineKind
from facilityd.store.changes import ChangeWrite

RAISED = ChangeRecord(
    Change(T0 + 1, "hoist-1", "F4", 7, ChangeKind.RAISE), None, (), "unacknowledged", "true", "high"
)
TAKEN_ON = ChangeRecord(
    Change(T0 + 2, "hoist-1", "F4", 7, ChangeKind.ACKNOWLEDGE, person='王工 "A", b=1'),
    None, (), "acknowledged", "unknown", "high",
)  # fmt: skip
OLD = ChangeRecord(Change(T0 + 3, "hoist-1", "F4", 7, ChangeKind.CLEAR))
ALARM = "alarm,device=hoist-1,kind"
LINES = [
    f'{ALARM}=raise,priority=high,rule=F4,site=square occurrence=7i,state="unacknowledged",verdict="true" {T0 + 1}',
    (
        f'{ALARM}=acknowledge,priority=high,rule=F4,site=square occurrence=7i,state="acknowledged",'
        rf'verdict="unknown",person="王工 \"A\", b=1" {T0 + 2}'
    ),
    f"{ALARM}=clear,rule=F4,site=square occurrence=7i {T0 + 3}",
]


def many(count, start=0):
    return [
        ChangeRecord(
            Change(T0 + n, "hoist-1", f"F{n % 7}", n, kind), None, (), "unacknowledged", "true", "low"
        )
        for n in range(start, start + count)
        for kind in (ChangeKind.RAISE, ChangeKind.CLEAR)
    ]


def all_there(reader):
    taken = reader.cursor("influx"), reader.cursor("influx", LineKind.CHANGE)
    return taken == (reader.last_sample(), reader.changes()[-1].id)


async def test_a_change_is_a_point_of_measurement_alarm(keeper, reader):
    keeper.journal.commit([ChangeWrite([RAISED, TAKEN_ON, OLD])])
    async with serve(ScriptedInfluxDb()) as server, running(forwarder(keeper, server.url)):
        await wait_for(lambda: all_there(reader))
    assert [line.decode() for line in server.arrivals] == LINES
    assert reader.counters()["changes_forwarded"] == 3
    assert "forwarded" not in reader.counters(), "that counts samples"


async def test_killed_and_restarted_midway_each_change_is_there_once(keeper, reader):
    keeper.journal.commit([ChangeWrite(many(300))])
    fill(keeper, 100)
    async with serve(ScriptedInfluxDb(largest=97, delay=0.002)) as server:
        for _ in range(8):
            task = asyncio.create_task(forwarder(keeper, server.url).run())
            seen = len(server.requests)
            await wait_for(lambda before=seen: len(server.requests) > before + 2)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await deliver_all(keeper, reader, server)
        async with running(forwarder(keeper, server.url)):
            await wait_for(lambda: all_there(reader))
    alarms = [line for line in server.points.values() if line.startswith(b"alarm,")]
    assert (len(alarms), len(server.points), server.conflicts) == (600, 900, 0)
    assert reader.counters()["changes_forwarded"] == 600


async def test_a_backlog_of_samples_does_not_delay_an_alarm(keeper, reader):
    fill(keeper, 4000)
    async with serve(ScriptedInfluxDb()) as server, running(forwarder(keeper, server.url)):
        await wait_for(lambda: server.requests)
        keeper.journal.commit([ChangeWrite([RAISED])])
        await wait_for(lambda: all_there(reader))
    place = [line.startswith(b"alarm,") for line in server.arrivals].index(True)
    assert place <= 10_000, "at most two portions of samples go before it"


async def test_a_change_that_is_refused_is_set_aside_by_its_own_id(keeper, reader):
    fill(keeper, 1)
    keeper.journal.commit([ChangeWrite([RAISED, TAKEN_ON])])
    poisoned = ScriptedInfluxDb(poison=lambda line: b"acknowledge," in line)
    async with serve(poisoned) as server, running(forwarder(keeper, server.url)):
        await wait_for(lambda: all_there(reader))
    (letter,) = reader.dead_letter_lines()
    assert (letter.row, letter.kind, letter.line) == (2, LineKind.CHANGE, LINES[1])
    counters = reader.counters()
    assert (counters["parked"], counters["changes_forwarded"], counters["forwarded"]) == (1, 1, 3)


async def test_a_change_whose_name_a_flipped_bit_spoilt_holds_nothing_up(keeper, reader):
    keeper.journal.commit([ChangeWrite([RAISED, TAKEN_ON, OLD])])
    edit(keeper.journal.path, "UPDATE change SET rule = 'F4\\' WHERE id < 3")
    async with serve(ScriptedInfluxDb()) as server, running(forwarder(keeper, server.url)):
        await wait_for(lambda: all_there(reader))
    assert [line.decode() for line in server.arrivals] == LINES[2:]


async def test_what_waits_for_the_server_is_told_of_the_change_s_time(keeper, reader):
    keeper.journal.commit([ChangeWrite([RAISED])])
    overloaded = ScriptedInfluxDb(script=deque([(503, {}, "")] * 3))
    async with serve(overloaded) as server, running(forwarder(keeper, server.url)) as made:
        await wait_for(lambda: made.state.status == "waiting")
        assert made.state.oldest_unsent == RAISED.change.at
        await wait_for(lambda: all_there(reader))
    assert [line.decode() for line in server.arrivals] == LINES[:1]


async def test_a_real_influxdb_has_every_change_once_over_kills(keeper, reader, tmp_path_factory):
    async with influxd(tmp_path_factory.mktemp("influxd")) as server:
        told = {"bucket": server.bucket, "token": server.token, "org": server.org}
        for start in range(3):
            fill(keeper, 3, 3 * start)
            keeper.journal.commit([ChangeWrite(many(20, 20 * start))])
            async with running(forwarder_of(influx(server.url, **told), keeper)):
                await wait_for(lambda: reader.cursor("influx", LineKind.CHANGE) > 0)
                await server.kill()
            await server.start()
        keeper.journal.commit([ChangeWrite([TAKEN_ON])])
        async with running(forwarder_of(influx(server.url, **told), keeper)):
            await wait_for(lambda: all_there(reader))
        page = Path("docs/forwarding.md").read_text(encoding="utf-8")
        flux = page.partition("```flux\n")[2].partition("```")[0].replace("start: -90d", "start: 0")
        still_open = await server.query(flux.replace("telemetry", server.bucket))
        points = defaultdict(dict)
        for row in await server.everything():
            if row["_measurement"] == "alarm":
                key = (row["device"], row["rule"], row["kind"], row["priority"], instant(row["_time"]))
                points[key][row["_field"]] = row["_value"]
    stored = reader.changes()
    newest = {row.change.rule: row.state for row in sorted(stored, key=lambda row: row.change.at)}
    assert {row["rule"]: row["_value"] for row in still_open} == newest, "the query on the page"
    assert points.keys() == {
        (s.change.device, s.change.rule, s.change.kind, s.priority, s.change.at) for s in stored
    }
    assert len(points) == len(stored) == 121
    fields = points["hoist-1", "F4", "acknowledge", "high", T0 + 2]
    assert fields == {
        "occurrence": "7", "state": "acknowledged", "verdict": "unknown", "person": TAKEN_ON.change.person
    }  # fmt: skip
