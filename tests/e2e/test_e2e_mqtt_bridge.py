"""Home Assistant's view of the alarms, and replies that acknowledge: a real Mosquitto with rights, a real daemon."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from support.daemon import daemon, journal_of, running, until
from support.mosquitto import Mosquitto
from support.servers import free_port

from facilityd.config.load import load
from facilityd.notify.mqtt_reply import ReplyKey, sign
from facilityd.store.reader import JournalReader
from simulators.site import serve

SITE = """\
site: {id: yard, name: {zh: 场院, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
store: {path: FOLDER/run/journal.db}
links: {io: {protocol: modbus-tcp, host: 127.0.0.1, port: IO}}
units: {contacts: {link: io, profile: moxa_iologik_e1212, device_id: 1, period: 200ms}}
devices:
  fire: {family: contact, name: {zh: 火灾报警, en: Fire panel}, signals: {active: contacts.input_0}}
  water: {family: contact, name: {zh: 水浸, en: Water sensor}, signals: {active: contacts.input_1}}
recipients:
  li:
    name: {zh: 李工, en: Li}
    language: zh
    channels:
      - {kind: mqtt, host: 127.0.0.1, port: BROKER, prefix: yard, username: facilityd, password: "${P}", secret: "${S}", home_assistant: homeassistant}
"""
ACL = """\
user facilityd
topic readwrite yard/#
topic readwrite homeassistant/#
user li
topic read yard/#
topic write yard/reply
user home
topic read yard/#
topic read homeassistant/#
"""
KEY = ReplyKey("yard", "li-1-mqtt", "李工", "reply-secret")
CONFIG = "homeassistant/binary_sensor/facilityd_yard/{}/config"


class Standing:
    """What a client of the broker sees: the newest text of each topic."""

    def __init__(self) -> None:
        self.topics: dict[str, str] = {}
        self.results: list[dict[str, Any]] = []

    def config(self, device: str, rule: str = "active") -> dict[str, Any]:
        return json.loads(self.topics.get(CONFIG.format(f"{device}-{rule}")) or "{}")

    @asynccontextmanager
    async def watching(self, port: int) -> AsyncIterator[None]:
        async def read() -> None:
            async with aiomqtt.Client("127.0.0.1", port, username="home", password="pw") as client:
                await client.subscribe("#", qos=1)
                async for said in client.messages:
                    self.topics[str(said.topic)] = bytes(said.payload).decode()
                    if str(said.topic) == "yard/reply/result":
                        self.results.append(json.loads(bytes(said.payload)))

        task = asyncio.create_task(read())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _rights(folder: Path) -> str:
    """Return the broker's configuration: three users, and what each may do."""
    make = shutil.which("mosquitto_passwd") or pytest.skip("mosquitto_passwd is not installed")
    passwords, acl = folder / "passwords", folder / "acl"
    passwords.touch()
    for user in ("facilityd", "li", "home"):
        subprocess.run([make, "-b", str(passwords), user, "pw"], check=True, capture_output=True)
    acl.write_text(ACL, encoding="utf-8")
    return f"user root\nallow_anonymous false\npassword_file {passwords}\nacl_file {acl}\n"


def _write(folder: Path, broker: int, io: int, *, water: bool = True) -> None:
    text = SITE.replace("FOLDER", str(folder)).replace("BROKER", str(broker)).replace("IO", str(io))
    lines = [line for line in text.splitlines(keepends=True) if water or "water" not in line]
    (folder / "site.yaml").write_text("".join(lines), encoding="utf-8")


async def _reply(port: int, occurrence: int, *, user: str = "li", key: ReplyKey = KEY, at: int = 0) -> None:
    fields = {"device": "fire", "rule": "active", "occurrence": occurrence, "at": at or int(time.time())}
    text = json.dumps(fields | {"signature": sign(key, **fields)})
    async with aiomqtt.Client("127.0.0.1", port, username=user, password="pw") as client:
        await client.publish("yard/reply", text, qos=1)


@pytest.mark.timeout(150)
async def test_what_stands_is_shown_and_a_signed_reply_acknowledges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("P", "pw")
    monkeypatch.setenv("S", KEY.secret)
    truth, io, seen = {("fire", "active"): False, ("water", "active"): False}, free_port(), Standing()
    async with Mosquitto(tmp_path, _rights(tmp_path)) as broker, seen.watching(broker.port):
        _write(tmp_path, broker.port, io)
        site, log = load(tmp_path), tmp_path / "daemon.log"
        watching = daemon(tmp_path, log=log)
        units = list(site.units.values()), list(site.links.values())
        async with serve(*units, lambda: truth), running(watching):
            reader = await journal_of(tmp_path / "run" / "journal.db", watching)
            await _shown(seen, truth)
            await _acknowledged(reader, broker.port, watching)
            await until(lambda: seen.results and seen.results[-1]["accepted"])
            assert [one["accepted"] for one in seen.results] == [False, False, False, True]
            assert seen.results[0]["why"] == {"zh": "签名不对", "en": "its signature is wrong"}
            assert (seen.results[-1]["device"], seen.results[-1]["why"]) == ("fire", "")
            reader.close()
            await watching.kill()
            await until(lambda: seen.topics["yard/online"] == "offline", 60)
            _write(tmp_path, broker.port, io, water=False)
            await watching.start()
            await until(lambda: seen.topics["yard/online"] == "online")
            await until(lambda: seen.config("water") == {})
            await until(lambda: seen.topics["yard/problem/water/active"] == "")
            assert seen.config("fire")
            await watching.stop()
            await until(lambda: seen.topics["yard/online"] == "offline")
        assert "Traceback" not in watching.text()
        assert KEY.secret not in watching.text()


async def _shown(seen: Standing, truth: dict[tuple[str, str], bool]) -> None:
    """A device for each device, a problem for each rule, and nothing that commands."""
    await until(lambda: seen.config("fire") and seen.topics.get("yard/problem/fire/active") == "OFF")
    described = seen.config("fire")
    assert described["name"] == "触点动作"
    assert described["device"] == {"identifiers": ["facilityd-yard-fire"], "name": "火灾报警"}
    assert (described["device_class"], described["state_topic"]) == (
        "problem",
        "yard/problem/fire/active",
    )
    assert described["availability_topic"] == "yard/online"
    assert seen.topics["yard/online"] == "online"
    assert not any("command" in name for name in described)
    truth["fire", "active"] = True
    await until(lambda: seen.topics["yard/problem/fire/active"] == "ON")
    assert seen.topics["yard/problem/water/active"] == "OFF"


async def _acknowledged(reader: JournalReader, port: int, watching: Any) -> None:
    def state() -> Any:
        return next(one for one in reader.alarms() if (one.device, one.rule) == ("fire", "active"))

    refused = [
        ReplyKey("yard", "li-1-mqtt", "李工", "guessed"),
        ReplyKey("square", "li-1-mqtt", "李工", KEY.secret),
    ]
    for number, key in enumerate(refused, 1):
        await _reply(port, state().occurrence, key=key)
        await until(lambda number=number: watching.text().count("its signature is wrong") == number)
    await _reply(port, state().occurrence, at=int(time.time()) - 3600)
    await until(lambda: "it is too old" in watching.text())
    await _reply(port, state().occurrence, user="home")  # whom the broker lets publish nothing
    assert not state().acked
    await _reply(port, state().occurrence)
    await until(lambda: state().acked)
    assert state().acked_by == "李工"
