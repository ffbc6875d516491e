"""The daemon's and the links' own condition, written down as samples like everything else."""

from __future__ import annotations

from collections.abc import Mapping

from facilityd.model.clock import Clock
from facilityd.model.link import EdgeNodeCounts, LinkHealth
from facilityd.model.poll_counts import PollSpan
from facilityd.model.quality import Reason
from facilityd.model.sample import LONGEST_TEXT, Sample, SignalType, Stream, Value


def sample_of(stream: Stream, clock: Clock, known: Mapping[str, Value | None]) -> Sample:
    """Return a sample of what is known; the rest has no value."""
    at, steady = clock.now()
    values = tuple(
        _typed(known.get(name), kind) for name, kind in zip(stream.signals, stream.types, strict=True)
    )
    reasons = {index: Reason.MISSING for index, value in enumerate(values) if value is None}
    return Sample(stream, at, steady, values, reasons)


def _typed(value: Value | None, kind: SignalType) -> Value | None:
    if value is None:
        return None
    if kind is SignalType.BOOL:
        return bool(value)
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    return float(value) if kind is SignalType.FLOAT else int(value)


def link_values(health: LinkHealth, polls: PollSpan | None = None) -> dict[str, Value | None]:
    """Return a link's health in the signals of family ``link``: answered in %, times in ms, load in %.

    ``polls``: what it counted since its health was last written down.
    """
    answered = None if health.answered is None else 100.0 * health.answered
    latency = None if health.latency is None else 1000.0 * health.latency
    nodes = health.edge_nodes
    return {
        "up": health.up, "answered": answered, "latency": latency, "reconnects": health.reconnects,
        "retries": health.retries, "mute": health.mute, **(_edge_nodes(nodes) if nodes else {}),
        **(lateness_values(polls) | {"load": 100.0 * polls.load} if polls and health.up else {}),
    }  # fmt: skip


def _edge_nodes(nodes: EdgeNodeCounts) -> dict[str, Value | None]:
    return {
        "unborn": len(nodes.unborn), "unborn_nodes": ", ".join(nodes.unborn),
        "rebirths": nodes.rebirths, "gaps": nodes.gaps, "malformed": nodes.malformed,
    }  # fmt: skip


def lateness_values(polls: PollSpan) -> dict[str, Value | None]:
    """Return by how many ms half of the polls, and 99 % of them, were late at most."""
    return {"lateness_p50": 1000.0 * polls.within(0.5), "lateness_p99": 1000.0 * polls.within(0.99)}
