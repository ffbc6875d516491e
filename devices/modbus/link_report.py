"""What a Modbus link reports of itself: its health now and then, its troubles once each."""

from __future__ import annotations

import logging
from collections.abc import Callable

from devices.modbus.reader import ModbusReader
from devices.unit import ModbusLink
from facilityd.model.link import LinkHealth
from facilityd.model.poll_counts import PollCounts

log = logging.getLogger(__name__)

HEALTH_S = 10.0


class LinkReport:
    """``time`` returns s on the event loop's clock; ``retries`` how many polls were repeated so far."""

    def __init__(
        self,
        link: ModbusLink,
        health: Callable[[LinkHealth], None],
        time: Callable[[], float],
        retries: Callable[[], int],
    ) -> None:
        self._link, self._health, self._time, self._retries = link, health, time, retries
        self._reconnects, self._mute = -1, False
        self._said, self._worst, self._told = "", 0.0, 0.0
        self._unforeseen, self._counts = set[str](), PollCounts()
        self._seen = (0, 0, 0.0)

    def opened(self) -> None:
        """Count a connection: its reader begins at nothing."""
        self._reconnects += 1
        self._seen = (0, 0, 0.0)

    def late(self, by: float) -> None:
        """Note by how many s a poll was late."""
        self._worst = max(self._worst, by)
        self._counts.poll(by)

    def busy(self, length: float) -> None:
        """Note for how many s a unit was asked."""
        self._counts.busy += length

    def aside(self, requests: int, answers: int, waited: float) -> None:
        """Leave out of the report what was asked beside the polls: questions, answers, s waited for these."""
        before = self._seen
        self._seen = before[0] + requests, before[1] + answers, before[2] + waited

    def say(self, text: str) -> None:
        """Log a trouble, unless it is the one that was logged last."""
        if text != self._said:
            self._said = text
            log.warning(text)

    def is_first(self, unit: str) -> bool:
        """Return whether a failure of a unit that nobody foresaw is the first: each is logged once."""
        first = unit not in self._unforeseen
        self._unforeseen.add(unit)
        return first

    def answers(self, reader: ModbusReader) -> None:
        """Report a link that answers, every ``HEALTH_S``."""
        requests, answers, waited = self._seen
        if self._time() - self._told < HEALTH_S or reader.answers == answers:
            return
        new = reader.answers - answers
        share, latency = new / (reader.requests - requests), (reader.waited - waited) / new
        self._seen = reader.requests, reader.answers, reader.waited
        self._tell(up=True, answered=share, latency=latency)

    def lost(self, reason: str, *, mute: bool) -> None:
        """Report a link that is down; ``mute``: it is open, and no unit on it answers."""
        self._mute = mute
        self.say(f"{self._link.id}: {reason}")
        self._tell(up=False, reason=reason)

    def _tell(
        self, *, up: bool, reason: str = "", answered: float | None = None, latency: float | None = None
    ) -> None:
        self._told = self._time()
        if up and self._said.startswith(f"{self._link.id}: "):
            log.info("%s: answers again", self._link.id)
            self._said = ""
        self._health(LinkHealth(
            self._link.id, up, self._link.where, reason, max(0, self._reconnects), answered, latency,
            self._worst, retries=self._retries(), mute=not up and self._mute, counts=self._counts,
        ))  # fmt: skip
        self._worst = 0.0
