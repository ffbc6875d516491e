"""What a family says of its signals so that they can be played: at rest, over a day, and broken."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from facilityd.model.measure import Duration, within
from facilityd.model.number import Finite
from facilityd.model.sample import NS
from facilityd.model.text import Strict, Text


class SimulatedFault(Strict):
    """One way to fail: ``add`` is put on top of the signal, growing over ``ramp`` (ns); or it is stuck."""

    name: Text
    add: Finite = Field(default=0.0, description="in the signal's unit; 0 where it is stuck")
    ramp: Annotated[Duration, AfterValidator(within(0, 30 * 86400 * NS))] = 0
    stuck: bool = Field(default=False, description="the reading stays as it was")


class SimulatedSignal(Strict):
    """How a signal goes while all is well, in its unit, and how it can fail, by name."""

    rest: Finite = 0.0
    swing: Finite = Field(default=0.0, description="daily curve: so much more at its peak, less 12 h later")
    peak: float = Field(default=15.0, ge=0, lt=24, description="hour of the day, site's time")
    noise: float = Field(default=0.0, ge=0, allow_inf_nan=False, description="standard deviation")
    counts: str = Field(default="", description="a signal per hour, of which this one is the total")
    faults: dict[str, SimulatedFault] = {}
