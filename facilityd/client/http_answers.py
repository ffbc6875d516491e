"""A client's answers from `facilityd serve`, over HTTP: asked in portions, put together again."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn, cast
from urllib.parse import urlencode, urlsplit

import numpy as np

from facilityd.errors import UsageError
from facilityd.model.http import retry_after
from facilityd.model.message import Wording
from facilityd.model.plain import masked, plain
from facilityd.query.alarms import AlarmRow
from facilityd.query.as_of import ValueAsOf
from facilityd.query.compare import CompareAnswer, CompareQuery
from facilityd.query.devices import DeviceRow
from facilityd.query.exact import columns_of_answer, from_json
from facilityd.query.history import HistoryAnswer, HistoryQuery
from facilityd.query.history_columns import HistoryColumns

TIMEOUT_S = 60.0
"""Longest wait for a server to say something; a question there takes ten seconds at most."""
MOST_BYTES = 64 * 2**20
NUMBERS = 200_000
"""Buckets of all signals in one question."""
SIGNALS = 50
"""Signals in one question: an address may not be any longer."""
TRIES, LONGEST_WAIT_S = 5, 10.0
"""How often it is asked again where the server has too much to do, and the longest wait in between (s)."""
_OK, _GIVEN_UP = 200, 503
_LATER = (429, 503)
HttpAnswer = tuple[int, bytes, float | None]
"""Status, body, and after how many seconds to come again, if the server says so."""
_ERROR_BODY = 65_536


class QuestionTooLarge(UsageError):
    """The server gave a question up; half of it may be answered."""


class HttpAnswers:
    """An ``AnswerSource``. Raises UsageError for what the other side does; the token is in no text."""

    def __init__(self, address: str, token: str = "") -> None:
        self._url, self._token = urlsplit(address), token
        self._host = self._url.netloc.rpartition("@")[2]
        self._connection: http.client.HTTPConnection | None = None
        try:
            self._site = self._ask("site")
        except BaseException:
            self.close()
            raise

    @property
    def zone(self) -> str:
        """The site's time zone."""
        return str(self._site.timezone)

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def devices(self, only: tuple[str, ...]) -> list[DeviceRow]:
        """Return devices. Raises UsageError."""
        return list(self._ask("devices", device=list(only)))

    def alarms(self, *, everything: bool) -> list[AlarmRow]:
        """Return alarms. Raises UsageError."""
        return list(self._ask("alarms", everything=everything))

    def history(self, query: HistoryQuery) -> HistoryAnswer:
        """Return every value of a signal, and its gaps, page by page. Raises UsageError."""
        first = self._page(query, gaps=query.gaps)
        points, end = list(first.points), first.query.until
        while end < query.until:
            page = self._page(replace(query, since=end), gaps=False)
            if page.query.until <= end:
                self._foreign()
            points += page.points
            end = page.query.until
        return replace(first, query=query, points=tuple(points))

    def columns(self, signals: Sequence[str], since: int, until: int, bucket: int) -> HistoryColumns:
        """Return signals as arrays. Raises UsageError."""
        names = [f"{device}.{signal}" for device, signal in self._ask("signals", signal=list(signals))]
        buckets = max(1, (until - since) // bucket) if bucket > 0 else 1
        each = max(1, min(SIGNALS, NUMBERS // buckets))
        span = {"since": since, "until": until, "bucket": bucket}
        parts = [one for some in _parts(names, each) for one in self._some_columns(some, span)]
        whole = parts[0]
        if any(not np.array_equal(one.start, whole.start) for one in parts):
            self._foreign()
        return replace(whole, signals={name: one for part in parts for name, one in part.signals.items()})

    def _some_columns(self, names: list[str], span: Mapping[str, int]) -> Iterator[HistoryColumns]:
        """Iterate over the arrays of signals: of all at once, or of halves where that is too much."""
        try:
            yield columns_of_answer(self._ask("columns", **span, signal=names))
        except QuestionTooLarge:
            if len(names) == 1:
                raise
            for half in (names[: len(names) // 2], names[len(names) // 2 :]):
                yield from self._some_columns(half, span)

    def comparison(self, signals: Sequence[str], query: CompareQuery) -> CompareAnswer:
        """Return a span beside another. Raises UsageError."""
        found: CompareAnswer = self._ask(
            "comparison", since=query.since, until=query.until, before=query.before, order=query.order,
            top=query.top, signal=list(signals),
        )  # fmt: skip
        return found

    def as_of(self, signals: Sequence[str], at: int) -> list[ValueAsOf]:
        """Return what signals were. Raises UsageError."""
        return list(self._ask("as-of", at=at, signal=list(signals)))

    def _page(self, query: HistoryQuery, *, gaps: bool) -> HistoryAnswer:
        found: HistoryAnswer = self._ask(
            "history", device=query.device, signal=query.signal, since=query.since, until=query.until,
            bucket=query.bucket, gaps=gaps,
        )  # fmt: skip
        return found

    def _ask(self, question: str, **words: Any) -> Any:
        asked = {
            name: str(one).lower() if isinstance(one, bool) else one
            for name, one in words.items()
            if one != []
        }
        where = f"{self._url.path.rstrip('/')}/api/v1/data/{question}?{urlencode(asked, doseq=True)}"
        status, body, wait = self._answer(where)
        for _ in range(TRIES):
            if wait is None or status not in _LATER:
                break
            time.sleep(min(wait, LONGEST_WAIT_S))
            status, body, wait = self._answer(where)
        if status != _OK:
            self._refused(status, body)
        try:
            return from_json(question, body)
        except ValueError:
            self._foreign()

    def _answer(self, where: str) -> HttpAnswer:
        kept = self._connection is not None
        try:
            try:
                return self._sent(where)
            except (http.client.RemoteDisconnected, ConnectionError):
                if not kept:
                    raise
                self.close()  # the server had let go of it meanwhile
                return self._sent(where)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            said = self._harmless(getattr(error, "strerror", None) or str(error) or type(error).__name__)
            what = Wording("ask.server-away", host=self._host, said=said)
            raise UsageError(what, hint=Wording("ask.is-it-served")) from error

    def _sent(self, where: str) -> HttpAnswer:
        if self._connection is None:
            self._connection = self._made()
        headers = {"Accept": "application/json", "Accept-Language": "en"}  # as text of errors is in Python
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        self._connection.request("GET", where, headers=headers)
        answer = self._connection.getresponse()
        body = answer.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            self.close()
            raise UsageError(Wording("ask.server-too-much", host=self._host))
        return answer.status, body, retry_after(cast("Mapping[str, str]", answer.headers))

    def _made(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "https":
            tls = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=tls)
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)

    def _refused(self, status: int, body: bytes) -> NoReturn:
        """Say what the server says of it: it is bilingual, and knows what to do. Raises UsageError."""
        try:
            told = json.loads(body[:_ERROR_BODY])
            what, hint = str(told["detail"]), str(told.get("hint") or "")
        except (ValueError, KeyError, TypeError, AttributeError):
            self._foreign()
        kind = QuestionTooLarge if status == _GIVEN_UP else UsageError
        raise kind(self._harmless(what), where=f"{self._host} ({status})", hint=self._harmless(hint))

    def _foreign(self) -> NoReturn:
        what = Wording("ask.server-answer", host=self._host)
        raise UsageError(what, hint=Wording("ask.look-at-address"))

    def _harmless(self, text: str) -> str:
        return masked(plain(text), [self._token])


def _parts(names: Sequence[str], each: int) -> Iterator[list[str]]:
    for begin in range(0, len(names), each):
        yield list(names[begin : begin + each])
