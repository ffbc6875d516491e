"""A real Alertmanager: it groups our alarms, knows them again over restarts of either side, and resolves them.

The daemon lives in virtual time that begins a while ago, for an Alertmanager holds an end against its own clock.
"""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Any

from support.alertmanager import Alertmanager, binary
from support.notification_peers import EventLoopThread

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
  flood: {family: contact, name: {zh: 积水报警, en: Flood contact}, signals: {active: contacts.input_1}}
recipients:
  li: {name: {zh: 李工, en: Li}, language: zh, channels: [{kind: webhook, url: "http://127.0.0.1:9/"}]}
alertmanagers: {main: {url: "URL", every: 5min}}
"""
AGO_S = 20 * 60
"""Everything that is over by the daemon's clock is over by the server's too; what stands outlives that."""


class RealPosts(VirtualRuntime):
    """A virtual runtime whose posts go to a real server; ``kept`` is what kept each from it."""

    far: EventLoopThread
    kept: list[str]

    async def _post_alerts(self, to: AlertmanagerSettings, alerts: list[dict[str, Any]]) -> str:
        self.kept.append(self.far.do(post_alerts(to, alerts)))
        return self.kept[-1]


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_it_groups_knows_again_and_resolves_our_alarms(tmp_path: Path) -> None:
    binary()
    server = Alertmanager(tmp_path)
    (tmp_path / "site.yaml").write_text(SITE.replace("URL", server.url), encoding="utf-8")
    start = (int(time.time()) - AGO_S) * NS
    with EventLoopThread() as far, RealPosts(load(tmp_path), tmp_path, start=start) as runtime:
        runtime.far, runtime.kept = far, []
        far.hold(server.running())

        runtime.advance(5)
        for device in ("fire", "flood"):
            runtime.fault(device, "active", duration=15 * 60.0)
        runtime.advance(330)
        message = far.do(server.tells("firing", 2))
        assert len(server.sent) == 1, "two alarms of a site, one message"
        assert message["groupLabels"] == {"site": "yard"}
        assert {one["labels"]["alertname"] for one in message["alerts"]} == {"active"}
        assert message["commonLabels"]["severity"] == "critical"
        begun = {one["labels"]["device"]: one["startsAt"] for one in message["alerts"]}

        runtime.acknowledge("fire", "active", "Li")
        runtime.advance(70)
        runtime.crash(down=30)
        runtime.advance(5)
        fire, flood = far.do(server.alerts())
        assert {one["labels"]["device"]: _instant(one["startsAt"]) for one in (fire, flood)} == {
            device: _instant(at) for device, at in begun.items()
        }, "the same alarms, posted by a daemon that began anew"
        assert (fire["annotations"]["acknowledged_by"], flood["annotations"]["acknowledged_by"]) == ("Li", "")

        far.do(server.kill())
        runtime.advance(300)
        assert "cannot connect" in runtime.kept[-1]
        far.do(server.start())
        assert far.do(server.alerts()) == [], "it remembers nothing"
        runtime.advance(20)
        assert len(far.do(server.alerts())) == 2
        far.do(server.tells("firing", 2))

        runtime.advance(600)
        over = far.do(server.tells("resolved", 2))
        assert far.do(server.alerts()) == []
        for one in over["alerts"]:
            assert _instant(begun[one["labels"]["device"]]) < _instant(one["endsAt"]) < time.time()
