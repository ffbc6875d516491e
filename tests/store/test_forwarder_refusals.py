"""The forwarder and a server that refuses: what is too much, what is poison, what needs a person."""

from collections import deque

import pytest
from support.forwarding import deliver_all, expected, fill, forwarder, running, wait_for
from support.journals import T0
from support.scripted_influxdb import ScriptedInfluxDb, serve


async def test_too_large_is_halved(keeper, reader):
    fill(keeper, 100)
    async with serve(ScriptedInfluxDb(largest=40)) as server:
        await deliver_all(keeper, reader, server)
    assert server.arrivals == expected(reader)
    assert [len(request.lines) for request in server.requests][:4] == [300, 150, 75, 37]
    assert reader.dead_letter_lines() == []


async def test_a_single_line_that_is_too_large_is_parked(keeper, reader):
    fill(keeper, 2)
    async with serve(ScriptedInfluxDb()) as server:
        big = expected(reader)[3]
        server.respond = lambda lines: (413, {}, "") if big in lines else (204, {}, "")
        await deliver_all(keeper, reader, server)
    assert [letter.row for letter in reader.dead_letter_lines()] == [4]
    assert server.arrivals == [line for line in expected(reader) if line != big]


@pytest.mark.parametrize("partial", [False, True], ids=["400 refuses all", "422 keeps the rest"])
@pytest.mark.parametrize("bad", [[1], [300], [1, 2, 3], [7, 150, 151, 299], list(range(1, 301))])
async def test_exactly_the_poison_is_parked(keeper, reader, bad, partial):
    fill(keeper, 100)
    lines = expected(reader)
    poison = {lines[number - 1] for number in bad}
    async with serve(ScriptedInfluxDb(poison=poison.__contains__, partial=partial)) as server:
        await deliver_all(keeper, reader, server)
    dead_letter_lines = reader.dead_letter_lines()
    assert [entry.row for entry in dead_letter_lines] == bad
    assert [entry.line.encode() for entry in dead_letter_lines] == [lines[number - 1] for number in bad]
    assert {entry.reason.split(":")[0] for entry in dead_letter_lines} == {"refused"}
    assert set(server.points.values()) == set(lines) - poison
    assert server.conflicts == 0
    counters = reader.counters()
    assert (counters["parked"], counters.get("forwarded", 0)) == (len(bad), 300 - len(bad))
    assert len(server.requests) <= 1 + len(bad) * 2 * 9


async def test_an_early_partial_write_as_500_is_bisected_too(keeper, reader):
    fill(keeper, 10)
    bad = expected(reader)[17]
    async with serve(ScriptedInfluxDb()) as server:
        told = '{"message":"partial write: points beyond retention policy dropped=1"}'
        server.respond = lambda lines: (500, {}, told) if bad in lines else (204, {}, "")
        await deliver_all(keeper, reader, server)
    assert [entry.row for entry in reader.dead_letter_lines()] == [18]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "not-found"),
        (301, "unexpected-answer"),
        (200, "unexpected-answer"),
    ],
)
async def test_what_needs_a_person_holds_everything(keeper, reader, status, reason):
    fill(keeper, 20)
    held: deque = deque([(status, {"Location": "/elsewhere"}, '{"message":"who are you"}')] * 3)
    async with serve(ScriptedInfluxDb(held)) as server:
        server.keep, keep = (lambda lines: None), server.keep
        async with running(forwarder(keeper, server.url)) as made:
            await wait_for(lambda: made.state.status == "held")
            assert (made.state.reason, made.state.oldest_unsent) == (reason, T0)
            assert reader.cursor("influx") == 0
            await wait_for(lambda: not held)
            server.keep = keep
            await wait_for(lambda: reader.cursor("influx") == 60)
            assert made.state.status == "ok"
    assert reader.dead_letter_lines() == []
    assert server.arrivals[-60:] == expected(reader)


CONFLICT = (
    500,
    {},
    '{"message":"field type conflict: input field \\"level\\" is type float, already exists as type int"}',
)


@pytest.mark.parametrize("bad", [[18], [1], [300], [5, 6, 250], [299, 300]])
async def test_a_500_that_means_the_line_is_found_and_parked(keeper, reader, bad):
    fill(keeper, 100)
    lines = expected(reader)
    poison = {lines[number - 1] for number in bad}
    async with serve(ScriptedInfluxDb()) as server:
        server.respond = lambda asked: CONFLICT if poison.intersection(asked) else (204, {}, "")
        await deliver_all(keeper, reader, server)
    assert [entry.row for entry in reader.dead_letter_lines()] == bad
    assert set(server.points.values()) == set(lines) - poison
    assert reader.cursor("influx") == 300


async def test_a_server_that_is_down_with_500_loses_nothing(keeper, reader):
    fill(keeper, 100)
    async with serve(ScriptedInfluxDb(script=deque([(500, {}, "internal error")] * 120))) as server:
        await deliver_all(keeper, reader, server)
    assert reader.dead_letter_lines() == []
    assert set(server.points.values()) == set(expected(reader))


@pytest.mark.parametrize("failures", [5, 6, 9, 17, 30, 44, 45, 46, 47])
async def test_a_server_that_comes_back_amid_the_search_accuses_nobody_falsely(keeper, reader, failures):
    fill(keeper, 30)
    async with serve(ScriptedInfluxDb(script=deque([(500, {}, "internal error")] * failures))) as server:
        await deliver_all(keeper, reader, server)
    assert reader.dead_letter_lines() == []
    assert set(server.points.values()) == set(expected(reader))
    assert server.conflicts == 0
