"""Spans of time put together and cut against each other; ``(since, until)``, ns UTC."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Span = tuple[int, int]
"""since <= at < until, ns UTC."""


def union(spans: Iterable[Span]) -> list[Span]:
    """Return the same times in order, without overlap."""
    merged: list[Span] = []
    for since, until in sorted(one for one in spans if one[0] < one[1]):
        if merged and since <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(until, merged[-1][1])
        else:
            merged.append((since, until))
    return merged


def common(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """Return the times that lie in both; each is in order and without overlap."""
    found, n, m = [], 0, 0
    while n < len(one) and m < len(other):
        since, until = max(one[n][0], other[m][0]), min(one[n][1], other[m][1])
        if since < until:
            found.append((since, until))
        if one[n][1] <= other[m][1]:
            n += 1
        else:
            m += 1
    return found


def without(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """Return the times of the first that do not lie in the second; each is in order and without overlap."""
    found = []
    for since, until in one:
        edge = since
        for begin, end in other:
            if end <= edge or begin >= until:
                continue
            if edge < begin:
                found.append((edge, begin))
            edge = end
        if edge < until:
            found.append((edge, until))
    return found


def length(spans: Iterable[Span]) -> int:
    """Return how long spans are together, ns."""
    return sum(until - since for since, until in spans)


def overlap(span: Span, spans: Iterable[Span]) -> int:
    """Return how long a span lies within others that do not overlap, ns."""
    return sum(max(0, min(span[1], until) - max(span[0], since)) for since, until in spans)
