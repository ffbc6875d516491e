"""The history of a signal as the API answers it."""

from __future__ import annotations

from facilityd.web.answer_base import Answer, BothTexts, Scalar, When


class HistoryRowAnswer(Answer):
    """One value at an instant."""

    at: When
    value: Scalar
    quality: str


class HistoryBucketAnswer(Answer):
    """The values of one bucket from ``at`` on; null where there is none."""

    at: When
    count: int
    mean: float | None
    least: float | None
    greatest: float | None
    bad: int


class GapAnswer(Answer):
    """A span without values, and why: bad values, nobody watched, or nothing came.

    Where ``missing_s`` is less than ``seconds`` it stands for many short gaps.
    """

    since: When
    until: When
    seconds: float
    missing_s: float
    code: str | None
    reason: BothTexts


class SeriesAnswer(Answer):
    """One signal over one span."""

    since: When
    until: When
    points: list[HistoryRowAnswer]
    buckets: list[HistoryBucketAnswer]
    gaps: list[GapAnswer]
    bad: int
    missing_s: float


class HistoryReport(Answer):
    """A signal's history; ``compared``: the same span a while earlier, where that was asked for."""

    device: str
    signal: str
    unit: str
    bucket_s: float
    series: SeriesAnswer
    compared: SeriesAnswer | None
