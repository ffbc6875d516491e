"""One register quantity of a Modbus model: where it lies, how it is written, what it can be."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from facilityd.model.measure import UnitName
from facilityd.model.message import Wording
from facilityd.model.number import Finite, Range, Scale
from facilityd.model.text import Strict, Text

Order = Literal["big", "little"]
Encoding = Literal["ascii", "utf-8", "gbk"]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
"""One state of a device, in a word that stays the same in both languages."""


_READS = {"coil": 1, "discrete-input": 2, "holding-register": 3, "input-register": 4}


class Table(StrEnum):
    """The four Modbus tables; each has one read function code."""

    COIL = "coil"
    DISCRETE = "discrete-input"
    HOLDING = "holding-register"
    INPUT = "input-register"

    @property
    def function_code(self) -> int:
        """Read function code (Modbus Application Protocol V1.1b3, 6.1-6.4)."""
        return _READS[self]

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
    BCD16 = "bcd16"
    BCD32 = "bcd32"
    BIT = "bit"
    STRING = "string"

    @property
    def words(self) -> int:
        """Registers taken (a bit of a coil or discrete input takes one; a string its own length)."""
        return {"u32": 2, "s32": 2, "f32": 2, "bcd32": 2, "u64": 4, "s64": 4, "f64": 4}.get(self.value, 1)

    @property
    def raw(self) -> tuple[float, float]:
        """The lowest and highest raw number that it can hold."""
        size = 16 * self.words
        if self.value[0] == "s" and self is not WireType.STRING:
            return -(2 ** (size - 1)), 2 ** (size - 1) - 1
        if self in (WireType.BCD16, WireType.BCD32):
            return 0, 10 ** (size // 4) - 1
        return (-math.inf, math.inf) if self.value[0] == "f" else (0, 2**size - 1)


class Repeat(Strict):
    """Expand ``{n}`` in the point's name: n = first … first+count-1, address += step."""

    first: int = 1
    count: int = Field(ge=1, le=256)
    step: int = Field(ge=1)


Bit = Annotated[int, Field(ge=0, le=15)]
HIGHEST = 65_535


class SignBit(Strict):
    """The sign sits in a bit of a status word that is read together with the value."""

    address: int = Field(ge=0, le=65535)
    bit: int = Field(ge=0, le=15)


class Point(Strict):
    """One register quantity. Value = raw * scale + offset, in ``unit``.

    ``bit`` takes one bit (0 = least significant) as a boolean, ``bits`` an inclusive
    [low, high] field as an integer. ``enum`` gives codes their words; one that it does not
    list has no value. A string of ``length`` registers ends at its first NUL, and spaces
    around it are no part of it. ``no_value`` lists raw numbers that mean "not
    available"; ``range`` is what the device can truly report, in ``unit``.
    """

    address: int = Field(ge=0, le=65535, description="wire address, 0-based")
    doc: str = Field(description="the number or name that the manual prints")
    type: WireType
    table: Table | None = None
    word_order: Order | None = None
    byte_order: Order | None = Field(default=None, description="little: low byte first")
    scale: Scale = 1.0
    offset: Finite = 0.0
    unit: UnitName = ""
    bit: int | None = Field(default=None, ge=0, le=15)
    bits: tuple[Bit, Bit] | None = None
    sign: SignBit | None = None
    length: int | None = Field(default=None, ge=1, le=64, description="registers of a string")
    encoding: Encoding = Field(default="ascii", description="of a string; what does not fit is shown as �")
    enum: dict[int, Word] = Field(default={}, max_length=256, description="codes and their words")
    no_value: tuple[int, ...] = ()
    range: Range | None = None
    side_effect: bool = Field(default=False, description="reading changes the device: one reader only")
    repeat: Repeat | None = None
    values: dict[int, Text] = Field(default={}, description="names of codes, for people")
    means: dict[int, Word] = Field(
        default={},
        description="what a code of a trip comes from, in a word that families know: heat, overload",
    )
    note: str = ""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.bit is not None or self.bits) and self.type.words != 1:
            raise ValueError(Wording("tables.bit-bits-taken-from-bit"))
        if self.bit is not None and self.bits:
            raise ValueError(Wording("tables.give-bit-or-bits-not"))
        if self.bits and self.bits[0] > self.bits[1]:
            raise ValueError(Wording("tables.bits-low-high-write", bits=[*reversed(self.bits)]))
        self._text_fits()
        self._enum_fits()
        self._codes_fit()
        if self.address + self.words > HIGHEST + 1:
            raise ValueError(
                Wording(
                    "tables.at-goes-beyond-last-register",
                    type=self.type,
                    address=self.address,
                    highest=HIGHEST,
                )
            )
        if self.sign and self.type.value[0] != "u":
            raise ValueError(Wording("tables.sign-goes-with-unsigned-type"))
        return self

    def _text_fits(self) -> None:
        if (self.type is WireType.STRING) != (self.length is not None):
            raise ValueError(Wording("tables.string-has-length-in-registers"))
        number = self.model_fields_set & {
            "scale",
            "offset",
            "unit",
            "bit",
            "bits",
            "sign",
            "no_value",
            "range",
            "enum",
        }
        if self.is_text and number:
            raise ValueError(Wording("tables.string-has-no", number=min(number)))

    def _enum_fits(self) -> None:
        if not self.enum:
            return
        if self.is_bool or self.type in (WireType.F32, WireType.F64):
            raise ValueError(Wording("tables.codes-enum-whole-numbers"))
        number = self.model_fields_set & {"scale", "offset", "unit", "sign", "range"}
        if number:
            raise ValueError(Wording("tables.code-no-quantity-has-no", number=min(number)))

    def _codes_fit(self) -> None:
        """Refuse codes that the type cannot hold: they would never be met, in silence."""
        for what, codes, (low, high) in (
            ("no_value", self.no_value, self.type.raw),
            ("enum", self.enum, self.raw),
        ):
            if beyond := next((code for code in codes if not low <= code <= high), None):
                raise ValueError(
                    Wording(
                        "tables.from-so-never-comes-signed",
                        what=what,
                        type=self.type,
                        low=low,
                        high=high,
                        beyond=beyond,
                    )
                )

    @property
    def words(self) -> int:
        """Registers taken."""
        return self.length or self.type.words

    @property
    def raw(self) -> tuple[float, float]:
        """The lowest and highest number that its bits, or its type, can hold."""
        return (0, 2 ** (self.bits[1] - self.bits[0] + 1) - 1) if self.bits else self.type.raw

    @property
    def is_text(self) -> bool:
        """True where the point is a string."""
        return self.type is WireType.STRING

    @property
    def is_bool(self) -> bool:
        """True where the point is one bit."""
        return self.bit is not None or self.type is WireType.BIT
