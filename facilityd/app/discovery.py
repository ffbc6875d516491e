"""Units found by listening: collected, told once, kept in their file, and handed in as a wider site."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
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
"""What is heard within so long of the first news is told and taken in together."""
CALM_S = 60.0
"""Taking units in means that all links connect again, so it waits so long each time."""
OWN = (CLASH, OTHERS, UNFIT)
"""Reasons that no list of names can mend."""
SHOWN = 20
"""Names in one line of the log."""


class Discovery:
    """Hears what stands behind wildcard topics; ``wider`` is the site with it, once it is time."""

    def __init__(self, site: Site, clock: Clock, near: Callable[[int], bool], calm_s: float) -> None:
        self._site, self._grown, self._clock, self._near, self._calm_s = site, site, clock, near, calm_s
        self._news, self._new = asyncio.Event(), dict[str, list[str]]()
        self._heard: dict[str, dict[str, str]] = {}
        self._told: dict[str, set[str]] = {}
        self.wider: Site | None = None

    def hear(self, sighting: DiscoveredName) -> None:
        """Take one adapter's word."""
        pattern, name = sighting.pattern, sighting.name
        why = sighting.why or obstacle(self._grown, self._grown.templates[pattern], name)
        heard = self._heard.setdefault(pattern, {})
        heard.pop(name, None)
        if why:
            heard[name] = why
        else:
            self._grown = widened(self._grown, {pattern: [name]})
            self._new.setdefault(pattern, []).append(name)
        self._news.set()

    async def run(self, writer: Writer) -> None:
        """Return when there are units to take in; until then tell what is heard and is none."""
        try:
            await asyncio.sleep(self._calm_s)
            while self.wider is None:
                await self.look(writer)
        except Exception:  # what is known already is watched on
            log.exception("units are no longer looked for")
            await asyncio.Event().wait()

    async def look(self, writer: Writer) -> None:
        """Wait for news, tell and keep it; set ``wider`` where there is something to take in."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CALM_S):
                await self._news.wait()
                await asyncio.sleep(SETTLE_S)
        if self._news.is_set():
            self._news.clear()
            self._tell()
            await self._keep(writer)
        # No link connects anew while a flag goes up: the minutes around a ceremony are waited for.
        if self._grown is not self._site and not self._near(self._clock.steady()):
            self.wider = self._grown

    def _tell(self) -> None:
        for pattern, names in self._new.items():
            shown = ", ".join(f"{name!r} as {pattern}-{part_of(name)}" for name in names[:SHOWN])
            log.info("%s: %d new behind its topic, taken in: %s", pattern, len(names), shown)
        self._new.clear()
        for pattern, heard in self._heard.items():
            told = self._told.setdefault(pattern, set())
            by_reason: dict[str, list[str]] = {}
            for name, why in heard.items():
                if name not in told:
                    by_reason.setdefault(why, []).append(name)
            told.update(heard)
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
