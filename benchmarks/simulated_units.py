"""What serving costs: UNITS simulated units on one Modbus TCP port, each polled once a second
over a connection of its own for 40 registers, all values new every tick.

    python benchmarks/simulated_units.py [units] [seconds] [asyncio|uvloop]

Prints the server process's CPU as a share of one core, late answers, and the round trip.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import struct
import sys
import time
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection

import uvloop

from devices.profile import ModbusProfile
from devices.unit import Binding, Unit
from facilityd.model.sample import SignalType, Stream
from simulators.modbus_tcp import TcpEndpoint
from simulators.register_map import RegisterMap

POINTS, TICK = 20, 0.1


def profile() -> ModbusProfile:
    points = {f"p{n}": {"address": 2 * n, "doc": str(n), "type": "s32", "scale": 0.1} for n in range(POINTS)}
    return ModbusProfile.model_validate(
        {
            "profile": "bench", "protocol": "modbus", "maker": "-", "model": "-", "manual": "-",
            "evidence": "C", "points": points, "identity": [{"point": "p0", "between": [-1e9, 1e9]}],
            "golden": [{"point": "p0", "words": [0, 0], "value": 0}],
        }
    )  # fmt: skip


def unit(table: ModbusProfile, number: int) -> Unit:
    signals = tuple(table.points)
    stream = Stream(f"d{number}", "bench", f"u{number}", "tcp", signals, (SignalType.FLOAT,) * POINTS)
    bindings = tuple(
        Binding(name, point, stream, slot, SignalType.FLOAT)
        for slot, (name, point) in enumerate(table.expanded.items())
    )
    return Unit(f"u{number}", "tcp", table, (stream,), bindings, device_id=number % 256)


async def server(units: int, pipe: Connection) -> None:
    """Serve; device ids repeat beyond 256, so further endpoints share the work of one process."""
    table = profile()
    made = [unit(table, number) for number in range(units)]
    endpoints = [
        TcpEndpoint({u.device_id: RegisterMap(u) for u in made[start : start + 256]})
        for start in range(0, units, 256)
    ]
    for endpoint in endpoints:
        endpoint.open()
    pipe.send([endpoint.port for endpoint in endpoints])
    turn, truth = 0, {(u.streams[0].device, name): 0.0 for u in made for name in table.points}
    keys = list(truth)
    loop = asyncio.get_running_loop()
    own = 0.0
    while not pipe.poll():
        began = time.process_time()
        turn += 1
        value = turn * 0.1
        truth = dict.fromkeys(keys, value)
        own += time.process_time() - began  # the physics' business, not the wire's
        for endpoint in endpoints:
            for register_map in endpoint.register_maps.values():
                register_map.update(truth)
        await asyncio.sleep(TICK - loop.time() % TICK)
        if turn == 30:  # everybody is connected
            start, own = (time.process_time(), time.monotonic()), 0.0
    cpu, wall = time.process_time() - start[0] - own, time.monotonic() - start[1]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pipe.send((cpu, wall, sum(e.witness[3] for e in endpoints), memory))


async def master(port: int, device: int, until: float, trips: list[float], late: list[int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    loop = asyncio.get_running_loop()
    due = loop.time() + (hash((port, device)) % 1000) / 1000
    ask = bytes((3,)) + struct.pack(">HH", 0, 2 * POINTS)
    header = struct.Struct(">HHHB")
    transaction = 0
    while due < until:
        await asyncio.sleep(max(0.0, due - loop.time()))
        transaction = (transaction + 1) & 0xFFFF
        sent = time.perf_counter()
        writer.write(header.pack(transaction, 0, 6, device) + ask)
        answer = await reader.readexactly(7 + 2 + 4 * POINTS)
        assert header.unpack_from(answer) == (transaction, 0, 3 + 4 * POINTS, device)
        trips.append(time.perf_counter() - sent)
        late[0] += trips[-1] > 0.5
        due += 1.0
    writer.close()
    await writer.wait_closed()


async def masters(units: int, ports: list[int], seconds: float) -> tuple[list[float], int]:
    trips: list[float] = []
    late = [0]
    until = asyncio.get_running_loop().time() + seconds
    await asyncio.gather(*(master(ports[n // 256], n % 256, until, trips, late) for n in range(units)))
    return trips, late[0]


def main(units: int = 1000, seconds: float = 20, loop: str = "uvloop") -> None:
    ours, theirs = Pipe()
    run = uvloop.run if loop == "uvloop" else asyncio.run
    process = Process(target=lambda: run(server(units, theirs)))
    process.start()
    ports = ours.recv()
    trips, late = uvloop.run(masters(units, ports, seconds))
    ours.send("stop")
    cpu, wall, asked, memory = ours.recv()
    process.join()
    trips.sort()
    median, worst = 1e3 * statistics.median(trips), 1e3 * trips[int(len(trips) * 0.99)]
    print(
        f"{units} units, {loop}: server {100 * cpu / wall:.1f} % of a core over {wall:.0f} s, {asked} reads, "
        f"{1e6 * cpu / wall / units:.0f} us per read, {memory:.0f} MB; "
        f"round trip median {median:.2f} ms, 99 % {worst:.2f} ms, {late} later than 0.5 s"
    )


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(*(kind(text) for kind, text in zip((int, float, str), arguments, strict=False)))
