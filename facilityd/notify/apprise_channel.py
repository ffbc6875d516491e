"""Everything that apprise knows and has no channel of its own here: SMS, voice, and a hundred services."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import replace
from threading import Thread

from facilityd.model.message import Wording
from facilityd.model.notice import DeliveryOutcome, DeliveryResult, Notice, SendFailure


class AppriseChannel:
    """``token`` is the whole of apprise's URL, for it holds secrets. Its own retries stay off.

    apprise says whether it worked, and no more: a failure is tried again, never taken for final. It works
    in a thread; one that does not answer in time may deliver later, so that is *unknown*, and until it has
    ended no other begins. The threads of apprise itself are six for the whole process: a service that
    answers for ever would take them all, and with them every other person's.
    """

    def __init__(self, *, token: str, timeout_s: float = 30.0) -> None:
        self._url, self._timeout_s = token, timeout_s
        self._thread: Thread | None = None

    async def send(self, notice: Notice) -> DeliveryResult:
        """Hand over once. Raises nothing that the service can cause."""
        slow = DeliveryResult(DeliveryOutcome.UNKNOWN, Wording("send.no-answer"), failure=SendFailure.TIMEOUT)
        if self._thread is not None and self._thread.is_alive():
            return replace(slow, result=DeliveryOutcome.TRANSIENT)
        told: Future[DeliveryResult] = Future()
        self._thread = Thread(target=self._work, args=(notice, told), name="apprise", daemon=True)
        self._thread.start()
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.wrap_future(told)
        except TimeoutError:
            return slow

    def _work(self, notice: Notice, told: Future[DeliveryResult]) -> None:
        with suppress(InvalidStateError):  # nobody waits any more
            try:
                told.set_result(self._hand_over(notice))
            except Exception as error:  # noqa: BLE001 - told to whoever waits
                told.set_exception(error)

    def _hand_over(self, notice: Notice) -> DeliveryResult:
        import apprise  # noqa: PLC0415 - slow to import, and few sites need it

        from facilityd.notify.apprise_bounds import bound_answers  # noqa: PLC0415

        bound_answers()
        service = apprise.Apprise.instantiate(self._url)
        if service is None:
            reason = Wording("send.apprise-no-url")
            return DeliveryResult(DeliveryOutcome.REJECTED, reason, failure=SendFailure.ADDRESS)
        if service.notify(title=notice.subject, body=notice.body):
            return DeliveryResult(DeliveryOutcome.ACCEPTED)
        failed = Wording("send.apprise-failure")
        return DeliveryResult(DeliveryOutcome.TRANSIENT, failed, failure=SendFailure.REFUSED)
