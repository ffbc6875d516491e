"""People see that they would be told: the daily test message, the heartbeat, and a test that somebody asks for."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from click.testing import CliRunner

from facilityd.cli.main import facilityd
from facilityd.config.load import load
from facilityd.model.command import TryChannels
from facilityd.model.sample import NS
from facilityd.notify.ping import ping
from facilityd.query.notices import notice_rows
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.supervise.inbox import Inbox

SITE = """\
site: {id: yard, name: {zh: 场院, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai, holidays: china}
store: {path: journal.db}
links: {io: {protocol: modbus-tcp, host: 127.0.0.1, port: 15027}}
units: {contacts: {link: io, profile: moxa_iologik_e1212, device_id: 1, period: 60s}}
devices:
  fire: {family: contact, name: {zh: 火灾报警, en: Fire panel}, signals: {active: contacts.input_0}}
recipients:
  anna: {name: {zh: 安, en: Anna}, language: en, channels: [HOOK, HOOK]}
  bo: {name: {zh: 博, en: Bo}, language: zh, channels: [HOOK]}
proof_of_life: {test_message: "09:00", days: [workdays], heartbeat: "http://127.0.0.1:9/beat", every: 10min}
"""
HOOK = '{kind: webhook, url: "http://127.0.0.1:9/x"}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "site.yaml").write_text(SITE.replace("HOOK", HOOK), encoding="utf-8")
    return tmp_path


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * NS


def _tests(runtime: VirtualRuntime) -> list[tuple[str, str]]:
    zone = ZoneInfo("Asia/Shanghai")
    return [
        (
            n.channel.removesuffix("-webhook"),
            f"{datetime.fromtimestamp(int(n.key.rpartition('/')[2]) // NS, zone):%d %H:%M}",
        )
        for n in runtime.mailbox.taken
        if n.purpose == "test"
    ]


EACH = ("anna-1", "anna-2", "bo-1")


def test_a_message_a_workday_over_each_channel_whatever_restarts(folder: Path) -> None:
    """Friday; on the made-up Saturday too (10 October 2026); not on Sunday; on Monday, late, after a downtime."""
    with VirtualRuntime(load(folder), folder, start=at("2026-10-09T08:58")) as runtime:
        runtime.advance(300)
        assert _tests(runtime) == [(one, "09 09:00") for one in EACH]
        runtime.restart()
        runtime.advance(86400)
        assert _tests(runtime)[3:] == [(one, "10 09:00") for one in EACH]
        runtime.advance(47 * 3600)
        assert len(_tests(runtime)) == 6
        runtime.crash(down=2 * 3600)
        runtime.advance(300)
        assert _tests(runtime)[6:] == [(one, "12 09:00") for one in EACH]


def test_the_heartbeat_beats_while_the_daemon_runs(folder: Path) -> None:
    with VirtualRuntime(load(folder), folder, start=at("2026-10-09T12:00")) as runtime:
        runtime.advance(3601)
        assert len(runtime.heartbeats) == 7
        runtime.crash(down=3600)
        runtime.advance(601)
        assert len(runtime.heartbeats) == 9


async def test_a_heartbeat_says_nothing_of_the_site_and_what_kept_it_names_no_secret() -> None:
    seen, answers = [], [200, 404]

    async def serve(request: web.Request) -> web.Response:
        seen.append(await request.read())
        return web.Response(status=answers.pop(0), text=str(request.url))

    app = web.Application()
    app.router.add_post("/{path:.*}", serve)
    async with TestServer(app) as server:
        url = str(server.make_url("/s3cret-uuid"))
        assert await ping(url) == ""
        assert seen == [b""]
        found = await ping(url)
        assert "404" in found
        assert "s3cret" not in found
    assert "cannot connect" in await ping(url)


def test_notices_lists_who_was_told_what_and_what_came_of_it(folder: Path) -> None:
    with VirtualRuntime(load(folder), folder, start=at("2026-10-09T12:00")) as runtime:
        runtime.advance(60)
        asked_at = runtime.now
        Inbox(runtime.journal).drop(
            TryChannels(id="t1", at=runtime.now, origin="test", person="li", recipient="anna")
        )
        runtime.advance(120)
        rows = notice_rows(runtime.journal, asked_at)
        assert [(row.channel, row.purpose, row.outcome, row.attempts) for row in rows] == [
            ("anna-1-webhook", "test", "accepted", 1),
            ("anna-2-webhook", "test", "accepted", 1),
        ]
        assert notice_rows(runtime.journal, asked_at, "bo") == []
        assert notice_rows(runtime.journal, 0, waiting=True) == []
        asked = [str(folder), "--since", "2026-10-09T00:00"]
        shown = CliRunner().invoke(facilityd, ["notices", *asked, "--lang", "zh"])
        assert "已被接收" in shown.output, shown.output
        data = json.loads(CliRunner().invoke(facilityd, ["notices", *asked, "--json"]).stdout)
        assert [one["outcome"] for one in data] == ["accepted"] * 5
        nobody = CliRunner().invoke(facilityd, ["notices", *asked, "--person", "carl", "--lang", "en"])
        assert "there is no recipient 'carl'" in str(nobody.exception)
