"""When an edge node is asked for its birth: late, seldom, and one after the other."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from facilityd.model.retry import EXACT, RetryPolicy

FIRST_S = 2.0
"""A birth that is on its way anyway is waited for so long, in s."""
AGAIN = RetryPolicy(30.0, 3600.0, EXACT)
"""Waits between two requests to one node, in s: a birth of ten thousand metrics takes a gateway a while."""
PACE_S = 0.2
"""Between two requests of a link, in s: births of a thousand nodes must not come at once."""


@dataclass(slots=True)
class _AskedNode:
    """``due``: when it is asked next; ``tries``: requests since it was last well for long enough."""

    due: float
    tries: int = 0
    asked: float = 0.0
    waiting: bool = True


class RebirthSchedule:
    """Says which node is to be asked now. Times are in s, of a clock that only goes on.

    A birth does not end the back-off: a node that loses messages again and again would be asked again and
    again. It is over once the node was well for as long as the next wait would be.
    """

    def __init__(self) -> None:
        self._nodes: dict[str, _AskedNode] = {}
        self._free = 0.0

    @property
    def deadline(self) -> float | None:
        """When a node is to be asked next; None where none is waited for."""
        due = min((one.due for one in self._nodes.values() if one.waiting), default=None)
        return None if due is None else max(due, self._free)

    def note(self, waited_for: Collection[str], now: float) -> None:
        """Take which nodes' births are waited for by now."""
        for name in self._nodes.keys() - set(waited_for):
            self._nodes[name].waiting = False
        for name in waited_for:
            node = self._nodes.get(name)
            if node is None or (not node.waiting and now >= self._calm(node)):
                self._nodes[name] = _AskedNode(now + FIRST_S)
            elif not node.waiting:
                node.waiting, node.due = True, max(now + FIRST_S, self._calm(node))

    def take(self, now: float) -> str | None:
        """Return the node to be asked now, if any is; it counts as asked."""
        ready = [name for name, one in self._nodes.items() if one.waiting and one.due <= now]
        if not ready or now < self._free:
            return None
        name = min(ready, key=lambda one: self._nodes[one].due)
        node = self._nodes[name]
        node.asked, node.due = now, now + AGAIN.wait(node.tries)
        node.tries += 1
        self._free = now + PACE_S
        return name

    @staticmethod
    def _calm(node: _AskedNode) -> float:
        """Return when a node may be asked again; one that was well until then is as good as new."""
        return node.asked + AGAIN.wait(node.tries - 1) if node.tries else 0.0


__all__ = ["RebirthSchedule"]
