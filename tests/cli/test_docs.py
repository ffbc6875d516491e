"""facilityd docs: the handbook where there is no browser."""

from __future__ import annotations

import json

from click.testing import CliRunner, Result

from facilityd.cli.main import facilityd
from facilityd.errors import UsageError


def run(*words: str) -> Result:
    return CliRunner().invoke(facilityd, ["docs", *words])


def test_it_lists_its_pages_in_the_readers_language() -> None:
    english, chinese = run(), run("--lang", "zh")
    assert "first-hour" in english.output
    assert "The first hour" in english.output
    assert "第一个小时" in chinese.output
    assert "操作示例" in chinese.output
    pages = {one["page"]: one["title"] for one in json.loads(run("--json").output)}
    assert pages["scale"] == "How much one computer watches"


def test_the_name_of_a_page_shows_it_and_more_words_its_sections() -> None:
    assert run("alarm-life").output.startswith("# The life of an alarm")
    assert run("alarm-life", "--lang", "zh").output.startswith("# 报警从产生到结束")
    part = run("commands", "shelve").output
    assert "### shelve" in part
    assert "### backup" not in part
    shown = json.loads(run("reload", "--lang", "zh", "--json").output)
    assert shown["language"] == "en", "it is written in English only, and a program is told so"


def test_other_words_find_sections_and_say_how_to_open_them() -> None:
    found = run("120", "Ω")
    assert "troubleshooting" in found.output
    assert "facilityd docs troubleshooting 120 Ω" in found.output
    hits = json.loads(run("超时", "--lang", "zh", "--json").output)
    assert hits[0]["page"] == "troubleshooting"
    assert run("the").output.count("\n") < 200, "of a common word a part is shown"
    assert "another word narrows it down" in run("the").output


def test_what_is_not_there_is_said_with_what_is_near() -> None:
    wrong = run("trubleshooting")
    assert wrong.exit_code == 1
    assert isinstance(wrong.exception, UsageError)
    assert "'troubleshooting'" in str(wrong.exception)
    inside = run("people", "no-such-word")
    assert isinstance(inside.exception, UsageError)
