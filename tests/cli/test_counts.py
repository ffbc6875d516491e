"""What the daemon counts of its own is in `status`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.contacts_site import contacts_site, device, journal_of, status, stream_of
from support.journals import edit, purge

from facilityd.cli.main import facilityd
from facilityd.config.site import Site
from facilityd.model.notice import Notice, Purpose
from facilityd.model.sample import NS, Sample
from facilityd.store.batch import DeadLetterLine
from facilityd.store.dead_letters import DeadLetterLineWrite
from facilityd.store.journal import Journal
from facilityd.store.losses import NOTICES_LOST
from facilityd.store.meta import CountWrite
from facilityd.store.outbox import NoticeWrite
from facilityd.store.samples import SampleWrite


@pytest.fixture
def yard(tmp_path: Path) -> Site:
    return contacts_site(tmp_path)


@pytest.fixture
def journal(yard: Site) -> Iterator[Journal]:
    with journal_of(yard) as opened:
        yield opened


def _notice(number: int) -> Notice:
    return Notice(
        f"n{number}", "li", "li-1-webhook", Purpose.RAISED, "zh", "s", "b", at=time.time_ns() - 720 * NS
    )


def test_what_the_daemon_counts_is_in_status(yard: Site, journal: Journal) -> None:
    """Waiting, refused, parked, set aside, lost: in one line of either language, and in JSON."""
    assert device(yard, "facilityd")["counts"]["purged_unsent"] == 0
    journal.configure_sinks(["influx"])
    journal.commit([NoticeWrite([_notice(1), _notice(2)]), CountWrite({f"{NOTICES_LOST}li-1-webhook": 3})])
    journal.commit([DeadLetterLineWrite([DeadLetterLine("influx", n, 0, "type", "line") for n in range(4)])])
    edit(journal.path, "INSERT INTO dead_letter(at, source, reason, content) VALUES(0, 'alarm', 'r', 'c')")
    stream = stream_of(yard, "fire")
    for minute in range(3):
        at = 1_790_000_040 * NS + minute * 60 * NS
        journal.commit([SampleWrite([Sample(stream, at, at, (False,))])])
    purge(journal.path, 2)
    counts = device(yard, "facilityd")["counts"]
    known = {
        "notices_waiting": 2,
        "notices_lost": 3,
        "dead_letter_lines": 4,
        "dead_letters": 1,
        "purged_unsent": 2,
    }
    assert {name: counts[name] for name in known} == known
    assert counts["loss"] == {"count": 2, "since": 1_790_000_040 * NS, "until": 1_790_000_100 * NS}
    for lang, words in (
        ("en", ["notices waiting 2 (the oldest for 12 min)", "not delivered 3", "lines refused by the store 4",
                "records set aside 1", "purged unsent 2 (the last loss: 2, of 2026-09-21 22:14:00 to 2026-09-21 22:15:00)"]),
        ("zh", ["待发通知 2（最久 12 分钟）", "未送达通知 3", "拒收 4 行", "移出的记录 1", "未转发即清除 2 个采样（最近一次丢失 2 个：2026-09-21 22:14:00"]),
    ):  # fmt: skip
        shown = CliRunner().invoke(facilityd, ["status", yard.source, "--lang", lang]).stdout
        assert [word for word in words if word not in " ".join(shown.split())] == []


def test_the_counts_are_the_daemons_alone(yard: Site, journal: Journal) -> None:
    assert ["counts" in one for one in status(yard, "-d", "fire")] == [False]
    shown = CliRunner().invoke(facilityd, ["status", yard.source, "-d", "fire"]).stdout
    assert "notices waiting" not in shown
