"""Every table in windows of 40, 80 and 160 columns: ids, states, values and ages stand whole, or are counted."""

from __future__ import annotations

import io
import json
import re
import shutil
import time
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console, ConsoleDimensions
from support.site import SQUARE
from support.terminal import TerminalOutput, terminal, terminals

from facilityd.app.builtin import all_devices
from facilityd.cli.demo import view
from facilityd.cli.local_sink import LocalSink, ReceivedMessage
from facilityd.cli.main import facilityd
from facilityd.config.load import load
from facilityd.model.alarm import AlarmCondition, AlarmState, Change, ChangeKind
from facilityd.model.baseline import Baseline
from facilityd.model.marks import OperatorMark
from facilityd.model.readiness import Waiver
from facilityd.model.sample import NS, Sample, SignalType
from facilityd.query.instants import show_instant
from facilityd.query.site import SiteQuery
from facilityd.store.batch import ChangeRecord
from facilityd.store.changes import AlarmWrite, ChangeWrite
from facilityd.store.journal import Journal
from facilityd.store.learning import BaselineWrite
from facilityd.store.marks import MarkWrite
from facilityd.store.readiness import WaiverWrite
from facilityd.store.samples import SampleWrite

VALUES = {SignalType.BOOL: True, SignalType.INT: 1, SignalType.FLOAT: 21.5, SignalType.TEXT: "二号泵 V1.2"}
WIDTHS = (40, 80, 160)
ALARMS = (
    ("fountain-2", "leakage"),
    ("hoist-1", "emergency-stop"),
    ("hoist-room-water", "active"),
    ("gate-base", "dark"),
)


@pytest.fixture(scope="module")
def square(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The square with a journal that holds something for every table."""
    folder = shutil.copytree(SQUARE, tmp_path_factory.mktemp("windows") / "square")
    site, now = load(folder), time.time_ns()
    devices = all_devices(site)
    samples = [
        Sample(stream, at, at, tuple(VALUES[kind] for kind in stream.types))
        for device in devices.values()
        for stream in device.streams
        for at in (now - 7 * NS, now - 2 * NS)
    ]
    known = [
        (d, r if r in devices[d].family.rules else next(iter(devices[d].family.rules))) for d, r in ALARMS
    ]
    alarms = [
        AlarmState(
            d, r, AlarmCondition.TRUE, acked=False, occurrence=1, since=now - 90 * NS, raised_at=now - 90 * NS
        )
        for d, r in known
    ]
    changes = [ChangeRecord(Change(now - 90 * NS, d, r, 1, ChangeKind.RAISE)) for d, r in known]
    item = next(iter(site.devices["hoist-1"].family.readiness))
    long = "已由厂家现场检查，备件明日到货，仪式可以照常进行 spare part arrives tomorrow"
    Path(site.store.path).parent.mkdir(parents=True)
    with Journal.open(Path(site.store.path), max_bytes=2**28, max_age=10**18, site=site.id) as journal:
        journal.commit([SampleWrite(samples), ChangeWrite(changes), AlarmWrite(alarms), BaselineWrite([Baseline("fountain-2", "efficiency-low", 1, now, now - 9 * NS, now, "王", {"a": 1}, long)]), WaiverWrite([Waiver(1, now - NS, "hoist-1", item, now + 3600 * NS, "王工程师", long)]), MarkWrite([OperatorMark(1, now, "fountain-2", "incident", now - 99 * NS, now - NS, "", long, "李")])])  # fmt: skip
    return folder


def asked(square: Path, *words: str) -> list[dict]:
    done = CliRunner().invoke(facilityd, [words[0], str(square), *words[1:], "--json"])
    return json.loads(done.stdout)


PRIORITIES = {"zh": {"critical": "紧急", "high": "重要", "medium": "一般", "low": "提示"}, "en": {}}


def stands(what: str, seen: TerminalOutput) -> bool:
    """Whether a text stands whole in one line, beside nothing that it could be taken for part of."""
    return any(re.search(rf"(?<![\w-]){re.escape(what)}(?![\w-])", line) for line in seen.lines)


@cache
def expected(square: Path, lang: str) -> dict[tuple[str, ...], list[str]]:
    """What each command must show whole."""
    site = load(square)
    status, alarms = asked(square, "status"), asked(square, "alarms")
    hoist = asked(square, "status", "-d", "hoist-1")[0]["signals"]
    item = next(iter(site.devices["hoist-1"].family.readiness))
    rules = site.devices["fountain-2"].family.rules
    return {
        ("status", "--once"): [text for d in status for text in (d["device"], d["state_text"][lang])],
        ("status", "-d", "hoist-1", "--once"): ["hoist-1", *(s["shown"][lang] for s in hoist)],
        ("alarms",): [text for a in alarms for text in (a["device"], a["rule"], a["state_text"][lang])]
        + [PRIORITIES[lang].get(str(a["priority"]), str(a["priority"])) for a in alarms]
        + [show_instant(a["since"], site.timezone)[:19] for a in alarms],
        ("alarms", alarms[0]["device"], alarms[0]["rule"]): [
            alarms[0]["device"],
            alarms[0]["state_text"][lang],
        ],
        ("rules", "fountain-2"): [*rules, *(rule.fault for rule in rules.values() if rule.fault)],
        ("ready",): ["hoist-1"],
        ("ready", "--history"): [],
        ("history", "hoist-1", "tension"): ["21.5", {"zh": "良好", "en": "good"}[lang]],
        ("waivers",): ["1", "hoist-1", item, {"zh": "有效", "en": "in force"}[lang]],
        ("marks",): ["fountain-2", {"zh": "故障", "en": "incident"}[lang]],
    }


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", WIDTHS)
def test_what_is_needed_stands_whole_in_every_window(square: Path, width: int, lang: str) -> None:
    wanted = expected(square, lang)
    calls = [[words[0], square, *words[1:], "--lang", lang] for words in wanted]
    plain = {
        ("plan",): list(load(square).units),
        ("baselines",): ["fountain-2", "efficiency-low"],
        ("check",): [],
    }
    if lang == "en":  # they speak one language
        calls += [[words[0], square, *words[1:]] for words in plain]
        wanted = wanted | plain
    for seen, (words, parts) in zip(terminals(calls, width=width), wanted.items(), strict=True):
        assert "Error: " not in seen.text, (words, seen.text)
        assert parts or seen.text.strip() or words == ("ready", "--history"), words
        missing = {part for part in parts if not stands(part, seen)}
        # A state that is longer than the window is broken, as it must be; it is still whole in words.
        missing = {
            p for p in missing if len(p) < width or " ".join(p.split()) not in " ".join(seen.text.split())
        }
        assert not missing, (words, missing, seen.text)
        paths = [line for line in seen.lines if str(square) in line or line.startswith("/")]
        assert max((len(line) for line in seen.lines if line not in paths), default=0) <= width, words
        assert seen.widest <= width or paths, (words, seen.text)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", WIDTHS)
def test_a_live_view_counts_what_it_has_no_room_for(square: Path, width: int, lang: str) -> None:
    seen = terminal("status", square, "--lang", lang, width=width, live=1.0)
    told = re.search({"zh": r"… 还有 (\d+) 行", "en": r"… and (\d+) more"}[lang], seen.text)
    assert told, seen.text
    ids = [device["device"] for device in asked(square, "status")]
    shown = [name for name in ids if stands(name, seen)]
    assert len(shown) + int(told[1]) == len(ids)
    assert {device for device, _ in ALARMS} <= set(shown), "what is wrong comes first"
    assert len(seen.text.rstrip("\n").splitlines()) <= 24
    assert seen.widest <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_the_demo_fits_its_window_with_what_is_wrong_first(square: Path, width: int) -> None:
    sink = LocalSink()
    sink.told.extend(
        ReceivedMessage("email", "engineer@square.example", "【紧急】二号喷泉泵：水下设备漏电", "")
        for _ in range(9)
    )
    out = Console(width=width, file=io.StringIO(), color_system=None)
    out.print(view(SiteQuery(load(square)), "en", sink, 31.0, ConsoleDimensions(width, 24)))
    seen = TerminalOutput(out.file.getvalue(), 0)
    assert len(seen.lines) <= 24, seen.text
    assert seen.widest <= width
    assert re.search(r"… and \d+ more", seen.text), seen.text
    assert stands("hoist-1", seen)
    assert any("critical" in line for line in seen.lines)


def test_a_countdown_counts_too(square: Path) -> None:
    seen = terminal("ready", square, "--watch", width=40, height=12, live=1.5)
    assert re.search(r"… and \d+ more", seen.text), seen.text
    # An item of five lines that has no room is counted whole: lines may stay empty below the verdict.
    written = [line.strip() for line in seen.lines if line.strip()]
    assert written[-1] in ("ready", "NOT ready", "not known to be ready")
    assert seen.widest <= 40


@pytest.mark.parametrize(
    "odd",
    [{"COLUMNS": "1"}, {"COLUMNS": "0"}, {"COLUMNS": "²"}, {"COLUMNS": "-5"}, {"COLUMNS": "99999999999"},
     {"LINES": "1"}, {"TERM": "dumb"}, {"TERM": ""}, {"NO_COLOR": "1"}, {"HOME": "/nonexistent"}],
    ids=str,
)  # fmt: skip
def test_an_odd_environment_harms_nothing(square: Path, odd: dict[str, str]) -> None:
    seen = terminal("alarms", square, width=80, **odd)
    assert seen.status == 0, seen.text
    assert stands("fountain-2", seen), seen.text
    assert "Traceback" not in seen.text
