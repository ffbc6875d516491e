"""Live values and changes of alarms, as they are stored: one look at the journal, shared by all listeners.

Each event is made once and kept in one ring for everybody; who listens has a place in it and nothing else.
Who falls behind the ring is dropped, and may come again with the id of the last event they had.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from facilityd.errors import FacilitydError
from facilityd.query.liveness import Liveness
from facilityd.query.site import SiteQuery
from facilityd.supervise.stop import end
from facilityd.web.problems import HttpProblem
from facilityd.web.service import WebService
from facilityd.web.system_routes import health_of
from facilityd.web.times import iso, with_offsets

log = logging.getLogger(__name__)
EVERY = 1.0
"""Seconds between two looks at the journal."""
SOONER = 0.2
"""After so many s it is asked whether an alarm changed, which costs little; then it is looked at once."""
BEAT = 10.0
"""After so many s the daemon's health is told again, so that a page knows that it is still told."""
KEPT = 200
"""Events in the ring."""
MOST_LISTENERS = 200
MOST_MISSED = 500
"""Changes that are sent again to a client that reconnects; beyond that it begins anew."""
_ID = re.compile(r"(\d{1,18})-(\d{1,18})")


@dataclass(frozen=True, slots=True)
class StreamPosition:
    """Up to where the journal was told: the ids of a sample and of a change."""

    sample: int = 0
    change: int = 0

    @classmethod
    def parse(cls, text: str) -> StreamPosition | None:
        """Return what ``str`` made; None for anything else."""
        found = _ID.fullmatch(text.strip())
        return cls(int(found[1]), int(found[2])) if found else None

    def __str__(self) -> str:
        return f"{self.sample}-{self.change}"


@dataclass(slots=True)
class EventHub:
    """Looks while somebody listens. ``every`` in s."""

    service: WebService
    every: float = EVERY
    _ring: deque[bytes] = field(default_factory=lambda: deque(maxlen=KEPT))
    _told: int = 0
    _listeners: int = 0
    _task: asyncio.Task[None] | None = None
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _position: StreamPosition = field(default_factory=StreamPosition)
    _values: dict[str, dict[str, Any]] = field(default_factory=dict)
    _health: Liveness | None = None
    _beat: float = 0.0
    _closed: bool = False

    @property
    def full(self) -> bool:
        """Whether nobody more may listen."""
        return self._listeners >= MOST_LISTENERS

    @property
    def looking(self) -> bool:
        """Whether the journal is looked at."""
        return self._task is not None and not self._task.done()

    async def listen(self, last: str = "") -> AsyncIterator[bytes]:
        """Iterate over events; ``last`` is the id of the last one that somebody had, "" for none.

        It begins with the present state, or with what happened to alarms since. It ends where somebody is too
        slow.
        """
        self._listeners += 1
        try:
            async with self._starting:  # of two clients that come at once only the first starts it
                if not self.looking:
                    self._ring.clear()
                    await self._look()
                    self._task = asyncio.create_task(self._run())
            place = self._told
            async for event in self._beginning(StreamPosition.parse(last)):
                yield event
            while True:
                await self._more(place)
                missed = self._told - place
                if missed > len(self._ring) or self._closed:
                    return
                for event in list(self._ring)[-missed:]:
                    yield event
                place += missed
        finally:
            self._listeners -= 1

    async def close(self) -> None:
        """End every stream and look no more: the threads that ask the journal are about to end."""
        self._closed = True
        async with self._news:
            self._news.notify_all()
        if self._task is not None:
            await end([self._task])

    async def _more(self, place: int) -> None:
        """Wait for what comes after a place in the ring."""
        async with self._news:
            await self._news.wait_for(lambda: self._told > place or self._closed)

    async def _beginning(self, last: StreamPosition | None) -> AsyncIterator[bytes]:
        position = self._position
        missed: list[dict[str, Any]] | None = None
        if last is not None and last.change <= position.change:
            missed = await self._plain(lambda query: _changes(query, last.change, MOST_MISSED + 1))
        yield b"retry: 2000\n\n"
        for change in (missed or ())[:MOST_MISSED]:
            if change["id"] <= position.change:
                yield _event("change", change, StreamPosition(0, change["id"]))
        if missed is None or len(missed) > MOST_MISSED:
            alarms = await self._plain(lambda query: [row.plain() for row in query.alarms()])
            yield _event("alarms", alarms, position)
        for values in self._values.values():
            yield _event("values", values, position)
        yield self._health_event()

    async def _plain(self, question: Callable[[SiteQuery], Any]) -> Any:
        return with_offsets(await self.service.pool.ask_quickly(question), self.service.zone)

    async def _run(self) -> None:
        """Look as long as somebody listens."""
        looked = time.monotonic()
        while self._listeners:
            await asyncio.sleep(min(self.every, SOONER))
            try:
                if time.monotonic() - looked < self.every and not await self._alarm_changed():
                    continue
                looked = time.monotonic()
                await self._look()
            except (HttpProblem, FacilitydError) as error:
                log.warning("no events: %s", error)

    async def _alarm_changed(self) -> bool:
        _, change = await self.service.pool.ask_quickly(SiteQuery.position)
        return change != self._position.change

    async def _look(self) -> None:
        """Ask what is new, and tell it."""
        first = not self._values
        after = self._position
        found = await self.service.pool.ask_quickly(lambda query: _ask(query, after, first=first))
        zone, position = self.service.zone, found.position
        changed = found.health.state != (self._health.state if self._health else "")
        self._health = found.health
        self._position = position
        rows = [self._news_of(device | {"at": iso(found.health.at, zone)}) for device in found.devices]
        events = [_event("values", news, position) for news in rows if news]
        events += [
            _event("change", change, StreamPosition(position.sample, change["id"]))
            for change in with_offsets(found.changes, zone)
        ]
        if changed or time.monotonic() - self._beat >= BEAT:
            self._beat = time.monotonic()
            events.append(self._health_event())
        if events and not first:
            self._ring.extend(events)
            self._told += len(events)
            async with self._news:
                self._news.notify_all()

    def _news_of(self, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what of a device is not as it was told; note it."""
        known = self._values.get(row["device"], {"signals": {}, "state": None})
        signals = {name: one for name, one in row["signals"].items() if known["signals"].get(name) != one}
        state = {name: row[name] for name in ("device", "state", "priority")}
        self._values[row["device"]] = dict(row)
        if not signals and known.get("state") == row["state"] and known.get("priority") == row["priority"]:
            return None
        return {**state, "at": row["at"], "signals": signals}

    def _health_event(self) -> bytes:
        assert self._health is not None  # noqa: S101 - the first look is before the first event
        return _event("health", health_of(self.service, self._health).model_dump(), self._position)


@dataclass(frozen=True, slots=True)
class _Found:
    position: StreamPosition
    devices: list[dict[str, Any]]
    changes: list[dict[str, Any]]
    health: Liveness


def _ask(query: SiteQuery, after: StreamPosition, *, first: bool) -> _Found:
    """Return what the journal has beyond a position; of the first look no changes."""
    sample, change = query.position()
    health = query.liveness()
    moved = first or sample != after.sample or change != after.change
    devices = _devices(query) if moved else []
    changes = [] if first else _changes(query, after.change, KEPT)
    change = changes[-1]["id"] if changes else max(change, after.change) if first else after.change
    return _Found(StreamPosition(sample, change), devices, changes, health)


def _changes(query: SiteQuery, after: int, most: int) -> list[dict[str, Any]]:
    return [row.plain() for row in query.changes_after(after, most)]


def _devices(query: SiteQuery) -> list[dict[str, Any]]:
    """Return each device with its signals by name: value, text in both languages, quality."""
    return [
        {
            "device": row.device, "state": row.state_id, "priority": row.priority,
            "signals": {
                one.signal: {"value": one.value, "shown": one.shown.model_dump(), "quality": one.quality}
                for one in row.signals
            },
        }
        for row in query.devices()
    ]  # fmt: skip


def _event(name: str, data: Any, position: StreamPosition) -> bytes:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"event: {name}\nid: {position}\ndata: {text}\n\n".encode()
