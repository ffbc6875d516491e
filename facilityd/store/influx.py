"""InfluxDB 2, or 3 through its v2 write API, as a sink."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import aiohttp
from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync
from influxdb_client.rest import ApiException

from facilityd.model.http_session import bounded
from facilityd.model.plain import masked
from facilityd.model.settings import InfluxSettings
from facilityd.store.sink import TAKEN, WriteAction, WriteOutcome
from facilityd.store.write_response import body_text, classify

log = logging.getLogger(__name__)


class InfluxSink:
    """Writes to one bucket. ``timeout`` in s for one write; ``gzip`` compresses what is sent."""

    def __init__(self, settings: InfluxSettings, *, gzip: bool = True, timeout: float = 30.0) -> None:
        self._settings, self._gzip, self._timeout = settings, gzip, timeout
        self._client: Any = None

    async def __aenter__(self) -> Self:
        self._client = InfluxDBClientAsync(
            self._settings.url,
            self._settings.token,
            self._settings.org,
            timeout=round(self._timeout * 1000),
            enable_gzip=self._gzip,
            allow_redirects=False,
            client_session_kwargs=bounded(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def write(self, lines: Sequence[bytes]) -> WriteOutcome:
        """Write once. The token is masked in what the server says: it may echo what it was sent."""
        outcome = await self._post(b"\n".join(lines))
        return (
            replace(outcome, text=masked(outcome.text, [self._settings.token])) if outcome.text else outcome
        )

    async def _post(self, body: bytes) -> WriteOutcome:
        api, s = self._client.write_api(), self._settings
        try:
            taken = await api.write(s.bucket, s.org, body, write_precision="ns")
        except ApiException as error:
            return classify(error.status, error.headers or {}, error.body)
        except TimeoutError:
            return WriteOutcome(WriteAction.RETRY, "timeout", "no answer in time")
        except aiohttp.ClientConnectorError as error:
            return WriteOutcome(WriteAction.RETRY, "unreachable", body_text(str(error)))
        except (aiohttp.ClientError, OSError) as error:
            detail = body_text(str(error)) or type(error).__name__
            return WriteOutcome(WriteAction.RETRY, "interrupted", detail)
        except Exception as error:  # a sink is a compartment: what a foreign server causes stays in it
            log.exception("a write failed in a way it does not know")
            return WriteOutcome(WriteAction.RETRY, "unexpected-error", type(error).__name__)
        # A proxy's login page answers 200; InfluxDB answers 204.
        unexpected = WriteOutcome(WriteAction.HELD, "unexpected-answer", "2xx, but not what InfluxDB answers")
        return TAKEN if taken else unexpected
