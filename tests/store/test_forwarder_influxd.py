"""The forwarder against a real InfluxDB 2.7, which is killed, restarted, and refuses what it refuses."""

import asyncio
import random
from collections import defaultdict

import pytest
from support.forwarding import forwarder, running, wait_for
from support.influxd import Influxd, influxd, instant
from support.journals import T0, Keeper, sample, stream

from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample, SignalType, Stream
from facilityd.store.forward import Forwarder, SinkRetryPolicy
from facilityd.store.reader import JournalReader
from facilityd.store.samples import SampleWrite

QUICK = SinkRetryPolicy(idle=0.02, first=0.05, held=0.1, longest=0.2)
MIXED = Stream(
    "fountain-1",
    "fountain",
    "plc",
    "l",
    ("level", "count", "on", "mode", "serial"),
    tuple(SignalType),
    10 * NS,
)
LAMPS = [stream(f"lamp-{n}", "relay", 2) for n in range(4)]

Key = tuple[str, str, str, int]


@pytest.fixture
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("influxd")


def to(keeper: Keeper, server: Influxd, **other) -> Forwarder:
    told = {"bucket": server.bucket, "token": server.token, "org": server.org} | other
    return forwarder(keeper, server.url, QUICK, **told)


def journalled(reader: JournalReader) -> dict[Key, Sample]:
    samples = [reader.sample(row) for row in reader.samples_after(0, 10**6)]
    return {(s.stream.family, s.stream.device, s.stream.unit, s.at): s for s in samples}


async def in_influxdb(server: Influxd) -> dict[Key, dict[str, str]]:
    """Points by series and nanosecond, each with its fields as text."""
    points: dict[Key, dict[str, str]] = defaultdict(dict)
    for row in await server.everything():
        assert row["site"] == "square"
        key = (row["_measurement"], row["device"], row["unit"], instant(row["_time"]))
        points[key][row["_field"]] = row["_value"]
    return points


def spelled(sample: Sample) -> dict[str, str]:
    """The good values as Flux prints them."""
    texts = {True: "true", False: "false"}
    pairs = zip(sample.stream.signals, sample.values, strict=True)
    return {
        n: v if isinstance(v, str) else texts[v] if isinstance(v, bool) else repr(v)
        for n, v in pairs
        if v is not None
    }


def same(read: str, told: str) -> bool:
    return read == told or float(read) == float(told)


async def test_every_type_reason_and_nanosecond_arrives(keeper, reader, folder):
    samples = [
        sample(MIXED, T0 + 1, 0.1, 2**62, True, -3, '升旗 "A", b=1\\'),
        sample(MIXED, T0 + 2, 1e300, -(2**63), False, 0, "\\"),
        sample(MIXED, T0 + 3, 5e-324, None, True, 1, "#x", count=Reason.TIMEOUT),
        sample(MIXED, T0 + 4, 2.0, 7, True, 1, "a,b c", level=Reason.CLOCK),
        Sample(MIXED, T0 + 5, 0, (None,) * 5, dict.fromkeys(range(5), Reason.LINK_DOWN)),
        sample(MIXED, T0 + 1, 3.0, 8, True, 1, "%s %d"),
    ]
    keeper.journal.commit([SampleWrite(samples)])
    async with influxd(folder) as server:
        async with running(to(keeper, server, gzip=True)):
            await wait_for(lambda: reader.cursor("influx") == 6)
        points, told = await in_influxdb(server), journalled(reader)
    assert points.keys() == told.keys()
    assert [key[3] - T0 for key in points] != [0] * 6
    bad = {key[3] - T0: fields.pop("bad") for key, fields in points.items() if "bad" in fields}
    assert bad == {3: "count:timeout", 4: "level:clock", 5: "*:link-down"}
    for key, kept in told.items():
        want = spelled(kept)
        assert points[key].keys() == want.keys()
        assert all(same(points[key][name], want[name]) for name in want), (points[key], want)


async def test_killed_and_restarted_points_are_the_rows_of_the_journal(keeper, reader, folder):
    """Both sides die while samples keep coming: the server by SIGKILL, the forwarder by cancellation."""
    chance, stop = random.Random(5), asyncio.Event()

    async def produce() -> None:
        number = 0
        while not stop.is_set():
            await keeper.store(*(sample(of, T0 + number * 10**6 + n) for n, of in enumerate(LAMPS)))
            number += 1
            await asyncio.sleep(0.001)

    async with influxd(folder) as server:
        producing = asyncio.create_task(produce())
        for _ in range(8):
            async with running(to(keeper, server)) as made:
                before = reader.cursor("influx")
                await wait_for(lambda start=before: reader.cursor("influx") > start)
                await server.kill()
                await wait_for(lambda: made.state.status == "waiting")
                if chance.random() < 0.5:
                    await server.start()
            if not server.alive:
                await server.start()
        stop.set()
        await producing
        async with running(to(keeper, server)) as made:
            await wait_for(lambda: reader.cursor("influx") == reader.last_sample())
            assert made.state.status == "ok"
        points, told = await in_influxdb(server), journalled(reader)
    assert len(told) == reader.last_sample() > 1000
    assert points.keys() == told.keys(), "nanosecond for nanosecond"
    assert all(points[key].keys() == spelled(kept).keys() for key, kept in told.items())
    assert all(same(points[key][n], text) for key, kept in told.items() for n, text in spelled(kept).items())
    assert reader.dead_letter_lines() == []
    assert reader.counters()["forwarded"] == len(told)


async def test_a_field_that_changed_its_type_is_parked_and_the_rest_arrives(keeper, reader, folder):
    """InfluxDB fixes a field's type; it answers 422 and keeps the other points of the request."""
    before = Stream("pump-1", "pump", "plc", "l", ("speed",), (SignalType.INT,), NS)
    after = Stream("pump-1", "pump", "plc", "l", ("speed",), (SignalType.FLOAT,), NS)
    async with influxd(folder) as server, running(to(keeper, server)) as made:
        await keeper.store(sample(before, T0, 5))
        await wait_for(lambda: reader.cursor("influx") == 1)
        later = [sample(LAMPS[0], T0 + n) for n in range(20)]
        await keeper.store(*later[:7], sample(after, T0 + 1, 5.5), *later[7:], sample(after, T0 + 2, 6.5))
        await wait_for(lambda: reader.cursor("influx") == reader.last_sample())
        assert made.state.status == "ok"
        points = await in_influxdb(server)
    assert [entry.row for entry in reader.dead_letter_lines()] == [9, 23]
    assert "field type conflict" in reader.dead_letter_lines()[0].reason
    assert reader.dead_letter_lines()[0].line == f"pump,device=pump-1,site=square,unit=plc speed=5.5 {T0 + 1}"
    assert len(points) == 21
    assert (reader.counters()["forwarded"], reader.counters()["parked"]) == (21, 2)


@pytest.mark.parametrize(
    ("wrong", "reason"), [({"token": "wrong"}, "unauthorized"), ({"bucket": "missing"}, "not-found")]
)
async def test_a_wrong_token_or_bucket_holds_until_it_is_right(keeper, reader, folder, wrong, reason):
    await keeper.store(*(sample(of, T0) for of in LAMPS))
    async with influxd(folder) as server:
        async with running(to(keeper, server, **wrong)) as made:
            await wait_for(lambda: made.state.status == "held")
            assert (made.state.reason, made.state.oldest_unsent) == (reason, T0)
        assert (reader.cursor("influx"), reader.dead_letter_lines()) == (0, [])
        async with running(to(keeper, server)):
            await wait_for(lambda: reader.cursor("influx") == 4)
        assert len(await in_influxdb(server)) == 4
