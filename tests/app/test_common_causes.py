"""One cause, one push: a link with all that hangs on it, and a feeder of several links."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from facilityd.config.load import load
from facilityd.config.site import Site, SiteGroup
from facilityd.errors import ConfigError
from facilityd.model.notice import Notice, Purpose
from facilityd.model.sample import NS
from facilityd.model.text import Text
from facilityd.query.site import SiteQuery
from facilityd.scenario.load import square
from facilityd.scenario.virtual_runtime import VirtualRuntime

NIGHT = 1_781_100_000 * NS
LINKS = ("fountain-gateway", "fountain-io", "lighting-bus")
FEEDER = SiteGroup(
    "feeder-2",
    Text(zh="2 号馈线", en="Feeder 2"),
    tuple(f"link-{link}" for link in LINKS),
    (),
    (),
    3,
    180 * NS,
)


@pytest.fixture(scope="module")
def site() -> Site:
    return load(square(), secrets=False)


def pushes(runtime: VirtualRuntime, since: int) -> list[Notice]:
    """Return what one person got since an instant."""
    mine = [one for one in runtime.mailbox.taken if one.at >= since]
    return [one for one in mine if one.recipient == mine[0].recipient]


def test_a_gateway_that_fails_is_one_push_that_names_all_that_is_blind(site: Site, tmp_path: Path) -> None:
    with VirtualRuntime(site, tmp_path, start=NIGHT) as runtime:
        runtime.advance(300)
        runtime.fault("fountain-2", "F3")
        runtime.advance(1200)
        since = runtime.now
        runtime.hazard("fountain-gateway", "refused")
        runtime.advance(300)
        runtime.restart()
        runtime.advance(600)
        (raised,) = pushes(runtime, since)
        behind = {
            one.name.zh for one in site.devices.values()
            if any(stream.link == "fountain-gateway" for stream in one.streams)
        }  # fmt: skip
        assert len(behind) > 2
        for name in behind:
            assert name in raised.body
        assert f"涉及 {len(behind)} 台设备" in raised.body
        runtime.hazard("fountain-gateway", "none")
        runtime.advance(600)
        assert [one.purpose for one in pushes(runtime, since)][:2] == [Purpose.RAISED, Purpose.CLEARED]
        assert {one.device for one in pushes(runtime, since)} == {"link-fountain-gateway"}


HEAD = """
site: {id: forty, name: {zh: 四十点, en: Forty}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
links: {gateway: {protocol: modbus-tcp, host: 127.0.0.1, port: 15099}}
recipients:
  li: {name: {zh: 李师傅, en: Li}, language: zh, channels: [{kind: webhook, url: "http://localhost:9/"}]}
"""


def forty(folder: Path) -> Site:
    """Return a site of forty contacts, each on a module of its own behind one gateway."""
    units = [
        f"  module-{n}: {{link: gateway, profile: moxa_iologik_e1212, device_id: {n}, period: 10s}}"
        for n in range(1, 41)
    ]
    devices = [
        f"  door-{n}: {{family: contact, name: {{zh: {n} 号门, en: Door {n}}}, signals: {{active: module-{n}.input_0}}}}"
        for n in range(1, 41)
    ]
    file = folder / "site.yaml"
    file.write_text("\n".join([HEAD, "units:", *units, "devices:", *devices]), encoding="utf-8")
    return load(file, secrets=False)


def test_forty_units_behind_a_gateway_that_is_killed_are_one_push_over_a_restart_and_one_at_its_return(
    tmp_path: Path,
) -> None:
    with VirtualRuntime(forty(tmp_path), tmp_path, start=NIGHT) as runtime:
        runtime.advance(300)
        since = runtime.now
        runtime.hazard("gateway", "refused")
        runtime.advance(120)
        runtime.restart()
        runtime.crash()
        runtime.advance(900)
        (raised,) = pushes(runtime, since)
        assert (raised.device, raised.purpose) == ("link-gateway", Purpose.RAISED)
        assert "涉及 40 台设备：1 号门、" in raised.body
        assert "40 号门" in raised.body
        runtime.hazard("gateway", "none")
        runtime.advance(900)
        assert [one.purpose for one in pushes(runtime, since)] == [Purpose.RAISED, Purpose.CLEARED]


def test_a_feeder_of_three_links_is_one_alarm_over_a_restart_and_ends_once(
    site: Site, tmp_path: Path
) -> None:
    grouped = replace(site, groups={FEEDER.id: FEEDER})
    with VirtualRuntime(grouped, tmp_path, start=NIGHT) as runtime:
        runtime.advance(600)
        since = runtime.now
        for link in LINKS:
            runtime.hazard(link, "refused")
        runtime.advance(300)
        runtime.restart()
        runtime.advance(600)
        (raised,) = pushes(runtime, since)
        assert (raised.device, raised.purpose) == ("group-feeder-2", Purpose.RAISED)
        assert "2 号馈线" in raised.subject
        with SiteQuery(runtime.site, clock=lambda: runtime.now) as query:
            rows = {(row.device, row.state_id) for row in query.alarms()}
        assert ("link-lighting-bus", "suppressed-by-design") in rows
        for link in LINKS:
            runtime.hazard(link, "none")
        runtime.advance(900)
        told = pushes(runtime, since)
        assert [(one.device, one.purpose) for one in told] == [
            ("group-feeder-2", Purpose.RAISED),
            ("group-feeder-2", Purpose.CLEARED),
        ]


def test_a_link_that_stays_away_when_the_feeder_is_back_is_told(site: Site, tmp_path: Path) -> None:
    grouped = replace(site, groups={FEEDER.id: FEEDER})
    with VirtualRuntime(grouped, tmp_path, start=NIGHT) as runtime:
        runtime.advance(600)
        since = runtime.now
        for link in LINKS:
            runtime.hazard(link, "refused")
        runtime.advance(600)
        for link in LINKS[1:]:
            runtime.hazard(link, "none")
        runtime.advance(900)
        told = [(one.device, one.purpose) for one in pushes(runtime, since)]
        assert told == [
            ("group-feeder-2", Purpose.RAISED),
            ("group-feeder-2", Purpose.CLEARED),
            ("link-fountain-gateway", Purpose.RAISED),
        ]
        assert pushes(runtime, since)[-1].body.startswith("链路中断\n"), "as it is now, and not for 10 s"


@pytest.mark.parametrize(
    ("group", "said"),
    [
        ("{name: {zh: 甲, en: A}, members: [link-dali, link-nowhere]}", "no device 'link-nowhere'"),
        ("{name: {zh: 甲, en: A}, members: [link-dali, weather], rules: [dark]}", "no member has a rule 'dark'"),
        ("{name: {zh: 甲, en: A}, members: [link-dali, weather], causes: [weather]}", "DEVICE.RULE is expected"),
        ("{name: {zh: 甲, en: A}, members: [link-dali, weather], causes: [weather.gst]}", "has no rule 'gst'"),
        ("{name: {zh: 甲, en: A}, members: [link-dali, weather], least: 3}", "least is 3, of 2 members"),
        ("{name: {zh: 甲, en: A}, members: [weather, weather]}", "the member weather stands twice"),
        ("{name: {zh: 甲, en: A}, members: [link-dali, weather], rules: [gust], causes: [weather.gust]}", "is the cause, and one of the alarms"),
        ("{name: {zh: 甲, en: A}, members: [link-dali, weather], within: 0s}", "at least 1s"),
    ],
)  # fmt: skip
def test_a_group_that_does_not_fit_its_devices_is_refused_where_it_is_written(
    tmp_path: Path, group: str, said: str
) -> None:
    for file in square().iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "groups.yaml").write_text(f"groups:\n  feeder-2: {group}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"groups.yaml:2:.*{said}"):
        load(tmp_path, secrets=False)
