"""What kept a notice from being taken, by what a server or the network said: for people who mend it."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator

from facilityd.model.message import Wording
from facilityd.model.notice import SendFailure
from facilityd.model.socket_errors import connection_failure

_HTTP = {
    401: SendFailure.LOGIN, 403: SendFailure.LOGIN, 407: SendFailure.LOGIN,
    404: SendFailure.ADDRESS, 410: SendFailure.ADDRESS,
    408: SendFailure.BUSY, 425: SendFailure.BUSY, 429: SendFailure.BUSY, 503: SendFailure.BUSY,
    504: SendFailure.TIMEOUT,
}  # fmt: skip
_SMTP = {
    530: SendFailure.LOGIN, 534: SendFailure.LOGIN, 535: SendFailure.LOGIN,
    510: SendFailure.ADDRESS, 511: SendFailure.ADDRESS, 550: SendFailure.ADDRESS, 551: SendFailure.ADDRESS,
    553: SendFailure.ADDRESS, 523: SendFailure.ENCRYPTION, 538: SendFailure.ENCRYPTION,
}  # fmt: skip
_CERTIFICATES = {10: "send.certificate-expired", 62: "send.certificate-name"} | dict.fromkeys(
    (18, 19, 20, 21), "send.certificate-issuer"
)
"""By what OpenSSL found wrong (X509_V_ERR_…)."""
_ERRNO = re.compile(r"\[Errno (\d+)\]")
_REDIRECT, _CLIENT, _SERVER = 300, 400, 500


def of_http(status: int) -> SendFailure:
    """Return what an HTTP status that is no 2xx says (RFC 9110, 15)."""
    if status in _HTTP:
        return _HTTP[status]
    if _REDIRECT <= status < _CLIENT:
        return SendFailure.REDIRECT
    return SendFailure.SERVER if status >= _SERVER else SendFailure.REFUSED


def of_smtp(code: int) -> SendFailure:
    """Return what an SMTP reply says that is no 2xx (RFC 5321, 4.2; RFC 4954, 6)."""
    return _SMTP.get(code, SendFailure.REFUSED if code >= _SERVER else SendFailure.BUSY)


def of_error(error: BaseException, *, connecting: bool) -> SendFailure:
    """Return what an error of the network says; libraries wrap it, so its causes are asked too."""
    for one in _causes(error):
        if isinstance(one, ssl.SSLCertVerificationError):
            return SendFailure.CERTIFICATE
        if isinstance(one, ssl.SSLError):
            return SendFailure.ENCRYPTION
        if isinstance(one, socket.gaierror):
            return SendFailure.NAME
        if isinstance(one, TimeoutError):
            return SendFailure.TIMEOUT
    return SendFailure.CONNECTION if connecting else SendFailure.CUT


def words_of_error(error: BaseException) -> Wording:
    """Return what an error of the network means to a technician; its causes are asked too."""
    for one in _causes(error):
        if isinstance(one, ssl.SSLCertVerificationError):
            slug = _CERTIFICATES.get(one.verify_code)
            return Wording(slug) if slug else Wording("send.certificate", found=one.verify_message)
        if isinstance(one, ssl.SSLError):
            return Wording("send.tls")
        if isinstance(one, TimeoutError):
            return Wording("send.no-answer")
        # Of a name with several addresses asyncio raises one error whose text has those of all.
        number = _ERRNO.search(str(one))
        plain = OSError(int(number[1]), "") if number and not isinstance(one, socket.gaierror) else one
        if isinstance(found := connection_failure(plain), Wording) and isinstance(plain, OSError):
            return found
    return Wording("send.not-reached")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what caused it, outermost last."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        error = getattr(error, "os_error", None) or error.__cause__ or error.__context__
    yield from reversed(seen)
