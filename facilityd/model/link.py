"""How a link is doing, as its adapter sees it."""

from __future__ import annotations

from dataclasses import dataclass

from facilityd.model.poll_counts import PollCounts


@dataclass(frozen=True, slots=True)
class EdgeNodeCounts:
    """How the Sparkplug edge nodes of a link do: whose birth is waited for, and what was counted.

    Since the start: how many ``rebirths`` were asked for, how many messages never came (``gaps``), and how
    many were none (``malformed``).
    """

    unborn: tuple[str, ...] = ()
    rebirths: int = 0
    gaps: int = 0
    malformed: int = 0


@dataclass(frozen=True, slots=True)
class LinkHealth:
    """``answered`` is the share of recent requests answered, ``latency`` their mean in s.

    ``lateness`` is the worst recent delay of a poll against its schedule, in s. ``lost`` counts messages
    that came faster than they could be kept, ``retries`` polls that were repeated, both since the start.
    ``mute``: the other side takes the connection, and no unit answers. ``counts`` go on being counted by the
    adapter; None for a link on which nobody is asked. ``edge_nodes``: None but on a Sparkplug link.
    """

    link: str
    up: bool
    where: str = ""
    reason: str = ""
    reconnects: int = 0
    answered: float | None = None
    latency: float | None = None
    lateness: float | None = None
    lost: int = 0
    retries: int = 0
    mute: bool = False
    counts: PollCounts | None = None
    edge_nodes: EdgeNodeCounts | None = None
