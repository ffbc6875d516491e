"""What apprise reads of an answer: so much, for so long. By itself it reads a body to its end."""

from __future__ import annotations

import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter

MOST = 1 << 20
"""Bytes of an answer; what services answer is a few lines."""
CHUNK = 1 << 14
LONGEST_S = 20.0


class BoundedAdapter(HTTPAdapter):
    """Reads the body of each answer itself, before anybody asks for all of it."""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send once. Raises requests.ConnectionError where the body is too long, or takes too long."""
        answer = super().send(request, *args, **options)
        if not options.get("stream"):
            answer._content = _body(answer)  # noqa: SLF001 - where requests looks for it
            answer._content_consumed = True  # noqa: SLF001
        return answer


def _body(answer: requests.Response) -> bytes:
    body, until = b"", time.monotonic() + LONGEST_S
    while chunk := answer.raw.read1(CHUNK, decode_content=True):
        body += chunk
        if len(body) > MOST or time.monotonic() > until:
            answer.raw.close()
            raise requests.ConnectionError("the answer does not end")
    answer.raw.release_conn()
    return body


def bound_answers() -> None:
    """Have every session of requests read answers like that from now on; apprise alone has any."""
    vars(requests.sessions)["HTTPAdapter"] = BoundedAdapter
