"""Looking for units on a link that is watched: a person asks, its bus reads between polls (decision 0100)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from devices.modbus.gap_reads import GapReads
from devices.modbus.scan import LinkScan
from devices.profile import ModbusProfile
from devices.tables import profiles
from devices.unit import Link, ModbusLink
from facilityd.app.core import Core
from facilityd.app.scan_findings import scanned_link, scanned_unit
from facilityd.app.scan_requests import AskedScan
from facilityd.app.sources import LinkTasks
from facilityd.config.load import home_of
from facilityd.config.site import Site
from facilityd.errors import FacilitydError
from facilityd.model.clock import Clock
from facilityd.model.command import ScanLink
from facilityd.model.command_record import CommandRecord
from facilityd.model.message import Wording, reason, spoken
from facilityd.model.refusal import stored
from facilityd.model.sample import NS
from facilityd.model.scan_result import ScannedLink, ScannedUnit, ScanResult
from facilityd.model.text import Text
from facilityd.pipeline.writer import Writer
from facilityd.supervise.stop import end

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Findings:
    """What a scan has found so far; ``refusal``: why it was not begun; ``why``: why it ended early."""

    units: list[ScannedUnit]
    link: ModbusLink | None = None
    work: LinkScan | None = None
    refusal: str = ""
    why: str = ""
    complete: bool = False


class LineScanner:
    """Answers what was asked of ``core.scans``; ``thread`` reads the tables of models beside the loop."""

    def __init__(
        self, core: Core, links: LinkTasks, site: Callable[[], Site], clock: Clock, thread: Writer
    ) -> None:
        self._core, self._links, self._site, self._clock, self._thread = core, links, site, clock, thread

    async def run(self) -> None:
        """Answer until cancelled."""
        try:
            while True:
                await self._answer(await self._core.scans.take())
        finally:
            self._thread.close()

    async def _answer(self, asked: AskedScan) -> None:
        found = _Findings([])
        works = [
            asyncio.create_task(self._scan(asked.command, found)), asyncio.create_task(asked.ended.wait()),
        ]  # fmt: skip
        try:
            await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            asked.why = asked.why or Wording("command.scan-daemon-stopped")
            raise
        finally:
            await end(works)
            found.why = asked.why if not found.complete and asked.why else found.why
            await self._core.flow.record([replace(_record(asked, found), done_at=self._clock.now()[0])])
            self._core.scans.answered()

    async def _scan(self, command: ScanLink, found: _Findings) -> None:
        site = self._site()
        link, gaps = site.links.get(command.link), self._links.gaps(command.link)
        found.refusal = _refusal(command.link, link, site, gaps)
        if found.refusal or not isinstance(link, ModbusLink) or gaps is None:
            return
        there = {unit.device_id: unit for unit in site.units.values() if unit.link == link.id}
        ids = [one for one in command.ids if one not in there]
        found.link = link
        found.units += [
            ScannedUnit(device_id=number, fits=(unit.profile.profile,), certain=True, watched=unit.id)
            for number, unit in sorted(there.items())
        ]
        try:
            async with asyncio.timeout(command.within / NS):
                models = await self._thread.call(_models, home_of(Path(site.source)))
                found.work = work = LinkScan(link, ids, models, command.timeout / NS, opener=gaps.opened)
                log.info("%s: looking for units at %d device ids, between the polls", link.id, len(work.ids))
                async for unit in work.units():
                    one = scanned_unit(unit)
                    if one.any_id and found.units:  # it answers to every id: it is the unit that is there
                        one = one.model_copy(update={"watched": found.units[0].watched})
                    found.units.append(one)
            found.complete = True
        except TimeoutError:
            found.why = Wording("command.scan-time-over")
        except FacilitydError as stopped:
            found.why = reason(stopped)
        except Exception as error:  # what is asked of a bus ends nothing else
            log.exception("%s: looking for units failed in a way nobody foresaw", link.id)
            found.why = Wording("command.unforeseen", kind=type(error).__name__)
        log.info("%s: looking for units ended: %s", link.id, found.why or "all were asked")


def _models(folder: Path) -> dict[str, ModbusProfile]:
    return {name: one for name, one in profiles(folder).items() if isinstance(one, ModbusProfile)}


def _refusal(name: str, link: Link | None, site: Site, gaps: GapReads | None) -> str:
    """Return why a link cannot be looked through here, or nothing."""
    if link is None:
        return Wording("command.scan-no-link", link=name, known=sorted(site.links))
    if not isinstance(link, ModbusLink):
        return Wording("command.scan-kind", link=name)
    return "" if gaps else Wording("command.scan-not-watched", link=name)


def _id(unit: ScannedUnit) -> int:
    return unit.device_id


def _record(asked: AskedScan, found: _Findings) -> CommandRecord:
    if found.refusal:
        return replace(asked.record, refusal=stored(found.refusal))
    links: tuple[ScannedLink, ...] = ()
    if found.link:
        said = Text(zh=spoken(found.why, "zh"), en=spoken(found.why, "en")) if found.why else None
        links = (scanned_link(found.link, found.work, said, sorted(found.units, key=_id), found.link.id),)
    result = ScanResult(complete=found.complete, links=links)
    return replace(asked.record, payload=asked.record.payload | {"found": result.model_dump(mode="json")})
