"""What the files say about the machine they are for, checked before the daemon starts there."""

from __future__ import annotations

import grp
from pathlib import Path

from facilityd.config.sections import Entry, Sections

_SERIAL = ("modbus-rtu", "modbus-rtu-over-tcp")


def check_installation(sections: Sections) -> None:
    """Report serial ports with two masters, TLS files that are not there, a journal that is a folder."""
    _check_serial_ports(sections)
    _check_broadcast(sections)
    for link in sections.values("links"):
        if link.value.protocol == "mqtt" and link.value.tls is not None:
            _check_tls(sections, link)
    store = sections.entries["store"].get("store")
    if store and store.value.path and (Path(store.document.file).parent / store.value.path).is_dir():
        sections.report(store.mark("path"), f"{store.value.path} is a folder", "name a file in it")


def unknown_group(sections: Sections) -> str:
    """Return a warning where this machine has no such group as the journal is to be shared with."""
    store = sections.entries["store"].get("store")
    if store is None or not store.value.group:
        return ""
    try:
        grp.getgrnam(store.value.group)
    except KeyError:
        hint = f"groupadd {store.value.group} where the daemon runs"
        return f"{store.mark('group')}: this machine has no group {store.value.group!r}; {hint}"
    return ""


def _check_serial_ports(sections: Sections) -> None:
    masters: dict[str, Entry] = {}
    for link in sections.values("links"):
        if link.value.protocol != "modbus-rtu":
            continue
        first = masters.setdefault(link.value.serial_port, link)
        if first is not link:
            what = f"serial port {link.value.serial_port} is link {first.id!r} already"
            hint = f"a bus has one master: put its units on that link; first at {first.mark(key=True)}"
            sections.report(link.mark("serial_port"), what, hint)


def _check_broadcast(sections: Sections) -> None:
    """On a serial line device id 0 is everybody, and nobody answers (Modbus over serial line V1.02, 2.2)."""
    for unit in sections.values("units"):
        link = sections.entries["links"].get(unit.value.link)
        if link and link.value.protocol in _SERIAL and unit.value.device_id == 0:
            what = "device id 0 is the broadcast address of a serial line: no device answers it"
            sections.report(unit.mark("device_id"), what, "devices have 1 to 247")


def _check_tls(sections: Sections, link: Entry) -> None:
    tls = link.value.tls
    for name in ("ca", "certificate", "key"):
        path = getattr(tls, name)
        if path and (name, path) != ("ca", "system") and not Path(path).is_file():
            sections.report(link.mark("tls", name), f"{path} is not a file")
    if bool(tls.certificate) != bool(tls.key):
        missing = "key" if tls.certificate else "certificate"
        sections.report(link.mark("tls"), f"{missing!r} is missing", "a client certificate has both")
