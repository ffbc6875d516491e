"""Faults of the field, the servers and the host, injected into a running daemon at random; each is undone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiomqtt

from devices.unit import MqttLink
from facilityd.errors import UsageError
from simulators.hazards import HAZARDS
from simulators.mqtt_hazards import MQTT_HAZARDS
from simulators.site import ServedSite
from support.daemon import Command
from support.fault_proxy import HANG, PASS, RESET, RESET_AFTER_REQUEST, FaultProxy, ProxyMode
from support.influxd import Influxd
from support.mosquitto import Mosquitto

WIRES = sorted(HAZARDS.keys() - {"word-order"})
"""A wrong word order gives wrong values that nobody can tell from right ones; probe finds it."""
WHOLE_LINE = frozenset({"refused", "half-open", "flapping", "garbage"})
"""What one unit cannot do without its neighbours' losing their line."""
_GBK = "数据库错误：密码不对\x1b[31m".encode("gbk")


def _answer(status: int, *heads: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *heads]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


_HTTP: list[ProxyMode] = [
    HANG, RESET, RESET_AFTER_REQUEST, _answer(500, body=_GBK), _answer(503, "Retry-After: 2", body=b'{"a":' * 50_000),
    _answer(429, "Retry-After: " + "9" * 3000)[:-40], _answer(429, "Retry-After: 3"), _answer(302, "Location: http://[::1"),
    _answer(401, body=_GBK), _answer(404, body=b'{"message": "\\ud800"}'), _answer(502, body=b"x" * 5_000_000),
    b"HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nhalf", b"\xff\xfe no http at all\r\n\r\n",
]  # fmt: skip
_MAIL: list[ProxyMode] = [
    HANG, RESET, RESET_AFTER_REQUEST, "554 系统忙\x1b]0;\x07\r\n".encode("gbk"), b"535 no\r\n", b"451 later\r\n", b"220-" + b"x" * 100_000,
    b"\r\n" * 100, b"421 4.3.2 closing\r\n",
]  # fmt: skip
INBOX: list[bytes] = [
    b"[" * 60_000, b"[]", b'{"ask": []}', b"\xff\xfe\x00", b"", b" " * 70_000 + b"{}",
    b'{"ask": "ack", "device": [], "rule": "r", "person": "p"}',
    b'{"ask": "ack", "device": "d", "rule": "r", "person": "p", "comment": "\\ud800\\u001b[31m"}',
    b'{"command": "reset", "id": "one-of-many", "device": "nosuch", "rule": "r", "person": "p", "comment": "c"}',
    b'{"ask": "ack", "device": "fire-gate", "rule": "active", "person": "p", "occurrence": "1"}',
]  # fmt: skip
PAYLOADS: list[bytes] = [
    b"[" * 5000, b'{"apower": 1e999}', b'{"apower": "nan"}', b"\xff\xfe", b"", b"\x00" * 1000, b'{"output": 7}',
    b'{"apower": 9007199254740993, "output": "yes"}', b"x" * 200_000, json.dumps({"apower": [1]}).encode(),
]  # fmt: skip


@dataclass
class FaultInjector:
    """Everything that may be made to misbehave. ``victims`` are units; ``topics`` belong to victims."""

    field: ServedSite
    watching: Command
    influxd: Influxd
    broker: Mosquitto
    link: MqttLink
    proxies: dict[str, FaultProxy]
    inbox: Path
    own_victims: list[str]
    """Units on links of which everything may be harmed."""
    shared_victims: list[str]
    mqtt_victims: list[str]
    topics: list[str]
    dice: random.Random
    scale: float = 1.0
    """Part of the full lengths: a short chaos is hurried."""
    count: Counter[str] = field(default_factory=Counter)
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Who stops or kills the daemon holds this; its end is expected meanwhile."""

    async def span(self, least: float, most: float) -> None:
        await asyncio.sleep(self.dice.uniform(least, most) * self.scale)

    async def wires(self) -> None:
        unit, name = self.dice.choice(self.own_victims + self.shared_victims), self.dice.choice(WIRES)
        if unit in self.shared_victims and name in WHOLE_LINE:
            unit = self.dice.choice(self.own_victims)
        try:
            self.field.inject(unit, name)
        except UsageError:  # it makes sense only on the other framing
            return
        self.count[f"Modbus {name}"] += 1
        await self.span(5, 40)
        self.field.inject(unit, None)

    async def publishers(self) -> None:
        unit, name = self.dice.choice(self.mqtt_victims), self.dice.choice(sorted(MQTT_HAZARDS))
        self.count[f"MQTT {name}"] += 1
        self.field.inject(unit, name)
        await self.span(5, 40)
        self.field.inject(unit, None)

    async def flood(self) -> None:
        """Thousands of messages, malformed or large, on the victims' topics and on ones that nobody knows."""
        self.count["MQTT flood"] += 1
        strange = [f"{self.topics[0]}/{name}" for name in ("\x7f", "漢" * 200, "a" * 1000, "//", " ", "$x")]
        with contextlib.suppress(aiomqtt.MqttError, OSError, ValueError):
            async with aiomqtt.Client(
                self.link.host, self.link.port, identifier="stranger", timeout=5
            ) as client:
                for _ in range(self.dice.choice([200, 3000])):
                    topic = self.dice.choice([f"{one}/status/switch:0" for one in self.topics] + strange)
                    kept = self.dice.random() < 0.01
                    await client.publish(topic, self.dice.choice(PAYLOADS), qos=0, retain=kept)
        await self.span(5, 20)

    async def server(self) -> None:
        await self._proxy("influx", _HTTP)

    async def server_dies(self) -> None:
        self.count["influxd killed"] += 1
        await self.influxd.kill()
        await self.span(3, 15)
        await self.influxd.start()

    async def webhook(self) -> None:
        await self._proxy("webhook", _HTTP)

    async def mail(self) -> None:
        await self._proxy("mail", _MAIL)

    async def _proxy(self, name: str, modes: list[ProxyMode]) -> None:
        mode = self.dice.choice(modes)
        self.count[
            f"{name} {mode if isinstance(mode, str) else mode[:12].decode('ascii', 'replace').strip()}"
        ] += 1
        self.proxies[name].switch(mode)
        await self.span(5, 40)
        self.proxies[name].switch(PASS)

    async def letters(self) -> None:
        """Leave things in the inbox that are no requests."""
        self.count["hostile inbox file"] += 1
        path = self.inbox / f"{self.dice.getrandbits(64):x}.json"
        with contextlib.suppress(FileNotFoundError, FileExistsError):
            kind = self.dice.randrange(8)
            if kind == 0:
                path.mkdir()
            elif kind == 1:
                os.mkfifo(path)
            elif kind == 2:
                path.symlink_to("/nowhere")
            else:
                path.write_bytes(self.dice.choice(INBOX))
        await self.span(1, 10)

    async def broker_dies(self) -> None:
        self.count["broker killed"] += 1
        await self.broker.kill()
        await self.span(3, 15)
        await self.broker.start()

    async def broker_freezes(self) -> None:
        self.count["broker stopped still"] += 1
        self.broker.freeze()
        await self.span(5, 30)
        self.broker.freeze(on=False)

    async def frozen(self) -> None:
        async with self.busy:
            self.count["daemon stopped still (SIGSTOP)"] += 1
            self.watching.process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(60 * self.scale)
            self.watching.process.send_signal(signal.SIGCONT)

    async def killed(self) -> None:
        async with self.busy:
            self.count["daemon killed (-9)"] += 1
            await self.watching.kill()
            await self.span(1, 30)
            await self.watching.start()

    async def hung_up(self) -> None:
        starts = self.count["daemon killed (-9)"] + 1
        if (
            self.watching.alive
            and not self.busy.locked()
            and self.watching.text().count("watching ") >= starts
        ):
            self.count["SIGHUP"] += 1
            self.watching.process.send_signal(signal.SIGHUP)

    def undo(self) -> None:
        """Let everything that has an on and an off be well again."""
        for one in self.proxies.values():
            one.switch(PASS)
        for unit in self.own_victims + self.shared_victims + self.mqtt_victims:
            self.field.inject(unit, None)


TRACKS = (
    (("wires",), 5), (("wires",), 8), (("publishers",), 10), (("flood",), 30),
    (("server", "server", "server_dies"), 15), (("webhook",), 15), (("mail",), 15), (("letters",), 3),
    (("broker_dies", "broker_freezes"), 60), (("killed", "killed", "frozen", "hung_up"), 30),
)  # fmt: skip
"""What happens side by side: in each track one of these after another, about so many s apart."""


async def inject_faults(place: FaultInjector, seconds: float, seed: int) -> None:
    """Let everything happen for so long, and then be well. The daemon is left running."""

    async def track(number: int, acts: tuple[str, ...], apart: float) -> None:
        # Dice of its own: what one track throws does not hang on how quick another is.
        own = replace(place, dice=random.Random(f"{seed} {number}"))
        while (left := end - loop.time()) > 0:
            await asyncio.sleep(min(own.dice.uniform(0.3, 1.7) * apart * own.scale, left))
            if loop.time() < end:
                await getattr(own, own.dice.choice(acts))()

    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    async with asyncio.TaskGroup() as group:
        for number, (acts, apart) in enumerate(TRACKS):
            group.create_task(track(number, acts, apart))
    place.undo()
