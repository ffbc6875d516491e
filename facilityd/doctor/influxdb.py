"""An InfluxDB: does it answer, is the token good, is there the bucket, how long does it keep. Only GET."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from typing import Any

from facilityd.doctor.verdict import Findings, ProbeResult
from facilityd.model.plain import plain
from facilityd.model.sample import NS
from facilityd.model.settings import InfluxSettings
from facilityd.model.socket_errors import connection_failure
from facilityd.model.text import Text
from facilityd.query.words import both, span_text

ANSWER_S = 5.0
MOST = 1 << 20
SHORT = 7 * 86_400
"""s; an outage of a week is nothing unusual."""
_FOREVER = Text(zh="永久", en="for ever")
_UNAUTHORISED = (401, 403)
SHOWN = 5


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token goes to nobody but the server it is for."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""


def influxdb(settings: InfluxSettings) -> Iterable[ProbeResult]:
    """Check one sink."""
    said, url = Findings("influxdb", settings.id), settings.url.rstrip("/")
    try:
        status, health = _get(f"{url}/health", "")
        if status != http.client.OK or not isinstance(health, dict) or "status" not in health:
            return [said.fail("influxdb-odd", url=url, status=status)]
        asked = urllib.parse.urlencode({"org": settings.org, "limit": 100})
        status, listed = _get(f"{url}/api/v2/buckets?{asked}", settings.token)
    except (OSError, http.client.HTTPException) as error:
        return [said.fail("unreachable", where=url, why=_why(error))]
    if status in _UNAUTHORISED:
        return [said.fail("influxdb-token", status=status, bucket=settings.bucket)]
    buckets = listed.get("buckets", []) if isinstance(listed, dict) else []
    known = {str(one.get("name")): one for one in buckets if isinstance(one, dict)}
    return [_bucket(said, settings, known, str(health.get("version", "")) or "InfluxDB")]


def _bucket(said: Findings, settings: InfluxSettings, known: dict[str, Any], version: str) -> ProbeResult:
    mine = known.get(settings.bucket)
    if mine is None:
        others = [plain(name) for name in known if not name.startswith("_")][:SHOWN]
        if not others:
            return said.unknown("influxdb-unseen", bucket=settings.bucket)
        return said.fail("influxdb-bucket", bucket=settings.bucket, known=", ".join(others))
    rules = mine.get("retentionRules") or [{}]
    seconds = int(rules[0].get("everySeconds", 0) or 0)
    kept = both(lambda language: span_text(seconds * NS, language)) if seconds else _FOREVER
    if 0 < seconds < SHORT:
        return said.warn("influxdb-short", bucket=settings.bucket, kept=kept)
    return said.ok("influxdb-ok", version=plain(version, 40), bucket=settings.bucket, kept=kept)


def _get(url: str, token: str) -> tuple[int, Any]:
    """Return status and answer. Raises OSError where nobody answers."""
    headers = {"Authorization": f"Token {token}"} if token else {}
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(urllib.request.Request(url, headers=headers), timeout=ANSWER_S) as answer:  # noqa: S310
            return answer.status, _json(answer.read(MOST))
    except urllib.error.HTTPError as error:
        with error:
            return error.code, None


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _why(error: Exception) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    return connection_failure(cause) if isinstance(cause, OSError) else str(cause)
