"""A scenario's mistakes have a place, and its sentences are the ones in the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from facilityd.errors import ConfigError, UsageError
from facilityd.scenario.expectations import SENTENCES, AlarmRaised, NoAlarm, ReadinessIs, parse
from facilityd.scenario.load import LIBRARY, find, load

GOOD = """\
scenario: mine
name: {zh: 我的, en: Mine}
start: 2026-06-10T10:00
duration: 10min
timeline:
  - {at: 1min, on: fountain-2, fault: leakage}
expect:
  - alarm F1 on fountain-2 within 2min
"""


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        (
            "fountain-2, fault",
            "fountain-22, fault",
            "6:20: no device 'fountain-22'; did you mean 'fountain-2'",
        ),
        ("fault: leakage", "fault: leekage", "6:39: a fountain cannot have fault 'leekage'"),
        ("fault: leakage", "fault: leakage, hazard: silent", "6:5: give exactly one of"),
        ("fault: leakage", "hazard: silent", "6:20: no unit or link 'fountain-2'"),
        (
            "fountain-2, fault: leakage",
            "fountain-2-pump, hazard: silnt",
            "no hazard 'silnt'; did you mean 'silent'",
        ),
        (
            "fountain-2, fault: leakage",
            "facilityd, hazard: disk-ful",
            "no hazard 'disk-ful' of facilityd; did you mean 'disk-full'",
        ),
        (
            "fountain-2, fault: leakage",
            "facilityd, hazard: disk-full, magnitude: 2",
            "hazard 'disk-full' has no magnitude",
        ),
        ("duration: 10min", "duration: 10min\ntimetable: no.csv", "5:12: timetable "),
        ("at: 1min", "at: 1h", "an event lies after the end"),
        ("at: 1min", "at: soon", "6:10: a duration is a number with ms, s, min, h or d"),
        ("start: 2026-06-10T10:00", "start: tomorrow", "3:8: the start is local time on site"),
        ("alarm F1 on", "alarm F99 on", "8:5: no rule 'F99' on fountain-2"),
        ("on fountain-2 within", "on fountain-3x within", "8:5: no device 'fountain-3x'"),
        ("alarm F1", "an alarm F1", "8:5: 'an alarm F1 on fountain-2 within 2min' is none of the sentences"),
        ("scenario: mine", "scenaro: mine", "1:1: unknown key 'scenaro'; did you mean 'scenario'"),
        ("  - alarm F1 on fountain-2 within 2min\n", "  []\n", "8:3: at least 1 entry is needed"),
    ],
)
def test_a_mistake_has_its_place(tmp_path: Path, wrong: str, right: str, said: str) -> None:
    assert wrong in GOOD
    with pytest.raises(ConfigError) as told:
        load(written(tmp_path, GOOD.replace(wrong, right, 1)))
    assert said in str(told.value), told.value
    assert str(tmp_path / "mine.yaml") in str(told.value)


def test_a_good_one_is_ready_to_play(tmp_path: Path) -> None:
    script = load(written(tmp_path, GOOD))
    assert script.scenario.timeline[0].step == "fault"
    (place, _, expectation) = script.expectations[0]
    assert place.endswith("mine.yaml:8:5")
    assert expectation == AlarmRaised("F1", "fountain-2", 120 * 10**9)


def test_the_sentences() -> None:
    assert parse("no other alarm") == NoAlarm(other=True)
    assert parse("alarm H4 on hoist-1 within 5 s") == AlarmRaised("H4", "hoist-1", 5 * 10**9)
    assert parse("hoist-1 is not ready at 5min because remote") == ReadinessIs(
        "hoist-1", False, "remote", 300 * 10**9
    )
    with pytest.raises(ValueError, match="is none of the sentences"):
        parse("everything is fine")


def test_every_form_of_the_table_is_documented() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")
    assert [form for form, _, _ in SENTENCES if form not in text] == []


def test_the_library_is_large_and_each_has_its_own_name() -> None:
    files = find(("all",))
    assert len(files) >= 40
    assert all(load(file).scenario.scenario == file.stem for file in files)
    assert {file.parent.name for file in files} == {
        "faults",
        "hazards",
        "healthy",
        "people",
        "sensors",
        "stories",
    }
    assert find(("frost-night",)) == [LIBRARY / "stories" / "frost-night.yaml"]
    with pytest.raises(UsageError, match="did you mean 'frost-night'"):
        find(("frost-nigt",))


def test_a_story_of_some_devices_plays_them_alone(tmp_path: Path) -> None:
    script = load(written(tmp_path, GOOD.replace("timeline", "only: [fountain-2]\ntimeline", 1)))
    assert set(script.site.devices) == {"fountain-2"}
    assert {stream.device for unit in script.site.units.values() for stream in unit.streams} == {"fountain-2"}


@pytest.mark.parametrize(
    ("only", "said"),
    [("fountain-9", "5:8: no device 'fountain-9'"), ("hoist-1", "7:20: no device 'fountain-2'")],
)
def test_a_device_that_does_not_play_has_its_place(tmp_path: Path, only: str, said: str) -> None:
    with pytest.raises(ConfigError) as told:
        load(written(tmp_path, GOOD.replace("timeline", f"only: [{only}]\ntimeline", 1)))
    assert said in str(told.value)
