"""Serial ports: there, allowed, free, and under a name that stays."""

from __future__ import annotations

import getpass
import grp
import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from devices.unit import ModbusLink
from facilityd.doctor.verdict import Findings, ProbeResult
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.plain import plain

BY_ID = Path("/dev/serial/by-id")
SHOWN = 5


def serial_port(link: ModbusLink, daemon: int) -> Iterator[ProbeResult]:
    """Check a link's port without opening it; ``daemon`` is the daemon's process, which may have it."""
    said, path = Findings("serial-port", link.id), Path(link.serial_port)
    if not path.exists():
        yield said.fail("port-missing", path=path, known=", ".join(known_ports()) or "-")
        return
    if not os.access(path, os.R_OK | os.W_OK):
        group = _group(path)
        yield said.fail("port-closed", user=getpass.getuser(), path=path, group=group)
    stable = _stable(path)
    if stable:
        yield said.warn("port-number", path=path, stable=stable)
    users = dict(holders(path))
    if daemon in users:
        del users[daemon]
        yield said.ok("port-daemon", path=path)
    elif not users:
        yield said.ok("port-ok", path=path)
    for number, name in users.items():
        if simulates(number):
            yield said.ok("port-simulated", path=path)
        else:
            yield said.fail("port-in-use", path=path, name=name, pid=number)


def holders(path: Path, proc: Path = Path("/proc")) -> Iterator[tuple[int, str]]:
    """Yield number and name of each process that has a file open, of those that we may look into."""
    wanted = os.path.realpath(path)
    for process in proc.iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            if wanted in {os.path.realpath(one) for one in (process / "fd").iterdir()}:
                yield int(process.name), plain((process / "comm").read_text(encoding="utf-8").strip())
        except OSError:
            continue


def refuse_taken(port: str) -> None:
    """Refuse a serial port that another program has open: a bus has one master. Raises UsageError.

    One that plays the units of a bus has its other end.
    """
    path = Path(port)
    for number, name in holders(path) if port and path.exists() else ():
        if simulates(number):
            continue
        what = Wording("ask.port-in-use", name=name, number=number)
        raise UsageError(what, where=port, hint=Wording("ask.one-master"))


def simulates(process: int, proc: Path = Path("/proc")) -> bool:
    """Return whether a process plays the units on its lines: `facilityd simulate serve`."""
    with suppress(OSError):
        words = (proc / str(process) / "cmdline").read_bytes().split(b"\0")
        return any(pair == (b"simulate", b"serve") for pair in pairwise(words))
    return False


def watches(process: int, proc: Path = Path("/proc")) -> tuple[Path, ...]:
    """Return the site that a process watches, where it is a daemon: `facilityd run`; else nothing."""
    with suppress(OSError):
        words = [os.fsdecode(one) for one in (proc / str(process) / "cmdline").read_bytes().split(b"\0")]
        for number, (program, command) in enumerate(pairwise(words), 2):
            if command == "run" and Path(program).name == "facilityd":
                home = (proc / str(process) / "cwd").readlink()
                given = (home / word for word in words[number:] if word and not word.startswith("-"))
                return tuple(one for one in given if one.exists())
    return ()


def _stable(path: Path) -> str:
    """Return the name by which a numbered port is found again; "" where it has none, or is written so."""
    if not path.name.startswith(("ttyUSB", "ttyACM")) or not BY_ID.is_dir():
        return ""
    return next((str(one) for one in BY_ID.iterdir() if one.resolve() == path.resolve()), "")


def known_ports() -> list[str]:
    """Return the serial ports of this machine, by the names that stay where there are such."""
    stable = sorted(map(str, BY_ID.iterdir())) if BY_ID.is_dir() else []
    numbered = sorted(
        str(one) for kind in ("ttyUSB*", "ttyACM*", "ttyS[0-9]") for one in Path("/dev").glob(kind)
    )
    return (stable or numbered)[:SHOWN]


def _group(path: Path) -> str:
    number = path.stat().st_gid
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
