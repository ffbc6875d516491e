"""An Alertmanager gets every alarm again and again while it stands, then that it is over; over a real socket too."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from facilityd.config.load import load
from facilityd.model.people import AlertmanagerSettings
from facilityd.model.sample import NS
from facilityd.notify.ping import post_alerts
from facilityd.scenario.virtual_runtime import VirtualRuntime

SITE = """\
site: {id: yard, name: {zh: 场院, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
links: {io: {protocol: modbus-tcp, host: 127.0.0.1, port: 15027}}
units: {contacts: {link: io, profile: moxa_iologik_e1212, device_id: 1, period: 20s}}
devices:
  fire: {family: contact, name: {zh: 火灾报警, en: Fire panel}, signals: {active: contacts.input_0}}
alertmanagers: {main: {url: "http://127.0.0.1:9", every: 1min}}
"""
START = int(datetime(2026, 6, 10, 10, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * NS


def _instant(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * NS


def _fire(post: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [alert for alert in post if alert["labels"]["device"] == "fire"]


def test_it_is_posted_while_it_stands_and_for_a_while_that_it_is_over(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    with VirtualRuntime(load(tmp_path), tmp_path, start=START) as runtime:
        runtime.advance(120)
        assert all(post == [] for post in runtime.alerts), "an empty post harms nobody"
        runtime.fault("fire", "active", duration=1200.0)
        runtime.advance(600)
        begun = len(runtime.alerts)
        runtime.crash(down=60)
        runtime.advance(300)
        assert len(runtime.alerts) > begun
        mine = [(alert, n) for n, post in enumerate(runtime.alerts) for alert in _fire(post)]
        standing, _ = mine[-1]
        assert standing["labels"] == {
            "alertname": "active", "device": "fire", "site": "yard", "severity": "critical", "at_stake": "safety",
        }  # fmt: skip
        assert standing["annotations"]["summary"].startswith("[CRITICAL] Fire panel: ")
        assert _instant(standing["endsAt"]) > runtime.now, "it outlives posts that are lost"
        assert len({alert["startsAt"] for alert, _ in mine}) == 1, "one alarm, also over a crash"
        runtime.advance(1200)
        over = [alert for post in runtime.alerts for alert in _fire(post)][-1]
        assert _instant(over["startsAt"]) < _instant(over["endsAt"]) < runtime.now
        runtime.advance(1200)
        assert _fire(runtime.alerts[-1]) == []


@pytest.mark.parametrize(("status", "fine"), [(200, True), (400, False), (401, False), (500, False)])
async def test_over_a_socket(status: int, fine: bool) -> None:
    seen = []

    async def serve(request: web.Request) -> web.Response:
        seen.append((request.path, request.headers.get("Authorization"), json.loads(await request.read())))
        return web.Response(status=status, text="said s3cret")

    app = web.Application()
    app.router.add_post("/{path:.*}", serve)
    async with TestServer(app) as server:
        to = AlertmanagerSettings("main", str(server.make_url("/am/")), 60 * NS, "s3cret")
        found = await post_alerts(to, [{"labels": {"alertname": "x"}}])
    assert seen == [("/am/api/v2/alerts", "Bearer s3cret", [{"labels": {"alertname": "x"}}])]
    assert (found == "") == fine
    assert "s3cret" not in found
