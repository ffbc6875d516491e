"""Certificates: how long those in the files are valid, and the one that a server shows."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from devices.modbus.tls import hung_up, refused, tls_options
from devices.unit import ModbusLink
from facilityd.doctor.verdict import Findings, ProbeResult
from facilityd.errors import LinkOutage
from facilityd.model.tls import SYSTEM, TlsFiles, expires, valid_until

CONNECT_S, VERDICT_S = 5.0, 2.0
"""How long to wait for the handshake, and then for a server that does not take our certificate to hang up."""
SOON = timedelta(days=30)
"""How long before its end a certificate is spoken of: whoever issues one may need weeks."""


def files(subject: str, tls: TlsFiles) -> Iterator[ProbeResult]:
    """Check how long our files of a link are valid; of one that cannot be read ``configuration`` tells."""
    said = Findings("certificate", subject)
    for path in (tls.certificate, "" if tls.ca == SYSTEM else tls.ca):
        if not path:
            continue
        try:
            yield _judged(said, path, valid_until(path))
        except ValueError:
            yield said.unknown("certificate-unclear", path=path)


def tls_endpoint(link: ModbusLink) -> Iterable[ProbeResult]:
    """Shake hands with a Modbus TLS endpoint and ask nothing: whether each takes the other's certificate."""
    said = Findings("endpoint", link.id)
    try:
        until = _shake_hands(link)
    except LinkOutage as error:
        return [said.fail("endpoint-refused", where=link.where, why=error.what, hint=error.hint)]
    return [
        said.ok("endpoint-ok", where=link.where),
        _judged(Findings("certificate", link.id), link.where, until),
    ]


def _shake_hands(link: ModbusLink) -> datetime:
    """Return until when the server's certificate is valid. Raises LinkOutage."""
    assert link.tls is not None  # noqa: S101 - only such links come here
    options = tls_options(link)
    try:
        with (
            socket.create_connection((link.host, link.port), timeout=CONNECT_S) as plain,
            options["ssl"].wrap_socket(plain, server_hostname=options["server_hostname"]) as wrapped,
        ):
            shown = wrapped.getpeercert() or {}
            wrapped.settimeout(VERDICT_S)
            if _ends(link, link.tls, wrapped):
                raise hung_up(link, link.tls, None)
            return expires(str(shown["notAfter"]))
    except OSError as error:
        raise refused(link, error) from error


def _ends(link: ModbusLink, tls: TlsFiles, wrapped: ssl.SSLSocket) -> bool:
    """Return whether the server hangs up at once, unasked. Raises LinkOutage where it says why."""
    try:
        return wrapped.recv(1) == b""
    except TimeoutError:
        return False  # it waits for a question, as it should
    except OSError as error:
        raise hung_up(link, tls, error) from error


def _judged(said: Findings, what: str, until: datetime) -> ProbeResult:
    left, date = until - datetime.now(UTC), f"{until:%Y-%m-%d}"
    if left <= timedelta(0):
        return said.fail("certificate-expired", what=what, date=date)
    if left <= SOON:
        return said.warn("certificate-soon", what=what, date=date, days=left.days)
    return said.ok("certificate-ok", what=what, date=date)
