"""Readiness with a real daemon: killed between T-60 and T-30, waived, taken back, and what a person types."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.daemon import daemon, facilityd, facilityd_json, journal_of, running, until
from support.site import SiteFolder, make_square

from facilityd.model.notice import Purpose

ZONE = ZoneInfo("Asia/Shanghai")


def _soon(folder: Path) -> SiteFolder:
    """The square, nobody answering, and a ceremony in 40 to 41 minutes by the timetable."""
    made = make_square(folder)
    when = (datetime.now(ZONE) + timedelta(minutes=41)).replace(second=0)
    day, at = when.date(), when.strftime("%H:%M")
    other = when + timedelta(hours=6 if when.hour < 17 else -6)
    pair = ",".join(sorted((at, other.strftime("%H:%M"))))
    lines = "".join(f"{day + timedelta(days=n)},{pair}\n" for n in (-1, 0, 1))
    (folder / "times.csv").write_text(f"date,sunrise,sunset\n{lines}", encoding="utf-8")
    made.edit("site.yaml", lambda text: text.replace("  ceremony: 3min", "  timetable: times.csv"))
    return made


@pytest.mark.timeout(110)
async def test_killed_between_the_checks_it_makes_none_twice_and_a_person_may_answer_for_an_item(tmp_path):
    made = _soon(tmp_path / "square")
    async with running(daemon(made.folder, log=tmp_path / "daemon.log")) as watching:
        with await journal_of(made.journal, watching) as reader:
            await until(lambda: len(reader.checks()) >= 2, 60)
            first = reader.checks()
            told = [e.notice for e in reader.outbox() if e.notice.purpose is Purpose.NOT_READY]
            assert {one.before for one in first} == {3600 * 10**9}
            assert all(one.late > 10 * 60 * 10**9 and not one.ready for one in first), (
                "made late, and it says so"
            )
            assert all("late" in n.body or "比计划晚" in n.body for n in told)
            await watching.kill()
            await watching.start()
            await until(lambda: len(reader.counters()) > 0)
            said = await facilityd(
                "waive",
                made.folder,
                "hoist-1",
                "supply",
                "--for",
                "2h",
                "--by",
                "Li Na",
                "--reason",
                "measured by hand",
            )
            assert "waived by Li Na" in said
            assert reader.checks() == first
            assert len([e for e in reader.outbox() if e.notice.purpose is Purpose.NOT_READY]) == len(told)
            [waiver] = await facilityd_json("waivers", made.folder)
            assert (waiver["item"], waiver["by"], waiver["state"]) == ("supply", "Li Na", "in force")
            items = await _items(made.folder)
            assert (items["supply"], items["brake"]) == ("waived", "unknown")
            assert "revoked by Wang Wei" in await facilityd("unwaive", made.folder, "1", "--by", "Wang Wei")
            assert (await _items(made.folder))["supply"] == "unknown"
            assert await facilityd_json("waivers", made.folder) == []
            history = await facilityd_json("ready", made.folder, "--history")
            assert [(one["device"], one["before_min"], one["ready"]) for one in history] == [
                (one.device, 60, False) for one in first
            ]
            shown = await facilityd("ready", made.folder, "--history", "--lang", "zh")
            assert "T−60" in shown
            assert "不能确认具备条件" in shown


async def _items(folder: Path) -> dict[str, str]:
    told = json.loads(await facilityd("ready", folder, "hoist-1", "--json", code=1))
    return {one["item"]: one["result"] for one in told["items"]}


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (["hoist-9", "supply"], "no device 'hoist-9'"),
        (["hoist-1", "suply"], "did you mean"),
        (["pole-1", "supply"], "no device 'pole-1' with a checklist"),
    ],
)
async def test_a_slip_in_a_waiver_is_named(tmp_path, asked, why):
    made = make_square(tmp_path / "square")
    more = ["--for", "2h", "--by", "Li Na", "--reason", "measured"]
    assert why in await facilityd("waive", made.folder, *asked, *more, code=1)


async def test_without_a_daemon_a_waiver_waits_and_says_so(tmp_path):
    made = make_square(tmp_path / "square")
    more = ["--for", "2h", "--by", "Li Na", "--reason", "measured"]
    said = await facilityd("waive", made.folder, "hoist-1", "supply", *more, code=1)
    assert "the daemon has not taken the request yet" in said
    assert "will be taken when the daemon runs" in said
