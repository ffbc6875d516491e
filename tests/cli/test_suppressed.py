"""What nobody is told of is always listed: who, why and until when; a device in maintenance on one line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from facilityd.cli.suppressed import only_held, print_suppressed
from facilityd.config.load import load
from facilityd.model.alarm import AlarmCondition, AlarmState
from facilityd.model.suppression import Suppression, Suppressor
from facilityd.model.text import Text
from facilityd.query.alarms import AlarmRow, alarm_row

AT, HOUR = 1_781_100_000 * 10**9, 3600 * 10**9
DEVICES = load(Path(__file__).parents[2] / "config" / "square").devices
ROW = AlarmRow(
    "hoist-1", "drag", Text(zh="搁置", en="shelved"), "high", 1, AT, Text(zh="甲", en="A"), Text(zh="乙", en="B"),
    "", 3, "shelved", True,
)  # fmt: skip


def _listed(capsys: pytest.CaptureFixture[str], *facts: Suppression, cause: str = "", rules: int = 1) -> str:
    rows = [
        replace(ROW, rule=f"rule-{n}", suppressors=facts, suppressed_by=cause, active=False)
        for n in range(rules)
    ]
    print_suppressed(rows, DEVICES, "Asia/Shanghai", "en")
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        (Suppression(Suppressor.SHELVED, AT, AT + HOUR, "li", "crane"), "li 2026-06-10 23:00 crane"),
        (
            Suppression(Suppressor.SHELVED, AT, AT + HOUR, "li", "crane", once=True),
            "the alarm is over, at the latest 2026-06-10 23:00",
        ),
        (
            Suppression(Suppressor.OUT_OF_SERVICE, AT, AT + HOUR, "li", "cable", ticket="T-7", overdue=True),
            "REVIEW OVERDUE (2026-06-10 23:00) ticket T-7: cable",
        ),
        (
            Suppression(Suppressor.BY_STATE, AT, AT + HOUR, "li", "oil", state="maintenance"),
            "1 rule maintenance 2026-06-10 22:00 li 2026-06-10 23:00 oil",
        ),
    ],
)
def test_each_says_who_why_and_until_when(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, fact: Suppression, said: str
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert said in _listed(capsys, fact)


def test_a_device_in_maintenance_is_one_line_and_no_alarm_of_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    fact = Suppression(Suppressor.BY_STATE, AT, AT + HOUR, "li", "oil", state="maintenance")
    assert _listed(capsys, fact, rules=30).count("maintenance") == 1
    assert only_held(replace(ROW, suppressors=(fact,), active=False))
    assert not only_held(replace(ROW, suppressors=(fact,)))
    assert not only_held(replace(ROW, active=False))


def test_a_consequence_names_its_cause(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    fact = Suppression(Suppressor.BY_DESIGN, AT)
    named = DEVICES["hoist-1"].family.rules["drive-trip"].name.en
    assert f"its cause is over a consequence of {named}" in _listed(capsys, fact, cause="drive-trip")
    assert "its cause is over a consequence of gone" in _listed(capsys, fact, cause="gone")


@pytest.mark.parametrize(
    ("active", "zh", "en"),
    [(True, "搁置", "shelved"), (False, "搁置（当前未报警）", "shelved, not active now")],
)
def test_what_lies_under_a_shelf_is_not_called_active_when_it_is_over(active: bool, zh: str, en: str) -> None:
    over = None if active else AT + 5
    condition = AlarmCondition.TRUE if active else AlarmCondition.FALSE
    shelf = Suppression(Suppressor.SHELVED, since=AT + 1)
    state = AlarmState(
        "hoist",
        "drag",
        condition,
        occurrence=1,
        raised_at=AT,
        cleared_at=over,
        since=AT + 5,
        suppressors=(shelf,),
    )
    row = alarm_row(state, {})
    assert row is not None
    assert (row.state.zh, row.state.en, row.active) == (zh, en, active)
    assert row.since == (AT if active else AT + 5), "since when it is as it is, not when it last began"
