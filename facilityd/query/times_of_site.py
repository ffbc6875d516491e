"""Questions to one site about times: history, comparison, timeline, states, runs; imported when asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from facilityd.config.site import Device, Site
from facilityd.query.alarms import require_device
from facilityd.query.history import (
    HistoryAnswer,
    HistoryPoint,
    HistoryQuery,
    iter_points,
    read_history,
    read_history_page,
    require_signal,
)
from facilityd.query.selection import SignalName
from facilityd.store.history import Bucket
from facilityd.store.history_reader import HistoryReader
from facilityd.store.reader import JournalReader

if TYPE_CHECKING:
    from facilityd.model.text import Language
    from facilityd.query.as_of import ValueAsOf
    from facilityd.query.compare import CompareAnswer, CompareQuery
    from facilityd.query.event_log import EventFilter, EventRow
    from facilityd.query.forecast import ForecastAnswer
    from facilityd.query.history_columns import HistoryColumns
    from facilityd.query.light_night import LightNight
    from facilityd.query.occurrences import OccurrenceQuery, OccurrenceRow
    from facilityd.query.report import SiteReport
    from facilityd.query.report_tables import ReportPage
    from facilityd.query.runs import RunsAnswer, RunsQuery
    from facilityd.query.state_spans import StateAnswer
    from facilityd.query.timeline import Timeline, TimelineQuery
    from facilityd.query.worst import WorstAnswer, WorstQuery


class TimesOfSite:
    """Reads anew at each question; ``SiteQuery`` opens it."""

    def __init__(
        self, site: Site, devices: Mapping[str, Device], reader: JournalReader, clock: Callable[[], int]
    ) -> None:
        self._site, self._devices, self._reader, self._clock = site, devices, reader, clock
        self._history: HistoryReader = reader

    def read_history_from(self, reader: HistoryReader) -> None:
        """From now on ask another store than the journal for history; see ``query.backends``."""
        self._history = reader

    def history(self, query: HistoryQuery) -> HistoryAnswer:
        """Return what was, with its gaps. Raises UsageError for what there is not, and for too much."""
        return read_history(self._site, self._history, query, self._clock())

    def history_page(self, query: HistoryQuery, most: int) -> HistoryAnswer:
        """Return about ``most`` values and where they end, and all gaps; see ``read_history_page``."""
        return read_history_page(self._site, self._history, query, self._clock(), most)

    def columns(self, names: tuple[SignalName, ...], since: int, until: int, bucket: int) -> HistoryColumns:
        """Return signals in buckets as arrays; loads numpy. Raises UsageError for what cannot be."""
        from facilityd.query.history_columns import read_history_columns

        return read_history_columns(self._site, self._history, names, since, until, bucket)

    def points(self, query: HistoryQuery) -> Iterator[HistoryPoint]:
        """Iterate over the values of a signal as they are read, for a stream. Raises UsageError at once."""
        return iter_points(self._site, self._history, query)

    def comparison(self, query: CompareQuery) -> CompareAnswer:
        """Return a span beside another, signal by signal. Raises UsageError for a span that is none."""
        from facilityd.query.compare import read_comparison

        return read_comparison(self._site, self._history, query)

    def as_of(self, names: Iterable[SignalName], at: int) -> list[ValueAsOf]:
        """Return what signals were at an instant (ns UTC), looked for at most 400 days back."""
        from facilityd.query.as_of import read_as_of

        return read_as_of(self._site, self._history, names, at)

    def buckets(self, device: str, signal: str, since: int, until: int, width: int) -> list[Bucket]:
        """Return what buckets of ``width`` ns from ``since`` (ns UTC) on hold; for a small plot."""
        return list(self._reader.buckets(device, signal, since, until, width))

    def timeline(self, query: TimelineQuery) -> Timeline:
        """Return what happened in a span, as incidents with their evidence. Raises UsageError."""
        from facilityd.query.timeline import read_timeline

        for device in query.devices:
            require_device(self._devices, device)
        return read_timeline(self._site, self._devices, self._reader, query, self._clock())

    def occurrences(self, query: OccurrenceQuery) -> list[OccurrenceRow]:
        """Return every occurrence of alarms in a span, the newest last. Raises UsageError."""
        from facilityd.query.occurrences import read_occurrences

        for device in query.devices:
            require_device(self._devices, device)
        return read_occurrences(self._devices, self._reader, query, self._site.timezone)

    def light_night(self, day: date) -> LightNight:
        """Return the night of lights that begins on a day of the site."""
        from facilityd.query.light_night import read_light_night

        return read_light_night(self._site, self._devices, self._reader, day, self._clock())

    def events(self, asked: EventFilter, most: int) -> list[EventRow]:
        """Return at most so many events of a span, the oldest first. Raises UsageError."""
        from facilityd.query.event_log import read_events

        for device in asked.devices:
            require_device(self._devices, device)
        return read_events(self._devices, self._reader, asked, self._site.timezone, most)

    def states(self, device: str, signal: str, since: int, until: int, most: int) -> StateAnswer:
        """Return what a signal was in since <= t < until (ns UTC), span by span. Raises UsageError."""
        from facilityd.query.state_spans import read_states

        about = require_signal(self._site, device, signal)
        key, zone = (device, signal), self._site.timezone
        return read_states(self._reader, key, about, zone, (since, min(until, self._clock())), most)

    def worst(self, query: WorstQuery) -> WorstAnswer:
        """Return the devices that gave the most trouble. Raises UsageError."""
        from facilityd.query.worst import read_worst

        return read_worst(self._site, self._devices, self._reader, query, self._clock())

    def runs(self, query: RunsQuery) -> RunsAnswer:
        """Return the runs of a device laid over each other. Raises UsageError for what it does not have."""
        from facilityd.query.runs import read_runs

        return read_runs(require_device(self._devices, query.device), self._reader, query)

    def forecast(self) -> ForecastAnswer:
        """Return what forecasts and weather warnings say, with its age."""
        from facilityd.query.forecast import read_forecast

        return read_forecast(self._site, self._reader, self._clock())

    def words_of_report(self, report: SiteReport, language: Language) -> ReportPage:
        """Return the words and tables of a report in one language."""
        from facilityd.query.report_tables import report_page

        return report_page(report, self._devices, language)
