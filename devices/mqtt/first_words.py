"""What a new name said before it was a unit: the message by which it was found is its first value."""

from __future__ import annotations

from collections.abc import Iterable

MOST = 1000
"""Topics of which the last message is kept, the oldest are given up first."""
LONGEST = 65_536
"""Bytes of a message that is kept."""
Heard = tuple[bytes, int, int]
"""A payload, and when it came: ns UTC, ns of the steady clock."""


class FirstWords:
    """The last message on each topic of names that are found and not watched yet."""

    def __init__(self) -> None:
        self._heard: dict[str, Heard] = {}

    def note(self, topic: str, payload: bytes, at: int, steady: int) -> None:
        """Keep a message; ``at`` in ns UTC, ``steady`` in ns."""
        if len(payload) > LONGEST:
            return
        self._heard.pop(topic, None)
        self._heard[topic] = payload, at, steady
        if len(self._heard) > MOST:
            del self._heard[next(iter(self._heard))]

    def take(self, topics: Iterable[str]) -> list[tuple[str, Heard]]:
        """Return what came on some topics, in the order in which it came, and forget it."""
        wanted = set(topics)
        known = [(topic, heard) for topic, heard in self._heard.items() if topic in wanted]
        for topic, _ in known:
            del self._heard[topic]
        return known
