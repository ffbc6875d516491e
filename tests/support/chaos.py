"""Ten minutes in which everything outside misbehaves at random, and real faults happen all the same."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from devices.unit import MqttLink
from facilityd.cli.simulate import build_square
from facilityd.model.notice import Purpose
from facilityd.model.sample import NS
from facilityd.notify.mail import message
from facilityd.scenario.real_runtime import free_ports
from facilityd.store.reader import JournalReader
from simulators.site import serve
from simulators.square import Square, live
from support.crash_recovery import SINK, Figures, figures, the_rest
from support.daemon import Command, daemon, running, until
from support.fault_injection import FaultInjector, inject_faults
from support.fault_proxy import fault_proxy
from support.influxd import influxd
from support.mosquitto import Mosquitto
from support.notification_receivers import ReceivedNotices, notification_receivers
from support.site import SiteFolder, make_square

OWN_LINKS = ("pole-bus", "dali", "fountain-plc")
"""Everything on these may be harmed in every mode."""
SHARED = ("gate-base-meter", "gate-wall-meter", "museum-west-meter", "fountain-1-pump", "fountain-5-pump")
"""Units whose neighbours on the wire must not feel what becomes of them."""
LANTERNS = ("lantern-1-plug", "lantern-2-plug")
FAULTS = (
    (0.10, "fire-gate", "active", "active"), (0.30, "hoist-1", "estop", "emergency-stop"),
    (0.55, "fire-museum", "active", "active"), (0.80, "hoist-room-water", "active", "active"),
)  # fmt: skip
"""When (share of the time), on which device, which simulated fault, and the rule that must be heard."""


@dataclass
class Chaos:
    """What came of it, beside what arrived. ``heard`` in s from a fault to the first person told, by device."""

    arrived: Figures
    acts: Counter[str]
    heard: dict[str, float | None]
    false: list[str]
    lost_notices: int
    marked: int
    unmarked: int
    ends: list[str]
    resident: list[float]

    @property
    def zeros(self) -> dict[str, int]:
        """Everything that must be 0."""
        a = self.arrived
        return {
            "samples lost": a.missing, "foreign": a.foreign, "wrong": a.wrong, "doubled": a.doubled, "parked": a.dead_letter_lines,
            "out of order": a.disordered, "false alarms": len(self.false), "notices lost": self.lost_notices,
            "notices doubled unmarked": self.unmarked, "critical alarms unheard": list(self.heard.values()).count(None),
            "unexpected ends": len(self.ends), "tracebacks": a.tracebacks,
        }  # fmt: skip

    def text(self) -> str:
        heard = ", ".join(f"{d} {'never' if s is None else f'{s:.0f} s'}" for d, s in self.heard.items())
        rss = f"at most {max(self.resident):.0f} MB, {self.resident[-1]:.0f} MB at the end"
        lines = [f"{count:5} x {act}" for act, count in sorted(self.acts.items())]
        a = self.arrived
        lines.append(
            f"{a.seconds:.0f} s, {self.acts.total()} mischiefs; samples {a.samples}, points {a.points}"
        )
        lines.append(
            f"resident {rss}; heard after: {heard}; notices doubled under the same key: {self.marked}"
        )
        lines += [f"{what}: {count}" for what, count in self.zeros.items()]
        return "\n".join([*lines, *self.false, *self.ends])


@dataclass
class DaemonMonitor:
    """The daemon, looked at all the time: whether it ended by itself, and what memory it takes (MB)."""

    place: FaultInjector
    ends: list[str] = field(default_factory=list)
    resident: list[float] = field(default_factory=list)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            async with self.place.busy:
                if not self.place.watching.alive:
                    self.ends.append(self.place.watching.text()[-1500:])
                    await self.place.watching.start()
                self.resident.append(_resident(self.place.watching.process.pid))


def _resident(process: int) -> float:
    with contextlib.suppress(OSError, IndexError):
        pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
        return pages * 4096 / 2**20
    return 0.0


async def chaos(
    folder: Path, seconds: float, seed: int = 1, scale: float = 1.0, settle: float = 720.0
) -> Chaos:
    """Let it happen, let it settle for at most ``settle`` s, and count."""
    made = _site(folder)
    async with AsyncExitStack() as stack:
        place, told, square = await _world(stack, made, folder, seed, scale)
        async with running(place.watching):
            with await _begun(made, place.watching) as reader:
                watch = DaemonMonitor(place)
                begin, seeded = time.time_ns(), dict[str, int]()
                async with _beside(watch.run()):
                    async with asyncio.TaskGroup() as group:
                        group.create_task(_faults(square, seconds, seeded))
                        group.create_task(inject_faults(place, seconds, seed))
                    await _settled(reader, told, seeded, settle)
                end = time.time_ns()
            code = await place.watching.end(15)
            if code:
                watch.ends.append(f"the end: {code}\n{place.watching.text()[-1500:]}")
        await the_rest(made, place.influxd)
        arrived = await figures(made, place.influxd, place.watching, (begin, end), [], 0)
        return _count(made, arrived, place, told, watch, seeded)


@asynccontextmanager
async def _beside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _site(folder: Path) -> SiteFolder:
    made = make_square(folder / "site")
    made.edit("links.yaml", lambda text: text.replace(', version: "3.1.1", qos: 0', ""))
    return made


async def _world(
    stack: AsyncExitStack, made: SiteFolder, folder: Path, seed: int, scale: float
) -> tuple[FaultInjector, ReceivedNotices, Square]:
    site, (webhook, mail) = made.site, free_ports(2)
    link = next(one for one in site.links.values() if isinstance(one, MqttLink))
    broker = await stack.enter_async_context(Mosquitto(folder, port=link.port))
    (folder / "influxd").mkdir()
    server = await stack.enter_async_context(influxd(folder / "influxd"))
    told = await stack.enter_async_context(notification_receivers(webhook, mail))
    front = free_ports(1)[0]
    proxies = {
        "influx": await stack.enter_async_context(fault_proxy(front, server.port)),
        "webhook": await stack.enter_async_context(fault_proxy(made.webhook, webhook)),
        "mail": await stack.enter_async_context(fault_proxy(made.smtp, mail, greets=True)),
    }
    square = build_square(site, "", seed)
    units = list(site.units.values())
    served = await stack.enter_async_context(serve(units, list(site.links.values()), live(square)))
    sink = folder / "sink.yaml"
    sink.write_text(SINK % f"http://127.0.0.1:{front}", encoding="utf-8")
    watching = daemon(made.folder, sink, log=folder / "daemon.log", E2E_TOKEN=server.token)
    own = [unit.id for unit in units if unit.link in OWN_LINKS]
    topics = [unit.topic for unit in units if unit.id in LANTERNS]
    inbox = made.journal.with_name("journal.db.inbox")
    place = FaultInjector(
        served, watching, server, broker, replace(link), proxies, inbox, own, list(SHARED), list(LANTERNS), topics,
        random.Random(seed), scale,
    )  # fmt: skip
    return place, told, square


async def _begun(made: SiteFolder, watching: Command) -> JournalReader:
    """Return a reader once every device has been seen: what nobody ever saw cannot be watched."""
    await until(made.journal.exists, 60)
    await asyncio.sleep(15)
    assert watching.alive, watching.text()[-2000:]
    return JournalReader.open(made.journal)


async def _faults(square: Square, seconds: float, seeded: dict[str, int]) -> None:
    begin = time.monotonic()
    for share, device, name, _ in FAULTS:
        await asyncio.sleep(max(0.0, begin + share * seconds - time.monotonic()))
        seeded[device] = time.time_ns()
        square.fault(device, name)


async def _settled(
    reader: JournalReader, told: ReceivedNotices, seeded: dict[str, int], seconds: float
) -> None:
    """Wait until no notice waits; a channel that was refused is tried again every ten minutes at the latest."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.sleep(10)
            while _waiting(reader) or not all(_heard(reader, told, device) for device in seeded):
                await asyncio.sleep(1)


def _heard(reader: JournalReader, told: ReceivedNotices, device: str) -> float | None:
    """Return when the first person was told that the device's seeded rule is true, in s UTC."""
    rule = next(rule for _, one, _, rule in FAULTS if one == device)
    notices = [entry.notice for entry in reader.outbox()]
    raised = [n for n in notices if (n.device, n.rule, n.purpose) == (device, rule, Purpose.RAISED)]
    keys = {notice.key for notice in raised}
    mails = {
        str(message(notice, "facilityd@square.example", "x@square.example")["Message-ID"])
        for notice in raised
    }
    came = [at for at, post in told.posted if post["key"] in keys]
    came += [at for at, mail in told.mailed if str(mail["Message-ID"]) in mails]
    return min(came, default=None)


def _count(
    made: SiteFolder,
    arrived: Figures,
    place: FaultInjector,
    told: ReceivedNotices,
    watch: DaemonMonitor,
    seeded: dict[str, int],
) -> Chaos:
    keys = Counter(post["key"] for post in told.posts) + Counter(
        str(mail["Message-ID"]) for mail in told.mails
    )
    same = {(p["device"], p["rule"], p["occurrence"], p["purpose"], p["at_ns"]) for p in told.posts}
    with JournalReader.open(made.journal) as reader:
        lost = _waiting(reader) + _refused(reader)
        false = _false(made, reader, place, seeded)
        heard = {device: _heard(reader, told, device) for device in seeded}
    after = {device: at and at - seeded[device] / NS for device, at in heard.items()}
    return Chaos(
        arrived, place.count, after, false, lost, keys.total() - len(keys),
        len({post["key"] for post in told.posts}) - len(same), watch.ends, watch.resident,
    )  # fmt: skip


def _waiting(reader: JournalReader) -> int:
    """Count the notices that have not been delivered yet."""
    return sum(count for count, _ in reader.waiting_on().values())


def _refused(reader: JournalReader) -> int:
    """Count notices that were given up while what they told of stood."""
    standing = {(s.device, s.rule, s.occurrence) for s in reader.alarms() if s.active or s.latched}
    entries = [entry for entry in reader.outbox() if entry.state == "rejected"]
    return sum((e.notice.device, e.notice.rule, e.notice.occurrence) in standing for e in entries)


def _false(
    made: SiteFolder, reader: JournalReader, place: FaultInjector, seeded: dict[str, int]
) -> list[str]:
    """Return what people were told of devices that nobody harmed, or of harmed ones but for their silence."""
    site, harmed = made.site, {*place.own_victims, *place.shared_victims, *place.mqtt_victims}
    units = site.units
    links = {f"link-{units[unit].link}" for unit in harmed} | {"facilityd"}
    touched = {d.id for d in site.devices.values() if harmed & {stream.unit for stream in d.streams}}
    silent = {
        (d.id, n)
        for d in site.devices.values()
        for n, r in d.family.rules.items()
        if r.detect.kind == "silence"
    }
    wrong = []
    for one in {entry.notice for entry in reader.outbox() if entry.notice.purpose is Purpose.RAISED}:
        known = one.device in seeded and one.at >= seeded[one.device]
        quiet = one.device in touched and (one.device, one.rule) in silent
        if not (known or quiet or one.device in links):
            if one.device.startswith("channel-"):
                continue  # every channel is made to misbehave: what is said of one is true
            wrong.append(f"false: {one.device} {one.rule} at {one.at}: {one.subject}")
    return sorted(set(wrong))
