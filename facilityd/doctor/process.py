"""The daemon as a process: does it live, as whom, and what holds it up."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from pathlib import Path

from facilityd.config.site import Site
from facilityd.doctor.files import owner_of
from facilityd.doctor.verdict import Findings, ProbeResult
from facilityd.model.text import Text
from facilityd.query.liveness import Liveness
from facilityd.query.words import both
from facilityd.store.heartbeat_file import boot_id, read_heartbeat

PROC = Path("/proc")
CROWDED = 0.8
"""The share of its open files at which a process is about to fail."""


def daemon(site: Site, found: Liveness | None) -> Iterator[ProbeResult]:
    """Say what the journal tells of the daemon, and what the machine tells of its process."""
    said = Findings("daemon")
    if found is None or found.state == "stopped":
        nothing = Text(zh="监测程序未运行", en="the daemon does not run")
        yield said.fail("daemon-not", said=_told(site, found) if found else nothing)
        return
    number = _process(site)
    state = _state(number)
    if found.state == "starting":
        yield said.warn("daemon-starts", said=_told(site, found))
    if found.state == "hung":
        yield said.fail("daemon-hangs", said=_told(site, found))
    if state == "T":
        yield said.fail("daemon-stopped", pid=number)
    if state == "D" and found.state == "hung":
        yield said.fail("daemon-disk", pid=number)
    if found.state == "full":
        yield said.fail("daemon-not", said=_told(site, found))
    if state and found.state == "running":
        yield from _running(said, number)
    elif found.state == "running":
        yield said.ok("daemon-elsewhere")


def _running(said: Findings, number: int) -> Iterator[ProbeResult]:
    user, me = owner_of(PROC / str(number)), getpass.getuser()
    if me not in (user, "root"):
        yield said.warn("daemon-other-user", user=user, me=me)
    try:
        files = sum(1 for _ in (PROC / str(number) / "fd").iterdir())
    except OSError:
        yield said.ok("daemon-runs", pid=number, user=user)
        return
    limit = _limit(number)
    if limit and files > CROWDED * limit:
        yield said.warn("daemon-files", files=files, limit=limit)
    yield said.ok("daemon-ok", pid=number, user=user, files=files)


def _told(site: Site, found: Liveness) -> Text:
    return both(lambda language: found.warning(site.timezone, language))


def _process(site: Site) -> int:
    """Return the daemon's process on this machine; 0 where it is not here, or not known."""
    beat = read_heartbeat(Path(site.store.path))
    return beat.pid if beat and beat.boot == boot_id() else 0


def _state(number: int) -> str:
    """Return the letter of a process's state (proc(5)); "" where it is no process of facilityd's here."""
    if not number or not _is_ours(number):
        return ""
    try:
        text = (PROC / str(number) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[0]


def _is_ours(number: int) -> bool:
    """Return whether a process is facilityd's: in another container it may be anybody's number."""
    try:
        return b"facilityd" in (PROC / str(number) / "cmdline").read_bytes()
    except OSError:
        return False


def _limit(number: int) -> int:
    try:
        lines = (PROC / str(number) / "limits").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[3]) for line in lines if line.startswith("Max open files"))
    except (OSError, ValueError, StopIteration):
        return 0
