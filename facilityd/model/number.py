"""Numbers and lists in files: no infinity, no scale of nothing, no range upside down, no empty list."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from facilityd.model.message import Wording


def number(value: object) -> object:
    """Refuse a truth value: ``true`` is no 1."""
    if isinstance(value, bool):
        raise ValueError(Wording("model.number-expected-not-true-or"))  # noqa: TRY004 - pydantic collects these
    return value


def _not_zero(value: float) -> float:
    if value == 0:
        raise ValueError(Wording("model.scale-makes-every-value-leave"))
    return value


def _ascending(ends: tuple[float, float]) -> tuple[float, float]:
    if ends[0] >= ends[1]:
        raise ValueError(Wording("model.range-lowest-highest-holds-nothing", ends=ends[0], ends2=ends[1]))
    return ends


def _some(items: tuple[object, ...]) -> tuple[object, ...]:
    if not items:
        raise ValueError(Wording("model.at-least-one-needed"))
    return items


SOME = AfterValidator(_some)
"""Pydantic's own min_length tells of an empty list too where the one item in it is wrong."""
AT_LEAST_ONE = Field(json_schema_extra={"minItems": 1})
Finite = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(number)]
Scale = Annotated[Finite, AfterValidator(_not_zero)]
Range = Annotated[tuple[Finite, Finite], AfterValidator(_ascending)]
