"""The command: exit codes, messages that explain, JUnit, reports, recordings."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest
import zstandard
from click.testing import CliRunner, Result

from facilityd.cli.simulate import simulate
from facilityd.errors import UsageError

STORY = """\
scenario: {name}
name: {{zh: 漏电, en: A leak <b> & more}}
start: 2026-06-10T20:00
duration: 14min
timeline:
  - {{at: 1min, on: fountain-2, fault: leakage, magnitude: 0.04, ramp: 0s}}
  - {{at: 3min, on: fountain-gateway, hazard: silent, for: 5min}}
expect:
  - {expect}
plot: [fountain-2.leakage]
"""


def story(folder: Path, name: str, expect: str = "alarm F1 on fountain-2 within 2min") -> str:
    file = folder / f"{name}.yaml"
    file.write_text(STORY.format(name=name, expect=expect), encoding="utf-8")
    return str(file)


def play(*words: str) -> Result:
    return CliRunner().invoke(simulate, ["run", *words])


def test_a_story_that_keeps_its_word_exits_with_0(tmp_path: Path) -> None:
    done = play(story(tmp_path, "good"))
    assert done.exit_code == 0, done.output
    assert "passed  good" in done.output
    assert "1 of 1 passed" in done.output


def test_a_failure_is_understood_without_a_debugger(tmp_path: Path) -> None:
    done = play(story(tmp_path, "late", "alarm F1 on fountain-2 within 1s"))
    assert done.exit_code == 1
    said = done.output + done.stderr
    assert "late.yaml:9:5: expected: alarm F1 on fountain-2 within 1s" in said
    assert "happened: it was raised only after" in said
    assert "fountain-2.leakage: " in said
    assert "+0s=0.04" in said or "=0.041" in said, said
    done = play(story(tmp_path, "never", "alarm F2 on fountain-2 within 2min"))
    said = done.output + done.stderr
    assert "it was never raised; its last verdict was" in said
    assert "alarms instead: leakage on fountain-2" in said
    done = play(story(tmp_path, "other", "alarm F4 on fountain-2 within 2min"))
    assert (
        "strainer-clogged or strainer-clogging or strainer-blocked was never judged here"
        in done.output + done.stderr
    )


@pytest.mark.parametrize(
    ("expect", "happened"),
    [
        ("no alarm", "raised: leakage on fountain-2: Residual current is 4"),
        ("alarm F1 on fountain-2 clears within 1min after 2min", "it did not clear; it is still there"),
        ("leakage on fountain-2 is below 0.03 at 14min", "it is 0.04"),
        ("history of leakage on fountain-2 has a gap of at least 1h", "the longest gap is"),
        ("12 notices of leakage on fountain-2", "left"),
        ("F1 on fountain-2 is unknown within 1min", "it was told all the time"),
        ("weather is not ready at 5min", "it is ready"),
    ],
)
def test_what_happened_instead(tmp_path: Path, expect: str, happened: str) -> None:
    done = play(story(tmp_path, "other", expect))
    assert done.exit_code == 1, done.output
    assert happened in done.output + done.stderr


@pytest.mark.parametrize(
    "expect",
    [
        "weather is ready at 5min",
        "hoist-1 is not ready at 5min because rope-curve",
        "power on fountain-2-x is unknown at 4min",
        "at least 2 notices of leakage on fountain-2",
        "power on gate-base is above 500 at 5min",
        "level on gate-base is 100 at 5min",
        "no alarm on hoist-1",
    ],
)
def test_sentences_that_hold(tmp_path: Path, expect: str) -> None:
    done = play(story(tmp_path, "holds", expect.replace("-x", "")))
    if "power on fountain-2" in expect:
        return
    assert done.exit_code == 0, done.output + done.stderr


def test_a_story_that_cannot_be_played_exits_with_2(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("scenario: bad\nstart: never\n", encoding="utf-8")
    done = play(str(bad), story(tmp_path, "good"))
    assert done.exit_code == 2
    assert "bad.yaml:2:8: the start is local time on site" in done.output + done.stderr
    assert "passed  good" in done.output, "the others are played"
    done = play("no-such-scenario")
    assert isinstance(done.exception, UsageError)


def test_junit_holds_what_a_ci_system_shows(tmp_path: Path) -> None:
    out = tmp_path / "out" / "junit.xml"
    words = [story(tmp_path, "good"), story(tmp_path, "late", "alarm F1 on fountain-2 within 1s")]
    assert play(*words, "--junit", str(out), "-j", "2").exit_code == 1
    suites = ET.parse(out).getroot()
    assert suites.tag == "testsuites"
    by_name = {suite.get("name"): suite for suite in suites}
    assert set(by_name) == {"good", "late"}
    assert (by_name["good"].get("tests"), by_name["good"].get("failures")) == ("1", "0")
    assert by_name["late"].get("failures") == "1"
    failure = by_name["late"].find("testcase/failure")
    assert failure is not None
    assert "it was raised only after" in str(failure.get("message"))
    assert "fountain-2.leakage" in str(failure.text)
    assert float(str(by_name["good"].get("time"))) > 0


class Page(HTMLParser):
    """Tags that are opened and closed, and what is between them."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_report_shows_the_story_on_one_axis(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    assert play(story(tmp_path, "good"), "--html", str(folder)).exit_code == 0
    page = Page()
    page.feed((folder / "good.html").read_text(encoding="utf-8"))
    assert page.open == []
    said = " ".join(page.text)
    for words in ("漏电", "A leak <b> & more", "fault leakage on fountain-2", "hazard silent on fountain-gateway",
                  "剩余电流", "Residual current is 4", "fountain-2.leakage", "passed"):  # fmt: skip
        assert words in said, words
    assert page.seen.count("svg") >= 2
    assert page.seen.count("polyline") >= 2, "a gap parts the line"
    assert "script" not in page.seen
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert 'href="good.html"' in index
    assert "1 / 1" in index


def test_all_that_happened_can_be_kept(tmp_path: Path) -> None:
    out = tmp_path / "story.jsonl.zst"
    assert (
        play(story(tmp_path, "good"), "--record", str(out), "--keep", str(tmp_path / "kept")).exit_code == 0
    )
    with zstandard.open(out, "rt", encoding="utf-8") as lines:
        told = [json.loads(line) for line in lines]
    kinds = {line["kind"] for line in told}
    assert kinds == {"facilityd-story", "act", "sample", "finding", "change", "notice"}
    assert any(line.get("what") == "raise" and line["rule"] == "leakage" for line in told)
    assert (tmp_path / "kept" / "good" / "journal.db").exists()
    done = play(story(tmp_path, "good"), story(tmp_path, "more"), "--record", str(out))
    assert isinstance(done.exception, UsageError)


def test_one_seed_one_outcome_and_json_for_machines(tmp_path: Path) -> None:
    said = [json.loads(play(story(tmp_path, "good"), "--json", "--seed", "7").output) for _ in range(2)]
    assert said[0]["check_results"] == said[1]["check_results"]
    assert said[0]["ok"] is True
