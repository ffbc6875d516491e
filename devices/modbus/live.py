"""For a technician with a new profile: what every point reads now, in each order of its words and bytes."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from devices.golden import Found, value_of
from devices.modbus.client import connect
from devices.modbus.reader import ModbusReader, ReadFailed
from devices.profile import ModbusProfile, Point, Table
from devices.unit import ModbusLink
from facilityd.model.quality import Reason
from facilityd.model.sample import NS

ORDERS = {
    "ABCD": ("big", "big"),
    "CDAB": ("little", "big"),
    "BADC": ("big", "little"),
    "DCBA": ("little", "little"),
}
"""Word order and byte order, by the letters that makers' manuals use; A is the highest byte."""
GIVE_UP = 3
"""So many points without any answer, one behind the other, and nobody is there."""


@dataclass(frozen=True, slots=True)
class LivePoint:
    """One point as it reads now: its words, or why there are none; and what they mean in each order.

    ``values`` lacks an order that makes no difference to so few words. ``order`` is the profile's own.
    """

    name: str
    point: Point
    words: tuple[int, ...]
    reason: Reason | None
    values: dict[str, Found]
    order: str

    def possible(self, value: Found) -> bool:
        """Return whether the device can report a value, as far as the profile says."""
        if value is None:
            return False
        within = self.point.range
        return within is None or isinstance(value, str) or within[0] <= float(value) <= within[1]

    def plain(self) -> dict[str, Any]:
        """Return data for JSON."""
        told = {
            "point": self.name,
            "address": self.point.address,
            "doc": self.point.doc,
            "unit": self.point.unit,
        }
        return told | {
            "words": list(self.words), "reason": self.reason, "order": self.order, "values": self.values,
        }  # fmt: skip


async def live(link: ModbusLink, profile: ModbusProfile, device_id: int) -> AsyncIterator[LivePoint]:
    """Read every point by itself, one question at a time, and yield it. Raises LinkOutage.

    Points whose reading changes the device are left out. It ends early where nobody answers.
    """
    silent = 0
    async with connect(link) as reader:
        for name, point in profile.expanded.items():
            if point.side_effect:
                continue
            try:
                words = await _words(reader, profile, device_id, point)
                sign = point.sign and point.model_copy(update={"address": point.sign.address, "length": None})
                status = (await _words(reader, profile, device_id, sign, 1))[0] if sign else None
            except ReadFailed as failed:
                yield LivePoint(name, point, (), failed.reason, {}, _order(point))
                silent = silent + 1 if failed.reason.is_silence else 0
            else:
                yield LivePoint(name, point, words, None, _values(point, words, status), _order(point))
                silent = 0
            if silent >= GIVE_UP:
                return
            await asyncio.sleep(reader.pause)


async def _words(
    reader: ModbusReader, profile: ModbusProfile, device_id: int, point: Point, count: int = 0
) -> tuple[int, ...]:
    table, count = point.table or Table.HOLDING, count or point.words
    payload = await reader.read(
        table, device_id, point.address, count, timeout_s=profile.timeout / NS,
        any_transaction=profile.allow_transaction_id_0,
    )  # fmt: skip
    return (payload[0] & 1,) if table.is_bits else struct.unpack(f">{count}H", payload)


def _order(point: Point) -> str:
    own = point.word_order or "big", point.byte_order or "big"
    return next(name for name, order in ORDERS.items() if order == own)


def _values(point: Point, words: tuple[int, ...], status: int | None) -> dict[str, Found]:
    if point.type == "bit":
        return {_order(point): bool(words[0])}
    found: dict[str, Found] = {}
    for name, (word_order, byte_order) in ORDERS.items():
        if word_order == "little" and (len(words) == 1 or point.is_text) and name != _order(point):
            continue  # one word, and a text, have no order of words
        other = point.model_copy(update={"word_order": word_order, "byte_order": byte_order})
        found[name] = value_of(other, words, status)
    return found


__all__ = ["ORDERS", "LivePoint", "live"]
