"""Certificates as sites have them, good and bad, made with cryptography: ours makes and reads none."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID, ObjectIdentifier

ROLE = ObjectIdentifier("1.3.6.1.4.1.50316.802.1")
"""The role of MB-TCP-Security v2.1: a UTF8String."""
DAY = timedelta(days=1)


@dataclass(frozen=True)
class CertificateFiles:
    """Paths of a certificate and its key."""

    certificate: str
    key: str


class Authority:
    """A certificate authority; ``pem`` is its own certificate."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        made = (
            self._begun(self._name, self._key, now - DAY, now + 365 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True
            )
            .sign(self._key, hashes.SHA256())
        )
        self.pem = str(folder / f"{name}.pem")
        Path(self.pem).write_bytes(made.public_bytes(Encoding.PEM))

    def issue(
        self, name: str, *, days: float = 90, since: float = 1, names: tuple[str, ...] = (), role: str = ""
    ) -> CertificateFiles:
        """Issue one that is valid for so many days from now (less than 0: no more), since so many days."""
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        begun = now - since * DAY if days > -since else now + (days - 30) * DAY
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._begun(subject, key, begun, now + days * DAY)
        if names:
            made = made.add_extension(
                x509.SubjectAlternativeName([_general(one) for one in names]), critical=False
            )
        if role:
            text = bytes((0x0C, len(role))) + role.encode()
            made = made.add_extension(x509.UnrecognizedExtension(ROLE, text), critical=False)
        files = CertificateFiles(str(self._folder / f"{name}.pem"), str(self._folder / f"{name}.key"))
        Path(files.certificate).write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))
        Path(files.key).write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return files

    def _begun(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, since: datetime, until: datetime
    ) -> x509.CertificateBuilder:
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(until)
            .add_extension(authority, critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
