"""A harness for the Modbus adapter: simulated units with known values, and what the adapter made of them."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from devices.modbus.bus import Bus
from devices.modbus.client import connect
from devices.modbus.decode import compile_block, register_binding
from devices.modbus.plan import merge
from devices.modbus.reader import Connect
from devices.operating_mode import OperatingModeTracker
from devices.profile import ModbusProfile, Profile
from devices.unit import Binding, ModbusLink, PollRates, Unit
from facilityd.model.clock import Clock
from facilityd.model.link import LinkHealth
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample, SignalType, Stream
from facilityd.scenario.loop import VirtualLoop
from facilityd.supervise.stop import end
from simulators.endpoint import Endpoint, WireTime
from simulators.framing import MBAP, RTU
from simulators.modbus_memory import MemoryEndpoint
from simulators.modbus_tcp import TcpEndpoint
from simulators.register_map import RegisterMap

TRUTH = {"first": 11.0, "second": 22.0, "wide": 333333.0, "precise": 1.5}
MODEL = 0x12345678
PROFILE: dict[str, Any] = {
    "profile": "harness", "protocol": "modbus", "maker": "Test", "model": "Harness", "manual": "none", "evidence": "C",
    "max_block": 20, "max_gap": 2, "timeout": "200ms",
    "points": {
        "first": {"address": 0, "doc": "1", "type": "u16", "range": [0, 60000]},
        "second": {"address": 1, "doc": "2", "type": "u16", "no_value": [65535]},
        "wide": {"address": 50, "doc": "51", "type": "u32"},
        "precise": {"address": 60, "doc": "61", "type": "f32"},
        "model": {"address": 100, "doc": "101", "type": "u32"},
    },
    "identity": [{"point": "model", "equals": MODEL}],
    "golden": [{"point": "first", "words": [11], "value": 11}],
}  # fmt: skip


def profile(**changes: Any) -> ModbusProfile:
    """Return the profile of the simulated units."""
    made = TypeAdapter(Profile).validate_python({**PROFILE, **changes})
    assert isinstance(made, ModbusProfile)
    return made


def unit(
    number: int = 1,
    period: int = NS // 5,
    model: ModbusProfile | None = None,
    poll_rates: PollRates | None = None,
) -> Unit:
    """Return one unit feeding one device with every signal of ``TRUTH``."""
    model = model or profile()
    points = model.expanded
    names = tuple(name for name in TRUTH if name in points)
    kinds = (SignalType.FLOAT,) * len(names)
    stream = Stream(f"device-{number}", "harness", f"unit-{number}", "link", names, kinds, period)
    bindings = tuple(Binding(n, points[n], stream, slot, SignalType.FLOAT) for slot, n in enumerate(names))
    return Unit(
        f"unit-{number}",
        "link",
        model,
        (stream,),
        bindings,
        poll_rates or PollRates(period),
        device_id=number,
    )


def decoded(point: dict[str, Any], words: list[int], kind: SignalType) -> Any:
    """Return what the adapter makes of the words of one point: a value, and why there is none."""
    model = profile(points={**PROFILE["points"], "p": {"address": 0, "doc": "-", **point}})
    stream = Stream("d", "f", "u", "l", ("s",), (kind,))
    made = model.expanded["p"]
    binding = Binding("p", made, stream, 0, kind, codes=made.enum or None)
    (read,) = merge([register_binding(binding, Unit("u", "l", model, (stream,), (binding,)))], model)
    assert read.count == len(words)
    out: list[Any] = []
    payload = struct.pack(f">{len(words)}H", *words)
    block = compile_block(read.table, read.address, read.count, read.fields)
    block.decode(payload, lambda _, verdict: out.append(verdict))
    return out[0]


def truth(units: list[Unit]) -> dict[tuple[str, str], float]:
    """Return the true values of every unit."""
    return {(u.streams[0].device, name): TRUTH[name] for u in units for name in u.streams[0].signals}


@dataclass
class TimedIntake:
    """An Intake that keeps what it gets, with the loop's time; ``bus`` is what hands it in."""

    samples: list[tuple[float, Sample]] = field(default_factory=list)
    health: list[LinkHealth] = field(default_factory=list)
    bus: Bus | None = None

    def offer(self, samples: list[Sample]) -> None:
        now = asyncio.get_running_loop().time()
        self.samples += [(now, sample) for sample in samples]

    async def commit(self, samples: list[Sample]) -> None:
        self.offer(samples)

    def of(self, number: int) -> list[Sample]:
        return [s for _, s in self.samples if s.stream.unit == f"unit-{number}"]

    def good(self, number: int = 1) -> list[Sample]:
        return [s for s in self.of(number) if not s.reasons]

    def reasons(self, number: int = 1) -> set[Reason]:
        return {reason for sample in self.of(number) for reason in sample.reasons.values()}

    def wrong(self) -> list[Sample]:
        """Return samples with a good value that is not the true one: there must never be any."""
        out = []
        for _, sample in self.samples:
            for index, name in enumerate(sample.stream.signals):
                value = sample.values[index]
                if index not in sample.reasons and (value is None or abs(float(value) - TRUTH[name]) > 1e-6):
                    out.append(sample)
        return out


def link_to(endpoint: Endpoint, protocol: str = "modbus-tcp", **more: Any) -> ModbusLink:
    host, _, port = endpoint.address.rpartition(":")
    return ModbusLink("link", protocol, host, int(port), **more)


@asynccontextmanager
async def served(
    units: list[Unit], protocol: str = "modbus-tcp", *, baudrate: int = 0, gateway: bool = False
) -> AsyncIterator[Endpoint]:
    """Serve units with their true values: on a free port, in virtual time in memory.

    The frames, the hazards and the client are the same.
    """
    register_maps = {u.device_id: RegisterMap(u) for u in units}
    for register_map in register_maps.values():
        register_map.update(truth(units))
    framing = MBAP if protocol == "modbus-tcp" else RTU
    wire = WireTime(baudrate) if baudrate else None
    loop = asyncio.get_running_loop()
    endpoint: Endpoint
    if isinstance(loop, VirtualLoop):
        name = "memory", len(loop.endpoints)
        endpoint = MemoryEndpoint("{}:{}".format(*name), register_maps, framing, gateway=gateway, wire=wire)
        loop.endpoints[name] = endpoint.connect
    else:
        endpoint = TcpEndpoint(register_maps, framing=framing, gateway=gateway, wire=wire)
    endpoint.open()
    try:
        yield endpoint
    finally:
        endpoint.close()


@asynccontextmanager
async def running_bus(
    link: ModbusLink, units: list[Unit], mode: OperatingModeTracker | None = None, opener: Connect = connect
) -> AsyncIterator[TimedIntake]:
    """Run the adapter on a link, which ``opener`` opens."""
    intake = TimedIntake()
    bus = Bus(link, units, intake, _clock(), mode or OperatingModeTracker({}), intake.health.append, opener)
    intake.bus, task = bus, asyncio.create_task(bus.run())
    try:
        yield intake
        assert not task.done(), "the adapter must outlive everything the field does"
    finally:
        await end([task])


def _clock() -> Clock:
    loop = asyncio.get_running_loop()
    return Clock(lambda: loop.ns, lambda: loop.ns) if isinstance(loop, VirtualLoop) else Clock()


async def until(what: Callable[[], object], seconds: float = 8.0) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(seconds):
        while not what():
            await asyncio.sleep(0.02)
