"""The command line as a whole: each command has its place, its help in both languages, --lang and --json."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from facilityd.cli import click_words
from facilityd.cli import help as help_module
from facilityd.cli.help import first_sentence, help_table, option_help, summary
from facilityd.cli.main import COMMANDS, RENAMED, facilityd

CHINESE = re.compile("[\u4e00-\u9fff]")
FOR_PEOPLE = {
    "notify",
    "simulate",
    "maintenance",
    "state",
    "simulate console",
    "simulate demo",
    "profile",
    "user",
    "user token",
    "serve",
}
"""A group, a prompt, a show and a server: they have no answer that a program could read."""


def _walk(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for key, inner in command.commands.items():
            yield from _walk(inner, f"{name} {key}".strip())


def _tree() -> dict[str, click.Command]:
    context = click.Context(facilityd)
    found: dict[str, click.Command] = {}
    for name in COMMANDS:
        command = facilityd.get_command(context, name)  # type: ignore[attr-defined]
        found |= dict(_walk(command, name))
    return found


TREE = _tree()


def _opts(name: str) -> set[str]:
    return {opt for parameter in TREE[name].params for opt in parameter.opts}


def test_every_command_has_a_language_and_every_answer_is_also_json() -> None:
    groups = {name for name, command in TREE.items() if isinstance(command, click.Group)}
    assert {name for name in TREE if "--lang" not in _opts(name)} == groups
    assert {name for name in TREE if "--json" not in _opts(name)} == FOR_PEOPLE


def test_every_command_stands_in_one_group() -> None:
    listed = [name for group in help_table().groups for name in group.commands]
    assert sorted(listed) == sorted(COMMANDS)
    assert set(RENAMED.values()) <= COMMANDS.keys()
    assert not RENAMED.keys() & COMMANDS.keys()


def test_the_help_of_every_command_and_option_is_in_both_languages() -> None:
    assert help_table().commands.keys() == TREE.keys() | {""}
    for name, command in {"": facilityd, **TREE}.items():
        about = help_table().commands[name]
        assert about.en == first_sentence(command), name
        assert CHINESE.search(about.zh), name
        options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
        assert [one.opts for one in options if not CHINESE.search(option_help(name, one))] == [], name
        known = {opt for one in options for opt in one.opts}
        assert about.options.keys() <= known, f"{name}: help of options that there are not"


def test_a_list_of_commands_has_whole_sentences_that_end_on_their_line() -> None:
    for name in COMMANDS:
        assert re.fullmatch(r"[A-Z][^.]*(?:\S\.\S[^.]*)*\.", summary(name, "en")), name
        assert summary(name, "zh").endswith("。"), name
    for language, ends in (("en", "."), ("zh", "。")):
        shown = CliRunner().invoke(facilityd, ["--help", "--lang", language], terminal_width=78).output
        listed = [line for line in shown.splitlines() if line.split()[:1] and line.split()[0] in COMMANDS]
        assert len(listed) == len(COMMANDS)
        assert [line for line in listed if not line.endswith(ends)] == []


def test_what_click_says_has_chinese_with_the_same_parts() -> None:
    said = yaml.safe_load(Path(click_words.__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    sources = "".join(Path(str(module.__file__)).read_text("utf-8") for module in click_words.MODULES)
    spoken = set(re.findall(r"""\b_\(\s*(["'])(.+?)\1\s*,?\s*\)""", sources))
    for text in (one.replace("\\n", "\n").replace("\\t", "\t") for _, one in spoken):
        assert text in said or text in NEVER, text
    for english, chinese in said.items():
        assert CHINESE.search(chinese), english
        extra = set(re.findall(r"{(\w+)", chinese)) - set(re.findall(r"{(\w+)", english))
        assert not extra, english


NEVER = {
    "DeprecationWarning: The command {name!r} is deprecated.{extra_message}",
    "Could not determine name for option with declarations {decls!r}",
    "deprecated", "file", "directory", "path", "Do you want to continue?",
    "Confirm the action without prompting.", "Value must be an iterable.", "Name '{name}' defined twice",
    "Choice({choices})", "{value!r} is not a valid UUID.", "{name} {filename!r} is not executable.",
}  # fmt: skip
"""What click says of things that no command of ours has, or only to its programmer."""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check"], "缺少参数 'SITE...'"),
        (["check", "/nowhere"], "'/nowhere' 不存在"),
        (["chek", "x"], "没有命令 'chek'。是否为 'check'？"),
        (["check", "--jsn", "."], "没有选项 '--jsn'。"),
        (["ack", ".", "a"], "缺少参数 'RULE'"),
        (["states", ".", "a", "b", "c"], "多余的参数（c）"),
        (["alarms", "/nowhere", "a"], "'/nowhere' 不存在"),
    ],
)
def test_mistakes_of_usage_are_chinese_where_chinese_is_read(words: list[str], said: str) -> None:
    done = CliRunner().invoke(facilityd, [*words, "--lang", "zh"])
    assert done.exit_code == 2
    assert said in done.output
    assert "用法" in done.output
    assert not re.search(r"Error|Usage|Missing|Invalid|Try", done.output)


def test_a_name_of_before_goes_on_to_work_and_says_the_new_one(tmp_path: Path) -> None:
    for old, new in RENAMED.items():
        done = CliRunner().invoke(facilityd, [old, "--help"])
        assert done.exit_code == 0
        assert f"'{old}' is called '{new}' now" in done.stderr
        assert "now" not in done.stdout.splitlines()[0]


def test_no_sentence_of_the_command_line_stands_in_code_in_two_languages() -> None:
    """Heads of columns stand beside their columns; a sentence is in words.yaml, and the list only shrinks."""
    left = {
        "alarm.py",
        "backtest_page.py",
        "commission.py",
        "countdown.py",
        "fit_report.py",
        "history.py",
        "text_table.py",
    }
    found = {
        path.name
        for path in Path("facilityd/cli").glob("*.py")
        if re.search(r'"zh": [("{]', path.read_text("utf-8"))
    }
    assert found == left


def test_the_table_of_help_holds_nothing_that_is_not_read() -> None:
    table = yaml.safe_load(Path(str(help_module.__file__)).with_suffix(".yaml").read_text(encoding="utf-8"))
    assert table.keys() == {"groups", "metavars", "common", "commands"}
    assert all(
        one.keys() == {"title", "commands"} and one["title"].keys() == {"zh", "en"} for one in table["groups"]
    )
    assert [name for name, one in table["commands"].items() if one.keys() - {"options"} != {"en", "zh"}] == []
