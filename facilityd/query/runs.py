"""Runs of a device laid over each other: aligned at their starts, with the band in which most of them lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from devices.family import Signal
from facilityd.config.site import Device
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS, STALE_PERIODS, Number, SignalType
from facilityd.model.text import Text
from facilityd.query.json_data import to_plain
from facilityd.query.kpi_people import percentile
from facilityd.query.modes import ModeSpan, mode_name, mode_spans
from facilityd.query.state_spans import longest_period
from facilityd.store.reader import JournalReader
from facilityd.yaml_source import suggestion

POINTS = 100
"""Places on the common axis of time."""
LOW, HIGH = 10, 90
"""Percentiles between which the band lies."""
SHORTEST = 10 * NS
"""What lasts less (ns) is no run: a motor that settles turns a moment."""
LEAST = 5
"""Runs from which on there is a band; of fewer only the median is told."""
_BACK = (7, 31, 93, 400)
"""Days that are looked through, one after the other, until there are enough runs."""
DAY = 86_400 * NS


@dataclass(frozen=True, slots=True)
class RunsQuery:
    """The last ``last`` whole runs of a device before ``until`` (ns UTC), not before ``since`` (0: 400 days).

    ``mode``: its operating mode, "" its first; ``kind``: such as raising, "" all. ``signals``: those that are
    laid over each other. ``least``: what lasted less (ns) is no run.
    """

    device: str
    until: int
    since: int = 0
    mode: str = ""
    kind: str = ""
    last: int = 60
    signals: tuple[str, ...] = ()
    least: int = SHORTEST


@dataclass(frozen=True, slots=True)
class RunEnvelope:
    """One signal over all runs at common times: ``seconds`` from the start, and what the runs had there.

    ``middle``: the median, ``low`` and ``high``: the band; None where too few had a value. ``count``: how
    many had. ``newest``: what the last run had.
    """

    signal: str
    about: Signal
    seconds: tuple[float, ...]
    middle: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    count: tuple[int, ...]
    newest: tuple[float | None, ...]

    def plain(self) -> dict[str, Any]:
        """Return data for JSON."""
        names = ("seconds", "middle", "low", "high", "count", "newest")
        return {"signal": self.signal, "unit": self.about.unit} | {n: list(getattr(self, n)) for n in names}


@dataclass(frozen=True, slots=True)
class RunsAnswer:
    """The runs, the oldest first, and the envelope of each signal."""

    device: str
    where: Text
    mode: str
    kind: str
    name: Text
    runs: tuple[ModeSpan, ...]
    envelopes: tuple[RunEnvelope, ...]
    names: tuple[Text, ...]
    """What each run was, such as raising."""

    @property
    def lengths(self) -> list[float]:
        """How long each run took, s."""
        return [(one.until - one.since) / NS for one in self.runs]

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; texts in both languages, instants in ns UTC."""
        runs = [
            {"since": one.since, "until": one.until, "seconds": took, "kind": one.kind}
            for one, took in zip(self.runs, self.lengths, strict=True)
        ]
        found = {
            "device": self.device, "where": self.where, "mode": self.mode, "kind": self.kind,
            "name": self.name, "runs": runs, "median_s": median(self.lengths) if runs else None,
            "signals": [one.plain() for one in self.envelopes],
        }  # fmt: skip
        return dict(to_plain(found))


def read_runs(device: Device, reader: JournalReader, query: RunsQuery) -> RunsAnswer:
    """Return the runs. Raises UsageError for a mode, a kind or a signal that the device does not have."""
    mode = _mode(device, query)
    kinds = device.family.states[mode].kinds
    if query.kind and query.kind not in kinds:
        raise _unknown("ask.has-no-kind-of-run", query.kind, kinds)
    signals = [_signal(device, name) for name in query.signals or _telling(device, mode)]
    found: list[ModeSpan] = []
    for days in _BACK:
        since = max(query.since, query.until - days * DAY)
        every = mode_spans(reader, device, since, query.until)
        found = [one for one in every if one.mode == mode and _meant(one, query)]
        if len(found) >= query.last or since == query.since:
            break
    runs = tuple(found[-query.last :])
    name = mode_name(device.family, mode, query.kind)
    envelopes = tuple(_envelope(reader, device, one, runs) for one in signals)
    names = tuple(mode_name(device.family, mode, one.kind) for one in runs)
    return RunsAnswer(device.id, device.name, mode, query.kind, name, runs, envelopes, names)


def _meant(one: ModeSpan, query: RunsQuery) -> bool:
    return one.whole and one.until - one.since >= query.least and query.kind in ("", one.kind)


def _unknown(slug: str, name: str, known: Any) -> UsageError:
    return UsageError(Wording(slug, name=name), hint=suggestion(name, known))


def _mode(device: Device, query: RunsQuery) -> str:
    states = device.family.states
    if not states:
        raise UsageError(Wording("ask.has-no-runs", device=device.id))
    if query.mode and query.mode not in states:
        raise _unknown("ask.has-no-mode", query.mode, states)
    return query.mode or next(iter(states))


def _signal(device: Device, name: str) -> str:
    if name not in device.bound:
        what = Wording("ask.has-no-signal", device=device.id, signal=name)
        raise UsageError(what, hint=suggestion(name, device.bound))
    if device.family.signals[name].type is SignalType.TEXT:
        raise UsageError(Wording("ask.text-has-no-mean", signal=name), hint=Wording("ask.ask-for-its-values"))
    return name


def _telling(device: Device, mode: str) -> list[str]:
    """Return what decides the mode: the signals that are shown where none is named."""
    conditions = device.family.states[mode].when
    return [name for name in dict.fromkeys(one.signal for one in conditions) if name in device.bound]


# --- laid over each other --------------------------------------------------------------------------


def _envelope(reader: JournalReader, device: Device, signal: str, runs: Sequence[ModeSpan]) -> RunEnvelope:
    longest = max(((one.until - one.since) / NS for one in runs), default=0.0)
    seconds = tuple(longest * n / (POINTS - 1) for n in range(POINTS)) if runs else ()
    stale = STALE_PERIODS * longest_period(reader, device.id, signal)
    curves = [list(_curve(reader, device.id, signal, one, seconds, stale)) for one in runs]
    columns = [[curve[n] for curve in curves] for n in range(len(seconds))]
    known = [sorted(value for value in column if value is not None) for column in columns]
    band = [values if len(values) >= LEAST else [] for values in known]
    return RunEnvelope(
        signal, device.family.signals[signal], seconds,
        tuple(median(values) if values else None for values in known),
        tuple(percentile(values, LOW) if values else None for values in band),
        tuple(percentile(values, HIGH) if values else None for values in band),
        tuple(len(values) for values in known),
        tuple(curves[-1]) if curves else (),
    )  # fmt: skip


def _curve(
    reader: JournalReader, device: str, signal: str, run: ModeSpan, seconds: Sequence[float], stale: int
) -> Iterator[float | None]:
    """Yield a run's values at the common times: the last good one, none behind its end or where it is old."""
    points = [
        (at, None if reason is not None or isinstance(value, str) else value)
        for at, value, reason in reader.history(device, signal, run.since - stale, run.until)
    ]
    place = 0
    now: tuple[int, Number | None] = (0, None)
    for second in seconds:
        at = run.since + round(second * NS)
        while place < len(points) and points[place][0] <= at:
            now = points[place]
            place += 1
        fresh = at <= run.until and at - now[0] <= stale
        yield None if now[1] is None or not fresh else float(now[1])
