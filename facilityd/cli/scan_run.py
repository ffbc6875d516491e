"""Asking several links one after the other who is there, with what was found kept however it ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from functools import partial

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from devices.modbus.scan import LinkScan
from devices.profile import ModbusProfile
from devices.unit import ModbusLink
from facilityd.app.scan_findings import scanned_link, scanned_unit
from facilityd.cli.output import say
from facilityd.cli.words import sentence
from facilityd.doctor.ports import serial_port
from facilityd.errors import LinkOutage
from facilityd.model.message import spoken
from facilityd.model.sample import NS
from facilityd.model.scan_result import ScannedLink, ScannedUnit, ScanResult
from facilityd.model.text import Language, Text

KNOCK_S, KNOCKING = 1.0, 16
"""s that an address of a network has to take a connection, and how many are tried at a time."""
TIMEOUT_S = {"modbus-tcp": 1.0, "modbus-rtu-over-tcp": 0.6, "modbus-rtu": 0.3}
"""s that a device id has to answer, where nothing else was said."""

HOLDERS = 3
"""Processes that are named which have a serial port open."""


class Scanner:
    """Asks links one after the other. ``timeout`` is in ns; ``knock``: only those that take a connection."""

    def __init__(
        self, links: list[ModbusLink], ids: tuple[int, ...], known: Mapping[str, ModbusProfile],
        timeout: int | None, *, knock: bool, language: Language,
    ) -> None:  # fmt: skip
        self._links, self._ids, self._known, self._timeout = links, ids, known, timeout
        self._knock, self._language = knock, language
        self._done: list[ScannedLink] = []
        self._unopened = 0

    async def run(self, within_s: float) -> ScanResult:
        """Return what was found within the time, or until somebody pressed Ctrl-C."""
        complete = False
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(within_s):
                await self._all()
                complete = True
        return ScanResult(complete=complete, unopened=self._unopened, links=tuple(self._done))

    async def _all(self) -> None:
        links = await self._open_ones() if self._knock else self._links
        out, closed = Console(stderr=True), set[str]()
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
            for link in links:
                if link.serial_port and link.serial_port in closed:
                    continue
                bar = progress.add_task(where(link), total=None)
                shown = partial(_shown, progress, bar)
                if not await self._one(link, shown):
                    closed.add(link.serial_port)
                progress.remove_task(bar)

    async def _one(self, link: ModbusLink, progress: Callable[[int, int], None]) -> bool:
        """Ask one link; return whether it could be asked."""
        timeout_s = self._timeout / NS if self._timeout else TIMEOUT_S[link.protocol]
        work, found = LinkScan(link, self._ids, self._known, timeout_s, progress), list[ScannedUnit]()
        reason = _obstacle(link, "port-missing", "port-closed")
        try:
            if reason is None:
                async for unit in work.units():
                    found.append(scanned_unit(unit))
                    said = sentence("scan-found", self._language, where=where(link), id=unit.device_id)
                    say(said, err=True)
        except LinkOutage as outage:
            why = LinkOutage(outage.what, hint=outage.hint)  # where it is, is said beside it
            reason = _obstacle(link, "port-in-use") or Text(zh=spoken(why, "zh"), en=spoken(why, "en"))
        finally:
            # Where it is cut short too: what was found on the way is worth keeping.
            self._done.append(scanned_link(link, work, reason, found))
        return reason is None

    async def _open_ones(self) -> list[ModbusLink]:
        """Return the links that take a connection; the addresses of a network are tried side by side."""
        few = asyncio.Semaphore(KNOCKING)

        async def opens(link: ModbusLink) -> bool:
            if link.serial_port:
                return True
            async with few:
                try:
                    async with asyncio.timeout(KNOCK_S):
                        _, writer = await asyncio.open_connection(link.host, link.port)
                except (OSError, TimeoutError):
                    return False
                writer.close()
                return True

        found = await asyncio.gather(*map(opens, self._links))
        self._unopened = found.count(False)
        return [link for link, there in zip(self._links, found, strict=True) if there]


def _shown(progress: Progress, bar: TaskID, done: int, of: int) -> None:
    progress.update(bar, completed=done, total=of)


def where(link: ModbusLink) -> str:
    """Return a link with its settings, as a technician would name it."""
    return f"{link.where} {link.baudrate} 8{link.parity}{link.stopbits}" if link.serial_port else link.where


def _obstacle(link: ModbusLink, *codes: str) -> Text | None:
    """Return which of these findings keeps a serial port from being used, and what to do; None for none."""
    if link.protocol != "modbus-rtu":
        return None
    wrong = [one for one in serial_port(link, daemon=0) if one.code in codes][:HOLDERS]
    if not wrong:
        return None
    return Text(
        zh="；".join(f"{one.text('zh')}。{one.remedy('zh')}" for one in wrong),
        en="; ".join(f"{one.text('en')}. {one.remedy('en')}" for one in wrong),
    )
