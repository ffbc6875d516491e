"""What the code in the body of a vendor's answer means: HTTP 200 says nothing there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from facilityd.model.message import Wording
from facilityd.model.notice import DeliveryOutcome, DeliveryResult, SendFailure
from facilityd.model.sample import NS
from facilityd.notify.http_post import in_one_line

_REJECTED, _TRANSIENT = DeliveryOutcome.REJECTED, DeliveryOutcome.TRANSIENT
Meaning = tuple[DeliveryOutcome, SendFailure, int]
"""What a code comes to, why, and for how many s to wait."""


def busy(wait_s: int = 60) -> Meaning:
    """Return the meaning of a code that asks for a pause of ``wait_s``."""
    return _TRANSIENT, SendFailure.BUSY, wait_s


LOGIN: Meaning = (_REJECTED, SendFailure.LOGIN, 0)
ADDRESS: Meaning = (_REJECTED, SendFailure.ADDRESS, 0)
REFUSED: Meaning = (_REJECTED, SendFailure.REFUSED, 0)
SERVER: Meaning = (_TRANSIENT, SendFailure.SERVER, 0)


def judge_code(body: bytes, names: Sequence[str], meanings: Mapping[int, Meaning]) -> DeliveryResult:
    """Return what the code in a body comes to; it stands under the first of ``names`` that is there."""
    code = code_in(body, names)
    if code is None:
        none = Wording("send.no-code", words=in_one_line(body))
        return DeliveryResult(DeliveryOutcome.UNKNOWN, none, failure=SendFailure.SERVER)
    if code == 0 and not isinstance(code, bool):
        return DeliveryResult(DeliveryOutcome.ACCEPTED)
    result, failure, wait_s = meanings.get(code, REFUSED) if isinstance(code, int) else REFUSED
    reason = Wording("send.code", code=code, words=in_one_line(body))[:300]
    return DeliveryResult(result, reason, wait_s * NS or None, failure)


def code_in(body: bytes, names: Sequence[str]) -> object:
    """Return the code as it stands in a body; None where there is none, "null" where it is that."""
    try:
        answer = json.loads(body)
        code = next(answer[name] for name in names if name in answer)
    except (ValueError, TypeError, StopIteration, RecursionError):
        return None
    return "null" if code is None else code
