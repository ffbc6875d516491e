"""Everything that apprise knows and has no channel of its own here: SMS, voice, and a hundred services."""

from __future__ import annotations

import asyncio

from facilityd.model.message import Wording
from facilityd.model.notice import DeliveryOutcome, DeliveryResult, Notice, SendFailure

_RESULTS = {
    "success": (DeliveryOutcome.ACCEPTED, SendFailure.NONE, ""),
    "partial": (DeliveryOutcome.UNKNOWN, SendFailure.REFUSED, "send.apprise-partial"),
    "timeout": (DeliveryOutcome.UNKNOWN, SendFailure.TIMEOUT, "send.apprise-timeout"),
    "failure": (DeliveryOutcome.TRANSIENT, SendFailure.REFUSED, "send.apprise-failure"),
    "nomatch": (DeliveryOutcome.REJECTED, SendFailure.ADDRESS, "send.apprise-nomatch"),
}


class AppriseChannel:
    """``token`` is the whole of apprise's URL, for it holds secrets. Its own retries stay off.

    apprise says whether it worked, and no more: a failure is tried again, never taken for final. It works
    in a thread; one that does not answer in time may deliver later, so that is *unknown*.
    """

    def __init__(self, *, token: str, timeout_s: float = 30.0) -> None:
        self._url, self._timeout_s = token, timeout_s

    async def send(self, notice: Notice) -> DeliveryResult:
        """Hand over once. Raises nothing that the service can cause."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._hand_over(notice)
        except TimeoutError:
            return DeliveryResult(
                DeliveryOutcome.UNKNOWN, Wording("send.no-answer"), failure=SendFailure.TIMEOUT
            )

    async def _hand_over(self, notice: Notice) -> DeliveryResult:
        import apprise  # noqa: PLC0415 - slow to import, and few sites need it

        service = apprise.Apprise()
        if not service.add(self._url):
            reason = Wording("send.apprise-no-url")
            return DeliveryResult(DeliveryOutcome.REJECTED, reason, failure=SendFailure.ADDRESS)
        found = await service.async_notify(title=notice.subject, body=notice.body)
        name = found.status.name.lower()
        result, failure, slug = _RESULTS.get(name, _RESULTS["failure"])
        return DeliveryResult(result, Wording(slug) if slug else "", failure=failure)
