"""What a Sparkplug B host knows of edge nodes: births, deaths, aliases and the order of messages (3.0, 5).

It only listens: whose birth has to be waited for stands in ``waits``, and whether it is asked for is the
link's (decisions 0093 and 0101).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from devices.mqtt.sparkplug_payload import SparkplugPayload, SparkplugValue, parse_payload
from facilityd.model.quality import Reason

NAMESPACE = "spBv1.0"
_TURN = 256
"""Messages of a node are numbered 0 to 255, over and over."""
_NODE, _DEVICE = 4, 5
"""Levels of a topic: namespace, group, kind, node, device."""
_BEGINS = ("NBIRTH", "DBIRTH")
_KINDS = frozenset((NAMESPACE, kind) for kind in ("BIRTH", "DATA", "DEATH"))
"""Behind the N of a node or the D of a device; commands are not for us."""
_MOST_NODES = 1000
_MOST_UNSAID = 10_000
_MOST_HELD = 2**20
"""Bytes of messages of a node that wait for one before them; with more of them that one is given up."""


@dataclass(frozen=True, slots=True)
class SparkplugNews:
    """What is new of a node or device, ``unit`` being ``group/node`` or ``group/node/device``.

    ``values`` by the metrics' names; or ``reason`` why none is known any more.
    """

    unit: str
    values: dict[str, SparkplugValue] = field(default_factory=dict)
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class _SparkplugMessage:
    kind: str
    unit: str
    payload: SparkplugPayload
    size: int


@dataclass(slots=True)
class _EdgeNode:
    """A node that was born: what its aliases mean, which message comes next, what came before its turn."""

    bd_seq: SparkplugValue
    due: int
    aliases: dict[int, str] = field(default_factory=dict)
    datatypes: dict[tuple[str, str], int | None] = field(default_factory=dict)
    units: set[str] = field(default_factory=set)
    unsaid: set[tuple[str, str]] = field(default_factory=set)
    """Metrics of which nothing is known since a message was lost, or that no birth named; "" by an alias."""
    held: dict[int, _SparkplugMessage] = field(default_factory=dict)
    deadline: float | None = None


class SparkplugHost:
    """Listens to edge nodes. Times are in s, of a clock that only goes on.

    ``reorder`` is how long a message that is missing is waited for; of nodes that are not ``watched``
    nothing is kept (None: of all). ``waits`` names the nodes whose birth has to be waited for, and why.
    ``gaps`` counts messages that never came, ``malformed`` those that are none.
    """

    def __init__(self, reorder: float, watched: Iterable[str] | None = None) -> None:
        self.gaps = self.malformed = 0
        self.waits: dict[str, str] = {}
        self._reorder = reorder
        self._watched = None if watched is None else frozenset(watched)
        self._nodes: dict[str, _EdgeNode] = {}

    @property
    def deadline(self) -> float | None:
        """When the first missing message is given up; None where none is missing."""
        return min((one.deadline for one in self._nodes.values() if one.deadline is not None), default=None)

    def forget(self) -> None:
        """Forget everything: the connection was lost, and what was said meanwhile nobody knows."""
        self._nodes.clear()
        self.waits.clear()

    def watch(self, nodes: Iterable[str]) -> None:
        """Watch these nodes from now on; of others nothing is kept."""
        self._watched = frozenset(nodes)
        for name in (self._nodes.keys() | self.waits.keys()) - self._watched:
            self._nodes.pop(name, None)
            self.waits.pop(name, None)

    def miss(self, node: str, why: str) -> None:
        """Note that what the births of a node said is needed again. Nothing, where it was not born yet."""
        if node in self._nodes:
            self.waits.setdefault(node, why)

    def unknown(self, wanted: Mapping[str, Collection[str]]) -> list[str]:
        """Return the nodes whose birth is waited for, and of which a value that is ``wanted`` is not known.

        ``wanted``: names of metrics by unit. What was reported again since a message was lost is known.
        """
        found = {node_of(unit) for unit, names in wanted.items() if self._lacks(unit, names)}
        return sorted(found)

    def _lacks(self, unit: str, names: Collection[str]) -> bool:
        name = node_of(unit)
        if name not in self.waits:
            return False
        node = self._nodes.get(name)
        if node is None or unit not in node.units:
            return True
        strange = (unit, "") in node.unsaid
        return any(
            (unit, one) in node.unsaid or (strange and (unit, one) not in node.datatypes) for one in names
        )

    def hear(self, topic: str, data: bytes, now: float) -> list[SparkplugNews]:
        """Return what a message says, and those that waited for it. Raises nothing."""
        levels = topic.split("/")
        if len(levels) not in (_NODE, _DEVICE) or (levels[0], levels[2][1:]) not in _KINDS:
            return []
        _, group, kind, *names = levels
        if kind[0] != ("D" if len(names) > 1 else "N"):
            return []
        name, unit = f"{group}/{names[0]}", "/".join((group, *names))
        if self._watched is not None and name not in self._watched:
            return []
        try:
            message = _SparkplugMessage(kind, unit, parse_payload(data), len(data))
        except ValueError:  # a UnicodeDecodeError is one
            self.malformed += 1
            return []
        return list(self._news(name, message, now))

    def expire(self, now: float) -> list[SparkplugNews]:
        """Give up messages that are missing for too long: what they said is unknown from then on."""
        news: list[SparkplugNews] = []
        for name, node in self._nodes.items():
            if node.deadline is None or node.deadline > now:
                continue
            self.waits[name] = "messages of it were lost"
            node.unsaid = set(node.datatypes)
            news += (SparkplugNews(unit, reason=Reason.MISSING) for unit in sorted(node.units))
            while node.held:
                first = min(node.held, key=lambda seq: (seq - node.due) % _TURN)
                self.gaps += (first - node.due) % _TURN
                node.due = first
                news += self._drain(name, node)
            node.deadline = None
        return news

    def _news(self, name: str, message: _SparkplugMessage, now: float) -> Iterator[SparkplugNews]:
        node = self._nodes.get(name)
        if message.kind == "NBIRTH":
            yield from self._born(name, message)
        elif message.kind == "NDEATH":
            yield from self._died(name, message)
        elif node is None:
            self.waits.setdefault(name, "no birth was heard of it")
        else:
            yield from self._in_turn(name, node, message, now)

    def _born(self, name: str, message: _SparkplugMessage) -> Iterator[SparkplugNews]:
        seq = message.payload.seq
        room = name in self._nodes or len(self._nodes) < _MOST_NODES
        if seq is None or not 0 <= seq < _TURN or not room:
            self.malformed += 1
            return
        # Its devices are what they were before only once they are born again (5.4).
        yield from self._stale(name, but=message.unit)
        self.waits.pop(name, None)
        node = self._nodes[name] = _EdgeNode(message.payload.named("bdSeq"), (seq + 1) % _TURN)
        yield self._read(name, node, message)

    def _died(self, name: str, message: _SparkplugMessage) -> Iterator[SparkplugNews]:
        """A will may be published long after its node is back: only that of this session counts (5.4)."""
        node = self._nodes.get(name)
        if node is not None and message.payload.named("bdSeq") != node.bd_seq:
            return
        yield from self._stale(name)
        self.waits.pop(name, None)  # it is not there to be born again
        self._nodes.pop(name, None)

    def _stale(self, name: str, but: str = "") -> Iterator[SparkplugNews]:
        """Of a node that is gone, and of each of its devices, nothing is known."""
        node = self._nodes.get(name)
        units = {name} if node is None else {name, *node.units}
        yield from (SparkplugNews(unit, reason=Reason.OFFLINE) for unit in sorted(units - {but}))

    def _in_turn(
        self, name: str, node: _EdgeNode, message: _SparkplugMessage, now: float
    ) -> Iterator[SparkplugNews]:
        seq = message.payload.seq
        if seq is None or not 0 <= seq < _TURN:
            self.malformed += 1
            return
        node.held.setdefault(seq, message)
        yield from self._drain(name, node)
        if not node.held:
            node.deadline = None
        elif node.deadline is None:
            node.deadline = now + self._reorder
        if sum(one.size for one in node.held.values()) > _MOST_HELD:
            node.deadline = now

    def _drain(self, name: str, node: _EdgeNode) -> Iterator[SparkplugNews]:
        while (message := node.held.pop(node.due, None)) is not None:
            node.due = (node.due + 1) % _TURN
            if message.kind == "DDEATH":
                node.units.discard(message.unit)
                yield SparkplugNews(message.unit, reason=Reason.OFFLINE)
            elif message.kind in _BEGINS or message.unit in node.units:
                yield self._read(name, node, message)
            else:
                self.waits[name] = f"no birth was heard of {message.unit}"

    def _read(self, name: str, node: _EdgeNode, message: _SparkplugMessage) -> SparkplugNews:
        if born := message.kind in _BEGINS:
            node.units.add(message.unit)
        values: dict[str, SparkplugValue] = {}
        for metric in message.payload.metrics:
            known = metric.name
            if known is None and metric.alias is not None:
                known = node.aliases.get(metric.alias)
            if born and metric.name is not None:
                node.datatypes[message.unit, metric.name] = metric.datatype
                if metric.alias is not None:
                    node.aliases[metric.alias] = metric.name
            if known is None or (message.unit, known) not in node.datatypes:
                self.waits[name] = f"{message.unit} has a metric that its birth did not name"
                if len(node.unsaid) < _MOST_UNSAID:
                    node.unsaid.add((message.unit, known or ""))
            elif metric.readable and not metric.historical:  # what is historical is no state of now (6.4.3)
                values[known] = metric.value(node.datatypes[message.unit, known])
                node.unsaid.discard((message.unit, known))
        return SparkplugNews(message.unit, values)


def node_of(unit: str) -> str:
    """Return the node of ``group/node/device``, or of itself."""
    return "/".join(unit.split("/")[:2])


def filters_of(units: Iterable[str]) -> list[str]:
    """Return the topics of nodes: of all its messages, for they are numbered together."""
    nodes = sorted({tuple(unit.split("/")[:2]) for unit in units})
    return [f"{NAMESPACE}/{group}/+/{node}{more}" for group, node in nodes for more in ("", "/+")]


__all__ = ["NAMESPACE", "SparkplugHost", "SparkplugNews", "filters_of", "node_of"]
