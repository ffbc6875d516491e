"""Modbus over TLS (Modbus/TCP Security, MB-TCP-Security v2.1): the same frames, on port 802.

Who may do what the server reads from a role in our certificate (OID 1.3.6.1.4.1.50316.802.1); to us it is a
part of the file like any other, and so is one in the server's certificate.
"""

from __future__ import annotations

import contextlib
import ssl
from datetime import UTC, datetime
from typing import TypedDict

from devices.unit import ModbusLink
from facilityd.errors import LinkOutage
from facilityd.model.message import Wording
from facilityd.model.socket_errors import connection_failure
from facilityd.model.tls import TlsFiles, tls_failure, valid_until

VERDICT_S = 0.3
"""How long after the handshake the server is given to hang up: with TLS 1.3 it judges our certificate then.

Asked sooner, its reason may be lost with the connection. A slower one hangs up at the first question.
"""


_HUNG_UP = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


class TlsOptions(TypedDict, total=False):
    """What asyncio makes a TLS connection of."""

    ssl: ssl.SSLContext
    server_hostname: str


def tls_options(link: ModbusLink) -> TlsOptions:
    """Return how to connect: nothing for a link without TLS. Raises LinkOutage for unusable files."""
    if link.tls is None:
        return {}
    try:
        context = link.tls.context()
    except OSError as error:
        hint = Wording("link.tls-see-check")
        raise LinkOutage(
            Wording("link.tls-files", why=_system(error)), where=link.where, hint=hint
        ) from error
    return {"ssl": context, "server_hostname": link.tls.server_name or link.host}


def refused(link: ModbusLink, error: BaseException) -> LinkOutage:
    """Return why a link cannot be opened, and what to do about it."""
    if link.tls is None:
        return _not_opened(link, connection_failure(error), Wording("link.check-cable"))
    # In the midst of the handshake.
    if isinstance(error, _HUNG_UP) and not isinstance(error, ConnectionRefusedError):
        return hung_up(link, link.tls, error)
    why = tls_failure(error) or (error if isinstance(error, ssl.SSLError) else None)
    if why is None:
        late = isinstance(error, TimeoutError)
        hint = Wording("link.check-cable-or-tls" if late else "link.check-cable")
        return _not_opened(link, connection_failure(error), hint)
    return _not_opened(link, why if isinstance(why, Wording) else str(error), _hint(link, link.tls, why))


def hung_up(link: ModbusLink, tls: TlsFiles, error: BaseException | None) -> LinkOutage:
    """Return why a server hung up before its first answer: what it says, else what is likely."""
    if why := tls_failure(error):
        return _not_opened(link, why, _hint(link, tls, why))
    if not tls.certificate:
        why = Wording("link.tls-silent-without")
    elif (until := _expired(tls.certificate)) is not None:
        why = Wording("link.tls-silent-expired", date=f"{until:%Y-%m-%d}")
    else:
        why = Wording("link.tls-silent")
    return _not_opened(link, why, _hint(link, tls, why))


_HINTS = {
    "link.tls-expired": "link.tls-renew-theirs",
    "link.tls-not-yet": "link.tls-check-clocks",
    "link.tls-name": "link.tls-write-name",
    "link.tls-issuer": "link.tls-check-ca",
    "link.tls-plain": "link.tls-leave-out",
    "link.tls-version": "link.tls-newer",
    "link.tls-handshake": "link.tls-newer",
    "link.tls-wants-certificate": "link.tls-add-certificate",
    "link.tls-silent-without": "link.tls-add-certificate",
    "link.tls-ours-expired": "link.tls-renew-ours",
    "link.tls-silent-expired": "link.tls-renew-ours",
    "link.tls-ours-unknown": "link.tls-have-trusted",
    "link.tls-ours-refused": "link.tls-have-trusted",
    "link.tls-silent": "link.tls-have-trusted",
}


def _hint(link: ModbusLink, tls: TlsFiles, why: BaseException | Wording) -> Wording:
    slug = _HINTS.get(why.slug if isinstance(why, Wording) else "", "link.check-cable-or-tls")
    if slug == "link.tls-newer" and not tls.certificate:
        slug = "link.tls-add-certificate"  # so servers say with TLS 1.2 that they miss one
    name = tls.server_name or link.host
    return Wording(slug, link=link.id, ca=tls.ca, certificate=tls.certificate, name=name)


def _not_opened(link: ModbusLink, why: str, hint: Wording) -> LinkOutage:
    return LinkOutage(Wording("link.cannot-be-opened-why", reason=why), where=link.where, hint=hint)


def _expired(certificate: str) -> datetime | None:
    """Return since when our certificate is no longer valid, None where it is or nothing is known of it."""
    with contextlib.suppress(OSError, ValueError):
        until = valid_until(certificate)
        return until if until < datetime.now(UTC) else None
    return None


def _system(error: OSError) -> str:
    return error.strerror or str(error)


__all__ = ["VERDICT_S", "TlsOptions", "hung_up", "refused", "tls_options"]
