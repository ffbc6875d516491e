"""What Prometheus may ask for, in its text format 0.0.4: few series, whose number the site bounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from facilityd.model.sample import NS
from facilityd.query.devices import DeviceRow
from facilityd.query.site import SiteQuery

MEDIA = "text/plain; version=0.0.4; charset=utf-8"
Labels = Mapping[str, str]
PRIORITIES = ("info", "low", "medium", "high", "critical")
STATES = ("starting", "running", "hung", "stopped", "full")


@dataclass(frozen=True, slots=True)
class Metric:
    """One family of series: (labels, value); ``kind`` is gauge or counter."""

    name: str
    kind: str
    help: str
    series: tuple[tuple[Labels, float], ...]

    def lines(self) -> Iterator[str]:
        """Iterate over its lines."""
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {self.kind}"
        for labels, value in self.series:
            yield f"{self.name}{_labels(labels)} {value:.17g}"


def exposition(query: SiteQuery) -> str:
    """Return the whole text."""
    rows = query.devices()
    metrics = (*_daemon(query), *_alarms(query), *_counts(query), *_signals(rows))
    return "\n".join(line for metric in metrics for line in metric.lines()) + "\n"


def _gauge(name: str, about: str, *series: tuple[Labels, float]) -> Metric:
    return Metric(f"facilityd_{name}", "gauge", about, series)


def _daemon(query: SiteQuery) -> Iterator[Metric]:
    found = query.liveness()
    states = [({"state": name}, float(found.state == name)) for name in STATES]
    yield _gauge("up", "1 while the daemon watches", ({}, float(found.state in ("running", "full"))))
    yield _gauge("daemon_state", "1 for the state that the daemon is in", *states)
    if found.since:
        about = "When the daemon last said a word, in s since 1970"
        yield _gauge("last_word_timestamp_seconds", about, ({}, found.since / NS))


def _alarms(query: SiteQuery) -> Iterator[Metric]:
    rows = query.alarms()
    active = Counter(row.priority for row in rows if row.active and not row.suppressors)
    waiting = Counter(row.priority for row in rows if row.state_id.endswith("unacknowledged"))
    by_priority = [({"priority": name}, float(active[name])) for name in PRIORITIES]
    yield _gauge(
        "alarms_active", "Alarms whose condition holds, those that are kept back apart", *by_priority
    )
    by_priority = [({"priority": name}, float(waiting[name])) for name in PRIORITIES]
    yield _gauge("alarms_unacknowledged", "Alarms that nobody has acknowledged", *by_priority)
    suppressed = float(sum(bool(row.suppressors) for row in rows))
    yield _gauge(
        "alarms_suppressed", "Alarms of which nobody is told: shelved or out of service", ({}, suppressed)
    )


def _counts(query: SiteQuery) -> Iterator[Metric]:
    totals = query.counts().totals
    yield _gauge("notices_waiting", "Notices that have not left", ({}, float(totals.notices_waiting)))
    counted = {
        "notices_lost": ("Notices that nobody got", totals.notices_lost),
        "refused_lines": ("Lines that a sink refused", totals.dead_letter_lines),
        "purged_unsent": ("Samples purged before a sink had them", totals.purged_unsent),
    }
    for name, (about, number) in counted.items():
        yield Metric(f"facilityd_{name}_total", "counter", about, (({}, float(number)),))


def _signals(rows: Iterable[DeviceRow]) -> Iterator[Metric]:
    values: list[tuple[Labels, float]] = []
    ages: list[tuple[Labels, float]] = []
    good: list[tuple[Labels, float]] = []
    for row in rows:
        for signal in row.signals:
            labels = {"device": row.device, "signal": signal.signal}
            good.append((labels, float(signal.quality == "good")))
            if signal.age is not None:
                ages.append((labels, signal.age / NS))
            if isinstance(signal.value, int | float) and signal.quality == "good":
                values.append((labels, float(signal.value)))
    yield _gauge("signal_value", "The newest value in the signal's own unit, while it is good", *values)
    yield _gauge("signal_age_seconds", "The age of the last good value", *ages)
    yield _gauge("signal_good", "1 while the newest value is good and fresh", *good)


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    shown = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{shown}}}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
