"""The machine and the program: libraries, character set, limits, clock."""

from __future__ import annotations

import locale
import platform
import re
import resource
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import metadata
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import apsw

from facilityd.doctor.verdict import Findings, ProbeResult
from facilityd.supervise.process_figures import clock_state

RELEASED = datetime(2026, 1, 1, tzinfo=UTC)
"""No clock that is right shows an earlier time."""
FILES_EACH, FILES_ALWAYS = 3, 128
_REQUIRED = re.compile(r"([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?\s*([^;]*)")
_BOUND = re.compile(r"(>=|<)\s*([0-9.]+)")


def program() -> Iterable[ProbeResult]:
    """Check that each library is there, in a version that the program was made for."""
    said, found = Findings("program"), []
    for line in metadata.requires("facilityd") or ():
        name, wanted = _parts(line)
        if "extra ==" in line or not name:
            continue
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            found.append(said.fail("library-missing", name=name, wanted=wanted))
            continue
        if not _within(version, wanted):
            found.append(said.warn("library-old", name=name, found=version, wanted=wanted))
    sqlite = apsw.sqlite_lib_version()
    fields = {"version": metadata.version("facilityd"), "python": platform.python_version(), "sqlite": sqlite}
    return found or [said.ok("program-ok", **fields)]


def _parts(line: str) -> tuple[str, str]:
    match = _REQUIRED.match(line)
    return (match[1], match[2].strip().strip("()")) if match else ("", "")


def _within(version: str, wanted: str) -> bool:
    """Return whether a version lies within bounds like ``<4,>=3.1``."""
    have = _numbers(version)
    for relation, bound in _BOUND.findall(wanted):
        limit = _numbers(bound)
        if (have < limit) if relation == ">=" else (have >= limit):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(one) for one in match[0].split(".")] if match else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def language() -> Iterable[ProbeResult]:
    """Check that Chinese can be shown."""
    said, encoding = (
        Findings("language"),
        sys.stdout.encoding or locale.getpreferredencoding(do_setlocale=False),
    )
    try:
        "旗杆".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return [said.warn("language-narrow", encoding=encoding)]
    return [said.ok("language-ok", encoding=encoding)]


def limits(links: int) -> Iterable[ProbeResult]:
    """Check that as many files and sockets may be open as so many links need."""
    said, wanted = Findings("limits"), FILES_ALWAYS + FILES_EACH * links
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= limit < wanted:
        return [said.warn("limits-low", limit=limit, links=links, wanted=wanted)]
    return [said.ok("limits-ok", limit=limit)]


def clock(zone: str) -> Iterable[ProbeResult]:
    """Check that the clock shows a time that can be, is kept in step, and that the site's zone is known."""
    said = Findings("clock")
    try:
        local = datetime.fromtimestamp(time.time(), ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        yield said.fail("zone-missing", zone=zone)
        local = datetime.fromtimestamp(time.time(), UTC)
    if local < RELEASED:
        yield said.fail("clock-wrong", now=local.isoformat(sep=" ", timespec="seconds"))
        return
    kept = clock_state()
    if kept is None:
        yield said.unknown("clock-unknown")
    elif not kept[0]:
        yield said.warn("clock-loose")
    else:
        yield said.ok("clock-ok", error=f"{kept[1] * 1000:.0f}", zone=zone)
