"""Who answers on a link, and which models they answer like: one question at a time, and only reads.

Each device id is asked for one register; whatever comes back, a refusal too, says that somebody is there. Who
it is say the identity probes of the models that are known (decision 0082).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from devices.modbus.client import connect
from devices.modbus.identity import coincidence, says_who
from devices.modbus.probe import ProbeLine, identity_lines
from devices.modbus.reader import GATEWAY, Connect, ForwardingReader, ModbusReader, ReadFailed
from devices.profile import ModbusProfile, Table
from devices.unit import HIGHEST_ID, ModbusLink, Unit
from facilityd.errors import LinkOutage
from facilityd.model.message import Wording
from facilityd.model.quality import Reason
from facilityd.model.sample import NS

LISTEN_S = 1.0
"""s for which a serial line must be quiet before anything is asked on it: else another master is at work."""
PAUSE_S = 0.02
"""s between two questions."""
LATE_S = 1.0
"""s that a unit gets which answered too late at first, and any unit that is asked who it is."""
HANG_UPS = 3
"""Connections in a row that end without an answer, after which a link is left alone."""
MANY = 16
"""Ids from which on it is first tried whether a device answers to all of them."""
TRIED = 4
SILENCES = 3
"""Questions in a row without an answer, after which a unit is not asked on who it is."""
BY_CHANCE = 0.01
"""Up to which coincidence an identity names a model for sure."""
CLEARER = 100.0
"""So many times less likely by chance, one model that fits leaves the others out."""


@dataclass(frozen=True, slots=True)
class AnsweringUnit:
    """A unit that answers. ``fits``: the models that it answers like, by profile id.

    ``certain``: they have an identity of their own, which others do not pass by chance; ``likely``: one that
    an unknown model may pass. ``any_id``: it answers whatever id is asked.
    ``garbled``: what comes back is no frame. ``lines``: what was read of the first model that fits.
    """

    device_id: int
    fits: tuple[str, ...] = ()
    certain: bool = False
    likely: bool = False
    any_id: bool = False
    garbled: bool = False
    lines: tuple[ProbeLine, ...] = ()


@dataclass(slots=True)
class ReadOnce(ForwardingReader):
    """A reader that asks for the same registers once: many models are recognised by the same ones."""

    silences: int = 0
    _known: dict[tuple[Table, int, int, int], bytes | Reason] = field(default_factory=dict)

    async def read(
        self, table: Table, device_id: int, address: int, count: int, *,
        timeout_s: float, any_transaction: bool = False,  # noqa: ARG002 - who it is decides what it needs
    ) -> bytes:  # fmt: skip
        """Return the payload of one read, as it was first answered. Raises ReadFailed and LinkOutage."""
        key = table, device_id, address, count
        if key not in self._known:
            self._known[key] = await self._ask(key, timeout_s)
        answer = self._known[key]
        if isinstance(answer, bytes):
            return answer
        raise ReadFailed(answer)

    async def _ask(self, key: tuple[Table, int, int, int], timeout_s: float) -> bytes | Reason:
        if self.silences >= SILENCES:
            return Reason.TIMEOUT
        await asyncio.sleep(max(PAUSE_S, self.reader.pause))
        try:
            answer = await self.reader.read(*key, timeout_s=timeout_s, any_transaction=True)
        except ReadFailed as failed:
            self.silences = self.silences + 1 if failed.reason.is_silence else 0
            return failed.reason
        self.silences = 0
        return answer


class LinkScan:
    """One link that is asked who is there; ``asked`` grows with each device id, and ``progress`` is told.

    ``opener`` opens the link; of a line that is polled, the gaps between its polls.
    """

    def __init__(
        self, link: ModbusLink, ids: Sequence[int], models: Mapping[str, ModbusProfile], timeout_s: float,
        progress: Callable[[int, int], None] = lambda _done, _of: None, opener: Connect = connect,
    ) -> None:  # fmt: skip
        highest = HIGHEST_ID if link.is_serial_line else 255
        self.link, self.ids = link, tuple(one for one in ids if one <= highest)
        self.asked = 0
        self._models, self._progress, self._connect = dict(models), progress, opener
        self._timeout_s = timeout_s
        # A line that is polled leaves no room for patience.
        self._patience_s = max(timeout_s, LATE_S) if opener is connect else timeout_s
        self._late: set[int] = set()
        self._hang_ups, self._heard = 0, False

    async def units(self) -> AsyncIterator[AnsweringUnit]:
        """Yield who answers, as soon as it is known who it is.

        Raises LinkOutage where the link cannot be opened, hangs up again and again, or where another master
        talks on the line; ScanStopped where a line that is polled may be asked no more.
        """
        waiting = list(self.ids)
        while waiting:
            async with self._connect(self.link) as reader:
                if self.link.is_serial_line and not self.asked:
                    await self._listen(reader)
                try:
                    if not self.asked and (found := await self._to_any_id(reader)):
                        self.asked = len(self.ids)
                        yield found
                        return
                    while waiting:
                        if unit := await self._unit(reader, waiting[0]):
                            yield unit
                        waiting.pop(0)
                        self.asked += 1
                        self._progress(self.asked, len(self.ids))
                    async for unit in self._those_late(reader):
                        yield unit
                except LinkOutage as lost:
                    # Some end the connection over an id that they do not know: the others are asked too.
                    self._hang_ups, self.asked = self._hang_ups + 1, self.asked + len(waiting[:1])
                    waiting = waiting[1:]
                    if self._hang_ups >= HANG_UPS and not self._heard:
                        raise LinkOutage(
                            Wording("link.hangs-up"), where=self.link.where, hint=Wording("link.one-master")
                        ) from lost
                    await asyncio.sleep(LISTEN_S)

    async def _listen(self, reader: ModbusReader) -> None:
        """Raise LinkOutage where somebody talks on a line on which nothing was asked."""
        await asyncio.sleep(LISTEN_S)
        if reader.stray is not None:
            raise LinkOutage(
                Wording("link.another-master"), where=self.link.where, hint=Wording("link.one-master")
            )

    async def _to_any_id(self, reader: ModbusReader) -> AnsweringUnit | None:
        """Return the unit of a device that does not look at the id, as many that speak TCP themselves."""
        if self.link.is_serial_line or len(self.ids) < MANY:
            return None
        step = len(self.ids) // TRIED
        for device_id in self.ids[::step][:TRIED]:
            if await self._answer(reader, device_id) is None:
                return None
        unit = await self._who(reader, self.ids[0])
        return replace(unit, any_id=True)

    async def _unit(self, reader: ModbusReader, device_id: int) -> AnsweringUnit | None:
        answer = await self._answer(reader, device_id)
        if answer is None:
            return None
        return await self._who(reader, device_id) if answer else AnsweringUnit(device_id, garbled=True)

    async def _those_late(self, reader: ModbusReader) -> AsyncIterator[AnsweringUnit]:
        """Yield the units whose answers came when others were asked already."""
        for device_id in sorted(self._late & set(self.ids)):
            if await self._answer(reader, device_id, self._patience_s):
                yield await self._who(reader, device_id)

    async def _answer(
        self, reader: ModbusReader, device_id: int, timeout_s: float | None = None
    ) -> bool | None:
        """Return whether a unit answers in frames; None where nobody does.

        On a serial line, where frames are lost, it is asked twice, the second time for an input register.
        """
        garbled = False
        tables = (Table.HOLDING, Table.INPUT) if self.link.is_serial_line else (Table.HOLDING,)
        for table in tables:
            await asyncio.sleep(max(PAUSE_S, reader.pause))
            try:
                await reader.read(
                    table, device_id, 0, 1, timeout_s=timeout_s or self._timeout_s, any_transaction=True
                )
            except ReadFailed as failed:
                if failed.reason in GATEWAY:
                    return None
                if reader.stray and reader.stray.device_id != device_id:
                    self._late.add(reader.stray.device_id)
                elif failed.reason is Reason.MALFORMED:
                    garbled = True
                elif not failed.reason.is_silence:
                    return self._there(device_id)
            else:
                return self._there(device_id)
        return False if garbled else None

    def _there(self, device_id: int) -> bool:
        self._heard = True
        self._late.discard(device_id)
        return True

    async def _who(self, reader: ModbusReader, device_id: int) -> AnsweringUnit:
        """Return which models a unit answers like: those that have an identity, else all that fit."""
        once, found = ReadOnce(reader), dict[str, tuple[ProbeLine, ...]]()
        link = replace(self.link, timeout=round(self._patience_s * NS))
        for name, model in self._models.items():
            await asyncio.sleep(0)  # others of this loop keep their times while all models are tried
            unit = Unit(f"{link.id}/{device_id}", link.id, model, (), (), device_id=device_id)
            try:
                lines = await identity_lines(once, link, unit)
            except ReadFailed:
                continue
            if all(line.ok for line in lines):
                found[name] = lines
        named = tuple(name for name in found if says_who(self._models[name]))
        chances = {name: coincidence(self._models[name]) for name in named}
        best = min(chances.values(), default=1.0)
        # a model code that fits beats a range that fits too
        fits = tuple(name for name in named if chances[name] <= best * CLEARER) or self._likeliest(found)
        sure = bool(named) and best <= BY_CHANCE
        lines = found[fits[0]] if fits else ()
        return AnsweringUnit(device_id, fits, sure, likely=bool(named) and not sure, lines=lines)

    def _likeliest(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the names, those first whose factory settings are those of this line."""
        speed = str(self.link.baudrate) if self.link.is_serial_line else ""
        return tuple(sorted(names, key=lambda one: not self._models[one].serial.startswith(speed)))


__all__ = ["AnsweringUnit", "LinkScan", "ReadOnce"]
