"""Ends of a connection, as a person may write them, and why nothing would ever answer there."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

from facilityd.model.message import Wording

UNSET = "${"
"""A text in which a variable was not replaced: that it is not set is reported already."""
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?\.?")
_NUMBERS = re.compile(r"(?:[A-Za-z0-9_.-]*\.)?(?:[0-9]+|0[xX][0-9a-fA-F]*)\.?")
"""A last part that is a number makes an address of it, never a name (RFC 1123, 2.1)."""
_IDEOGRAPHIC_STOP = str.maketrans("。｡", "..")


def host(text: str) -> str:
    """Check a name or an address alone. Raises ValueError."""
    if UNSET not in text and (fault := host_fault(text)):
        raise ValueError(fault)
    return text


def host_fault(text: str) -> str:
    """Return why a host can be no other end of a connection; nothing where it can."""
    usual = unicodedata.normalize("NFKC", text.translate(_IDEOGRAPHIC_STOP))
    if usual != text and usual.isascii():
        return Wording("config.full-width-characters-stand-in", usual=usual)
    address, _, scope = text.partition("%")
    try:
        return _address_fault(ipaddress.ip_address(address), scope)
    except ValueError:
        return _name_fault(text)


def _address_fault(address: ipaddress.IPv4Address | ipaddress.IPv6Address, scope: str) -> str:
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_unspecified or address in ipaddress.ip_network("0.0.0.0/8"):
        return Wording("config.means-any-address-or-none")
    if address.is_multicast or str(address) == "255.255.255.255":
        return Wording("config.address-many-machines-at-once")
    if address.version == 4 and address.is_reserved:  # noqa: PLR2004 - the protocol's own number
        return Wording("config.no-address-that-machine-may")
    if address.version == 6 and address.is_link_local and not scope:  # noqa: PLR2004
        return Wording("config.reaches-machine-only-with-interface", address=address)
    return ""


def _name_fault(text: str) -> str:
    if _NUMBERS.fullmatch(text):
        return Wording("config.no-ipv-address-four-numbers")
    try:
        known = _HOST.fullmatch(text.encode("idna").decode())
    except UnicodeError:
        known = None
    return "" if known else Wording("config.host-name-or-address-alone")


def serial_port(text: str) -> str:
    """Check the path of a serial port. Raises ValueError."""
    if UNSET in text:
        return text
    if "://" in text:
        raise ValueError(Wording("config.serial-port-path-not-url"))
    if text.startswith("~") or text != text.strip() or not text.isprintable() or "/" not in text:
        raise ValueError(Wording("config.serial-port-path-such-as"))
    return text


Host = Annotated[str, AfterValidator(host)]
SerialPort = Annotated[str, AfterValidator(serial_port)]


def is_this_machine(host: str) -> bool:
    """Return whether what listens there can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
