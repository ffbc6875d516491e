"""How well alarms serve people, by the figures of ISA-18.2, IEC 62682 and EEMUA 191, beside their limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from facilityd.config.site import Device, Site
from facilityd.model.alarm import AlarmStateName
from facilityd.model.intervals import length, overlap
from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.query.alarm_log import ADVICE, AlarmLog, Annunciation, OccurrenceSpan
from facilityd.query.kpi_alarms import (
    ChatteringAlarm,
    FloodSpan,
    StaleAlarm,
    chattering,
    crowded,
    fleeting,
    floods,
    most_frequent,
    periods,
    stale,
    stale_by_day,
    worst,
)
from facilityd.query.kpi_answer import AlarmShare, Figure, KpiAnswer, PriorityShare, alarm_words
from facilityd.query.kpi_people import AnswerTimes, PersonLoad, answers, loads, nights
from facilityd.query.kpi_table import kpi_table
from facilityd.query.observed import observed_window
from facilityd.store.reader import JournalReader

TEN_MIN, HOUR, DAY = 600 * NS, 3600 * NS, 86_400 * NS
CROWDED_10MIN, CROWDED_HOUR = 10, 30
MINUTE = 60


class KpiReader:
    """Computes the figures of one window (ns UTC) from a journal; ``now`` as it is asked."""

    def __init__(
        self,
        site: Site,
        devices: Mapping[str, Device],
        reader: JournalReader,
        span: tuple[int, int],
        now: int,
    ) -> None:
        self._site, self._devices, self._reader = site, devices, reader
        self.window = observed_window(site, reader, *span, now)
        self.log = AlarmLog.of(reader.alarm_log(max(span[0], self.window.end)))
        self._by = kpi_table().settings

    @property
    def occurrences(self) -> list[OccurrenceSpan]:
        """What came before people for the first time within the window."""
        since, end = self.window.since, self.window.end
        return [
            span
            for span in self.log.occurrences
            if span.annunciated is not None and since <= span.annunciated < end
        ]

    def _untold(self) -> int:
        """Return how many occurrences were raised within the window and did not come before people in it."""
        since, end = self.window.since, self.window.end
        raised = (one for one in self.log.occurrences if since <= one.raised < end)
        return sum(one.annunciated is None and one.priority != ADVICE for one in raised)

    def answer(self) -> KpiAnswer:
        """Return the figures and what stands behind them."""
        window, by = self.window, self._by
        came = [one for one in self.log.annunciations if window.since <= one.at < window.end]
        occurrences, spans = self.occurrences, window.spans()
        every = [one.at for one in self.log.annunciations]
        flooded = [one for one in floods(every, by.flood, window.end) if overlap(_span(one), spans)]
        shaking = chattering(occurrences, by.chattering, by.chattering_within)
        old = stale(self.log.standing, window, by.stale)
        people = self._people()
        times = answers(occurrences, "", by.least)
        figures = [
            *self._rate([one.at for one in came]), *self._floods(flooded),
            *self._nuisance(occurrences, shaking, old, came),
            *self._load(people), *_answered(times),
        ]  # fmt: skip
        if not spans:
            figures = [Figure(one.id, None, 0, "unobserved") for one in figures]
        return KpiAnswer(
            window, len(came), len(occurrences), self._untold(), tuple(figures),
            tuple(self._priorities(came)), tuple(self._bad_actors(came)),
            tuple(flooded), tuple(shaking), tuple(old), tuple(people),
            tuple(self._answers(occurrences)),
        )  # fmt: skip

    # --- alarms ----------------------------------------------------------------------------

    def _rate(self, came: Sequence[int]) -> list[Figure]:
        days, spans = self.window.days, self.window.spans()
        tens, hours = len(periods(spans, TEN_MIN)), len(periods(spans, HOUR))
        average = len(came) / (self.window.observed / TEN_MIN) if days else None
        return [
            _of_days("alarms-per-day", len(came) / days if days else None, len(came), days),
            _of_days("alarms-per-10min", average, tens, days),
            Figure("worst-10min", worst(came, TEN_MIN), len(came)),
            self._share("periods-over-10", crowded(came, TEN_MIN, CROWDED_10MIN), tens),
            self._share("hours-over-30", crowded(came, HOUR, CROWDED_HOUR), hours),
        ]

    def _floods(self, flooded: Sequence[FloodSpan]) -> list[Figure]:
        spans = self.window.spans()
        tens, observed = len(periods(spans, TEN_MIN)), length(spans)
        lasted = [overlap(_span(one), spans) for one in flooded]
        longest = max(lasted) / NS / MINUTE if lasted else None
        share = sum(lasted) / observed * tens if observed else 0.0
        return [
            Figure("floods", len(flooded), sum(one.alarms for one in flooded)),
            Figure("flood-longest", longest, len(flooded), "" if flooded else "none"),
            self._share("flood-share", share, tens),
        ]

    def _nuisance(
        self,
        occurrences: Sequence[OccurrenceSpan],
        shaking: Sequence[ChatteringAlarm],
        old: Sequence[StaleAlarm],
        came: Sequence[Annunciation],
    ) -> list[Figure]:
        kinds, by = len({(one.device, one.rule) for one in came}), self._by
        by_day = stale_by_day(old, self.window, by.stale)
        standing = sum(span.until is None for span in self.log.standing)
        shelved = sum(state == AlarmStateName.SHELVED.value for state in self.log.states.values())
        top = self._share(
            "top-share", sum(count for _, count in most_frequent(came, by.bad_actors)), len(came)
        )
        if top.value is not None and kinds <= by.bad_actors:
            top = Figure("top-share", None, len(came), "few-kinds")  # of ten kinds ten are all
        return [
            Figure("chattering", len(shaking), kinds),
            Figure("fleeting", len(fleeting(occurrences, by.fleeting)), len(occurrences)),
            Figure("stale", max(by_day, default=0), len(by_day)),
            Figure("standing", standing, len(self.log.states)),
            Figure("shelved", shelved, len(self.log.states)),
            top,
        ]

    def _share(self, name: str, count: float, n: int) -> Figure:
        if n < self._by.least:
            return Figure(name, None, n, "too-few" if n else "none")
        return Figure(name, 100.0 * count / n, n)

    def _priorities(self, came: Sequence[Annunciation]) -> list[PriorityShare]:
        counts = {one.name.lower(): 0 for one in Priority}
        for one in came:
            counts[one.priority] = counts.get(one.priority, 0) + 1
        enough = len(came) >= self._by.least
        return [
            PriorityShare(name, n, 100.0 * n / len(came) if enough else None, self._by.split.get(name))
            for name, n in counts.items()
        ]

    def _bad_actors(self, came: Sequence[Annunciation]) -> list[AlarmShare]:
        enough = len(came) >= self._by.least
        return [
            AlarmShare(
                device, rule, *alarm_words(self._devices, device, rule), count,
                100.0 * count / len(came) if enough else None,
            )
            for (device, rule), count in most_frequent(came, self._by.bad_actors)
        ]  # fmt: skip

    # --- people ----------------------------------------------------------------------------

    def _people(self) -> list[PersonLoad]:
        entries = self._reader.notice_log(self.window.since, max(self.window.since, self.window.end))
        names = {person.id: person.name for person in self._site.recipients.values()}
        return loads(entries, names, self.window, self._by)

    def _load(self, people: Sequence[PersonLoad]) -> list[Figure]:
        names = ("pushes-per-day", "pushes-at-night", "pushes-worst-10min")
        spans = self.window.spans(self.window.notices_from)
        if not people or not spans:
            return [Figure(name, None, 0, "unobserved" if people else "nobody") for name in names]
        most = max(people, key=lambda load: load.notices)
        evenings = len(nights(spans, self.window, self._by.night))
        at_night = max(load.per_week_at_night or 0.0 for load in people) if evenings else None
        hasty, watched = max(people, key=lambda load: load.worst_10min), length(spans) / DAY
        return [
            _of_days(names[0], most.per_day, most.notices, watched),
            _of_days(names[1], at_night, evenings, watched)
            if evenings
            else Figure(names[1], None, 0, "none"),
            Figure(names[2], hasty.worst_10min, hasty.notices),
        ]

    def _answers(self, occurrences: Sequence[OccurrenceSpan]) -> list[AnswerTimes]:
        names = [one.name.lower() for one in sorted(Priority, reverse=True)]
        found = [
            answers([span for span in occurrences if span.priority == name], name, self._by.least)
            for name in names
        ]
        return [one for one in found if one.alarms]


def _of_days(name: str, value: float | None, n: int, days: float) -> Figure:
    """Return a figure by the time; from less than a day it would be of what was not seen."""
    return Figure(name, value, n) if days >= 1 else Figure(name, None, n, "too-short")


def _answered(times: AnswerTimes) -> list[Figure]:
    n = times.acknowledged
    middle = None if times.median is None else times.median / MINUTE
    high = None if times.p95 is None else times.p95 / MINUTE
    return [
        Figure("acknowledge-median", middle, n, "none" if middle is None else ""),
        Figure("acknowledge-p95", high, n, "too-few" if high is None else ""),
        Figure("unanswered", times.alarms - n, times.alarms),
    ]


def _span(flood: FloodSpan) -> tuple[int, int]:
    return flood.since, flood.until
