"""Profiles: the register or topic map of one hardware model. One YAML file each.

Addresses are wire addresses (0-based, as in the frame); ``doc`` keeps what the manual
prints, so that a technician can compare.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from devices.pointer import Pointer
from devices.register import HIGHEST, Order, Point, Repeat, SignBit, Table, WireType, Word
from facilityd.model.measure import Duration, Timeout, UnitName, within
from facilityd.model.message import Wording
from facilityd.model.number import AT_LEAST_ONE, SOME, Finite, Range, Scale
from facilityd.model.sample import NS
from facilityd.model.text import Strict
from facilityd.model.topic import RelativeTopic


def _check_names(points: Mapping[str, Point | TopicPoint]) -> None:
    """Refuse points that take each other's name when ``repeat`` is written out. Raises ValueError."""
    taken: set[str] = set()
    for name, point in points.items():
        if ("{n}" in name) != (point.repeat is not None):
            what = (
                Wording("tables.has-no-in-its-name") if point.repeat else Wording("tables.has-in-its-name-no")
            )
            raise ValueError(Wording("tables.point", name=name, what=what))
        repeat = point.repeat or Repeat(first=0, count=1, step=1)
        names = {name.replace("{n}", str(repeat.first + n)) for n in range(repeat.count)}
        if twice := taken & names:
            raise ValueError(Wording("tables.point-stands-twice-when-repeat", twice=min(twice)))
        taken |= names


class IdentityCheck(Strict):
    """One line of the identity probe: a point whose value is known in advance."""

    point: str
    equals: Finite | None = None
    one_of: tuple[Finite, ...] | None = None
    between: tuple[Finite, Finite] | None = None
    why: str = ""

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if sum(t is not None for t in (self.equals, self.one_of, self.between)) != 1:
            raise ValueError(Wording("tables.give-exactly-one-equals-one"))
        if self.one_of == ():
            raise ValueError(Wording("tables.one-names-at-least-one"))
        if self.between and self.between[0] > self.between[1]:
            raise ValueError(Wording("tables.between-lowest-highest"))
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
    value: float | bool | str | None = Field(description="a text, a word; null: the words mean 'no value'")
    status: int | None = Field(default=None, ge=0, le=65535, description="word that carries the sign, if any")


class ModbusProfile(Strict):
    """Register map of one hardware model."""

    profile: str
    protocol: Literal["modbus"]
    maker: str
    model: str
    manual: str = Field(description="document and page the map was taken from")
    evidence: Literal["A", "B", "C"] = Field(description="A maker's manual, B maintained driver, C other")
    families: tuple[str, ...] = Field(default=(), description="kinds of device that it serves")
    table: Table = Table.HOLDING
    word_order: Order = "big"
    byte_order: Order = Field(default="big", description="little: the two bytes of each register are swapped")
    max_block: int = Field(default=125, ge=1, le=125, description="registers in one read")
    max_gap: int = Field(
        default=8,
        ge=0,
        le=125,
        description="unused registers worth bridging; 0 where holes answer exception 02",
    )
    timeout: Timeout = NS
    min_interval: Annotated[Duration, AfterValidator(within(0, 7 * 86400 * NS))] = 0
    serial: str = Field(default="", description="factory serial settings, such as 9600 8N1")
    allow_transaction_id_0: bool = False
    points: dict[str, Point]
    identity: Annotated[tuple[IdentityCheck, ...], SOME, AT_LEAST_ONE]
    nameless: bool = Field(default=False, description="true: no model code; others at rest answer like it")
    golden: Annotated[tuple[Golden, ...], SOME, AT_LEAST_ONE]
    notes: str = ""

    @model_validator(mode="after")
    def _closed(self) -> Self:
        names = self.expanded
        for what, point in [("identity", e.point) for e in self.identity] + [
            ("golden", g.point) for g in self.golden
        ]:
            if point not in names:
                raise ValueError(Wording("tables.names-point-which-profile-does", what=what, point=point))
        for name, expanded in names.items():
            if expanded.is_text and (expanded.table is None or expanded.table.is_bits):
                raise ValueError(Wording("tables.point-string-stands-in-registers", name=name))
            if expanded.words > self.max_block:
                takes = {"words": expanded.words, "max_block": self.max_block}
                raise ValueError(Wording("tables.point-takes-registers-max-block", name=name, **takes))
        for expect in self.identity:
            if names[expect.point].is_text:
                raise ValueError(Wording("tables.identity-names-point-which-text", point=expect.point))
        return self

    def with_points(self, points: dict[str, Point]) -> Self:
        """Return the same model with another map."""
        other = self.model_copy(update={"points": points})
        other.__dict__.pop("expanded", None)  # a copy takes cached properties along
        return other

    @model_validator(mode="after")
    def _written_out(self) -> Self:
        _check_names(self.points)
        for name, point in self.expanded.items():
            if point.address + point.words > HIGHEST + 1:
                raise ValueError(
                    Wording("tables.point-goes-beyond-last-register", name=name, highest=HIGHEST)
                )
        return self

    @cached_property
    def expanded(self) -> dict[str, Point]:
        """Points with every ``repeat`` written out and defaults filled in."""
        out: dict[str, Point] = {}
        for name, point in self.points.items():
            base = point.model_copy(
                update={
                    "table": point.table or self.table,
                    "word_order": point.word_order or self.word_order,
                    "byte_order": point.byte_order or self.byte_order,
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


class TopicSource(Strict):
    """Where a value stands: a topic below the unit's own, and a JSON pointer (RFC 6901).

    An empty topic is the unit's own; an empty pointer takes the whole payload as text.
    """

    topic: RelativeTopic
    pointer: Pointer = ""


class TopicPoint(Strict):
    """One quantity published over MQTT. The same quantity may stand in several messages."""

    sources: Annotated[tuple[TopicSource, ...], SOME, AT_LEAST_ONE]
    type: Literal["float", "int", "bool", "text", "enum"] = "float"
    unit: UnitName = ""
    scale: Scale = 1.0
    offset: Finite = 0.0
    range: Range | None = None
    numbers: Literal["json", "text"] = Field(
        default="json", description="text: numbers stand in quotes, as text"
    )
    true: tuple[str, ...] = Field(default=("true", "on", "ON", "1"), description="texts that mean true")
    false: tuple[str, ...] = ("false", "off", "OFF", "0")
    enum: dict[int | str, Word] = Field(default={}, max_length=256, description="codes and their words")
    repeat: Repeat | None = None

    @model_validator(mode="after")
    def _enum_fits(self) -> Self:
        if (self.type == "enum") != bool(self.enum):
            raise ValueError(Wording("tables.type-enum-lists-its-codes"))
        number = self.model_fields_set & {"scale", "offset", "unit", "range"}
        if number and self.type in ("enum", "text"):
            raise ValueError(Wording("tables.no-quantity-has-no", type=self.type, number=min(number)))
        return self

    @model_validator(mode="after")
    def _one_meaning(self) -> Self:
        if both := sorted(set(self.true) & set(self.false)):
            raise ValueError(Wording("tables.means-both-true-false", both=both[0]))
        return self

    @property
    def is_bool(self) -> bool:
        """True where the point is a switch."""
        return self.type == "bool"

    @property
    def is_text(self) -> bool:
        """True where the point is a text."""
        return self.type == "text"


class Availability(Strict):
    """The topic where the broker publishes, by last will, whether the device is there."""

    topic: RelativeTopic
    online: str
    offline: str
    pointer: Pointer = Field(default="", description="where the word stands in a JSON message")

    @model_validator(mode="after")
    def _two_words(self) -> Self:
        if self.online == self.offline:
            raise ValueError(Wording("tables.online-offline-both-nobody-could", online=self.online))
        return self


class TopicGolden(Strict):
    """A message as the manual prints it, and the value it must give."""

    point: str
    topic: str
    payload: str
    value: float | bool | str | None


class MqttProfile(Strict):
    """Topic map of one hardware model. Topics are relative to the unit's own topic."""

    profile: str
    protocol: Literal["mqtt"]
    maker: str
    model: str
    manual: str
    evidence: Literal["A", "B", "C"]
    families: tuple[str, ...] = Field(default=(), description="kinds of device that it serves")
    points: dict[str, TopicPoint]
    availability: Availability | None = None
    identity: tuple[IdentityCheck, ...] = ()
    golden: Annotated[tuple[TopicGolden, ...], SOME, AT_LEAST_ONE]
    notes: str = ""

    @model_validator(mode="after")
    def _written_out(self) -> Self:
        _check_names(self.points)
        return self

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
                    TopicSource(
                        topic=s.topic.replace("{n}", str(n)), pointer=s.pointer.replace("{n}", str(n))
                    )
                    for s in point.sources
                )
                out[name.replace("{n}", str(n))] = point.model_copy(
                    update={"sources": sources, "repeat": None}
                )
        return out


Profile = Annotated[ModbusProfile | MqttProfile, Field(discriminator="protocol")]


__all__ = [
    "Availability",
    "Golden",
    "IdentityCheck",
    "ModbusProfile",
    "MqttProfile",
    "Point",
    "Profile",
    "Repeat",
    "SignBit",
    "Table",
    "TopicGolden",
    "TopicPoint",
    "TopicSource",
    "WireType",
]
