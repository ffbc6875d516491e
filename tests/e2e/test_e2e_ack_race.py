"""Three people acknowledge one alarm at once: one is the first, the others are told who, and all three are on record."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from aiohttp import ClientSession
from support.daemon import Command, daemon, facilityd_json, journal_of, running, until
from support.mosquitto import Mosquitto
from support.servers import free_port

from facilityd.config.load import load
from facilityd.model.alarm_link import AlarmLink
from facilityd.notify.mqtt_reply import ReplyKey, sign
from facilityd.supervise.site_key import site_key
from simulators.site import serve

SITE = """\
site: {id: yard, name: {zh: 场院, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
store: {path: FOLDER/run/journal.db}
web: {public_url: "http://127.0.0.1:WEB"}
links: {io: {protocol: modbus-tcp, host: 127.0.0.1, port: IO}}
units: {contacts: {link: io, profile: moxa_iologik_e1212, device_id: 1, period: 200ms}}
devices:
  fire: {family: contact, name: {zh: 火灾报警, en: Fire panel}, signals: {active: contacts.input_0}}
recipients:
  li: {name: {zh: 李工, en: Li}, language: en, channels: [{kind: mqtt, host: 127.0.0.1, port: BROKER, prefix: yard, secret: "${S}"}]}
  wang: {name: {zh: 王工, en: Wang}, language: en, channels: [{kind: mqtt, host: 127.0.0.1, port: BROKER, prefix: yard}]}
"""
KEY = ReplyKey("yard", "li-1-mqtt", "Li", "reply-secret")
PEOPLE = {"Zhao", "wang", "Li"}
"""At the command line, behind the link, over the broker: by the names under which they ask."""


class Race:
    """The three ways in, each with what it was told."""

    def __init__(self, folder: Path, web: int, broker: int) -> None:
        self.folder, self.web, self.broker = folder, web, broker

    async def all_at_once(self) -> dict[str, str]:
        """Let each acknowledge; return what each was told, by person."""
        told = await asyncio.gather(self._command(), self._link(), self._reply())
        return dict(zip(("Zhao", "wang", "Li"), told, strict=True))

    async def _command(self) -> str:
        asked = daemon(self.folder, log=self.folder / "ack.log")
        asked.words = ["ack", str(self.folder), "fire", "active", "--by", "Zhao", "--lang", "en"]
        async with running(asked):
            await asyncio.wait_for(asked.process.wait(), 60)
        return asked.text()

    async def _link(self) -> str:
        journal = self.folder / "run" / "journal.db"
        link = AlarmLink("fire", "active", 1, "wang", "ack", round(time.time()) + 3600).signed(
            site_key(journal)
        )
        path = f"http://127.0.0.1:{self.web}/a/{link}"
        async with ClientSession() as session, session.post(path, data={"comment": "here"}) as answer:
            return await answer.text()

    async def _reply(self) -> str:
        fields: dict[str, Any] = {"device": "fire", "rule": "active", "occurrence": 1, "at": int(time.time())}
        async with aiomqtt.Client("127.0.0.1", self.broker) as client:
            await client.subscribe("yard/reply/result", qos=1)
            await client.publish("yard/reply", json.dumps(fields | {"signature": sign(KEY, **fields)}), qos=1)
            async for said in client.messages:
                result = json.loads(bytes(said.payload))
                return "" if result["accepted"] else str(result["why"]["en"])
        raise AssertionError("no result")


def _web(folder: Path, port: int) -> Command:
    return Command(["serve", str(folder), "--port", str(port)], folder / "web.log")


async def _answers(port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            return


@pytest.mark.timeout(150)
async def test_of_three_at_once_one_is_first_and_the_others_are_told_who(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S", KEY.secret)
    truth, io, web = {("fire", "active"): False}, free_port(), free_port()
    async with Mosquitto(tmp_path) as broker:
        text = SITE.replace("FOLDER", str(tmp_path)).replace("BROKER", str(broker.port))
        text = text.replace("WEB", str(web)).replace("IO", str(io))
        (tmp_path / "site.yaml").write_text(text, encoding="utf-8")
        site, watching = load(tmp_path), daemon(tmp_path, log=tmp_path / "daemon.log")
        units = list(site.units.values()), list(site.links.values())
        async with serve(*units, lambda: truth), running(watching), running(_web(tmp_path, web)):
            reader = await journal_of(tmp_path / "run" / "journal.db", watching)
            await _answers(web)
            truth["fire", "active"] = True
            await until(lambda: any(one.active and one.device == "fire" for one in reader.alarms()), 60)
            told = await Race(tmp_path, web, broker.port).all_at_once()
            acts = [one for one in await facilityd_json("audit", tmp_path) if one["command"] == "ack"]
            (state,) = [one for one in reader.alarms() if (one.device, one.rule) == ("fire", "active")]
            (known,) = [row.change for row in reader.changes() if row.change.kind == "acknowledge"]
            reader.close()
            await watching.stop()
    assert {one["by"] for one in acts} == PEOPLE
    (first,) = [one["by"] for one in acts if not one["refused"]]
    assert state.acked_by == known.person == first
    names = {one.id: one.name.en for one in site.recipients.values()}
    for person in PEOPLE - {first}:
        assert names.get(first, first) in told[person], told
    assert all(names.get(first, first) in str(one["refused"]) for one in acts if one["by"] != first)
