"""A site's journal for Python: what commands show, as dataclasses and arrays. It only reads."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from facilityd.client.answers import AnswerSource, JournalAnswers
from facilityd.client.history import SignalHistory
from facilityd.client.http_answers import HttpAnswers
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.query.alarms import AlarmRow
from facilityd.query.as_of import ValueAsOf
from facilityd.query.backends import JOURNAL
from facilityd.query.compare import CompareAnswer, CompareQuery, days_before, whole_hours
from facilityd.query.devices import DeviceRow
from facilityd.query.history import HistoryAnswer, HistoryQuery
from facilityd.query.instant_text import at_site, parse_instant, span

When = str | datetime | int
"""'7d' (that long ago), '2026-11-23T06:10' on the site's clock, a datetime with a zone, or ns UTC."""
_DAY = 86_400 * NS


class Client:
    """Asks the journal of the site in these files or folders, or ``facilityd serve`` at an address.

    ``Client("my-square")`` or ``Client("https://square.example", token=…)``: the same questions, the same
    answers. ``store``: where history is read from: ``journal``, ``influxdb`` or the id of such a sink.
    ``clock`` returns ns UTC, else the system's. For one thread at a time. Raises UsageError for mistakes in
    the files, where there is no journal, and where nobody answers.
    """

    def __init__(
        self, *site: str | Path, token: str = "", store: str = JOURNAL, clock: Callable[[], int] | None = None
    ) -> None:
        self._clock = clock or time.time_ns
        address = str(site[0]) if len(site) == 1 else ""
        self._answers: AnswerSource
        if address.startswith(("http://", "https://")):
            if store != JOURNAL:
                raise UsageError(Wording("ask.store-over-http"))
            self._answers = HttpAnswers(address, token)
        else:
            self._answers = JournalAnswers([Path(one) for one in site], store, self._clock)
        self._zone = self._answers.zone

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the journal, or the connection."""
        self._answers.close()

    def devices(self, *only: str) -> list[DeviceRow]:
        """Return devices with states, values, ages and qualities. Raises UsageError for an unknown one."""
        return self._answers.devices(only)

    def alarms(self, *, everything: bool = False) -> list[AlarmRow]:
        """Return alarms that are not normal, or ``everything`` ever raised; most urgent first."""
        return self._answers.alarms(everything=everything)

    def values(
        self, device: str, signal: str, since: When = "1h", until: When | None = None
    ) -> HistoryAnswer:
        """Return every value of a signal with its quality, and the gaps. Raises UsageError."""
        first, last = self._span(since, until)
        return self._answers.history(HistoryQuery(device, signal, first, last))

    def as_of(self, *signals: str, at: When) -> list[ValueAsOf]:
        """Return what signals were at an instant, by the names that ``history`` takes. Raises UsageError."""
        return self._answers.as_of(signals, self._instant(at))

    def history(
        self, *signals: str, since: When = "1d", until: When | None = None, bucket: str = "15min"
    ) -> SignalHistory:
        """Return signals in buckets of whole quarters of an hour, on the site's days.

        ``signals``: DEVICE or DEVICE.SIGNAL, with * and ? for letters; without one, all of the site. Raises
        UsageError for what there is not, and for too much.
        """
        first, last = self._span(since, until)
        try:
            width = span(bucket)
        except ValueError as error:
            raise UsageError(Wording("ask.not-a-bucket", text=bucket)) from error
        return SignalHistory(self._answers.columns(signals, first, last, width))

    def compare(
        self, *signals: str, since: When = "7d", until: When | None = None, days: int | None = None,
        top: int = 0, order: str = "change",
    ) -> CompareAnswer:  # fmt: skip
        """Return a span beside one ``days`` before, of whole hours. Raises UsageError."""
        first, last = whole_hours(*self._span(since, until))
        before = days_before(first, days or max(1, round((last - first) / _DAY)), self._zone)
        return self._answers.comparison(signals, CompareQuery((), first, last, before, order, top))

    def _span(self, since: When, until: When | None) -> tuple[int, int]:
        first, last = self._instant(since), self._clock() if until is None else self._instant(until)
        if first >= last:
            raise UsageError(Wording("ask.span-longer-than-expected"))
        return first, last

    def _instant(self, when: When) -> int:
        if isinstance(when, int):
            return when
        if isinstance(when, str):
            try:
                return self._clock() - span(when)
            except ValueError:
                return at_site(self._parsed(when), self._zone)
        if when.tzinfo is None:
            raise UsageError(Wording("ask.datetime-without-zone", when=when))
        return int(when.timestamp()) * NS + when.microsecond * 1000

    def _parsed(self, text: str) -> int:
        try:
            return parse_instant(text)
        except ValueError as error:
            raise UsageError(Wording("ask.not", text=text, forms=Wording("ask.instant-forms"))) from error
