"""The forwarder and a server that is away, slow or overloaded: it waits, says so once, loses nothing."""

import logging
from collections import deque

import pytest
from support.forwarding import deliver_all, expected, fill, forwarder, running, wait_for
from support.influxd import free_port
from support.journals import T0
from support.scripted_influxdb import ScriptedInfluxDb, serve

from facilityd.store.forward import SinkRetryPolicy
from facilityd.store.sink import WriteAction, WriteOutcome

TRANSIENT = [
    ((429, {}, "slow down"), "overloaded"),
    ((500, {}, "oops"), "server-error"),
    ((502, {}, ""), "server-error"),
    ((503, {"Retry-After": "0"}, ""), "overloaded"),
    ((504, {}, ""), "server-error"),
    ("reset", "interrupted"),
    ("taken-but-reset", "interrupted"),
    ("hang", "timeout"),
]


@pytest.mark.parametrize(("step", "reason"), TRANSIENT)
async def test_what_passes_is_waited_for_and_nothing_is_lost(keeper, reader, step, reason):
    fill(keeper, 20)
    seen = []
    script = deque([step] * 2)
    async with (
        serve(ScriptedInfluxDb(script)) as server,
        running(forwarder(keeper, server.url, timeout=0.2)) as made,
    ):
        await wait_for(lambda: seen.append(made.state) or reader.cursor("influx") == 60)
    trouble = next(state for state in seen if state.status == "waiting")
    assert (trouble.reason, trouble.oldest_unsent) == (reason, T0)
    assert made.state.status == "ok"
    assert made.state.oldest_unsent is None
    assert list(server.points.values()) == expected(reader)
    assert server.conflicts == 0
    assert [request.lines for request in server.requests] == [expected(reader)] * 3
    assert reader.dead_letter_lines() == []


async def test_a_server_that_is_not_there_is_waited_for(keeper, reader):
    fill(keeper, 20)
    port = free_port()
    async with running(forwarder(keeper, f"http://127.0.0.1:{port}")) as made:
        await wait_for(lambda: made.state.status == "waiting")
        assert made.state.reason == "unreachable"
        async with serve(ScriptedInfluxDb(), port) as server:
            await wait_for(lambda: reader.cursor("influx") == 60)
    assert server.arrivals == expected(reader)


async def test_it_speaks_at_first_failure_new_reason_and_recovery_only(keeper, reader, caplog):
    caplog.set_level(logging.INFO, "facilityd.store.forward")
    fill(keeper, 5)
    script = [(503, {}, "")] * 4 + [(500, {}, "")] * 3 + [(503, {}, "")]
    async with serve(ScriptedInfluxDb(deque(script))) as server:
        await deliver_all(keeper, reader, server)
    told = [record.getMessage() for record in caplog.records]
    assert [text.split(":")[0] for text in told[:3]] == ["influx takes no points"] * 3
    assert ["overloaded" in told[0], "server-error" in told[1], "overloaded" in told[2]] == [True] * 3
    assert told[3].startswith("influx takes points again after")
    assert len(told) == 4


async def test_retry_after_is_obeyed(keeper, reader):
    fill(keeper, 5)
    async with serve(ScriptedInfluxDb(deque([(429, {"Retry-After": "1"}, "")]))) as server:
        await deliver_all(keeper, reader, server, SinkRetryPolicy(idle=0.01, first=0.01))
    first, second = (request.at for request in server.requests)
    assert 1.0 <= second - first < 10


async def test_retry_after_is_capped(keeper, reader):
    fill(keeper, 5)
    async with serve(ScriptedInfluxDb(deque([(503, {"Retry-After": "21600"}, "")]))) as server:
        await deliver_all(keeper, reader, server)
    first, second = (request.at for request in server.requests)
    assert 0.1 <= second - first < 10


@pytest.mark.parametrize(("action", "first"), [(WriteAction.RETRY, 1.0), (WriteAction.HELD, 30.0)])
def test_waits_double_to_five_minutes_with_jitter(action, first):
    retry_policy = [
        [SinkRetryPolicy().after(WriteOutcome(action, "r"), n) for _ in range(200)] for n in range(1, 40)
    ]
    for failures, drawn in enumerate(retry_policy, 1):
        whole = min(first * 2.0 ** (failures - 1), 300.0)
        assert whole / 1.2 <= min(drawn) < max(drawn) <= whole
        assert max(drawn) - min(drawn) > 0.1 * whole, "a crowd of daemons comes back spread out"
    asked = [
        SinkRetryPolicy().after(WriteOutcome(WriteAction.RETRY, "r", retry_after=20.0), 1) for _ in range(200)
    ]
    assert 20.0 <= min(asked) < max(asked) <= 24.0


async def test_trouble_began_when_it_began(keeper, reader):
    fill(keeper, 5)
    script: deque = deque([(503, {}, "")] * 2 + [(401, {}, "")] * 2)
    async with serve(ScriptedInfluxDb(script)) as server, running(forwarder(keeper, server.url)) as made:
        await wait_for(lambda: made.state.status == "waiting")
        began = made.state.since
        await wait_for(lambda: made.state.status == "held")
        assert made.state.since == began
        await wait_for(lambda: made.state.status == "ok")
        assert made.state.since > began
