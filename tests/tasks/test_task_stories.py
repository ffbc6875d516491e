"""Tasks in the whole daemon: told to people in their language, shown on the terminal, kept over restarts."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.site import make_square
from support.site_mistakes import FILES, check_output, write_site

from facilityd.cli.main import facilityd
from facilityd.cli.words import show_span
from facilityd.model.notice import Purpose
from facilityd.model.task import TaskEvent, TaskEventKind, fold
from facilityd.scenario.run import Options, perform
from facilityd.store.journal import Journal
from facilityd.store.reader import JournalReader
from facilityd.store.tasks import TaskWrite

STORY = Path("simulators/scenarios/stories/repair-in-vain.yaml")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kept = tmp_path_factory.mktemp("kept")
    assert perform(STORY, Options(keep=str(kept))).ok
    return kept / "repair-in-vain" / "journal.db"


def test_what_was_not_repaired_and_what_is_overdue_is_told_in_each_language(story: Path) -> None:
    with JournalReader.open(story) as reader:
        sent = [entry.notice for entry in reader.outbox() if entry.notice.purpose.startswith("task-")]
    assert {notice.purpose for notice in sent} == {Purpose.TASK_REOPENED, Purpose.TASK_OVERDUE}
    reopened = {n.language: n for n in sent if n.purpose is Purpose.TASK_REOPENED}
    assert reopened["zh"].subject.startswith("【修复未生效】")
    assert reopened["en"].subject.startswith("[Not fixed] ")
    assert all("{" not in notice.subject + notice.body for notice in sent)
    per_person = [(n.recipient, n.channel, n.purpose, n.at) for n in sent]
    assert len(per_person) == len(set(per_person)), "nobody is told twice"


def test_who_takes_a_repair_knows_of_its_alarm_and_who_says_done_confirms_it(story: Path) -> None:
    with JournalReader.open(story) as reader:
        changes = [(s.change.kind, s.change.person) for s in reader.changes() if s.change.rule == "leakage"]
        audit = [(record.kind, record.person, record.refusal) for record in reader.commands()]
    assert ("acknowledge", "li") in changes
    assert ("confirm", "li") in changes
    assert audit == [("take", "li", ""), ("done", "li", "")]


def test_the_restart_in_between_lost_nothing(story: Path) -> None:
    with JournalReader.open(story) as reader:
        kinds = [event.kind for event in reader.task_events()]
        (task,) = fold(reader.task_events()).values()
    wanted = ["open", "take", "done", "reopen", "overdue"]
    assert [kind.value for kind in kinds] == wanted
    assert (task.reopened, task.overdue) == (1, True)


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", ("处理中（第 1 次返工）", "超期")), ("en", ("taken (opened again 1×)", "late"))],
)
def test_they_are_listed_in_both_languages(
    story: Path, tmp_path: Path, language: str, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    site = _site_on(story, tmp_path)
    shown = CliRunner().invoke(facilityd, ["tasks", str(site), "--lang", language])
    assert shown.exit_code == 0, shown.output
    assert all(word in shown.output for word in words), shown.output
    whole = CliRunner().invoke(facilityd, ["tasks", str(site), "1", "--lang", language])
    assert whole.exit_code == 0, whole.output
    assert "li" in whole.output
    assert {"zh": "期限 2", "en": "due 2"}[language] in whole.output, "which of its dates it is"
    plain = CliRunner().invoke(facilityd, ["tasks", str(site), "1", "--json"])
    events = [event["kind"] for event in json.loads(plain.stdout)["events"]]
    assert events[:3] == [TaskEventKind.OPEN, TaskEventKind.TAKE, TaskEventKind.DONE]


def test_how_late_a_task_is_counts_from_when_it_was_due(story: Path, tmp_path: Path) -> None:
    with JournalReader.open(story) as reader:
        (task,) = fold(reader.task_events()).values()
    late = show_span(time.time_ns() - task.due, "en")
    shown = CliRunner().invoke(facilityd, ["tasks", str(_site_on(story, tmp_path)), "1", "--lang", "en"])
    assert f"({late} late)" in " ".join(shown.output.split())


def test_a_number_that_there_is_not_is_said(story: Path, tmp_path: Path) -> None:
    shown = CliRunner().invoke(facilityd, ["tasks", str(_site_on(story, tmp_path)), "9"])
    assert "there is no task 9" in str(shown.exception)


def _site_on(journal: Path, folder: Path) -> Path:
    """Return the demonstration site with the story's journal."""
    made = make_square(folder / "square")
    made.journal.parent.mkdir(parents=True, exist_ok=True)
    made.journal.write_bytes(journal.read_bytes())
    return made.folder


def test_a_slip_in_the_plan_has_its_place(tmp_path: Path) -> None:
    lines = "inspections:\n  rope: {device: gat, name: {zh: 查, en: Look}, first: 2026-03-01, every: 30d, ahead: 40d}\n"
    write_site(tmp_path, {"site.yaml": FILES["site.yaml"] + lines})
    code, said = check_output(tmp_path)
    assert code == 1
    assert any("'gat'" in line and "did you mean 'gate'" in line for line in said)
    assert any("the next task would be there before this one is due" in line for line in said)


@pytest.mark.parametrize("first", ["0001-01-01", "9999-12-31"])
def test_an_inspection_that_is_never_due_is_a_slip(tmp_path: Path, first: str) -> None:
    lines = (
        f"inspections:\n  rope: {{device: gate, name: {{zh: 查, en: Look}}, first: {first}, every: 30d}}\n"
    )
    write_site(tmp_path, {"site.yaml": FILES["site.yaml"] + lines})
    code, said = check_output(tmp_path)
    assert code == 1
    assert any("a year from 2000 to 2099 is expected" in line for line in said), said


def test_the_audit_says_which_task_it_was(
    story: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    since = "2026-10-01T00:00"
    shown = CliRunner().invoke(facilityd, ["audit", str(_site_on(story, tmp_path)), "--since", since])
    assert shown.exit_code == 0, shown.output
    (line,) = [line for line in shown.output.splitlines() if "say it is done" in line]
    assert line.split("say it is done")[1].split()[:2] == ["task", "1"]


def test_what_nothing_watches_any_more_is_never_verified_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    site = make_square(tmp_path / "square")
    site.journal.parent.mkdir(parents=True, exist_ok=True)
    about = {"kind": "repair", "device": "gone", "rule": "leak", "occurrence": 1, "due": 0}
    done = [TaskEvent(1, 1, TaskEventKind.OPEN, details=about), TaskEvent(1, 2, TaskEventKind.DONE, "li")]
    with Journal.open(site.journal, max_bytes=2**26, max_age=10**18, site="square") as journal:
        journal.commit([TaskWrite(done)])
    shown = CliRunner().invoke(facilityd, ["tasks", str(site.folder), "--lang", "zh"])
    assert "无从验证：请用 facilityd cancel 结束" in shown.output, shown.output
