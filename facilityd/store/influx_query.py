"""One question to an InfluxDB over HTTP, its answer as lines; what goes wrong is said with what to do."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import SplitResult, urlencode, urlsplit

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.plain import masked, plain
from facilityd.model.settings import InfluxSettings
from facilityd.store.write_response import body_text

QUIET_S = 30.0
"""Longest wait for a server to say something."""
LONGEST_S = 180.0
"""Longest time for one answer, however much comes meanwhile."""
LONGEST_LINE = 65_536
"""Bytes; a text of ours has 256 characters."""
MOST_LINES = 2_000_000
"""Lines in one answer; questions are cut so that there are far fewer."""
_PART = 65_536
_ERROR_BODY = 16_384
_OK = 200
_ORG_MISSING = "organization name"


class InfluxQueryClient:
    """Asks the server of one sink; keeps a connection. For one thread at a time.

    ``quiet`` and ``longest`` in s. Every method raises UsageError for what the other side does; the token is
    in none of its texts.
    """

    def __init__(
        self, settings: InfluxSettings, *, quiet: float = QUIET_S, longest: float = LONGEST_S
    ) -> None:
        self.settings, self._quiet, self._longest = settings, quiet, longest
        self._url: SplitResult = urlsplit(settings.url)
        self._connection: http.client.HTTPConnection | None = None

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def version(self) -> int:
        """Return 3 where the server says that it is an InfluxDB 3, else 2."""
        answer = self._answer("GET", "/ping", None, self._headers("Token"))
        with self._troubles():
            answer.read(_ERROR_BODY)
        answer.close()
        found = answer.headers.get("X-Influxdb-Version")
        if answer.status in (401, 403):
            raise self._refused(answer.status, "")
        if found is None or answer.status not in (_OK, 204):
            raise self._trouble("store.influx-no-influxdb", hint=Wording("store.influx-look-at-url"))
        return 3 if found.lstrip("v").startswith("3.") else 2

    def flux(self, query: str) -> Iterator[str]:
        """Iterate over the lines of CSV that a query of Flux gives."""
        where = "/api/v2/query?" + urlencode({"org": self.settings.org})
        headers = self._headers("Token") | {"Content-Type": "application/vnd.flux"}
        return self._lines(where, query.encode(), headers | {"Accept": "application/csv"})

    def sql(self, query: str, parameters: Mapping[str, str]) -> Iterator[str]:
        """Iterate over the lines of JSON that a query of SQL gives."""
        body = {"db": self.settings.bucket, "q": query, "format": "jsonl", "params": dict(parameters)}
        headers = self._headers("Bearer") | {"Content-Type": "application/json"}
        return self._lines("/api/v3/query_sql", json.dumps(body).encode(), headers)

    def unexpected(self, error: Exception) -> UsageError:
        """Return what to raise where an answer is not what was asked for."""
        return self._trouble("store.influx-answer", said=self._harmless(str(error)))

    def _headers(self, scheme: str) -> dict[str, str]:
        token = self.settings.token
        return {"Authorization": f"{scheme} {token}"} if token else {}

    def _lines(self, where: str, body: bytes, headers: Mapping[str, str]) -> Iterator[str]:
        answer = self._answer("POST", where, body, headers)
        if answer.status != _OK:
            with self._troubles():
                said = body_text(answer.read(_ERROR_BODY))
            self.close()
            raise self._refused(answer.status, said)
        count, whole = 0, False
        try:
            for line in self._split(answer):
                count += 1
                if count > MOST_LINES:
                    raise self._trouble("store.influx-too-much", hint=Wording("store.influx-shorter-span"))
                yield line
            whole = True
        finally:
            if not whole:
                self.close()  # what is left of the answer would be taken for the next one

    def _split(self, answer: http.client.HTTPResponse) -> Iterator[str]:
        rest, end = b"", time.monotonic() + self._longest
        while True:
            if time.monotonic() > end:
                raise self._slow(self._longest)
            with self._troubles():
                part = answer.read1(_PART)
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                yield line.rstrip(b"\r").decode("utf-8", "replace")
            if len(rest) > LONGEST_LINE:
                raise self._trouble("store.influx-answer", said="…")
            if not part:
                break
        if answer.length:
            raise self._trouble("store.influx-cut-off", hint=Wording("store.influx-try-again"))
        answer.close()  # read1 leaves one open whose end it has not seen
        if rest:
            yield rest.decode("utf-8", "replace")

    def _answer(
        self, method: str, where: str, body: bytes | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        kept = self._connection is not None
        with self._troubles():
            try:
                return self._sent(method, where, body, headers)
            except (http.client.RemoteDisconnected, ConnectionError):
                if not kept:
                    raise
                self.close()  # the server had let go of it meanwhile
                return self._sent(method, where, body, headers)

    def _sent(
        self, method: str, where: str, body: bytes | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        if self._connection is None:
            self._connection = self._made()
        self._connection.request(method, self._url.path.rstrip("/") + where, body, dict(headers))
        return self._connection.getresponse()

    def _made(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "https":
            tls = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=self._quiet, context=tls)
        return http.client.HTTPConnection(host, port, timeout=self._quiet)

    @contextmanager
    def _troubles(self) -> Iterator[None]:
        """Say in our words what a connection ends in."""
        try:
            yield
        except TimeoutError as error:
            self.close()
            raise self._slow(self._quiet) from error
        except http.client.IncompleteRead as error:
            self.close()
            raise self._trouble("store.influx-cut-off", hint=Wording("store.influx-try-again")) from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            said = self._harmless(getattr(error, "strerror", None) or str(error) or type(error).__name__)
            hint = Wording("store.influx-look-at-server", name=self.settings.id, host=self._url.hostname)
            raise self._trouble("store.influx-away", said=said, hint=hint) from error

    def _slow(self, seconds: float) -> UsageError:
        return self._trouble(
            "store.influx-slow", seconds=f"{seconds:g}", hint=Wording("store.influx-shorter-span")
        )

    def _refused(self, status: int, said: str) -> UsageError:
        """Return the error that an HTTP status other than 200 stands for."""
        name, bucket, text = self.settings.id, self.settings.bucket, self._harmless(said)
        if status == 401:  # noqa: PLR2004
            return self._trouble("store.influx-token", hint=Wording("store.influx-other-token", name=name))
        if status == 403:  # noqa: PLR2004
            hint = Wording("store.influx-read-token", bucket=bucket)
            return self._trouble("store.influx-not-allowed", hint=hint)
        if status == 404:  # noqa: PLR2004
            hint = Wording("store.influx-look-at-bucket", name=name)
            return self._trouble("store.influx-bucket", bucket=bucket, said=text, hint=hint)
        if _ORG_MISSING in said:
            hint = Wording("store.influx-look-at-org", name=name)
            return self._trouble("store.influx-org", org=self.settings.org, hint=hint)
        return self._trouble("store.influx-refused", status=status, said=text)

    def _trouble(self, slug: str, hint: str = "", **parts: object) -> UsageError:
        return UsageError(Wording(slug, **parts), where=self.settings.place, hint=hint)

    def _harmless(self, text: str) -> str:
        return masked(plain(text), [self.settings.token])
