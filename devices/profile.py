"""Profiles: the register or topic map of one hardware model. One YAML file each.

Addresses are wire addresses (0-based, as in the frame); ``doc`` keeps what the manual
prints, so that a technician can compare.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from facilityd.model.measure import Duration
from facilityd.model.sample import NS
from facilityd.model.text import Strict, Text
from facilityd.model.topic import RelativeTopic


class Table(StrEnum):
    """The four Modbus tables; each has one read function code."""

    COIL = "coil"
    DISCRETE = "discrete-input"
    HOLDING = "holding-register"
    INPUT = "input-register"

    @property
    def function_code(self) -> int:
        """Read function code (Modbus Application Protocol V1.1b3, 6.1-6.4)."""
        return {"coil": 1, "discrete-input": 2, "holding-register": 3, "input-register": 4}[self.value]

    @property
    def is_bits(self) -> bool:
        """True for tables of single bits."""
        return self in (Table.COIL, Table.DISCRETE)


class WireType(StrEnum):
    """How a number lies in registers; bytes are big-endian, word order is the profile's."""

    U16 = "u16"
    S16 = "s16"
    U32 = "u32"
    S32 = "s32"
    U64 = "u64"
    S64 = "s64"
    F32 = "f32"
    F64 = "f64"
    BIT = "bit"

    @property
    def words(self) -> int:
        """Registers taken (a bit of a coil or discrete input takes one)."""
        return {"u32": 2, "s32": 2, "f32": 2, "u64": 4, "s64": 4, "f64": 4}.get(self.value, 1)


class Repeat(Strict):
    """Expand ``{n}`` in the point's name: n = first … first+count-1, address += step."""

    first: int = 1
    count: int = Field(ge=1, le=256)
    step: int = Field(ge=1)


class Sign(Strict):
    """The sign sits in a bit of a status word that is read together with the value."""

    address: int = Field(ge=0, le=65535)
    bit: int = Field(ge=0, le=15)


class Point(Strict):
    """One register quantity. Value = raw * scale + offset, in ``unit``.

    ``bit`` takes one bit (0 = least significant) as a boolean, ``bits`` an inclusive
    [low, high] field as an integer. ``no_value`` lists raw numbers that mean "not
    available"; ``range`` is what the device can truly report, in ``unit``.
    """

    address: int = Field(ge=0, le=65535, description="wire address, 0-based")
    doc: str = Field(description="the number or name that the manual prints")
    type: WireType
    table: Table | None = None
    word_order: Literal["big", "little"] | None = None
    scale: float = 1.0
    offset: float = 0.0
    unit: str = ""
    bit: int | None = Field(default=None, ge=0, le=15)
    bits: tuple[int, int] | None = None
    sign: Sign | None = None
    no_value: tuple[int, ...] = ()
    range: tuple[float, float] | None = None
    side_effect: bool = Field(default=False, description="reading changes the device: one reader only")
    repeat: Repeat | None = None
    values: dict[int, Text] = Field(default={}, description="names of codes, for people")
    note: str = ""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.bit is not None or self.bits) and self.type.words != 1:
            raise ValueError("bit and bits are taken from a 16-bit register")
        if self.bit is not None and self.bits:
            raise ValueError("give bit or bits, not both")
        if self.sign and self.type.value[0] != "u":
            raise ValueError("sign goes with an unsigned type")
        return self

    @property
    def is_bool(self) -> bool:
        """True where the point is one bit."""
        return self.bit is not None or self.type is WireType.BIT


class Expect(Strict):
    """One line of the identity probe: a point whose value is known in advance."""

    point: str
    equals: float | None = None
    one_of: tuple[float, ...] | None = None
    between: tuple[float, float] | None = None
    why: str = ""

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if sum(t is not None for t in (self.equals, self.one_of, self.between)) != 1:
            raise ValueError("give exactly one of equals, one_of, between")
        return self

    def holds(self, value: float) -> bool:
        """Return whether the value is the expected one."""
        if self.between is not None:
            return self.between[0] <= value <= self.between[1]
        return value in (self.one_of or (self.equals,))


class Golden(Strict):
    """Words worked by hand from the manual, and the value they must give."""

    point: str
    words: tuple[int, ...] = Field(description="register words in wire order; bits as 0/1")
    value: float | bool | None = Field(description="null: the words mean 'no value'")
    status: int | None = Field(default=None, description="word that carries the sign, if any")


class ModbusProfile(Strict):
    """Register map of one hardware model."""

    profile: str
    protocol: Literal["modbus"]
    maker: str
    model: str
    manual: str = Field(description="document and page the map was taken from")
    evidence: Literal["A", "B", "C"] = Field(description="A maker's manual, B maintained driver, C other")
    table: Table = Table.HOLDING
    word_order: Literal["big", "little"] = "big"
    max_block: int = Field(default=125, ge=1, le=125, description="registers in one read")
    max_gap: int = Field(
        default=8,
        ge=0,
        le=125,
        description="unused registers worth bridging; 0 where holes answer exception 02",
    )
    timeout: Duration = NS
    min_interval: Duration = 0
    serial: str = Field(default="", description="factory serial settings, such as 9600 8N1")
    allow_transaction_id_0: bool = False
    points: dict[str, Point]
    identity: tuple[Expect, ...] = Field(min_length=1)
    golden: tuple[Golden, ...] = Field(min_length=1)
    notes: str = ""

    @model_validator(mode="after")
    def _closed(self) -> Self:
        names = self.expanded
        for what, point in [("identity", e.point) for e in self.identity] + [
            ("golden", g.point) for g in self.golden
        ]:
            if point not in names:
                raise ValueError(f"{what} names point {point!r}, which the profile does not have")
        return self

    def with_points(self, points: dict[str, Point]) -> Self:
        """Return the same model with another map."""
        other = self.model_copy(update={"points": points})
        other.__dict__.pop("expanded", None)  # a copy takes cached properties along
        return other

    @cached_property
    def expanded(self) -> dict[str, Point]:
        """Points with every ``repeat`` written out and defaults filled in."""
        out: dict[str, Point] = {}
        for name, point in self.points.items():
            base = point.model_copy(
                update={
                    "table": point.table or self.table,
                    "word_order": point.word_order or self.word_order,
                }
            )
            for n in range(base.repeat.count) if base.repeat else (None,):
                if n is None or base.repeat is None:
                    out[name] = base
                    continue
                out[name.replace("{n}", str(base.repeat.first + n))] = base.model_copy(
                    update={"address": base.address + n * base.repeat.step, "repeat": None}
                )
        return out


class Source(Strict):
    """Where a value stands: a topic below the unit's own, and a JSON pointer (RFC 6901).

    An empty topic is the unit's own; an empty pointer takes the whole payload as text.
    """

    topic: RelativeTopic
    pointer: str = ""


class TopicPoint(Strict):
    """One quantity published over MQTT. The same quantity may stand in several messages."""

    sources: tuple[Source, ...] = Field(min_length=1)
    type: Literal["float", "int", "bool"] = "float"
    unit: str = ""
    scale: float = 1.0
    offset: float = 0.0
    range: tuple[float, float] | None = None
    numbers: Literal["json", "text"] = Field(
        default="json", description="text: numbers stand in quotes, as text"
    )
    true: tuple[str, ...] = Field(default=("true", "on", "ON", "1"), description="texts that mean true")
    false: tuple[str, ...] = ("false", "off", "OFF", "0")
    repeat: Repeat | None = None

    @property
    def is_bool(self) -> bool:
        """True where the point is a switch."""
        return self.type == "bool"


class Availability(Strict):
    """The topic where the broker tells, by last will, whether the device is there."""

    topic: RelativeTopic
    online: str
    offline: str


class TopicGolden(Strict):
    """A message as the manual prints it, and the value it must give."""

    point: str
    topic: str
    payload: str
    value: float | bool | None


class MqttProfile(Strict):
    """Topic map of one hardware model. Topics are relative to the unit's own topic."""

    profile: str
    protocol: Literal["mqtt"]
    maker: str
    model: str
    manual: str
    evidence: Literal["A", "B", "C"]
    points: dict[str, TopicPoint]
    availability: Availability | None = None
    identity: tuple[Expect, ...] = ()
    golden: tuple[TopicGolden, ...] = Field(min_length=1)
    notes: str = ""

    @cached_property
    def expanded(self) -> dict[str, TopicPoint]:
        """Points with every ``repeat`` written out; ``{n}`` in topic and pointer too."""
        out: dict[str, TopicPoint] = {}
        for name, point in self.points.items():
            if point.repeat is None:
                out[name] = point
                continue
            for n in range(point.repeat.first, point.repeat.first + point.repeat.count):
                sources = tuple(
                    Source(topic=s.topic.replace("{n}", str(n)), pointer=s.pointer.replace("{n}", str(n)))
                    for s in point.sources
                )
                out[name.replace("{n}", str(n))] = point.model_copy(
                    update={"sources": sources, "repeat": None}
                )
        return out


Profile = Annotated[ModbusProfile | MqttProfile, Field(discriminator="protocol")]
