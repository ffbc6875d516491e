"""How busy a bus is with its scheduled reads."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from devices.modbus.plan import MergedRead, UnitPlan
from devices.unit import ModbusLink
from facilityd.model.measure import spell_duration
from facilityd.model.sample import NS

if TYPE_CHECKING:
    from devices.modbus.compiled_unit import CompiledUnit

log = logging.getLogger(__name__)

BUSY = 0.8
"""Share of a bus that scheduled reads may take; the rest is for silent units and repeats."""


def share(plan: UnitPlan, link: ModbusLink, reads: Iterable[MergedRead] | None = None) -> float:
    """Return the share of the bus one unit takes at its shortest period, with its planned reads or others."""
    seconds = sum(read.seconds(link) for read in (plan.reads if reads is None else reads))
    return seconds / (plan.unit.poll_rates.fastest / NS)


def tell_overload(link: ModbusLink, compiled_units: Iterable[CompiledUnit], split: CompiledUnit) -> None:
    """Report where a bus cannot keep its periods, now that one unit is read in parts.

    ``check`` cannot foresee that: which reads a unit refuses only the unit knows.
    """
    shares = {compiled_unit.plan.unit.id: _now(compiled_unit, link) for compiled_unit in compiled_units}
    load, unit = sum(shares.values()), split.plan.unit
    if load > BUSY:
        log.warning(
            "%s: with %s read in parts the bus load is %.0f%%, at most %.0f%%: periods are not kept; "
            "%s alone takes %.0f%% at %s (planned %.0f%%): read it less often",
            link.id, unit.id, 100 * load, 100 * BUSY, unit.id, 100 * shares[unit.id],
            spell_duration(unit.poll_rates.fastest), 100 * share(split.plan, link),
        )  # fmt: skip


def _now(compiled_unit: CompiledUnit, link: ModbusLink) -> float:
    return share(compiled_unit.plan, link, [read for read, _ in compiled_unit.blocks])
