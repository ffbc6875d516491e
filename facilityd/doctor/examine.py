"""The table of checks, and how they are made: side by side, each within its time, a broken one alone."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from devices.mqtt.sparkplug import filters_of
from devices.mqtt.unit_decoder import UnitDecoder
from devices.unit import ModbusLink, MqttLink
from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.doctor import certificates, files, influxdb, machine, network, ports, process
from facilityd.doctor.edge_nodes import NODE_FIGURES, edge_nodes
from facilityd.doctor.polling import FIGURES, polling
from facilityd.doctor.verdict import Findings, Probe, ProbeResult, Verdict
from facilityd.errors import ConfigError, FacilitydError
from facilityd.model.settings import InfluxSettings
from facilityd.model.tls import TlsFiles
from facilityd.query.liveness import Liveness
from facilityd.query.site import SiteQuery
from facilityd.store.heartbeat_file import read_heartbeat

log = logging.getLogger(__name__)

LIMIT_S = 15.0
"""The longest that one look may take."""
AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """All results, in the order of the table."""

    site: Site | None
    results: tuple[ProbeResult, ...]

    @property
    def worst(self) -> Verdict:
        """The gravest result."""
        order = list(Verdict)
        return max((one.verdict for one in self.results), key=order.index, default=Verdict.OK)

    def plain(self) -> dict[str, Any]:
        """Return data for JSON."""
        return {
            "site": self.site.id if self.site else None, "outcome": self.worst.value,
            "results": [one.plain() for one in self.results],
        }  # fmt: skip


@dataclass(slots=True)
class _Known:
    """What is looked up once, before the checks: they run in threads, and the journal is one thread's."""

    site: Site
    liveness: Liveness | None = None
    up: dict[str, bool] = field(default_factory=dict)
    figures: dict[str, dict[str, float]] = field(default_factory=dict)
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    daemon: int = 0


def examine(paths: Sequence[Path], limit: float = LIMIT_S) -> DoctorReport:
    """Check an installation, or without ``paths`` this machine alone. Raises nothing for what is wrong."""
    probes = [Probe("program", "", machine.program), Probe("language", "", machine.language)]
    site, found = _site(paths) if paths else (None, [])
    if site is None:
        probes += [
            Probe("limits", "", partial(machine.limits, 0)),
            Probe("clock", "", partial(machine.clock, "UTC")),
        ]
    else:
        probes += _of_site(_look_up(site))
    return DoctorReport(site, (*found, *_made(probes, limit)))


def _site(paths: Sequence[Path]) -> tuple[Site | None, list[ProbeResult]]:
    """Return the site with its secrets, else without, else none; and what is wrong with its files."""
    said = Findings("configuration")
    try:
        site = load(*paths)
    except ConfigError as error:
        return _without_secrets(paths, said, error)
    except FacilitydError as error:
        return None, [said.fail("config-wrong", count=1, first=error)]
    if site.warnings:
        return site, [said.warn("config-warned", count=len(site.warnings), first=site.warnings[0])]
    return site, [said.ok("config-ok", devices=len(site.devices), links=len(site.links))]


def _without_secrets(
    paths: Sequence[Path], said: Findings, error: ConfigError
) -> tuple[Site | None, list[ProbeResult]]:
    first = str(error.problems[0]) if error.problems else str(error)
    try:
        site = load(*paths, secrets=False)
    except FacilitydError:
        return None, [said.fail("config-wrong", count=len(error.problems), first=first)]
    return site, [said.fail("config-secrets", first=first)]


def _look_up(site: Site) -> _Known:
    known, path = _Known(site), Path(site.store.path)
    beat = read_heartbeat(path)
    known.daemon = beat.pid if beat else 0
    try:
        with SiteQuery(site) as query:
            known.liveness = query.liveness()
            watched = known.liveness.state in ("running", "full")
            rows = (
                query.devices(tuple(f"link-{name}" for name in site.links)) if watched and site.links else []
            )
    except Exception:  # noqa: BLE001 - whatever a damaged journal is like, its own check says so
        return known
    for row in rows:
        good = {one.signal: one.value for one in row.signals if one.quality == "good"}
        link = row.device.removeprefix("link-")
        known.up[link] = good.get("up") is True
        known.figures[link] = {
            name: value for name in FIGURES if isinstance(value := good.get(name), int | float)
        }
        known.nodes[link] = {name: good[name] for name in NODE_FIGURES if name in good}
    return known


def _of_site(known: _Known) -> Iterator[Probe]:
    """Yield the probes of a site: the table of checks."""
    site = known.site
    yield Probe("limits", "", partial(machine.limits, len(site.links)))
    yield Probe("clock", "", partial(machine.clock, site.timezone))
    yield Probe("disk", "", partial(files.disk, site))
    yield Probe("permissions", "", partial(files.permissions, site))
    yield Probe("journal", "", partial(files.journal, site))
    yield Probe("leftovers", "", partial(files.leftovers, site))
    yield Probe("daemon", "", partial(process.daemon, site, known.liveness))
    for link in site.links.values():
        yield _of_link(known, link)
        if tls := _tls_of(link):
            yield Probe("certificate", link.id, partial(certificates.files, link.id, tls))
        if known.up.get(link.id):
            yield Probe("polling", link.id, partial(polling, link.id, known.figures[link.id]))
            if isinstance(link, MqttLink) and link.sparkplug:
                yield Probe("edge-nodes", link.id, partial(edge_nodes, link, known.nodes[link.id]))
    for sink in site.sinks.values():
        if isinstance(sink, InfluxSettings):
            yield Probe("influxdb", sink.id, partial(influxdb.influxdb, sink))
    for person in site.recipients.values():
        for channel in person.channels:
            yield Probe("channel", channel.id, partial(network.channel, channel))


def _of_link(known: _Known, link: ModbusLink | MqttLink) -> Probe:
    if isinstance(link, MqttLink):
        units = [unit for unit in known.site.units.values() if unit.link == link.id]
        topics = {topic for unit in units for topic in UnitDecoder(unit).topics}
        if link.sparkplug is not None:
            topics = set(filters_of(unit.topic for unit in units))
        return Probe("broker", link.id, partial(network.broker, link, topics))
    if link.serial_port:
        return Probe("serial-port", link.id, partial(ports.serial_port, link, known.daemon))
    return Probe("endpoint", link.id, partial(network.endpoint, link, known.up.get(link.id)))


def _tls_of(link: ModbusLink | MqttLink) -> TlsFiles | None:
    if isinstance(link, ModbusLink):
        return link.tls
    return TlsFiles(link.ca, link.certificate, link.key) if link.ca else None


def _made(probes: Iterable[Probe], limit: float) -> Iterator[ProbeResult]:
    """Yield the results in the order of the probes; so many at once, each within its time."""
    waiting = list(probes)
    for first in range(0, len(waiting), AT_ONCE):
        looks = [_Look(one) for one in waiting[first : first + AT_ONCE]]
        deadline = time.monotonic() + limit
        for look in looks:
            look.thread.join(max(0.0, deadline - time.monotonic()))
            yield from look.results(limit)


class _Look:
    """One probe in a thread of its own; where it does not come back it is left behind."""

    def __init__(self, probe: Probe) -> None:
        self._probe, self._found = probe, list[ProbeResult]()
        self._said = Findings(probe.check, probe.subject)
        self.thread = threading.Thread(target=self._run, name=f"check {probe.check}", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            found = list(self._probe.look())
        except OSError as error:
            found = [self._said.unknown("not-readable", why=error.strerror or str(error))]
        except Exception as error:  # a check that breaks says nothing of the others
            log.debug("%s failed", self._probe.check, exc_info=True)
            found = [self._said.unknown("check-broken", kind=type(error).__name__)]
        self._found = found

    def results(self, limit: float) -> Sequence[ProbeResult]:
        """Return what was found by now."""
        if self.thread.is_alive():
            return [self._said.unknown("took-too-long", seconds=f"{limit:.0f}")]
        return self._found
