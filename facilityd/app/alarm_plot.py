"""What led to an alarm, drawn for the message about it: beside the writer, and within limits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from facilityd.config.site import Device
from facilityd.model.alarm import Change
from facilityd.model.finding import Evidence
from facilityd.model.guilty_signal import guilty_signal
from facilityd.model.histories import Trend
from facilityd.model.rule import Rule
from facilityd.model.sample import NS, SignalType
from facilityd.notify.sparkline import Sparkline, draw, width
from facilityd.pipeline.writer import Writer
from facilityd.store.history import buckets
from facilityd.store.reader import UNREADABLE, JournalReader
from facilityd.store.sealed import Point

log = logging.getLogger(__name__)
BEFORE, DAYS = 1800 * NS, 14 * 86400 * NS
"""How much before the alarm is drawn: of a sudden fault, and of a slow one (ns)."""
BLOCKS = 24
"""Of the line: what a phone shows without a break."""


ROWS = 100_000
"""Samples read for one line at most; a message is worth no more."""
PATIENCE_S, REFILL = 1.0, 0.1
"""What all messages of a burst may wait together (s), and how much of it comes back in each second."""


class PlotTooLarge(Exception):
    """A line would take more rows or time than a message is worth."""


def guilty(device: Device, rule: Rule, evidence: Evidence | None) -> str:
    """Return the signal an alarm rests on, or "" where no unit of this device brings it."""
    return guilty_signal(device.bound, rule, evidence)


@dataclass(frozen=True, slots=True)
class AlarmPlot:
    """Draws from the journal, in whatever thread it is asked."""

    path: Path
    devices: Mapping[str, Device]

    def draw(self, change: Change, late: Callable[[], bool] = lambda: False) -> Sparkline | None:
        """Return the guilty signal's way to the alarm; None for what has no number to show.

        Raises PlotTooLarge where it takes more than ``ROWS``, or until it is ``late``.
        """
        device = self.devices.get(change.device)
        rule = device.family.rules.get(change.rule) if device else None
        if device is None or rule is None:
            return None
        signal = guilty(device, rule, change.evidence)
        if not signal or device.family.signals[signal].type is not SignalType.FLOAT:
            return None
        since = change.at - (DAYS if isinstance(rule.detect, Trend) else BEFORE)
        step = width(since, change.at, BLOCKS)
        try:
            with JournalReader.open(self.path) as reader:
                reader.give_up_when(late)
                run = _bounded(reader.history(device.id, signal, since, change.at + 1), late)
                means = {bucket.start: bucket.mean for bucket in buckets(run, since, step)}
        except UNREADABLE as error:
            if late():
                raise PlotTooLarge from error
            return None  # the alarm is sent all the same
        return draw(device.family.signals[signal], means, since, change.at, BLOCKS)


def _bounded(run: Iterator[Point], late: Callable[[], bool]) -> Iterator[Point]:
    for number, point in enumerate(run):
        if number >= ROWS or late():
            raise PlotTooLarge
        yield point


class PlotQueue:
    """Lines for messages, drawn on a ``thread`` of their own, one at a time.

    Changes are committed in order, so whoever waits for a line keeps every commit waiting. Messages of a
    burst share ``PATIENCE_S``; while a line is being drawn for one, no other waits for its own.
    ``skipped`` counts the messages that went without.
    """

    def __init__(self, alarm_plot: AlarmPlot, thread: Writer) -> None:
        self._alarm_plot, self._thread = alarm_plot, thread
        self._left, self._counted_at = PATIENCE_S, 0.0
        self._drawing: asyncio.Task[Sparkline | None] | None = None
        self._hurry = False
        self.skipped = 0

    async def ask(self, change: Change) -> Sparkline | None:
        """Return the line that goes with a change; None where there is none to be had in time."""
        clock = asyncio.get_running_loop().time
        began = clock()
        self._left = min(PATIENCE_S, self._left + REFILL * (began - self._counted_at))
        self._counted_at = began
        if self._left <= 0 or (self._drawing and not self._drawing.done()):
            self.skipped += 1
            return None
        self._hurry = False
        self._drawing = asyncio.create_task(self._draw(change))
        await asyncio.wait({self._drawing}, timeout=self._left)
        self._left -= clock() - began
        if self._drawing.done():
            return self._drawing.result()
        self._hurry = True
        self.skipped += 1
        return None

    async def _draw(self, change: Change) -> Sparkline | None:
        try:
            return await self._thread.call(self._alarm_plot.draw, change, lambda: self._hurry)
        except PlotTooLarge:
            if not self._hurry:  # else its message has gone and is counted
                self.skipped += 1
        except Exception:  # a line of blocks is worth no alarm
            log.exception("the line that goes with a message could not be drawn")
        return None

    def close(self) -> None:
        """Let go of the thread; what is being drawn is given up."""
        self._hurry = True
        self._thread.close()
