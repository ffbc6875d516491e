"""A unit as the adapters see it: a profile, an address, and where its values go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from devices.profile import ModbusProfile, MqttProfile, Point, TopicPoint
from facilityd.model.sample import NS, SignalType, Stream
from facilityd.model.tls import TlsFiles


@dataclass(frozen=True, slots=True)
class Binding:
    """One point of the unit's profile feeding one signal of one device.

    Signal value = point value * scale + offset (unit conversion, scale, tare folded in);
    ``invert`` flips a boolean. ``low``/``high`` bound what is possible, in the signal's unit.
    ``codes``, where given, lists what each code of the point means to the signal, and nothing else is good.
    """

    name: str
    point: Point | TopicPoint
    stream: Stream
    slot: int
    type: SignalType
    scale: float = 1.0
    offset: float = 0.0
    invert: bool = False
    low: float | None = None
    high: float | None = None
    codes: Mapping[int | str, int | str] | None = None


@dataclass(frozen=True, slots=True)
class PollRates:
    """Poll periods in ns by operating mode of ``device``; a plain period has only ``rest``.

    For an MQTT unit ``rest`` is how often it is expected to publish.
    """

    rest: int
    device: str = ""
    by_state: dict[str, int] = field(default_factory=dict)

    def period(self, state: str) -> int:
        """Return the period in ns for an operating mode."""
        return self.by_state.get(state, self.rest)

    @property
    def fastest(self) -> int:
        """Return the shortest period in ns: what the bus must be able to keep."""
        return min((self.rest, *self.by_state.values()))


@dataclass(frozen=True, slots=True)
class Unit:
    """One addressable hardware module on a link.

    Modbus: ``device_id`` (0-255) and ``base``, added to every address of the profile.
    MQTT: ``topic``, in front of every topic of the profile.
    """

    id: str
    link: str
    profile: ModbusProfile | MqttProfile
    streams: tuple[Stream, ...]
    bindings: tuple[Binding, ...]
    poll_rates: PollRates = field(default_factory=lambda: PollRates(30 * NS))
    device_id: int = 1
    base: int = 0
    topic: str = ""


@dataclass(frozen=True, slots=True)
class UnitTemplate:
    """A unit for each name that stands in place of the ``+`` in its topic.

    ``known`` names are units already or no units at all, ``taken`` topics are other units'. ``room`` more
    may be taken in. ``unit`` is the pattern: what is bound of its profile says whether a message fits.
    """

    unit: Unit
    known: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()
    room: int = 0


MODBUS_PORT, MODBUS_TLS_PORT = 502, 802
"""Where Modbus is served over TCP, and over TLS (Modbus/TCP Security v2.1, 7)."""
MQTT_PORT = 1883
"""Where a broker listens without TLS (MQTT 5.0, 4.2)."""
HIGHEST_ID = 247
"""Device ids on a serial line are 1 to this (Modbus over serial line V1.02, 2.2)."""


@dataclass(frozen=True, slots=True)
class ModbusLink:
    """A TCP endpoint, a serial port, or a serial bus behind a TCP gateway."""

    id: str
    protocol: str  # modbus-tcp | modbus-rtu | modbus-rtu-over-tcp
    host: str = ""
    port: int = 502
    serial_port: str = ""
    baudrate: int = 9600
    parity: str = "N"
    stopbits: int = 1
    timeout: int | None = None  # ns; None: the profile's
    retries: int | None = None  # None: one on a serial line, where frames are lost, and none elsewhere
    tls: TlsFiles | None = None  # of modbus-tcp

    @property
    def repeats(self) -> bool:
        """True where a poll without an answer is repeated once."""
        return self.is_serial_line if self.retries is None else bool(self.retries)

    @property
    def is_serial_line(self) -> bool:
        """True where answers carry no transaction id, so that a late one can be mistaken."""
        return self.protocol != "modbus-tcp"

    @property
    def where(self) -> str:
        """Return the endpoint as a technician would name it."""
        return self.serial_port or f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SparkplugSettings:
    """How edge nodes are listened to: a message that is missing is waited for ``reorder`` ns.

    ``rebirth``: a node whose birth was missed is asked for it. ``host_id``: under it the broker is told that
    we are there; "" tells nobody. Both are off unless a site turns them on (decision 0101).
    """

    reorder: int = 0
    rebirth: bool = False
    host_id: str = ""

    @property
    def speaks(self) -> bool:
        """Whether anything at all is published on the link."""
        return self.rebirth or bool(self.host_id)


@dataclass(frozen=True, slots=True)
class MqttLink:
    """A broker. ``version`` is 3.1.1 or 5; ``ca`` turns TLS on ("system" for the system's).

    ``sparkplug``: its units are Sparkplug B edge nodes and their devices.
    """

    id: str
    host: str
    port: int = MQTT_PORT
    version: str = "5"
    client_id: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    ca: str = ""
    certificate: str = ""
    key: str = ""
    qos: int = 1
    sparkplug: SparkplugSettings | None = None

    @property
    def where(self) -> str:
        """Return the broker as a technician would name it."""
        return f"{self.host}:{self.port}"


Link = ModbusLink | MqttLink


def every_point(topic: str, link: str, profile: ModbusProfile | MqttProfile) -> Unit:
    """Return a unit with every point of its profile bound to a signal of the same name, of one stream."""
    points: Mapping[str, Point | TopicPoint] = profile.expanded
    kinds = {name: _kind(point) for name, point in points.items()}
    stream = Stream(topic, "probe", topic, link, tuple(kinds), tuple(kinds.values()))
    bindings = tuple(
        Binding(name, point, stream, slot, kinds[name], codes=dict(point.enum.items()) or None)
        for slot, (name, point) in enumerate(points.items())
    )
    return Unit(topic, link, profile, (stream,), bindings, topic=topic)


def _kind(point: Point | TopicPoint) -> SignalType:
    if point.is_text or point.enum:
        return SignalType.TEXT
    return SignalType.BOOL if point.is_bool else SignalType.FLOAT
