"""TLS to a server: how it is verified, how long a certificate is valid, and what is wrong where it fails."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from facilityd.model.message import Wording

SYSTEM = "system"
"""Instead of a file with authorities: those of this computer."""
_VERIFIED = {
    9: "link.tls-not-yet", 10: "link.tls-expired", 62: "link.tls-name", 64: "link.tls-name",
} | dict.fromkeys((18, 19, 20, 21), "link.tls-issuer")  # fmt: skip
"""By what OpenSSL found wrong (X509_V_ERR_…)."""
_ALERTS = {
    "CERTIFICATE_REQUIRED": "link.tls-wants-certificate",
    "CERTIFICATE_EXPIRED": "link.tls-ours-expired",
    "UNKNOWN_CA": "link.tls-ours-unknown",
    "BAD_CERTIFICATE": "link.tls-ours-refused",
    "CERTIFICATE_UNKNOWN": "link.tls-ours-refused",
    "CERTIFICATE_REVOKED": "link.tls-ours-refused",
    "UNSUPPORTED_CERTIFICATE": "link.tls-ours-refused",
    "ACCESS_DENIED": "link.tls-ours-refused",
    "HANDSHAKE_FAILURE": "link.tls-handshake",
    "PROTOCOL_VERSION": "link.tls-version",
    "WRONG_VERSION_NUMBER": "link.tls-plain",
    "RECORD_LAYER_FAILURE": "link.tls-plain",
}
"""By the end of OpenSSL's reason: alerts of the other side (RFC 8446, 6.2), and answers that are no TLS."""
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_UTC_TIME, _GENERALIZED_TIME, _VERSION = 0x17, 0x18, 0xA0
_BEFORE_VALIDITY = 3
"""Fields before it, behind the version: serial number, signature, issuer (RFC 5280, 4.1)."""
_LONG, _PIVOT = 0x80, 50


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What TLS is made with: paths of PEM files, ``ca`` also SYSTEM.

    ``server_name``: whom the server's certificate must name; "": the host that is connected to.
    """

    ca: str = SYSTEM
    certificate: str = ""
    key: str = ""
    server_name: str = ""

    def context(self) -> ssl.SSLContext:
        """Return a context that verifies the server. Raises OSError (ssl.SSLError too) for unusable files."""
        context = ssl.create_default_context(cafile=None if self.ca == SYSTEM else self.ca)
        if self.certificate:
            # Never asked for: a daemon has nobody to type the password of a key.
            context.load_cert_chain(self.certificate, self.key or None, password=lambda: "")
        return context


def tls_failure(error: BaseException | None) -> Wording | None:
    """Return what an error of TLS means; None for one of which only OpenSSL's words are known."""
    if isinstance(error, ssl.SSLCertVerificationError):
        slug = _VERIFIED.get(error.verify_code)
        return Wording(slug) if slug else Wording("link.tls-unverified", found=error.verify_message)
    if isinstance(error, ssl.SSLError):
        for end, slug in _ALERTS.items():
            if (error.reason or "").endswith(end):
                return Wording(slug)
    return None


def valid_until(path: str | Path) -> datetime:
    """Return when the first certificate of a PEM file to expire does so.

    Raises OSError for a file that cannot be read, ValueError for one without a certificate.
    """
    found = [
        _not_after(ssl.PEM_cert_to_DER_cert(pem.decode())) for pem in _PEM.findall(Path(path).read_bytes())
    ]
    return min(found)


def expires(told: str) -> datetime:
    """Return the instant that OpenSSL writes as ``Nov 29 11:17:43 2026 GMT``."""
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(told), UTC)


def _not_after(der: bytes) -> datetime:
    """Return the end of a certificate's validity; the standard library tells it of no file."""
    try:
        ((_, certificate),) = _elements(der)
        fields = list(_elements(next(_elements(certificate))[1]))
        at = _BEFORE_VALIDITY + (fields[0][0] == _VERSION)
        (_, (tag, text)) = _elements(fields[at][1])
        return _instant(tag, text.decode("ascii"))
    except (IndexError, StopIteration, UnicodeError) as error:
        raise ValueError("not a certificate") from error


def _elements(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of the elements of DER, one behind the other (X.690, 8.1)."""
    at = 0
    while at < len(der):
        tag, length = der[at], der[at + 1]
        at += 2
        if length & _LONG:
            more = length - _LONG
            length, at = int.from_bytes(der[at : at + more]), at + more
        yield tag, der[at : at + length]
        at += length


def _instant(tag: int, text: str) -> datetime:
    """Return a time of RFC 5280, 4.1.2.5: in UTC, with seconds; two digits of a year are 1950 to 2049."""
    if tag == _UTC_TIME:
        text = ("20" if int(text[:2]) < _PIVOT else "19") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError("not a time")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


__all__ = ["SYSTEM", "TlsFiles", "expires", "tls_failure", "valid_until"]
