"""Readiness: each item passes, fails or is unknown, and unknown is never ready."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from devices.tables import families
from facilityd.cli.readiness import report
from facilityd.cli.ready import ready
from facilityd.model.readiness import Mark, check, is_ready

HOIST = families(None)["hoist"].readiness
WELL: dict[str, Any] = {
    "dc_link_voltage": 540.0, "ready": True, "remote": True, "local": False, "tripped": False, "warning": False,
    "brake_open": False, "brake_open_command": False, "estop_chain_ok": True, "lower_limit": True,
    "upper_limit": False, "position": 0.0, "tension": 480.0, "slack_rope": False, "load_cell_error": False,
}  # fmt: skip


def test_all_well_is_ready() -> None:
    assert is_ready(check(HOIST, WELL.get))
    assert len(HOIST) >= 9


def test_each_item_fails_by_its_own_signal() -> None:
    for wrong, item in (
        ({"estop_chain_ok": False}, "emergency-chain"),
        ({"local": True}, "remote"),
        ({"dc_link_voltage": 460.0}, "supply"),
        ({"tension": 40.0}, "rope-tension"),
        ({"lower_limit": False}, "limits"),
        ({"warning": True}, "no-trip"),
    ):
        marks = {one.item: one.mark for one in check(HOIST, {**WELL, **wrong}.get)}
        assert [name for name, mark in marks.items() if mark is Mark.FAIL] == [item]


@given(missing=st.sets(st.sampled_from(sorted(WELL)), min_size=1))
def test_what_is_not_known_is_never_ready(missing: set[str]) -> None:
    known = {name: value for name, value in WELL.items() if name not in missing}
    checked = check(HOIST, known.get)
    assert not is_ready(checked)
    assert all(one.mark is not Mark.FAIL for one in checked), "and is not called wrong either"


def test_the_command_on_a_story_that_was_kept(simulated_site, tmp_path: Path, monkeypatch) -> None:
    site = simulated_site("square", only=["hoist-1", "weather"], start="2026-10-01T05:30")
    site.advance("20min")
    now = round(site.now.timestamp() * 1e9)
    assert all(line.mark == "pass" for line in report(site.site, ["hoist-1", "weather"], now))
    site.fault("hoist-1", "estop")
    site.advance("3min")
    lines = report(site.site, ["hoist-1"], now + 180 * 10**9)
    assert {line.item for line in lines if line.mark != "pass"} == {"emergency-chain", "drive-ready"}
    late = report(site.site, ["hoist-1"], now + 3600 * 10**9)
    assert {line.mark for line in late} == {"unknown"}, "an hour later nothing is fresh"


def test_the_command_says_not_ready_and_exits_with_1(tmp_path: Path) -> None:
    done = CliRunner().invoke(ready, [str(_elsewhere(tmp_path)), "--json"])
    assert done.exit_code == 1
    told = json.loads(done.output)
    assert told["ready"] is False
    assert {line["result"] for line in told["items"]} == {"unknown"}
    done = CliRunner().invoke(ready, [str(_elsewhere(tmp_path)), "hoist-1", "--lang", "zh"])
    assert done.exit_code == 1
    assert "不具备条件" in done.output


def _elsewhere(folder: Path) -> Path:
    from support.site import make_square

    from facilityd.store.journal import Journal

    made = make_square(folder / "site")
    made.journal.parent.mkdir(parents=True, exist_ok=True)
    with Journal.open(made.journal, max_bytes=2**24, max_age=10**15):
        pass
    return made.folder
