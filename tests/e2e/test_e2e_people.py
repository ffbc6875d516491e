"""People over a day: nobody answers, quiet hours, another rota after a restart; in virtual time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.model.sample import NS
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.batch import Delivery
from facilityd.store.reader import JournalReader

SITE = """\
site: {id: yard, name: {zh: 场院, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
links: {io: {protocol: modbus-tcp, host: 127.0.0.1, port: 15027}}
units: {contacts: {link: io, profile: moxa_iologik_e1212, device_id: 1, period: 20s}}
devices:
  fire: {family: contact, name: {zh: 火灾报警, en: Fire panel}, signals: {active: contacts.input_0}}
  door: {family: contact, name: {zh: 机房门, en: Plant room door}, signals: {active: contacts.input_1}}
recipients:
  anna: {name: {zh: 安, en: Anna}, language: en, channels: [HOOK, HOOK], QUIET}
  bo: {name: {zh: 博, en: Bo}, language: zh, channels: [HOOK], standby: true}
  boss: {name: {zh: 主管, en: Boss}, language: zh, channels: [HOOK], standby: true}
rotas:
  reserve: {shifts: [{from: "00:00", until: "24:00", people: [bo]}]}
escalation:
  least: low
  steps:
    - {after: 2min, to: [next-channel]}
    - {after: 10min, to: [reserve]}
    - {after: 30min, to: [boss]}
  still_on_it: {critical: 1h}
"""
HOOK = '{kind: webhook, url: "http://127.0.0.1:9/x"}'
NIGHT = 'quiet_hours: [{from: "22:00", until: "07:00", least: critical}, {from: "22:00", until: "07:00"}]'
LATE_S = 61
"""An hour-glass that only time turns is looked at once a minute."""


def _site(folder: Path, text: str = SITE, quiet: str = "") -> Site:
    (folder / "site.yaml").write_text(text.replace("HOOK", HOOK).replace("QUIET", quiet), encoding="utf-8")
    return load(folder)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * NS


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(_site(tmp_path), tmp_path, start=at("2026-06-10T10:00")) as running:
        running.advance(60)
        yield running


def _raise(runtime: VirtualRuntime, duration: float | None = None) -> int:
    runtime.fault("fire", "active", duration=duration)
    runtime.advance(30)
    return next(n.at for n in runtime.mailbox.taken if n.device == "fire")


def told(runtime: VirtualRuntime, since: int) -> list[str]:
    """Return who was told what of the fire, with the minute after ``since``."""
    mine = [n for n in runtime.mailbox.taken if n.device == "fire"]
    return [
        f"{n.channel.removesuffix('-webhook')} {n.purpose} {round((n.at - since) / 60 / NS)}" for n in mine
    ]


CLIMB = ["anna-1 raised 0", "anna-2 escalated 2", "bo-1 escalated 10", "boss-1 escalated 30"]


def test_an_alarm_that_nobody_answers_climbs_step_by_step(runtime: VirtualRuntime) -> None:
    since = _raise(runtime)
    for minutes, known in ((1, 1), (3, 2), (8, 3), (25, 4), (120, 4)):
        runtime.advance(minutes * 60)
        assert told(runtime, since) == CLIMB[:known]
    last = runtime.mailbox.taken[-1]
    assert last.subject == "【紧急·无人确认】火灾报警：触点动作"
    assert "已通知：安、博" in last.body
    assert "报警已 30 分钟" in last.body


def test_a_restart_and_a_crash_move_no_deadline_and_tell_nobody_twice(runtime: VirtualRuntime) -> None:
    since = _raise(runtime)
    runtime.advance(5 * 60)
    runtime.restart(down=30)
    runtime.advance(60)
    runtime.crash(down=120)
    runtime.advance(60 * 60)
    assert told(runtime, since) == CLIMB


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_clock_that_is_put_back_or_forward_lets_nobody_wait_longer_or_be_woken_at_once(
    runtime: VirtualRuntime, hours: int
) -> None:
    since = _raise(runtime)
    runtime.advance(60)
    runtime.jump_clock(hours * 3600.0)
    for minutes, known in ((2, 2), (3, 2), (6, 3), (15, 3), (7, 4)):
        runtime.advance(minutes * 60)
        assert told(runtime, since + hours * 3600 * NS)[1:] == CLIMB[1:known]
        runtime.crash(down=1)
    last = next(n for n in runtime.mailbox.taken[::-1] if n.device == "fire")
    assert "报警已 30 分钟" in last.body, "what the clock was set by has not passed"


def test_a_clock_that_was_put_back_while_nobody_watched_lets_nobody_wait_for_it(
    runtime: VirtualRuntime,
) -> None:
    since = _raise(runtime)
    runtime.advance(60)
    runtime.jump_clock(-3 * 3600.0)
    runtime.crash(down=30)  # before it could look at the clock again
    runtime.advance(13 * 60)
    assert [line.rpartition(" ")[0] for line in told(runtime, since)[:3]] == [
        "anna-1 raised", "anna-2 escalated", "bo-1 escalated",
    ]  # fmt: skip


def test_whoever_answered_by_their_id_is_called_by_their_name_in_the_readers_language(
    runtime: VirtualRuntime,
) -> None:
    _raise(runtime)
    runtime.advance(11 * 60)
    runtime.acknowledge("fire", "active", "bo")
    runtime.advance(60)
    said = [n.body for n in runtime.mailbox.taken if n.device == "fire" and n.purpose == "acknowledged"]
    assert said
    assert all("Bo acknowledged it" in body for body in said), said
    runtime.advance(3600)
    asked = {
        n.language: n.body for n in runtime.mailbox.taken if "Still on it" in n.body or "仍在处理" in n.body
    }
    assert "Bo acknowledged it" in asked["en"]


def test_what_came_due_while_nobody_watched_is_done_at_the_start(runtime: VirtualRuntime) -> None:
    since = _raise(runtime)
    runtime.advance(60)
    runtime.crash(down=45 * 60)
    runtime.advance(LATE_S)
    assert told(runtime, since) == [
        "anna-1 raised 0",
        *(f"{who} escalated 46" for who in ("anna-2", "bo-1", "boss-1")),
    ]


def test_an_answer_ends_it_and_the_end_goes_to_all_who_were_told(runtime: VirtualRuntime) -> None:
    since = _raise(runtime, duration=40 * 60.0)
    runtime.advance(11 * 60)
    runtime.acknowledge("fire", "active", "Bo")
    runtime.advance(30 * 60)
    heard = told(runtime, since)
    assert heard[:3] == CLIMB[:3]
    assert [line.rpartition(" ")[0] for line in heard[3:]] == [
        "anna-1 acknowledged",
        "anna-2 acknowledged",
        "anna-1 cleared",
        "anna-2 cleared",
        "bo-1 cleared",
    ]


def test_still_on_it(runtime: VirtualRuntime) -> None:
    """An acknowledgement is too old after an hour: everybody is asked, and it climbs anew."""
    since = _raise(runtime)
    runtime.acknowledge("fire", "active", "Anna")
    runtime.advance(92 * 60)
    asked = next(n.at for n in runtime.mailbox.taken if n.purpose == "re-alarmed")
    assert 3600 * NS <= asked - since <= (3600 + 2 * LATE_S) * NS
    (question,) = [n for n in runtime.mailbox.taken if n.purpose == "re-alarmed"]
    assert question.subject.startswith("[CRIT] Fire panel: contact active, STILL ON IT?")
    assert question.body.startswith("The contact is active\nAnna acknowledged it at 2026-06-10 10:0")
    assert told(runtime, asked)[1:] == ["anna-1 re-alarmed 0", *CLIMB[1:]]


def test_a_rota_that_changed_meanwhile_decides_who_is_next(runtime: VirtualRuntime, tmp_path: Path) -> None:
    since = _raise(runtime)
    runtime.advance(5 * 60)
    runtime.change_files(_site(tmp_path, SITE.replace("people: [bo]", "people: [boss]")))
    runtime.restart()
    runtime.advance(10 * 60)
    assert told(runtime, since) == [*CLIMB[:2], "boss-1 escalated 10"]


@pytest.mark.parametrize("by_reload", [True, False])
def test_steps_that_were_added_meanwhile_are_taken_by_an_alarm_that_waits(
    runtime: VirtualRuntime, tmp_path: Path, by_reload: bool
) -> None:
    """The one that stands had its last step already, and the new one is due after another time."""
    short = SITE.replace("    - {after: 10min, to: [reserve]}\n    - {after: 30min, to: [boss]}\n", "")
    runtime.reload(_site(tmp_path, short))
    since = _raise(runtime)
    runtime.advance(5 * 60)
    assert told(runtime, since) == CLIMB[:2]
    whole = _site(tmp_path, SITE)
    runtime.reload(whole) if by_reload else runtime.change_files(whole)
    if not by_reload:
        runtime.restart()
    runtime.advance(40 * 60)
    assert told(runtime, since) == CLIMB


LAMPS = """\
site: {id: yard, name: {zh: 场院, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
links:
  io: {protocol: modbus-tcp, host: 127.0.0.1, port: 15027}
  mains: {protocol: modbus-tcp, host: 127.0.0.1, port: 15028}
units:
  contacts: {link: io, profile: moxa_iologik_e1212, device_id: 1, period: 20s}
  m1: {link: mains, profile: eastron_sdm630, device_id: 1, period: 60s}
  m2: {link: mains, profile: eastron_sdm630, device_id: 2, period: 60s}
  m3: {link: mains, profile: eastron_sdm630, device_id: 3, period: 60s}
devices:
  fire: {family: contact, name: {zh: 火灾报警, en: Fire panel}, signals: {active: contacts.input_0}}
  lamp-1: {family: lighting, name: {zh: 一号灯, en: Lamp 1}, signals: {power: m1.active_power_total}}
  lamp-2: {family: lighting, name: {zh: 二号灯, en: Lamp 2}, signals: {power: m2.active_power_total}}
  lamp-3: {family: lighting, name: {zh: 三号灯, en: Lamp 3}, signals: {power: m3.active_power_total}}
recipients:
  anna: {name: {zh: 安, en: Anna}, language: en, channels: [HOOK, HOOK], QUIET}
"""


def test_a_quiet_night_ends_with_one_message_and_the_end_is_told(tmp_path: Path) -> None:
    site = _site(tmp_path, LAMPS, NIGHT)
    with VirtualRuntime(site, tmp_path, start=at("2026-06-10T22:30")) as runtime:
        runtime.advance(600)
        for unit in ("m1", "m2"):
            runtime.hazard(unit, "silent")
        runtime.advance(1800)
        runtime.fault("fire", "active")
        runtime.hazard("m1", "none")
        runtime.restart()
        runtime.advance(1800)
        heard = [(n.device, n.purpose) for n in runtime.mailbox.taken if n.recipient == "anna"]
        assert heard == [("fire", "raised")], "only what is critical"
        runtime.advance(8 * 3600)
        runtime.hazard("m2", "none")
        runtime.advance(600)
        heard = [n for n in runtime.mailbox.taken if n.recipient == "anna"]
        assert [(n.device, n.purpose) for n in heard] == [
            ("fire", "raised"),
            ("", "digest"),
            ("lamp-2", "cleared"),
        ]
        digest = heard[1]
        assert digest.at - at("2026-06-11T07:00") < LATE_S * NS
        assert digest.subject == "[LOW, digest] Yard: 2 alarms, 1 still there"
        first, second = digest.body.splitlines()[1:]
        assert "still there: [LOW] Lamp 2" in first
        assert "over: [LOW] Lamp 1" in second
        with JournalReader.open(runtime.journal) as reader:
            put_off = [e for e in reader.outbox() if e.notice.not_before]
        assert {e.state for e in put_off} == {Delivery.DIGESTED}


@pytest.mark.parametrize("trouble", ["channel-refuses", "channel-down", "channel-hangs"])
def test_with_every_channel_of_the_first_person_dead_the_second_has_it_in_time(
    trouble: str, runtime: VirtualRuntime
) -> None:
    """And the broken channels are alarms, which go over the channels that work: those of people on standby."""
    for channel in ("anna-1", "anna-2"):
        runtime.hazard(f"channel-{channel}-webhook", trouble)
    runtime.fault("fire", "active")
    runtime.advance(12 * 60)
    heard = [(n.device, n.recipient, n.purpose) for n in runtime.mailbox.taken]
    assert ("fire", "bo", "escalated") in heard
    assert not any(recipient == "anna" for _, recipient, _ in heard)
    broken = {device for device, recipient, _ in heard if recipient in ("bo", "boss")} - {"fire"}
    assert broken == {"channel-anna-1-webhook", "channel-anna-2-webhook"}


def test_a_digest_that_the_first_channel_refuses_goes_over_the_next_and_so_do_the_ends(
    tmp_path: Path,
) -> None:
    site = _site(tmp_path, LAMPS, NIGHT)
    with VirtualRuntime(site, tmp_path, start=at("2026-06-10T22:30")) as runtime:
        runtime.advance(600)
        for unit in ("m1", "m2"):
            runtime.hazard(unit, "silent")
        runtime.hazard("channel-anna-1-webhook", "channel-refuses")
        runtime.advance(9 * 3600)
        (digest,) = [one for one in runtime.mailbox.taken if one.purpose == "digest"]
        assert (digest.recipient, digest.channel) == ("anna", "anna-2-webhook")
        runtime.restart()
        runtime.hazard("m2", "none")
        runtime.advance(600)
        (end,) = [one for one in runtime.mailbox.taken if one.device == "lamp-2"]
        assert (end.recipient, end.channel, end.purpose) == ("anna", "anna-2-webhook", "cleared")
