"""Units found by listening: collected, reported once, kept in their file, and handed in as a wider site."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from devices.mqtt import DiscoveredName
from facilityd.config.found import DiscoveredNames, file_of, write_found
from facilityd.config.site import Site
from facilityd.config.templates import CLASH, OTHERS, obstacle, part_of, widened
from facilityd.errors import UsageError
from facilityd.model.clock import Clock
from facilityd.model.topic import UNFIT
from facilityd.pipeline.writer import Writer
from facilityd.supervise.inbox import Inbox
from facilityd.supervise.share import share

log = logging.getLogger(__name__)
SETTLE_S = 10.0
"""Names seen within so long of the first one are reported and taken in together."""
CALM_S = 60.0
"""Between two times at which units are taken in: what is seen meanwhile is taken in together."""
OWN = (CLASH, OTHERS, UNFIT)
"""Reasons that no list of names can mend."""
SHOWN = 20
"""Names in one line of the log."""


class Discovery:
    """Collects the names seen behind wildcard topics; ``on_wider`` is called for each ``wider`` site."""

    def __init__(self, site: Site, clock: Clock, near: Callable[[int], bool]) -> None:
        self._site, self._grown, self._clock, self._near = site, site, clock, near
        self._news, self._new = asyncio.Event(), dict[str, list[str]]()
        self._heard: dict[str, dict[str, str]] = {}
        self._told: dict[str, set[str]] = {}
        self.on_wider: Callable[[], Awaitable[None]] = _nothing

    def adopt(self, site: Site) -> None:
        """Listen for this site from now on; what was reported of the patterns that it has stays reported."""
        self._site = self._grown = site
        self._new.clear()
        for known in (self._heard, self._told):
            for pattern in known.keys() - site.templates.keys():
                known.pop(pattern)

    @property
    def wider(self) -> Site | None:
        """The site with what was seen, where there is anything and it is time to take it in.

        Nothing is changed while a flag goes up: the minutes around a ceremony are waited for.
        """
        grown = self._grown is not self._site and not self._near(self._clock.steady())
        return self._grown if grown else None

    def hear(self, sighting: DiscoveredName) -> None:
        """Take one adapter's word."""
        pattern, name = sighting.pattern, sighting.name
        if pattern not in self._grown.templates:
            return  # the last word of a pattern that left the site
        why = sighting.why or obstacle(self._grown, self._grown.templates[pattern], name)
        refused = self._heard.setdefault(pattern, {})
        refused.pop(name, None)
        if why:
            refused[name] = why
        else:
            self._grown = widened(self._grown, {pattern: [name]})
            self._new.setdefault(pattern, []).append(name)
        self._news.set()

    async def run(self, writer: Writer) -> None:
        """Have units taken in, and report the names that are no units, until cancelled."""
        try:
            while True:
                await self.look(writer)
                if self.wider:
                    await self.on_wider()
                    await asyncio.sleep(CALM_S)
        except Exception:  # what is known already is watched on
            log.exception("units are no longer looked for")
            await asyncio.Event().wait()

    async def look(self, writer: Writer) -> None:
        """Wait for news, report and keep it; set ``wider`` where there is something to take in."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CALM_S if self._grown is not self._site else None):
                await self._news.wait()
                await asyncio.sleep(SETTLE_S)
        if self._news.is_set():
            self._news.clear()
            self._tell()
            await self._keep(writer)

    def _tell(self) -> None:
        for pattern, names in self._new.items():
            shown = ", ".join(f"{name!r} as {pattern}-{part_of(name)}" for name in names[:SHOWN])
            log.info("%s: %d new behind its topic, taken in: %s", pattern, len(names), shown)
        self._new.clear()
        for pattern, refused in self._heard.items():
            reported = self._told.setdefault(pattern, set())
            by_reason: dict[str, list[str]] = {}
            for name, why in refused.items():
                if name not in reported:
                    by_reason.setdefault(why, []).append(name)
            reported.update(refused)
            for why, names in by_reason.items():
                listed = ", ".join(map(repr, names[:SHOWN]))
                watch = (
                    "give each a unit with an id of its own" if why in OWN else f"add names: [{listed}] to it"
                )
                log.warning(
                    "%s: %d heard and not watched (%s): %s; to watch them, %s; to hear no more of them, "
                    "add ignore: [%s]", pattern, len(names), why, listed, watch, listed,
                )  # fmt: skip

    async def _keep(self, writer: Writer) -> None:
        found = DiscoveredNames(
            {name: one.unit_names for name, one in self._grown.templates.items()}, self._heard
        )
        try:
            await writer.call(self._write, found)
        except (OSError, UsageError) as error:
            log.warning("%s: what was found is not kept, or not shared: %s", file_of(self._site), error)

    def _write(self, found: DiscoveredNames) -> None:
        write_found(file_of(self._site), found)
        journal = Path(self._site.store.path)
        share(journal, Inbox(journal).folder, self._site.store.group)


async def _nothing() -> None:
    """Nobody takes in what was seen."""
