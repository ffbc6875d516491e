"""What the system says of a connection that failed, as a technician reads it."""

from __future__ import annotations

import errno
import socket

from facilityd.errors import system_reason
from facilityd.model.message import Wording

_SLUGS = {
    errno.ECONNREFUSED: "link.refused",
    errno.EHOSTUNREACH: "link.unreachable",
    errno.ENETUNREACH: "link.unreachable",
    errno.ETIMEDOUT: "link.no-answer",
}


def connection_failure(error: BaseException) -> str:
    """Return why a connection failed, in both languages where the reason is a usual one."""
    if isinstance(error, socket.gaierror):
        return Wording("link.name-unknown")
    if isinstance(error, TimeoutError):
        return Wording("link.no-answer")
    slug = _SLUGS.get(error.errno or 0) if isinstance(error, OSError) else None
    if slug:
        return Wording(slug)
    text = system_reason(error) if isinstance(error, Exception) else str(error)
    return text or Wording("link.no-answer")
