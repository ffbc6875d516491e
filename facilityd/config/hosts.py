"""Ends of a connection, as a person may write them, and why nothing would ever answer there."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

UNSET = "${"
"""A text in which a variable was not replaced: that it is not set is told already."""
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
        return f"full-width characters stand in a host: write {usual!r}"
    address, _, scope = text.partition("%")
    try:
        return _address_fault(ipaddress.ip_address(address), scope)
    except ValueError:
        return _name_fault(text)


def _address_fault(address: ipaddress.IPv4Address | ipaddress.IPv6Address, scope: str) -> str:
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_unspecified or address in ipaddress.ip_network("0.0.0.0/8"):
        return "means any address, or none: write the other end's own (127.0.0.1 is this machine)"
    if address.is_multicast or str(address) == "255.255.255.255":
        return "is the address of many machines at once, none of which answers: write the other end's own"
    if address.version == 4 and address.is_reserved:  # noqa: PLR2004 - the protocol's own number
        return "is no address that a machine may have (240.0.0.0 and above)"
    if address.version == 6 and address.is_link_local and not scope:  # noqa: PLR2004
        return f"reaches a machine only with the interface behind it, such as {address}%eth0"
    return ""


def _name_fault(text: str) -> str:
    if _NUMBERS.fullmatch(text):
        return "is no IPv4 address: four numbers from 0 to 255 with dots between them, without leading zeros"
    try:
        known = _HOST.fullmatch(text.encode("idna").decode())
    except UnicodeError:
        known = None
    return "" if known else "a host is a name or an address alone, without http:// and without port"


def serial_port(text: str) -> str:
    """Check the path of a serial port. Raises ValueError."""
    if UNSET in text:
        return text
    if "://" in text:
        raise ValueError(
            "a serial port is a path, not a URL; a bus behind a TCP converter is "
            "'protocol: modbus-rtu-over-tcp' with host and port"
        )
    if text.startswith("~") or text != text.strip() or not text.isprintable() or "/" not in text:
        raise ValueError("a serial port is a path, such as /dev/ttyUSB0 or /dev/serial/by-id/usb-…")
    return text


Host = Annotated[str, AfterValidator(host)]
SerialPort = Annotated[str, AfterValidator(serial_port)]
