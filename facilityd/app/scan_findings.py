"""What a scan of a link found, in the words of its result."""

from __future__ import annotations

from collections.abc import Sequence

from devices.modbus.scan import AnsweringUnit, LinkScan
from devices.unit import ModbusLink
from facilityd.model.scan_result import ScannedLink, ScannedUnit
from facilityd.model.text import Text


def scanned_unit(unit: AnsweringUnit) -> ScannedUnit:
    """Return a unit that answered."""
    return ScannedUnit(
        device_id=unit.device_id, fits=unit.fits, certain=unit.certain, likely=unit.likely,
        any_id=unit.any_id, garbled=unit.garbled, read={line.point: line.value for line in unit.lines},
    )  # fmt: skip


def scanned_link(
    link: ModbusLink, work: LinkScan | None, reason: Text | None, units: Sequence[ScannedUnit], name: str = ""
) -> ScannedLink:
    """Return a link with who answered there; ``reason``: why not all were asked; ``name``: in its site."""
    return ScannedLink(
        name=name, protocol=link.protocol, host=link.host, port=link.port, serial_port=link.serial_port,
        baudrate=link.baudrate, parity=link.parity, asked=work.asked if work else 0,
        ids=len(work.ids) if work else 0, reason=reason, units=tuple(units),
    )  # fmt: skip
