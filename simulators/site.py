"""A whole site on real wires: one endpoint for each link, every unit behind it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import ExitStack, asynccontextmanager

from devices.unit import Link, ModbusLink, MqttLink, Unit
from facilityd.errors import PortTaken, UsageError
from facilityd.model.message import Wording
from simulators.endpoint import READS, Endpoint, WireTime
from simulators.framing import MBAP, RTU, Framing
from simulators.hazards import Hazard, hazard
from simulators.inverse_binding import Signals
from simulators.modbus_memory import MemoryEndpoint
from simulators.modbus_rtu import SerialEndpoint
from simulators.modbus_tcp import TcpEndpoint
from simulators.mqtt_hazards import MqttHazard, mqtt_hazard
from simulators.mqtt_publisher import MqttPublisher
from simulators.register_map import RegisterMap

Truth = Callable[[], Signals]
TICK = 0.1
"""s between two looks at the truth."""


class ServedSite:
    """The site's units while they are served."""

    def __init__(self, units: Sequence[Unit], endpoints: dict[str, Endpoint]) -> None:
        self._units = {unit.id: unit for unit in units}
        self._endpoints = endpoints
        self.publishers: dict[str, MqttPublisher] = {}

    def endpoint(self, link: str) -> Endpoint:
        """Return a Modbus link's endpoint. Raises UsageError."""
        if link not in self._endpoints:
            raise UsageError(
                Wording("scenario.no-simulated-modbus-link", link=link), hint=_known(self._endpoints)
            )
        return self._endpoints[link]

    def port(self, link: str) -> int:
        """Return the TCP port that a link's units answer on. Raises UsageError."""
        endpoint = self.endpoint(link)
        if not isinstance(endpoint, TcpEndpoint):
            raise UsageError(Wording("scenario.link-serial-line-has-no", link=link))
        return endpoint.port

    @property
    def witness(self) -> Counter[int]:
        """How often each Modbus function code was seen anywhere."""
        return sum((endpoint.witness for endpoint in self._endpoints.values()), Counter())

    @property
    def commands(self) -> int:
        """How often anybody asked for more than reading, over Modbus or MQTT."""
        written = sum(count for function, count in self.witness.items() if function not in READS)
        return written + sum(p.witness.total() for p in self.publishers.values())

    def inject(self, unit: str, what: Hazard | MqttHazard | str | None) -> None:
        """Make one unit misbehave (a hazard, or its name), or behave again. Raises UsageError.

        Units that share a device id share its fate.
        """
        known = self._units.get(unit)
        if known is None:
            raise UsageError(Wording("scenario.no-simulated-unit", unit=unit), hint=_known(self._units))
        if publisher := self.publishers.get(unit):
            publisher.inject(_mqtt(mqtt_hazard(what) if isinstance(what, str) else what))
        else:
            spoil = _modbus(hazard(what) if isinstance(what, str) else what)
            self.endpoint(known.link).inject(known.device_id, spoil)

    def update(self, signals: Signals) -> None:
        """Hand the truth to every unit."""
        for endpoint in self._endpoints.values():
            for register_map in endpoint.register_maps.values():
                register_map.update(signals)
        for publisher in self.publishers.values():
            publisher.update(signals)


def _known(names: Iterable[str]) -> str:
    return f"known: {', '.join(sorted(names))}"


def _mqtt(what: Hazard | MqttHazard | None) -> MqttHazard | None:
    if isinstance(what, Hazard):
        raise UsageError(Wording("scenario.modbus-hazard-does-not-fit"))
    return what


def _modbus(what: Hazard | MqttHazard | None) -> Hazard | None:
    if isinstance(what, MqttHazard):
        raise UsageError(Wording("scenario.mqtt-hazard-does-not-fit"))
    return what


@asynccontextmanager
async def serve(
    units: Sequence[Unit],
    links: Sequence[Link],
    signals: Truth,
    *,
    host: str = "127.0.0.1",
    tick: float = TICK,
    wire_time: bool = True,
    publish_every: float | None = None,
) -> AsyncIterator[ServedSite]:
    """Serve every unit on the port, serial path or broker of its link, on ``host`` whatever the link says.

    ``wire_time``: serial lines take the time their baud rate needs. ``publish_every``: s between
    MQTT statuses instead of the units' own. Brokers run already. Raises UsageError, and whatever
    ``signals`` raises.
    """
    modbus = {link.id: link for link in links if isinstance(link, ModbusLink)}
    endpoints = {i: _endpoint(link, behind(units, i), host, wire_time) for i, link in modbus.items()}
    brokers = {link.id: link for link in links if isinstance(link, MqttLink)}
    field = ServedSite(units, endpoints)
    field.publishers = {
        u.id: MqttPublisher(u, brokers[u.link], period=publish_every) for u in units if u.link in brokers
    }
    field.update(signals())
    with ExitStack() as closing:
        for link_id, endpoint in endpoints.items():
            _open(link_id, endpoint)
            closing.callback(endpoint.close)
        publishing = (publisher.run() for publisher in field.publishers.values())
        async with _beside(_tick(field, signals, tick), *publishing):
            yield field


def _open(link: str, endpoint: Endpoint) -> None:
    """Begin to listen. Raises UsageError; a taken port is reported with the link that it belongs to."""
    try:
        endpoint.open()
    except PortTaken as error:
        raise PortTaken(error.what, where=error.where, hint=error.hint, link=link) from error


@asynccontextmanager
async def _beside(*work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Run work beside the body. What one of it raises ends the body, and is raised as it is."""
    owner, failed = asyncio.current_task(), list[BaseException]()

    def over(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            failed.append(error)
            if owner:
                owner.cancel()

    tasks = [asyncio.create_task(coroutine) for coroutine in work]
    for task in tasks:
        task.add_done_callback(over)
    try:
        yield
    except asyncio.CancelledError:
        if not failed or (owner and owner.uncancel()):
            raise
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if failed:
        raise failed[0]


async def _tick(field: ServedSite, signals: Truth, tick: float) -> None:
    while True:
        await asyncio.sleep(tick)
        field.update(signals())


def behind(units: Sequence[Unit], link: str) -> dict[int, RegisterMap]:
    """Return the images behind a link, by device id."""
    by_device: dict[int, list[Unit]] = {}
    for unit in units:
        if unit.link == link:
            by_device.setdefault(unit.device_id, []).append(unit)
    return {device: RegisterMap(*same) for device, same in by_device.items()}


def wire_of(link: ModbusLink) -> WireTime | None:
    """Return the time bytes take on a link; None where they take none."""
    if not link.is_serial_line:
        return None
    return WireTime(link.baudrate, 9 + (link.parity != "N") + link.stopbits)


def memory_endpoint(link: ModbusLink, register_maps: dict[int, RegisterMap]) -> MemoryEndpoint:
    """Return a link's units behind a wire in memory: serial lines as RTU frames, others as Modbus TCP."""
    framing, gateway = _framing(link, register_maps)
    return MemoryEndpoint(link.id, register_maps, framing, gateway=gateway, wire=wire_of(link))


def _endpoint(
    link: ModbusLink, register_maps: dict[int, RegisterMap], host: str, wire_time: bool
) -> Endpoint:
    wire = wire_of(link) if wire_time else None
    if link.protocol == "modbus-rtu":
        return SerialEndpoint(register_maps, link.serial_port, parity=link.parity, wire=wire)
    framing, gateway = _framing(link, register_maps)
    return TcpEndpoint(register_maps, host, link.port, framing=framing, gateway=gateway, wire=wire)


def _framing(link: ModbusLink, register_maps: dict[int, RegisterMap]) -> tuple[Framing, bool]:
    """Return a link's framing, and whether it is a gateway that says so when a unit is away.

    A Modbus TCP port with several units behind it is one.
    """
    return (RTU, False) if link.is_serial_line else (MBAP, len(register_maps) > 1)
