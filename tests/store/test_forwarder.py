"""The forwarder and a server that takes what it is given: all of it, once, in order."""

import asyncio
import random
from functools import partial

from support.forwarding import STREAMS, deliver_all, expected, fill, forwarder, running, wait_for
from support.journals import T0, purge, sample, stream
from support.scripted_influxdb import ScriptedInfluxDb, serve

from facilityd.errors import StoreFull
from facilityd.model.quality import Reason
from facilityd.model.sample import NS
from facilityd.store.samples import SampleWrite


async def test_every_sample_is_one_point_in_order(keeper, reader):
    fill(keeper, 100)
    async with serve(ScriptedInfluxDb()) as server:
        made = await deliver_all(keeper, reader, server)
    assert server.arrivals == expected(reader)
    assert len(server.points) == 300
    assert len(server.requests) == 1
    assert server.requests[0].query == {"org": "square", "bucket": "telemetry", "precision": "ns"}
    assert server.requests[0].headers["Authorization"] == "Token secret"
    assert reader.counters()["forwarded"] == 300
    assert made.state.status == "ok"


async def test_what_comes_later_is_forwarded_too(keeper, reader):
    async with serve(ScriptedInfluxDb()) as server, running(forwarder(keeper, server.url)):
        for start in range(5):
            fill(keeper, 1, start)
            await wait_for(lambda: reader.cursor("influx") == reader.last_sample())
        assert server.arrivals == expected(reader)


async def test_compressed(keeper, reader):
    fill(keeper, 100)
    async with serve(ScriptedInfluxDb()) as server:
        await deliver_all(keeper, reader, server, gzip=True)
    assert server.requests[0].headers["Content-Encoding"] == "gzip"
    assert server.arrivals == expected(reader)


async def test_batches_are_bounded_in_lines_and_bytes(keeper, reader):
    wide = stream("wall", "plc", 60)
    keeper.journal.commit([SampleWrite([sample(wide, T0 + n * NS, 0.123456789 + n) for n in range(3000)])])
    fill(keeper, 4000)
    async with serve(ScriptedInfluxDb()) as server:
        await deliver_all(keeper, reader, server)
    sizes = [(len(request.lines), sum(map(len, request.lines))) for request in server.requests]
    assert max(lines for lines, _ in sizes) == 5000
    assert 900_000 < max(size for _, size in sizes) <= 1_000_000
    assert server.arrivals == expected(reader)


async def test_killed_and_restarted_midway_each_point_is_there_once_and_in_order(keeper, reader):
    chance = random.Random(3)
    fill(keeper, 1500)
    async with serve(ScriptedInfluxDb(largest=97, delay=0.004)) as server:
        for _ in range(15):
            task = asyncio.create_task(forwarder(keeper, server.url).run())
            cut_at = len(server.requests) + chance.randint(1, 12)
            await wait_for(lambda enough=cut_at: len(server.requests) >= enough)
            for _ in range(chance.randrange(40)):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert 0 < reader.cursor("influx") < reader.last_sample(), "really cut midway"
        await deliver_all(keeper, reader, server)
    assert list(server.points.values()) == expected(reader), "dict order is the order of first arrival"
    assert len(server.points) == 1500 * 3
    assert server.conflicts == 0, "a replay is the same bytes"
    assert len(server.arrivals) > len(server.points), "something was replayed"


async def test_a_full_journal_delays_the_cursor_and_loses_nothing(keeper, reader):
    fill(keeper, 20)
    bad = expected(reader)[7]
    refusals = iter([True, True, False, True, False])

    async def sometimes(work, *args):
        if next(refusals, False):
            raise StoreFull("no room")
        await work(*args)

    async with serve(ScriptedInfluxDb(poison=lambda line: line == bad)) as server:
        keeper.advance = partial(sometimes, keeper.advance)
        keeper.add_dead_letter_line = partial(sometimes, keeper.add_dead_letter_line)
        made = forwarder(keeper, server.url)
        async with running(made):
            await wait_for(lambda: reader.cursor("influx") == 60)
    assert [entry.row for entry in reader.dead_letter_lines()] == [8]
    assert len(server.points) == 59


async def test_what_was_purged_unsent_is_passed_over(keeper, reader):
    fill(keeper, 100)
    purge(keeper.journal.path, 120)
    async with serve(ScriptedInfluxDb()) as server:
        await deliver_all(keeper, reader, server)
    assert len(server.points) == 180
    counters = reader.counters()
    assert (counters["forwarded"], counters["purged_unsent"]) == (180, 120)
    assert counters["stored"] == counters["forwarded"] + counters["purged_unsent"]


async def test_bad_and_uncertain_samples_are_points_as_well(keeper, reader):
    of = STREAMS[0]
    void = sample(of, T0, None, None, None, s0=Reason.TIMEOUT, s1=Reason.TIMEOUT, s2=Reason.TIMEOUT)
    keeper.journal.commit([SampleWrite([void, sample(of, T0 + NS, 1.0, 2.0, 3.0, s1=Reason.CLOCK)])])
    async with serve(ScriptedInfluxDb()) as server:
        await deliver_all(keeper, reader, server)
    assert [line.split(b" ")[1] for line in server.arrivals] == [
        b'bad="*:timeout"',
        b's0=1.0,s1=2.0,s2=3.0,bad="s1:clock"',
    ]
