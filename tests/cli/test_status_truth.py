"""Status and alarms say first whether anybody watches, and never call normal what nobody knows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.contacts_site import contacts_site, device, journal_of, status, store, stream_of

from facilityd.cli.main import facilityd
from facilityd.config.site import Site
from facilityd.model.alarm import AlarmCondition, AlarmState
from facilityd.model.downtime import Downtime
from facilityd.model.finding import Evidence, Finding
from facilityd.model.quality import Reason
from facilityd.model.sample import NS
from facilityd.pipeline.spilled import MARK, Spilled
from facilityd.query.site import SiteQuery
from facilityd.store.batch import FindingRecord
from facilityd.store.changes import AlarmWrite
from facilityd.store.downtimes import DowntimeWrite
from facilityd.store.findings import FindingWrite
from facilityd.store.journal import Journal
from facilityd.store.last_word import WATCHED, last_word
from facilityd.store.meta import MetaWrite
from facilityd.store.reader import JournalReader
from facilityd.store.spill import ROOM, Spill


@pytest.fixture
def yard(tmp_path: Path) -> Site:
    return contacts_site(tmp_path)


@pytest.fixture
def journal(yard: Site) -> Iterator[Journal]:
    with journal_of(yard) as opened:
        yield opened


@pytest.mark.parametrize(("lang", "words"), [("en", "NOT RUNNING since"), ("zh", "监测程序未运行")])
@pytest.mark.parametrize("command", ["status", "alarms"])
def test_a_stopped_daemon_is_said_first(
    yard: Site, journal: Journal, command: str, lang: str, words: str
) -> None:
    store(journal, stream_of(yard, "fire"), False, 900)
    journal.close()
    done = CliRunner().invoke(facilityd, [command, yard.source, "--lang", lang])
    first = done.stdout.splitlines()[0]
    assert words in first
    assert {"en": "15 min", "zh": "15 分钟前"}[lang] in first
    assert {one["daemon"] for one in status(yard)} == {"stopped"}


def test_since_when_nobody_watches_is_the_newest_word_of_any_kind(yard: Site, journal: Journal) -> None:
    store(journal, stream_of(yard, "fire"), False, 3600)
    for batch, ago in (
        (
            lambda at: [
                FindingWrite([FindingRecord(Finding("fire", "active", False, at, at, Evidence("x")))])
            ],
            40,
        ),
        (lambda at: [AlarmWrite([AlarmState("fire", "active", occurrence=1, since=at)])], 30),
        (lambda at: [DowntimeWrite([Downtime(at - NS, at)])], 20),
        (lambda at: [MetaWrite({WATCHED: str(at)})], 10),
    ):
        journal.commit(batch(time.time_ns() - ago * 60 * NS))
        with JournalReader.open(journal.path) as reader:
            assert round((time.time_ns() - last_word(reader)) / 60 / NS) == ago
    journal.close()
    first = CliRunner().invoke(facilityd, ["status", yard.source]).stdout.splitlines()[0]
    assert "NOT RUNNING since" in first
    assert "10 min" in first


def test_a_daemon_that_hangs_is_said_first(yard: Site, journal: Journal) -> None:
    store(journal, stream_of(yard, "facilityd"), 0, 600)
    done = CliRunner().invoke(facilityd, ["status", yard.source])
    assert "NOT RESPONDING" in done.stdout.splitlines()[0]
    assert {one["daemon"] for one in status(yard)} == {"hung"}


def test_a_daemon_that_watches_is_not_spoken_of(yard: Site, journal: Journal) -> None:
    store(journal, stream_of(yard, "facilityd"), 0, 30)
    done = CliRunner().invoke(facilityd, ["status", yard.source])
    assert "NOT R" not in done.stdout
    assert {one["daemon"] for one in status(yard)} == {"running"}


@pytest.mark.parametrize(("lang", "words"), [("en", "DISK FULL"), ("zh", "磁盘已满")])
@pytest.mark.parametrize("command", ["status", "alarms"])
def test_what_a_full_disk_kept_out_of_the_journal_is_shown(
    yard: Site, journal: Journal, command: str, lang: str, words: str
) -> None:
    store(journal, stream_of(yard, "facilityd"), 0, 600)
    fire = AlarmState(
        "fire", "active", AlarmCondition.TRUE, acked=False, occurrence=1, since=time.time_ns(), raised_at=1
    )
    spill = Spill(journal.path)
    assert spill.prepare()
    assert spill.write(Spilled("1/fire", alarms=[fire]).pack(ROOM))
    done = CliRunner().invoke(facilityd, [command, yard.source, "--lang", lang])
    assert words in done.stdout.splitlines()[0]
    assert device(yard, "fire")["state"] == "active"
    assert {one["daemon"] for one in status(yard)} == {"full"}
    journal.commit([MetaWrite({MARK: "1/fire"})])
    assert device(yard, "fire")["state"] != "active", "the journal has it by now, and knows better"


def test_asking_does_not_keep_a_daemon_from_starting(yard: Site, journal: Journal) -> None:
    journal.close()
    for _ in range(20):
        status(yard)
        Journal.open(Path(yard.store.path), max_bytes=2**26, max_age=10**18).close()


def test_nothing_known_is_unknown_and_a_link_that_is_down_is_down(yard: Site, journal: Journal) -> None:
    assert device(yard, "fire")["state"] == "unknown"
    assert device(yard, "link-net")["state"] == "unknown"
    store(journal, stream_of(yard, "fire"), None, 1, Reason.LINK_DOWN)
    store(journal, stream_of(yard, "link-net"), False)
    assert device(yard, "fire")["state"] == "unknown"
    assert device(yard, "link-net")["state"] == "down"
    store(journal, stream_of(yard, "fire"), False)
    store(journal, stream_of(yard, "link-net"), {"up": True, "mute": True})
    assert device(yard, "fire")["state"] == "normal"
    assert device(yard, "link-net")["state"] == "mute", "connected, and nobody answers: that is not well"
    store(journal, stream_of(yard, "link-net"), {"up": True, "mute": False})
    assert device(yard, "link-net")["state"] == "normal"
    store(journal, stream_of(yard, "water"), False, 3600)
    assert device(yard, "water")["state"] == "unknown", "an hour old at a period of half a minute"


def test_a_changed_period_makes_no_value_unseen(yard: Site, journal: Journal) -> None:
    store(journal, replace(stream_of(yard, "fire"), expected=5 * NS), True)
    (signal,) = device(yard, "fire")["signals"]
    assert (signal["value"], signal["quality"]) == (True, "good")
    assert signal["age"] < 60 * NS


def test_what_was_never_seen_has_no_age(yard: Site, journal: Journal) -> None:
    (signal,) = device(yard, "fire")["signals"]
    assert (signal["age"], signal["quality"]) == (None, "never seen")


def test_a_cleared_alarm_is_not_the_present_state(yard: Site, journal: Journal) -> None:
    now = time.time_ns()
    store(journal, stream_of(yard, "fire"), False)
    gone = AlarmState(
        "fire",
        "active",
        AlarmCondition.FALSE,
        acked=False,
        occurrence=1,
        since=now,
        raised_at=now - NS,
        cleared_at=now,
    )
    journal.commit([AlarmWrite([gone])])
    assert device(yard, "fire")["state"] == "normal"
    journal.commit([AlarmWrite([replace(gone, condition=AlarmCondition.TRUE, cleared_at=None)])])
    assert device(yard, "fire")["state"] == "active"


def test_json_is_the_same_in_every_language(
    yard: Site, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time_ns()
    store(journal, stream_of(yard, "fire"), True)
    state = AlarmState(
        "fire", "active", AlarmCondition.TRUE, acked=False, occurrence=1, since=now, raised_at=now
    )
    journal.commit([AlarmWrite([state])])
    monkeypatch.setattr(time, "time_ns", lambda: now)
    for command in ("status", "alarms", "rules", "check", "plan"):
        words = [[command, yard.source, "--json", "--lang", lang] for lang in ("en", "zh")]
        told = [CliRunner().invoke(facilityd, each).stdout for each in words]
        assert told[0] == told[1]
        assert told[0]
    alarm = json.loads(CliRunner().invoke(facilityd, ["alarms", yard.source, "--json"]).stdout)[0]
    assert alarm["state_text"] == {"zh": "未确认", "en": "unacknowledged"}


def test_a_device_that_is_not_there_is_a_mistake(yard: Site, journal: Journal) -> None:
    done = CliRunner().invoke(facilityd, ["status", yard.source, "-d", "fier"])
    assert done.exit_code == 1
    assert "did you mean 'fire'" in str(done.exception)


def _signal(site: Site, name: str) -> dict:
    (signal,) = [one for one in device(site, name)["signals"] if one["signal"] == "active"]
    return signal


def test_the_age_is_of_the_value_and_not_of_the_message(yard: Site, journal: Journal) -> None:
    fire, water = stream_of(yard, "fire"), stream_of(yard, "water")
    store(journal, fire, False, 7200)
    for minutes in range(110, 0, -10):
        store(journal, fire, None, 60 * minutes, Reason.TIMEOUT)
    store(journal, fire, None, 4, Reason.TIMEOUT)
    store(journal, water, False, 5)
    bad, good = _signal(yard, "fire"), _signal(yard, "water")
    assert (bad["value"], bad["quality"]) == (None, "timeout")
    assert bad["age"] / NS == pytest.approx(7200, abs=60)
    assert bad["message_age"] / NS == pytest.approx(4, abs=60)
    assert good["age"] == good["message_age"]
    shown = CliRunner().invoke(facilityd, ["status", yard.source, "-d", "fire"]).stdout
    assert "last message" in shown
    assert "2 h" in shown
    plain = CliRunner().invoke(facilityd, ["status", yard.source]).stdout
    assert "2 h" in next(line for line in plain.splitlines() if line.startswith("fire"))


def test_a_value_that_never_was_good_has_no_age(yard: Site, journal: Journal) -> None:
    for ago in (90, 60, 30):
        store(journal, stream_of(yard, "fire"), None, ago, Reason.TIMEOUT)
    signal = _signal(yard, "fire")
    assert signal["age"] is None
    assert signal["message_age"] / NS == pytest.approx(30, abs=60)


def test_a_live_view_looks_for_an_old_value_once(yard: Site, journal: Journal, monkeypatch) -> None:
    looked: list[object] = []
    real = JournalReader.last_good
    monkeypatch.setattr(JournalReader, "last_good", lambda *told: looked.append(told) or real(*told))
    store(journal, stream_of(yard, "fire"), True, 6000)
    store(journal, stream_of(yard, "fire"), None, 60, Reason.TIMEOUT)
    query = SiteQuery(yard)
    ages = [line.age for _ in range(3) for line in query.devices(("fire",))]
    assert len(looked) == 1
    assert [age / NS for age in ages] == [pytest.approx(6000, abs=60)] * 3
    store(journal, stream_of(yard, "fire"), False, 1)
    assert next(iter(query.devices(("fire",)))).age < 60 * NS
