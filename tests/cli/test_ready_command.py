"""The command `ready`, on stories that were played: what it shows, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from devices.tables import families
from facilityd.cli.ready import ready
from facilityd.config.site import Site
from facilityd.model.readiness import (
    ItemOutcome,
)
from facilityd.model.sample import NS
from facilityd.query.readiness import ItemRow, ReadinessBoard
from facilityd.query.site import open_journal

HOIST = families(None)["hoist"].readiness
HOUR = 3600 * NS


def looked_at(site: Site, board: ReadinessBoard, at: int) -> list[ItemRow]:
    with open_journal(site) as reader:
        return board.items(reader, at)


def test_the_command_on_a_story_that_was_kept(simulated_site, tmp_path: Path, monkeypatch) -> None:
    site = simulated_site("square", only=["hoist-1", "weather"], start="2026-10-01T05:30")
    site.advance("80min")
    now = round(site.now.timestamp() * 1e9)
    board = ReadinessBoard(site.site, ["hoist-1", "weather"])
    lines = looked_at(site.site, board, now)
    assert not [line.checked.item for line in lines if line.checked.stands_against], (
        "once a run and the rest after it were seen, all is known"
    )
    site.fault("hoist-1", "estop")
    site.advance("3min")
    lines = looked_at(site.site, board, now + 180 * 10**9)
    assert {one.checked.item for one in lines if one.checked.stands_against} == {
        "emergency-chain",
        "drive-ready",
    }
    late = looked_at(site.site, board, now + 3600 * 10**9)
    assert {line.checked.outcome for line in late if line.checked.values} == {ItemOutcome.UNKNOWN}, (
        "nothing is fresh"
    )


def test_the_command_says_not_ready_and_exits_with_1(tmp_path: Path) -> None:
    done = CliRunner().invoke(ready, [str(_elsewhere(tmp_path)), "--json"])
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["ready"] is False
    assert "NOT RUNNING" in done.stderr
    assert {line["result"] for line in told["items"]} == {"unknown"}
    done = CliRunner().invoke(ready, [str(_elsewhere(tmp_path)), "hoist-1", "--lang", "zh"])
    assert done.exit_code == 1
    assert "不能确认具备条件" in done.output
    assert done.output.startswith("监测程序未运行"), "said before all else"


def _elsewhere(folder: Path) -> Path:
    from support.site import make_square

    from facilityd.store.journal import Journal

    made = make_square(folder / "site")
    made.journal.parent.mkdir(parents=True, exist_ok=True)
    with Journal.open(made.journal, max_bytes=2**24, max_age=10**15):
        pass
    return made.folder


def test_before_any_run_and_right_after_a_start_nothing_passes_on_nothing(simulated_site) -> None:
    site = simulated_site("square", only=["hoist-1", "weather"], start="2026-10-01T05:30")
    board = ReadinessBoard(site.site, ["hoist-1"])

    def now(later: int = 0) -> dict[str, Any]:
        at = round(site.now.timestamp()) * NS + later
        return {line.checked.item: line for line in looked_at(site.site, board, at)}

    site.advance("10min")
    before = now()
    by_rules = {item for item, one in HOIST.items() if not one.any_of and not one.advises}
    assert {item for item in by_rules if before[item].checked.outcome is ItemOutcome.UNKNOWN} == {
        "last-run", "rope-curve", "brake-wear",
    }  # fmt: skip
    site.advance("70min")  # the flag goes up at 06:12
    ran = now()
    assert {line.checked.outcome for line in ran.values()} == {ItemOutcome.PASS}
    for item, line in ran.items():
        assert line.checked.grounds or line.checked.ages, item
        assert "ago)" in line.shown("en") or "(since " in line.shown("en"), item
        assert "前）" in line.shown("zh") or "（从 " in line.shown("zh"), item
    assert "2026-10-01 06:12, 37 min" in ran["last-run"].shown("en")
    site.restart(3600.0)
    again = now()
    assert {again[item].checked.outcome for item in by_rules} == {ItemOutcome.UNKNOWN}, (
        "nobody has looked yet"
    )
    assert "not judged since facilityd last started" in again["last-run"].shown("en")
    site.advance("3min")
    known_again = now()
    assert {item for item, line in known_again.items() if line.checked.outcome is not ItemOutcome.PASS} == {
        "brake-wear"
    }, "whether it creeps is seen over twelve minutes"
    for item in ("last-run", "rope-curve"):
        assert "2026-10-01 06:12, 1 h 4" in known_again[item].shown("en"), "of the run, not of the restart"
    late = now(HOUR)
    assert {late[item].checked.outcome for item in by_rules} == {ItemOutcome.UNKNOWN}, (
        "nobody watches any more"
    )
