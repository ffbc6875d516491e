"""Chinese to the end: every command, every table, every text; and how the language is chosen."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from support.site import SQUARE
from support.terminal import terminal

from facilityd.app.builtin import all_devices
from facilityd.cli.language import chosen, of_terminal
from facilityd.cli.main import facilityd
from facilityd.cli.words import counted, words
from facilityd.config.load import load
from facilityd.model.alarm import AlarmCondition, AlarmState, Change, ChangeKind
from facilityd.model.baseline import Baseline
from facilityd.model.command_record import CommandRecord
from facilityd.model.marks import OperatorMark
from facilityd.model.measure import COMMON
from facilityd.model.quality import Reason
from facilityd.model.readiness import Waiver
from facilityd.model.sample import NS, Sample, SignalType, void
from facilityd.notify.texts import texts
from facilityd.query.words import query_words
from facilityd.store.batch import ChangeRecord
from facilityd.store.changes import AlarmWrite, ChangeWrite
from facilityd.store.commands import CommandWrite
from facilityd.store.journal import Journal
from facilityd.store.learning import BaselineWrite
from facilityd.store.marks import MarkWrite
from facilityd.store.readiness import WaiverWrite
from facilityd.store.samples import SampleWrite

ASKED = (
    {"device": "hoist-1", "rule": "rope-tight", "comment": "已到现场"}, {"device": "hoist-1", "rule": "rope-tight"},
    {"device": "hoist-1", "rules": ["rope-tight", "brake-worn"], "reason": "更换刹车片"}, {"mark": 1}, "？",
)  # fmt: skip
REFUSED = ("", "hoist-1 rope-tight: it is not latched / 报警没有锁存", "", "", "")
CHINESE = re.compile("[\u4e00-\u9fff]")
VALUES = {SignalType.BOOL: True, SignalType.INT: 1, SignalType.FLOAT: -0.001, SignalType.TEXT: "V1.2"}
NOUGHT = re.compile(r"-0(?:\.0*)?(?![\d.])")
DEVICES = ("hoist-1", "fountain-1", "pole-1", "weather")
ALARM = ("fountain-1", "leakage")
NAMES = frozenset(
    ["facilityd", "commission", "rules", "ready", "MQTT", "DALI", "rpm", "json", "since", "until", "bucket", "json", "MiB", "UTC", "Asia", "Shanghai", "A", "B", "C", "L", "V", "pH", "DC", "LED", "IO", "PLC"]
)  # fmt: skip
"""Names of ours, of protocols and of measures that Chinese writes as they are."""


@pytest.fixture(scope="module")
def square(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The square with a journal in which everything occurs: good, bad, never seen, alarms, marks, waivers."""
    folder = shutil.copytree(SQUARE, tmp_path_factory.mktemp("language") / "square")
    site, now = load(folder, secrets=False), time.time_ns()
    devices = all_devices(site)
    some = [stream for name in (*DEVICES, "facilityd", "link-hoist-bus") for stream in devices[name].streams]
    samples = [Sample(s, now - 9 * NS, now - 9 * NS, tuple(VALUES[kind] for kind in s.types)) for s in some]
    reasons = [reason for reason in Reason if reason is not Reason.AGE_UNKNOWN]
    samples += [
        void(s, now - 5 * NS, now - 5 * NS, reasons[n % len(reasons)]) for n, s in enumerate(some[::3])
    ]
    at = now - 90 * NS
    states = [
        AlarmState(*ALARM, AlarmCondition.TRUE, acked=False, occurrence=1, since=at, raised_at=at),
        AlarmState(
            "hoist-1",
            "emergency-stop",
            AlarmCondition.FALSE,
            acked=True,
            occurrence=1,
            since=at,
            raised_at=at,
        ),
    ]
    changes = [ChangeRecord(Change(at, *ALARM, 1, kind, person="王工")) for kind in ChangeKind]
    item = next(iter(site.devices["hoist-1"].family.readiness))
    Path(site.store.path).parent.mkdir(parents=True)
    with Journal.open(Path(site.store.path), max_bytes=2**28, max_age=10**18, site=site.id) as journal:
        journal.commit([SampleWrite(samples), ChangeWrite(changes), AlarmWrite(states), BaselineWrite([Baseline("hoist-1", "rope-tight", n, now, at, now, "王", {"a": n}, "") for n in (1, 2)]), WaiverWrite([Waiver(1, now - NS, "hoist-1", item, now + 3600 * NS, "王工", "备件明日到货")]), MarkWrite([OperatorMark(n, now, "hoist-1", kind, at, now, "H7", "", "李")
                   for n, kind in enumerate(("incident", "healthy", "service"), 1)]), CommandWrite([CommandRecord(kind, kind, "王工", at, "", "", asked, now, refused)
                      for kind, asked, refused in zip(query_words().command, ASKED, REFUSED, strict=False)])])  # fmt: skip
    return folder


CALLS = (
    ["status"], *(["status", "-d", name] for name in (*DEVICES, "facilityd")),
    ["alarms", "--all"], ["alarms", *ALARM], ["rules"], ["ready"], ["ready", "--history"],
    ["history", "hoist-1", "position", "--bucket", "1min"], ["history", "hoist-1", "upper_limit"],
    ["history", "hoist-1", "tension", "--until", "30min"],
    ["audit"], ["audit", "--refused"], ["marks", "--all"], ["waivers", "--all"], ["plan"], ["check"],
    ["baselines", "hoist-1"], ["baselines", "hoist-1", "--diff", "rope-tight"],
    ["backtest", "--rule", "leakage", "-d", "fountain-1", "--since", "1min"],
)  # fmt: skip


def _known(square: Path) -> set[str]:
    """Return what stands in ASCII in Chinese too: ids, measures, hosts."""
    site = load(square, secrets=False)
    known = {site.id, *site.devices, *site.links, *site.units, *all_devices(site), *NAMES, *COMMON}
    for device in all_devices(site).values():
        known |= {*device.family.rules, *device.family.signals, *device.family.readiness}
        known |= {rule.fault for rule in device.family.rules.values()}
    for unit in site.units.values():
        known |= {unit.profile.profile, *(binding.name for binding in unit.bindings), *unit.profile.expanded}
    return known | {link.protocol for link in site.links.values() if hasattr(link, "protocol")} | {"mqtt"}


def _foreign(text: str, known: set[str]) -> list[str]:
    """Return English words that are no names: two letters or more, in small letters."""
    parts = re.findall(r"(?<![\w./:-])[A-Za-z][\w-]*[A-Za-z](?![\w/:.-])", text)
    return sorted({part for part in parts if part not in known and not part.isupper()})


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_nothing_stays_english_in_chinese(square: Path, call: list[str]) -> None:
    done = CliRunner().invoke(facilityd, [call[0], str(square), *call[1:], "--lang", "zh"])
    assert not done.exception or isinstance(done.exception, SystemExit), done.exception
    shown = done.output.replace(str(square), "")
    assert CHINESE.search(shown)
    assert _foreign(shown, _known(square)) == []
    assert not NOUGHT.search(shown)
    assert not re.search(r"[0-9] 分(?!钟)|(?:分钟|小时|秒|天) +内", shown)


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_english_is_free_of_inner_paths_and_odd_numbers(square: Path, call: list[str]) -> None:
    shown = CliRunner().invoke(facilityd, [call[0], str(square), *call[1:], "--lang", "en"]).output
    shown = shown.replace(str(square), "")
    assert not re.search(r"\b(all|any_of)\.\d", shown)
    assert not NOUGHT.search(shown)
    assert not re.search(r"\b1 (links|units|devices|signals|limits|problems|rules|alarms|baselines)\b", shown)
    assert not re.search(r"(?m) ,", shown), "no value is empty"


@pytest.mark.parametrize(
    ("environment", "language"),
    [({}, "en"), ({"LANG": "zh_CN.UTF-8"}, "zh"), ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN"}, "zh"),
     ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"), ({"LC_ALL": "", "LANG": "zh"}, "zh"), ({"LANG": "de_DE"}, "en")],
)  # fmt: skip
def test_the_terminal_says_the_language(environment: dict[str, str], language: str) -> None:
    assert of_terminal(environment) == language


def test_the_site_says_the_language_before_the_terminal_and_the_option_before_both(
    square: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = shutil.copytree(SQUARE, tmp_path / "square")
    file = own / "site.yaml"
    text = file.read_text(encoding="utf-8")
    assert text.count("timezone: Asia/Shanghai") == 1
    file.write_text(
        text.replace("timezone: Asia/Shanghai", "timezone: Asia/Shanghai\n  language: zh"), encoding="utf-8"
    )
    site = load(own, secrets=False)
    assert chosen(None, site) == "zh"
    assert chosen("en", site) == "en"
    assert "未发现错误" in CliRunner().invoke(facilityd, ["check", str(own)]).output
    assert "nothing is wrong" in CliRunner().invoke(facilityd, ["check", str(own), "--lang", "en"]).output
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert "未发现错误" in CliRunner().invoke(facilityd, ["check", str(square)]).output


def _texts(told: Any, path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    if isinstance(told, dict) and {"zh", "en"} <= told.keys():
        yield path, told
    elif isinstance(told, dict):
        for name, inner in told.items():
            yield from _texts(inner, f"{path}.{name}")


@pytest.mark.parametrize(
    ("table", "least"),
    [
        ("facilityd/cli/words.yaml", 60),
        ("facilityd/query/words.yaml", 30),
        ("facilityd/notify/texts.yaml", 60),
    ],
)
def test_every_text_has_both_languages_and_fills_in_the_same(table: str, least: int) -> None:
    found = dict(_texts(yaml.safe_load(Path(table).read_text(encoding="utf-8"))))
    assert len(found) > least
    assert [path for path, text in found.items() if CHINESE.search(text["en"])] == []
    bare = [
        path
        for path, text in found.items()
        if not CHINESE.search(text["zh"]) and re.search("[A-Za-z]{3}", text["zh"])
    ]
    assert [path for path in bare if "{" not in found[path]["zh"]] == []
    fields = {
        path: [set(re.findall(r"{(\w+)}", text[one])) for one in ("zh", "en")] for path, text in found.items()
    }
    assert [
        path
        for path, (zh, en) in fields.items()
        if zh != en and path not in {".limit.at_least", ".limit.at_most"}
    ] == []


def test_every_code_that_is_shown_has_a_word() -> None:
    from facilityd.model.rule import Rule
    from facilityd.query.rules import RuleStatus
    from facilityd.store.batch import Delivery

    assert {one.value for one in RuleStatus} == query_words().standing.keys()
    assert {kind.value for kind in ChangeKind} == query_words().change.keys()
    assert {one.value for one in Delivery} == query_words().notice.keys()
    kinds = str(Rule.model_json_schema()["properties"]["detect"]["discriminator"]["mapping"])
    assert set(re.findall(r"'([a-z-]+)': '#", kinds)) == words().method.keys()
    assert set(map(str, Reason)) <= texts().reason.keys()


def test_one_is_not_several() -> None:
    assert counted(1, "link", "en") == "1 link"
    assert counted(2, "link", "en") == "2 links"
    assert counted(1, "assumed", "en") == "1 limit is"


def test_what_must_be_seen_first_is_broken_between_words(square: Path) -> None:
    for command in ("status", "alarms", "rules", "ready"):
        seen = terminal(
            command, square, *(["--once"] if command == "status" else []), "--lang", "zh", width=40
        )
        first = " ".join(line.strip() for line in seen.lines[:4])
        assert "监测程序" in first
        assert not re.search(r"\d$", seen.lines[0].rstrip()), seen.lines[0]
