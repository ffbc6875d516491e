"""Scanning a link that a daemon watches: the daemon is asked, and looks on its own line between its polls."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from devices.profile import ModbusProfile
from devices.tables import profiles
from devices.unit import ModbusLink
from facilityd.cli.init_files import AnyProfile, NewUnit, proposed_units
from facilityd.cli.output import say, warn
from facilityd.cli.scan_run import TIMEOUT_S, where
from facilityd.cli.words import sentence
from facilityd.config.load import home_of, journal_of, load
from facilityd.doctor.ports import holders, watches
from facilityd.errors import ConfigError, FacilitydError, UsageError
from facilityd.model.command import ScanLink, StopScan
from facilityd.model.measure import spell_duration
from facilityd.model.message import Wording
from facilityd.model.refusal import read
from facilityd.model.sample import NS
from facilityd.model.scan_result import ScanResult
from facilityd.query.words import listed
from facilityd.store.files import is_held
from facilityd.store.reader import JournalReader
from facilityd.supervise.inbox import Inbox, here, whoami

if TYPE_CHECKING:
    from facilityd.config.site import Site
    from facilityd.model.command_record import CommandRecord
    from facilityd.model.text import Language

LOOK_S = 0.2
_BARE = re.compile(r"[^.:]*[^.:0-9][^.:]*")
"""A name that may be a link's or a host's."""
GRACE_S = 30.0
"""s that the daemon has beyond a scan's own time to put its result on record."""
AFTER_CTRL_C_S = 15.0
"""s that it has to end one that was cancelled."""


@dataclass(frozen=True, slots=True)
class SiteLine:
    """A link of a site, by what the files say."""

    site: Site
    link: ModbusLink

    @property
    def journal(self) -> Path:
        """Return where the daemon's journal lies."""
        return Path(self.site.store.path)

    def models(self) -> dict[str, ModbusProfile]:
        """Return the models that the daemon knows, those beside the site among them."""
        found = profiles(home_of(Path(self.site.source)))
        return {name: one for name, one in found.items() if isinstance(one, ModbusProfile)}

    @property
    def watched(self) -> bool:
        """Return whether a daemon polls it now."""
        return bool(self.site.units_of(self.link.id)) and is_held(self.journal)


@dataclass(frozen=True, slots=True)
class ScanLines:
    """What of a scan is a link of a site: ``watched`` by a daemon, or ``idle``; and what is none."""

    watched: list[SiteLine]
    idle: list[SiteLine]
    endpoints: list[tuple[str, int]]
    ports: list[str]


def site_lines(
    path: Path | None, endpoints: Iterable[tuple[str, int]], ports: Iterable[str], usual: int,
    language: Language,
) -> ScanLines:  # fmt: skip
    """Sort what is to be scanned; ``usual``: the port of an endpoint that says none (0).

    A serial port that a daemon has open is a link of that daemon's site. Raises UsageError for a link of
    another kind, ConfigError where a daemon runs and its site's files have mistakes.
    """
    site, found = _site(path), ScanLines([], [], [], [])
    for host, port in endpoints:
        named = None if port else _named(site, host)
        line = named or _at(site, host, port or usual)
        if line and line.watched:
            found.watched.append(line)
        elif named:
            found.idle.append(named)
        else:
            if site and not port and _BARE.fullmatch(host):
                known = listed(sorted(site.links), language)
                warn(sentence("scan-no-link", language, host=host, site=site.source, known=known))
            found.endpoints.append((host, port))
    for one in ports:
        line = _of_port(site or _site_of_daemon(one), one)
        if line and line.watched:
            found.watched.append(line)
        else:
            found.ports.append(one)
    return found


def _site(path: Path | None) -> Site | None:
    if path is None:
        return None
    try:
        return load(path, secrets=False)
    except ConfigError:
        journal = journal_of(path)
        if journal is not None and is_held(journal):
            raise
        return None  # half written: nobody watches it yet


def _named(site: Site | None, name: str) -> SiteLine | None:
    """Return a link of a site by its name. Raises UsageError for a broker."""
    link = site.links.get(name) if site else None
    if site is None or link is None:
        return None
    if not isinstance(link, ModbusLink):
        raise UsageError(Wording("command.scan-kind", link=name))
    return SiteLine(site, link)


def _at(site: Site | None, host: str, port: int) -> SiteLine | None:
    for link in site.links.values() if site else ():
        if isinstance(link, ModbusLink) and not link.serial_port and (link.host, link.port) == (host, port):
            return SiteLine(site, link) if site else None
    return None


def _of_port(site: Site | None, port: str) -> SiteLine | None:
    wanted = os.path.realpath(port)
    for link in site.links.values() if site else ():
        if isinstance(link, ModbusLink) and link.serial_port and os.path.realpath(link.serial_port) == wanted:
            return SiteLine(site, link) if site else None
    return None


def _site_of_daemon(port: str) -> Site | None:
    """Return the site of the daemon that has a serial port open."""
    holding = holders(Path(port)) if Path(port).exists() else ()
    paths = next((found for number, _ in holding if (found := watches(number))), ())
    return load(*paths, secrets=False) if paths else None


def refuse_other_settings(line: SiteLine, speeds: Sequence[int] | None, parity: str | None) -> None:
    """Refuse other speeds than the line's: its units would hear nothing. None: nothing was said of it.

    Raises UsageError.
    """
    link = line.link
    if (speeds is None or tuple(speeds) == (link.baudrate,)) and parity in (None, link.parity):
        return
    hint = Wording("ask.scan-without-speed")
    raise UsageError(Wording("ask.scan-own-speed", link=link.id, settings=where(link)), hint=hint)


def ask_daemons(
    lines: Iterable[SiteLine], ids: Sequence[int], timeout: int | None, within: int, language: Language
) -> list[ScanResult]:
    """Have the daemons look, one link after the other; return what they found. As ``ask_daemon``."""
    return [ask_daemon(line, ids, timeout, within, language) for line in lines]


def ask_daemon(
    line: SiteLine, ids: Sequence[int], timeout: int | None, within: int, language: Language
) -> ScanResult:
    """Have the daemon look; return what it found. ``timeout`` and ``within`` in ns.

    Ctrl-C ends it with what it found so far. Raises FacilitydError where it refuses, or is gone.
    """
    command = ScanLink(
        person=whoami(), origin=here(), link=line.link.id, ids=list(ids),
        timeout=timeout or round(TIMEOUT_S[line.link.protocol] * NS), within=within,
    )  # fmt: skip
    Inbox(line.journal).drop(command)
    about = {"link": line.link.id, "where": where(line.link), "within": spell_duration(within)}
    say(sentence("scan-asks-daemon", language, **about), err=True)
    out, seconds = Console(stderr=True), within / NS + GRACE_S
    with out.status(line.link.id) if out.is_terminal else contextlib.nullcontext():
        try:
            record = _record(line, command, seconds)
        except KeyboardInterrupt:
            stop = StopScan(person=whoami(), origin=here(), scan=command.id)
            Inbox(line.journal).drop(stop)
            record = _record(line, command, AFTER_CTRL_C_S)
    if record.refusal:
        raise FacilitydError(Wording("command.refused", why=read(record.refusal)))
    return ScanResult.model_validate(record.payload["found"], strict=False)


def _record(line: SiteLine, command: ScanLink, seconds: float) -> CommandRecord:
    """Wait for the result. Raises FacilitydError where the daemon ends without one, or says nothing."""
    deadline = time.monotonic() + seconds
    while True:
        alive = is_held(line.journal)  # asked first: the last that it did was to put the result on record
        with JournalReader.open(line.journal) as reader:
            if reader.command_result(command.id) is not None:
                return next(one for one in reader.commands(command.at) if one.id == command.id)
        if not alive:
            Inbox(line.journal).withdraw(command.id)  # the next daemon need not do it for nobody
            hint = Wording("ask.scan-without-daemon")
            raise FacilitydError(Wording("ask.scan-daemon-gone", link=line.link.id), hint=hint)
        if time.monotonic() > deadline:
            Inbox(line.journal).withdraw(command.id)
            raise FacilitydError(Wording("ask.daemon-has-not-answered", seconds=seconds))
        time.sleep(LOOK_S)


def show_proposed(
    lines: Iterable[SiteLine], result: ScanResult, known: Mapping[str, AnyProfile], language: Language
) -> None:
    """Print what would stand in the files of a site for the units that it has not yet."""
    for line in lines:
        site = line.site
        new = [
            NewUnit.of_scan(line.link, unit)
            for link in result.links
            for unit in link.units
            if link.name == line.link.id and not unit.watched and not unit.garbled
        ]
        if new:
            say(sentence("scan-proposed", language, site=site.source))
            taken = {*site.links, *site.units, *site.devices}
            click.echo(proposed_units(new, line.link.id, taken, known, language).rstrip())
