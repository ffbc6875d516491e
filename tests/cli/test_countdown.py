"""The next ceremony in ``ready``, the published times in ``check``."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from support.site import make_square

from facilityd.cli.check import check
from facilityd.cli.countdown import countdown_sentence, spell
from facilityd.cli.ready import ready
from facilityd.errors import UsageError
from facilityd.model.sample import NS
from facilityd.query.countdown import countdown
from facilityd.scenario.real_runtime import _write
from facilityd.store.journal import Journal

ZONE = ZoneInfo("Asia/Shanghai")


def _square(folder: Path, lines: str) -> Path:
    """The square with a timetable and an empty journal."""
    made = make_square(folder / "site")
    made.edit("site.yaml", lambda text: text.replace("  ceremony: 3min", "  timetable: times.csv"))
    (made.folder / "times.csv").write_text(f"\ufeffdate,sunrise,sunset\n{lines}", encoding="utf-8")
    made.journal.parent.mkdir(parents=True, exist_ok=True)
    with Journal.open(made.journal, max_bytes=2**24, max_age=10**15):
        pass
    return made.folder


def _around_now(sunrise: str, sunset: str) -> str:
    today = datetime.now(ZONE).date()
    return "".join(f"{today + timedelta(days=n)},{sunrise},{sunset}\n" for n in (-1, 0, 1, 2))


def test_ready_tells_the_published_ceremony_in_both_languages_and_in_json(tmp_path: Path) -> None:
    folder = _square(tmp_path, _around_now("06:07", "18:08"))
    told = json.loads(CliRunner().invoke(ready, [str(folder), "--json"]).stdout)["ceremony"]
    assert told["origin"] == "published"
    expected = {"sunrise": "06:07", "sunset": "18:08"}[told["name"]]
    assert told["at"][11:] == f"{expected}:00+08:00"
    assert 0 < told["in"] <= 13 * 3600
    assert f"{expected} (published), in " in CliRunner().invoke(ready, [str(folder)]).output
    assert f"{expected}（公布时刻），还有 " in CliRunner().invoke(ready, [str(folder), "--lang", "zh"]).output


def test_the_countdown_reads_as_people_say_it(tmp_path: Path) -> None:
    from facilityd.config.load import load

    site = load(_square(tmp_path, "2026-10-01,06:10,17:57\n"))
    now = round(datetime(2026, 10, 1, 4, 57, 55, tzinfo=ZONE).timestamp()) * NS
    coming = countdown(site, now)
    assert countdown_sentence(coming, "en") == (
        "next ceremony: raising at sunrise, 2026-10-01 06:10 (published), in 1 h 12 min"
    )
    assert countdown_sentence(coming, "zh", seconds=True) == (
        "下一次仪式：日出升旗，2026-10-01 06:10（公布时刻），还有 1 小时 12 分钟 05 秒"
    )
    evening = countdown_sentence(countdown(site, now + 86400 * NS), "en")
    assert "2026-10-02 06:1" in evening
    assert "(computed)" in evening
    assert spell(59, "en", seconds=True) == "0 min 59 s"


def test_a_countdown_without_a_terminal_is_refused(tmp_path: Path) -> None:
    folder = str(_square(tmp_path, ""))
    with pytest.raises(UsageError, match="needs a terminal; leave out --watch"):
        CliRunner().invoke(ready, [folder, "--watch"], catch_exceptions=False)
    with pytest.raises(UsageError, match="give one of them"):
        CliRunner().invoke(ready, [folder, "--watch", "--json"], catch_exceptions=False)


def test_ctrl_c_ends_the_countdown_in_a_terminal(tmp_path: Path) -> None:
    folder = _square(tmp_path, "")
    master, terminal = pty.openpty()
    command = [sys.executable, "-m", "facilityd", "ready", str(folder), "--watch"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    with (
        subprocess.Popen(command, stdout=terminal, stderr=terminal, env=environment) as running,
        contextlib.ExitStack() as last,
    ):
        last.callback(running.kill)
        os.close(terminal)
        shown = b""
        while shown.count(b"next ceremony: ") < 2:
            shown += os.read(master, 4096)
        running.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # the terminal's end is an error on Linux
            while more := os.read(master, 4096):
                shown += more
        running.wait()
    os.close(master)
    assert running.returncode == 0
    assert b"Traceback" not in shown
    assert b"(computed), in " in shown


def test_check_tells_every_bad_line(tmp_path: Path) -> None:
    folder = _square(tmp_path, "2026-10-01,06:10\n2026-10-02,6h10,17:57\n")
    done = CliRunner().invoke(check, [str(folder)])
    assert done.exit_code == 1
    assert f"{folder / 'times.csv'}:2:1: 2 columns instead of 3" in done.output
    assert f"{folder / 'times.csv'}:3:12: '6h10' is not a local time HH:MM" in done.output


def test_check_tells_a_timetable_that_is_not_there(tmp_path: Path) -> None:
    folder = _square(tmp_path, "")
    (folder / "times.csv").unlink()
    done = CliRunner().invoke(check, [str(folder)])
    assert done.exit_code == 1
    assert "site.yaml:10:14: timetable" in done.output


def test_check_warns_of_a_slip_and_passes(tmp_path: Path) -> None:
    folder = _square(tmp_path, "2026-10-01,06:10,17:57\n2026-10-02,07:11,17:55\n")
    done = CliRunner().invoke(check, [str(folder)])
    assert done.exit_code == 0
    assert f"{folder / 'times.csv'}:3:1: warning: the sunrise of 2026-10-02 is published " in done.output
    assert " min after the computed one; look for a slip" in done.output
    told = json.loads(CliRunner().invoke(check, [str(folder), "--json"]).stdout)
    slips = [one for one in told["warnings"] if "published" in one["what"]]
    assert [(one["line"], told["ok"]) for one in slips] == [(3, True)]


def test_a_copy_of_the_site_for_a_story_keeps_its_timetable(tmp_path: Path) -> None:
    from facilityd.config.load import load

    folder, copy = _square(tmp_path, "2026-10-01,06:10,17:57\n"), tmp_path / "copy"
    _write(folder, copy, {}, tmp_path / "journal.db")
    timetable = load(copy).timetable
    assert timetable is not None
    assert timetable.days == load(folder).timetable.days
