"""Independent masters and the daemon agree on every bound Modbus point; nobody was commanded."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from contextlib import ExitStack

import pytest
from support.daemon import daemon, facilityd_json, journal_of, running, until
from support.independent_masters import MASTERS, decoded, modbus_points, places, relayed, same
from support.site import frozen, make_square, square_of

from devices.unit import ModbusLink
from facilityd.store.reader import JournalReader
from simulators.broker import broker
from simulators.site import serve

OURS = ("link-", "facilityd")


def stored(path):
    """The newest value of every signal of the site, with its reason."""
    with JournalReader.open(path) as reader:
        samples = [reader.sample(row) for row in reader.latest()]
    return {
        (s.stream.device, name): (s.values[n], s.reasons.get(n))
        for s in samples
        for n, name in enumerate(s.stream.signals)
        if not s.stream.device.startswith(OURS)
    }


FAULTS = (
    ("hoist-1", "H8"),
    ("fountain-2", "leakage"),
    ("fountain-4", "F13"),
    ("gate-wall", "L7"),
    ("museum-south", "L1"),
    ("avenue-east", "L10"),
    ("lantern-2", "L5"),
    ("pole-3", "H10"),
)


@pytest.fixture(params=["healthy", "faulty"])
async def polled(tmp_path, request):
    """The square stands still, all well or with faults; the daemon has read it once and has gone."""
    made = make_square(tmp_path / "site")
    made.quicken()
    square = square_of(made.site)
    for device, fault in FAULTS if request.param == "faulty" else ():
        square.model(device).inject(fault, ramp=0)
    square.advance(120, step=5)
    site, truth = made.site, frozen(square)
    async with (
        broker(made.ports[18830]),
        serve(list(site.units.values()), list(site.links.values()), truth, wire_time=False) as field,
    ):
        wanted = {(s.device, n) for d in site.devices.values() for s in d.streams for n in s.signals}
        watching = daemon(made.folder, log=tmp_path / "daemon.log")
        async with running(watching):
            (await journal_of(made.journal, watching)).close()
            # A lantern's news carry no total; its first status does. Rest periods are 30 s.
            await until(lambda: wanted <= stored(made.journal).keys(), 40)
            await watching.stop()
        yield made, site, field, request.param == "faulty"


@pytest.mark.timeout(110)
async def test_masters_agree_with_the_daemon_and_nobody_was_commanded(polled, tmp_path):
    made, site, field, faulty = polled
    known = stored(made.journal)
    bad = {key: reason for key, (value, reason) in known.items() if reason}
    assert bad == {}
    assert faulty is (known["fountain-2", "leakage"][0] > 0.015), "the faults are on the wires"
    assert faulty is known["pole-3", "tripped"][0]
    assert faulty is known["hoist-1", "slack_rope"][0]
    assert faulty is (known["lantern-2", "temperature"][0] > 50)
    # The witness: whatever came over the wires was a read, and nobody published below a unit's topic.
    assert set(field.witness) <= {1, 2, 3, 4}
    assert field.witness.total() > 50
    assert (field.commands, [dict(p.witness) for p in field.publishers.values()]) == (0, [{}] * 4)
    wrong, compared, protocols = [], dict.fromkeys(MASTERS, 0), set()
    with ExitStack() as stack:
        for link in (one for one in site.links.values() if isinstance(one, ModbusLink)):
            points = modbus_points(site, link.id)
            wanted = {place for unit, _, point in points for place in places(unit, point)}
            relay = await relayed(site, field, link.id, tmp_path, stack)
            for name, ask in MASTERS.items():
                words = await ask(field.endpoint(link.id), relay, wanted)
                for unit, binding, point in points:
                    own, *sign = (words[place] for place in places(unit, point))
                    read = decoded(binding, point, own, sign[0][0] if sign else None)
                    key = (binding.stream.device, binding.stream.signals[binding.slot])
                    compared[name] += 1
                    if not same(known[key][0], read):
                        wrong.append((name, key, binding.name, own, read, known[key]))
            protocols.add(link.protocol)
    assert wrong == []
    assert min(compared.values()) > 250
    assert protocols == {"modbus-tcp", "modbus-rtu", "modbus-rtu-over-tcp"}
    assert field.commands == 0
    await _history_says_the_same(made, known)
    await _mosquitto_hears_the_same(made.ports[18830], known)


async def _mosquitto_hears_the_same(port, known):
    if not shutil.which("mosquitto_sub"):
        if os.environ.get("FACILITYD_REQUIRE_SERVERS"):
            pytest.fail("mosquitto_sub is required here (apt install mosquitto-clients)")
        return
    topic = "lanterns/two/status/switch:0"
    words = [
        "mosquitto_sub",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        "-t",
        topic,
        "-R",
        "-C",
        "1",
        "-W",
        "30",
        "-V",
        "311",
    ]
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    status = json.loads(said)
    assert status["temperature"]["tC"] == pytest.approx(known["lantern-2", "temperature"][0], abs=0.1)
    assert status["apower"] == pytest.approx(known["lantern-2", "power"][0], rel=0.02)


async def _history_says_the_same(made, known):
    for device, signal in (("hoist-1", "tension"), ("monument", "energy"), ("pole-3", "ready")):
        shown = await facilityd_json("history", made.folder, device, signal, "--since", "5min")
        assert shown["rows"][-1]["value"] == known[device, signal][0]
        assert shown["rows"][-1]["quality"] == "good"
