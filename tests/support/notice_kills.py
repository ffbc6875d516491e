"""The daemon killed again and again between the commit of a notice and its receipt, with real peers.

A real SMTP server, a real web server and a real Mosquitto stand behind proxies that are slow at each step. Each
kill comes at a random moment while the journal has notices that are not done with.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiomqtt

from facilityd.config.load import load
from facilityd.model.alarm import ChangeKind
from facilityd.model.notice import Notice
from facilityd.notify.mail import message
from facilityd.store.batch import Delivery
from facilityd.store.reader import JournalReader
from simulators.site import serve
from support.daemon import Command, daemon, journal_of, running, until
from support.mosquitto import Mosquitto
from support.notification_receivers import ReceivedNotices, notification_receivers
from support.servers import free_port
from support.slow_proxy import SlowProxy, slow_proxy

DEVICES = [f"contact-{n}" for n in range(8)]
STEP_S = 0.02
"""The longest that a proxy holds one piece of a conversation."""
WINDOW_S = 0.4
"""A kill comes so long after a commit at most: nearly as long as everything takes to be delivered."""
FAR = 1 << 62
SENDER, TO = "facilityd@yard.example", "li@yard.example"
SITE = """\
site: {id: yard, name: {zh: 场院, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
store: {path: FOLDER/run/journal.db}
alarms: {safety: {hold: 0s, repeat_window: 0s}, asset: {hold: 0s, repeat_window: 0s}}
links: {io: {protocol: modbus-tcp, host: 127.0.0.1, port: IO}}
units: {contacts: {link: io, profile: moxa_iologik_e1212, device_id: 1, period: 100ms}}
devices:
CONTACTS
recipients:
  li: {name: {zh: 李工, en: Li}, language: zh, channels: [{kind: email, to: li@yard.example, sender: facilityd@yard.example, host: 127.0.0.1, port: MAIL}]}
  wang: {name: {zh: 王工, en: Wang}, language: zh, channels: [{kind: webhook, url: "http://127.0.0.1:HOOK/notice"}]}
  zhao: {name: {zh: 赵工, en: Zhao}, language: en, channels: [{kind: mqtt, host: 127.0.0.1, port: BROKER}]}
"""
CONTACT = "  {name}: {{family: contact, name: {{zh: 触点{n}, en: Contact {n}}}, signals: {{active: contacts.input_{n}}}, rules: {{active: {{on_delay: 100ms, off_delay: 100ms}}}}}}"  # fmt: skip


@dataclass
class Receipts:
    """What arrived at the peers, in order, by channel: the marks by which a reader knows a double."""

    web: ReceivedNotices
    events: list[str] = field(default_factory=list)
    """The key of each event on the broker."""
    standing: dict[str, bool] = field(default_factory=dict)
    """What each retained topic says last: whether the alarm stands."""

    def of(self, notices: Sequence[Notice]) -> dict[str, list[str]]:
        """Return the keys that arrived, by recipient; of a mail, by its Message-ID, "?" for a strange one."""
        mails = {str(message(n, SENDER, TO)["Message-ID"]): n.key for n in notices if n.recipient == "li"}
        return {
            "li": [mails.get(str(mail["Message-ID"]), "?") for mail in self.web.mails],
            "wang": [str(post["key"]) for post in self.web.posts],
            "zhao": list(self.events),
        }


@dataclass
class KillFigures:
    """What came of it. ``copies`` counts notices by how often they arrived."""

    kills: int = 0
    unreceived: int = 0
    """Kills while the journal had a notice that had not arrived."""
    unrecorded: int = 0
    """Kills while the journal had a notice that had arrived, and did not know it."""
    notices: int = 0
    copies: Counter[int] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    unmarked: list[str] = field(default_factory=list)
    beyond: list[str] = field(default_factory=list)
    """Notices that arrived more often than once and once more for each kill that met them."""
    disordered: list[str] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)
    """Changes that somebody was not told of."""
    standing: list[str] = field(default_factory=list)
    """Retained topics that say another thing than the alarm's end."""
    tracebacks: int = 0

    @property
    def zeros(self) -> dict[str, int]:
        """Everything that must be 0."""
        return {
            "notices lost": len(self.lost), "unmarked doubles": len(self.unmarked),
            "doubles beyond one for a kill": len(self.beyond), "cleared before raised": len(self.disordered),
            "changes untold": len(self.untold), "retained topics wrong": len(self.standing),
            "tracebacks": self.tracebacks,
        }  # fmt: skip

    def text(self) -> str:
        copies = ", ".join(f"{count} arrived {times} x" for times, count in sorted(self.copies.items()))
        when = f"{self.unreceived} before a receipt, {self.unrecorded} between a receipt and its record"
        lines = [
            f"{self.kills} kills: {when}",
            f"{self.notices} notices: {copies}",
            *(f"{what}: {count}" for what, count in self.zeros.items()),
        ]
        wrong = (*self.lost, *self.unmarked, *self.beyond, *self.disordered, *self.untold, *self.standing)
        return "\n".join([*lines, *wrong[:20]])


@dataclass
class KilledSite:
    """The daemon, its peers and the contacts that it watches."""

    folder: Path
    truth: dict[tuple[str, str], bool]
    watching: Command
    receipts: Receipts
    proxies: list[SlowProxy]
    dice: random.Random
    met: Counter[str] = field(default_factory=Counter)
    """How many kills each notice met while it was open."""

    async def kill_once(self, reader: JournalReader, figures: KillFigures, *, again: bool) -> None:
        """Start it, let something happen, and kill it while notices are open; ``again``: in a recovery."""
        await self.watching.start()
        if again:
            await until(lambda: any(proxy.open for proxy in self.proxies), 60, 0.003)
        else:
            await until(lambda: not reader.waiting_on(), 60, 0.01)
        for device in self.dice.sample(DEVICES, self.dice.randint(1, 3)):
            self.truth[device, "active"] = not self.truth[device, "active"]
        await until(reader.waiting_on, 60, 0.003)
        await asyncio.sleep(self.dice.uniform(0, WINDOW_S))
        await self.watching.kill()
        await until(lambda: not any(proxy.open for proxy in self.proxies), 60, 0.01)
        self._note(reader, figures)

    def _note(self, reader: JournalReader, figures: KillFigures) -> None:
        open_ = [entry.notice for entry in reader.due(FAR)]
        if not open_:
            return
        arrived = {key for keys in self.receipts.of(open_).values() for key in keys}
        self.met.update(one.key for one in open_)
        figures.kills += 1
        figures.unreceived += any(one.key not in arrived for one in open_)
        figures.unrecorded += any(one.key in arrived for one in open_)


async def notice_kills(folder: Path, kills: int, seed: int, again: float = 0.25) -> KillFigures:
    """Kill it so often, let it deliver what is left, and count; ``again``: the share of kills in a recovery.

    Only kills that met an open notice count.
    """
    figures = KillFigures()
    async with _site(folder, seed) as made:
        async with running(made.watching):
            (await journal_of(folder / "run" / "journal.db", made.watching)).close()
        with JournalReader.open(folder / "run" / "journal.db") as reader:
            while figures.kills < kills:
                recovers = bool(reader.waiting_on()) and made.dice.random() < again
                await made.kill_once(reader, figures, again=recovers)
            await _end(made, reader)
            _count(made, reader, figures)
    return figures


@asynccontextmanager
async def _site(folder: Path, seed: int) -> AsyncIterator[KilledSite]:
    mail, hook, io = free_port(), free_port(), free_port()
    truth = {(device, "active"): False for device in DEVICES}
    async with AsyncExitStack() as stack:
        received = await stack.enter_async_context(notification_receivers(hook, mail))
        broker = await stack.enter_async_context(Mosquitto(folder))
        receipts = Receipts(received)
        await stack.enter_async_context(_subscribed(broker.port, receipts))
        proxies = [
            await stack.enter_async_context(slow_proxy(port, STEP_S, seed + n))
            for n, port in enumerate((mail, hook, broker.port))
        ]
        ports = dict(zip(("MAIL", "HOOK", "BROKER"), (str(one.port) for one in proxies), strict=True))
        text = SITE.replace("CONTACTS", "\n".join(CONTACT.format(name=d, n=n) for n, d in enumerate(DEVICES)))
        for name, value in {"IO": str(io), "FOLDER": str(folder), **ports}.items():
            text = text.replace(name, value)
        (folder / "site.yaml").write_text(text, encoding="utf-8")
        site = load(folder)
        units = list(site.units.values()), list(site.links.values())
        await stack.enter_async_context(serve(*units, lambda: truth, tick=0.02))
        watching = daemon(folder, log=folder / "daemon.log")
        yield KilledSite(folder, truth, watching, receipts, proxies, random.Random(seed))


@asynccontextmanager
async def _subscribed(port: int, receipts: Receipts) -> AsyncIterator[None]:
    ready = asyncio.Event()

    async def read() -> None:
        async with aiomqtt.Client("127.0.0.1", port) as client:
            await client.subscribe("facilityd/#", qos=1)
            ready.set()
            async for said in client.messages:
                text = json.loads(bytes(said.payload))
                if str(said.topic).endswith("/event"):
                    receipts.events.append(text["key"])
                else:
                    receipts.standing[str(said.topic)] = text["active"]

    task = asyncio.create_task(read())
    await ready.wait()
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _end(made: KilledSite, reader: JournalReader) -> None:
    """Let all be well, and everything be delivered."""
    await made.watching.start()
    await until(lambda: not reader.waiting_on(), 60, 0.05)
    made.truth.update(dict.fromkeys(made.truth, False))
    await until(lambda: not any(s.active and s.device in DEVICES for s in reader.alarms()), 60, 0.05)
    await until(lambda: not reader.waiting_on(), 60, 0.05)
    await made.watching.stop()


def _count(made: KilledSite, reader: JournalReader, figures: KillFigures) -> None:
    entries = reader.outbox()
    notices = {entry.notice.key: entry.notice for entry in entries}
    arrived = made.receipts.of(list(notices.values()))
    copies = Counter(key for keys in arrived.values() for key in keys)
    figures.notices = len(notices)
    figures.copies = Counter(copies[key] for key in notices)
    figures.lost = [f"lost: {key}" for key in notices if not copies[key]]
    figures.lost += [
        f"not accepted: {entry.notice.key}" for entry in entries if entry.state is not Delivery.ACCEPTED
    ]
    figures.unmarked = [f"unmarked: {key}" for key in copies if key not in notices]
    figures.beyond = [f"beyond: {key} x {copies[key]}" for key in notices if copies[key] > 1 + made.met[key]]
    figures.disordered = [line for keys in arrived.values() for line in _disordered(keys, notices)]
    figures.untold = _untold(reader, notices)
    standing = [topic for topic, active in made.receipts.standing.items() if active and "/contact-" in topic]
    figures.standing = [f"stands: {topic}" for topic in standing]
    figures.tracebacks = made.watching.text().count("Traceback")


def _disordered(keys: Sequence[str], notices: dict[str, Notice]) -> list[str]:
    """Return the ends that came before their beginnings, and beginnings that came again after their ends."""
    known, wrong = dict[tuple[str, str, int], list[str]](), list[str]()
    for key in keys:
        if one := notices.get(key):
            before = known.setdefault((one.device, one.rule, one.occurrence), [])
            if (one.purpose == "cleared" and "raised" not in before) or (
                one.purpose == "raised" and "cleared" in before
            ):
                wrong.append(f"disordered: {key} after {before}")
            before.append(one.purpose)
    return wrong


def _untold(reader: JournalReader, notices: dict[str, Notice]) -> list[str]:
    told = Counter((n.device, n.rule, n.occurrence, n.purpose) for n in notices.values())
    kinds = {ChangeKind.RAISE: "raised", ChangeKind.CLEAR: "cleared"}
    changes = [row.change for row in reader.changes() if row.change.device in DEVICES]
    return [
        f"untold: {c.device} {c.kind} {c.occurrence}"
        for c in changes
        if c.kind in kinds and told[c.device, c.rule, c.occurrence, kinds[c.kind]] != 3
    ]
