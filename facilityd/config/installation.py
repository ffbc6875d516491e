"""What the files say about the machine they are for, checked before the daemon starts there."""

from __future__ import annotations

import os
import ssl
import stat
from pathlib import Path

from devices.unit import HIGHEST_ID
from facilityd.config.credentials import check_credentials
from facilityd.config.fields import LONGEST_FILE_NAME
from facilityd.config.found import SUFFIX
from facilityd.config.sections import SectionEntry, Sections, doubled, serial_port, tls_file
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.supervise.share import group_id
from facilityd.yaml_source import Problem, SourceLocation

COMPANIONS = (
    "-wal",
    "-shm",
    ".lock",
    ".ballast",
    ".spill",
    ".inbox",
    ".photos",
    ".heartbeat",
    ".new",
    SUFFIX,
)
MEMORY = 1
"""Major number of /dev/null, /dev/zero and their like."""
_SERIAL = ("modbus-rtu", "modbus-rtu-over-tcp")


def check_installation(sections: Sections) -> None:
    """Report serial ports with two masters, TLS files that are not there, a journal that is a folder."""
    _check_serial_ports(sections)
    _check_broadcast(sections)
    for link in sections.values("links"):
        if getattr(link.value, "tls", None) is not None:
            _check_tls(sections, link)
    _check_client_ids(sections)
    check_credentials(sections)
    _check_files_of_lines(sections)
    store = sections.entries["store"].get("store")
    if store and store.value.path:
        _check_journal(sections, store)


def _check_journal(sections: Sections, store: SectionEntry) -> None:
    """Refuse a path where no journal can be, or where something of somebody's own is."""
    path, location = store.beside(store.value.path), store.location("path")
    if len(path.name.encode()) > LONGEST_FILE_NAME:
        what = Wording("config.journal-name-longer-than-bytes", longest_file_name=LONGEST_FILE_NAME)
        sections.report(location, what, Wording("config.files-beside-have-longer-ones"))
    elif path.is_dir():
        sections.report(
            location,
            Wording("config.folder", path=store.value.path),
            Wording("config.name-file-in"),
        )
    elif path.exists() and not path.is_file():
        sections.report(location, Wording("config.no-regular-file", path=store.value.path))
    elif above := next((one for one in path.parents if one.exists() and not one.is_dir()), None):
        sections.report(
            location,
            Wording("config.file-not-folder", above=above.name),
            Wording("config.name-path-in-folder"),
        )
    elif path.name.endswith((".yaml", *COMPANIONS)):
        what = Wording("config.name-file-another-kind", path=store.value.path)
        sections.report(location, what, Wording("config.call-journal-db-for-example"))
    elif store.value.path.startswith("~"):
        sections.report(
            location,
            Wording("config.not-replaced-here"),
            Wording("config.write-whole-path"),
        )


def _check_files_of_lines(sections: Sections) -> None:
    """Refuse a file of lines that two sinks would write, or in whose place something else is."""

    def path_of(sink: SectionEntry) -> Path:
        return sink.beside(sink.value.path).resolve()

    files = [sink for sink in sections.values("sinks") if sink.whole and sink.value.kind == "file"]
    for sink, first in doubled(files, path_of):
        sections.report(
            sink.location("path"),
            Wording("config.sink-writes-this-file-already", first=first.id),
            Wording("config.name-another"),
        )
    for sink in files:
        if path_of(sink).exists() and not path_of(sink).is_file():
            sections.report(sink.location("path"), Wording("config.no-regular-file", path=sink.value.path))


def unheard(sections: Sections) -> list[str]:
    """Return a warning for each file beside the site's that looks like one of them and is not read."""
    folders = {file.parent for file in sections.files}
    beside = [folder / name for folder in sorted(folders) for name in ("", "profiles", "families")]
    found = [file for folder in beside for file in sorted(folder.glob("*")) if _looks_read(file)]
    what = Wording("config.is-not-read")
    return [Problem(SourceLocation(str(file)), what).message("warning") for file in found]


def _looks_read(file: Path) -> bool:
    return file.suffix.lower() in (".yml", ".yaml") and file.suffix != ".yaml"


def _check_client_ids(sections: Sections) -> None:
    """Two sessions of one name at one broker end each other, again and again (MQTT 5.0, 3.1.4)."""
    named = (link for link in sections.values("links") if getattr(link.value, "client_id", ""))
    for link, first in doubled(named, lambda one: (one.value.host, one.value.port, one.value.client_id)):
        what = Wording("config.link-has-this-client-id", first=first.id)
        sections.report(link.location("client_id"), what, Wording("config.leave-out-then-each-has"))


def unknown_group(sections: Sections) -> str:
    """Return a warning where this machine has no such group as the journal is to be shared with."""
    store = sections.entries["store"].get("store")
    if store is None or not store.value.group:
        return ""
    try:
        group_id(store.value.group)
    except UsageError:
        hint = Wording("config.groupadd-where-daemon-runs", group=store.value.group)
        what = Wording("config.no-such-group", group=store.value.group)
        return Problem(store.location("group"), what, hint).message()
    return ""


def _check_serial_ports(sections: Sections) -> None:
    serial = [link for link in sections.values("links") if link.value.protocol == "modbus-rtu"]
    for link in serial:
        if _no_line(Path(serial_port(link))):
            what = Wording("config.no-serial-port", port=link.value.serial_port)
            sections.report(link.location("serial_port"), what)
    for link, first in doubled(serial, lambda one: os.path.realpath(serial_port(one))):
        what = Wording("config.serial-port-link-already", serial_port=link.value.serial_port, first=first.id)
        hint = Wording("config.bus-has-one-master-put", location=first.location(key=True))
        sections.report(link.location("serial_port"), what, hint)


def _no_line(path: Path) -> bool:
    """Return whether a path is no serial port; one that is not plugged in now may be one."""
    try:
        about = path.stat()
    except (OSError, ValueError):
        return False
    return not stat.S_ISCHR(about.st_mode) or os.major(about.st_rdev) == MEMORY


def on_serial_line(sections: Sections, unit: SectionEntry) -> bool:
    """Return whether a unit shares a serial line, whatever leads there."""
    link = sections.entries["links"].get(unit.value.link)
    return link is not None and link.value.protocol in _SERIAL


def _check_broadcast(sections: Sections) -> None:
    """On a serial line device id 0 is everybody, and nobody answers (Modbus over serial line V1.02, 2.2)."""
    for unit in sections.values("units"):
        if unit.value.device_id == 0 and on_serial_line(sections, unit):
            what = Wording("config.device-id-broadcast-address-serial")
            sections.report(
                unit.location("device_id"),
                what,
                Wording("config.devices-have", highest_id=HIGHEST_ID),
            )


def _holds_certificates(path: str) -> bool:
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ValueError):
        return False
    return True


def _unusable(certificate: str, key: str) -> str:
    """Return why a certificate and its key cannot be used together; files that are not there are reported."""
    if not (Path(certificate).is_file() and Path(key).is_file()):
        return ""
    try:
        # Never asked for: a daemon has nobody to type the password of a key.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        mismatch = "MISMATCH" in (error.reason or "")
        return Wording("config.key-of-another" if mismatch else "config.no-pem")
    except OSError as error:
        return Wording("config.cannot-read", strerror=error.strerror)
    return ""


def _check_tls(sections: Sections, link: SectionEntry) -> None:
    files = {name: tls_file(link, name) for name in ("ca", "certificate", "key")}
    for name, path in files.items():
        if path and (name, path) != ("ca", "system") and not Path(path).is_file():
            sections.report(link.location("tls", name), Wording("config.not-file", path=path))
        elif name == "ca" and path != "system" and not _holds_certificates(path):
            sections.report(
                link.location("tls", name),
                Wording("config.holds-no-certificate", path=path),
                Wording("config.pem-expected"),
            )
    certificate, key = files["certificate"], files["key"]
    if certificate and key and (why := _unusable(certificate, key)):
        sections.report(
            link.location("tls", "certificate"),
            Wording("config.with", certificate=certificate, key=key, why=why),
        )
    if bool(certificate) != bool(key):
        missing = "key" if certificate else "certificate"
        sections.report(
            link.location("tls"),
            Wording("config.missing-2", missing=missing),
            Wording("config.client-certificate-has-both"),
        )
