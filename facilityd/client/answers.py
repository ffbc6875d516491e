"""Where a client's answers come from: a site's own journal, or (``http_answers``) who serves it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from facilityd.config.load import load
from facilityd.query.alarms import AlarmRow
from facilityd.query.as_of import ValueAsOf
from facilityd.query.backends import open_history
from facilityd.query.compare import CompareAnswer, CompareQuery
from facilityd.query.devices import DeviceRow
from facilityd.query.history import HistoryAnswer, HistoryQuery
from facilityd.query.history_columns import HistoryColumns
from facilityd.query.selection import selected
from facilityd.query.site import SiteQuery


class AnswerSource(Protocol):
    """Answers to every question of a client; instants in ns UTC. Each raises UsageError.

    ``signals`` are patterns as ``query.selection`` reads them.
    """

    @property
    def zone(self) -> str:
        """The site's time zone."""

    def devices(self, only: tuple[str, ...]) -> list[DeviceRow]:
        """Return devices."""

    def alarms(self, *, everything: bool) -> list[AlarmRow]:
        """Return alarms."""

    def history(self, query: HistoryQuery) -> HistoryAnswer:
        """Return every value of a signal, and its gaps."""

    def columns(self, signals: Sequence[str], since: int, until: int, bucket: int) -> HistoryColumns:
        """Return signals as arrays."""

    def comparison(self, signals: Sequence[str], query: CompareQuery) -> CompareAnswer:
        """Return a span beside another, of the signals instead of the question's."""

    def as_of(self, signals: Sequence[str], at: int) -> list[ValueAsOf]:
        """Return what signals were."""

    def close(self) -> None:
        """Let go."""


class JournalAnswers:
    """Of the site in these files or folders; ``store`` as in ``query.backends``."""

    def __init__(self, site: Sequence[Path], store: str, clock: Callable[[], int]) -> None:
        self._site = load(*site, secrets=False)
        self._query = SiteQuery(self._site, clock)
        with ExitStack() as opened:
            opened.callback(self._query.close)
            self._query.read_history_from(opened.enter_context(open_history(self._site, store)))
            self._opened = opened.pop_all()

    @property
    def zone(self) -> str:
        """The site's time zone."""
        return self._site.timezone

    def devices(self, only: tuple[str, ...]) -> list[DeviceRow]:
        """Return devices. Raises UsageError."""
        return self._query.devices(only)

    def alarms(self, *, everything: bool) -> list[AlarmRow]:
        """Return alarms. Raises UsageError."""
        return self._query.alarms(everything=everything)

    def history(self, query: HistoryQuery) -> HistoryAnswer:
        """Return every value of a signal, and its gaps. Raises UsageError."""
        return self._query.history(query)

    def columns(self, signals: Sequence[str], since: int, until: int, bucket: int) -> HistoryColumns:
        """Return signals as arrays. Raises UsageError."""
        return self._query.columns(tuple(selected(self._site, signals)), since, until, bucket)

    def comparison(self, signals: Sequence[str], query: CompareQuery) -> CompareAnswer:
        """Return a span beside another. Raises UsageError."""
        return self._query.comparison(replace(query, signals=tuple(selected(self._site, signals))))

    def as_of(self, signals: Sequence[str], at: int) -> list[ValueAsOf]:
        """Return what signals were. Raises UsageError."""
        return self._query.as_of(selected(self._site, signals), at)

    def close(self) -> None:
        """Let go of the journal."""
        self._opened.close()
