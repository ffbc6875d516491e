"""The console: list faults, inject one, watch what the daemon makes of it; nothing typed wrong ends it."""

from __future__ import annotations

from click.testing import CliRunner

from facilityd.cli.console import COMMANDS, USAGE, help_lines
from facilityd.cli.main import facilityd
from facilityd.model.language import LANGUAGES

TYPED = """\
help
devices
faults fountain-2
inject fountain-2 F1 0.04
advance 3min
watch fountain-2
hazard weather-bus refused
advance 5min
run hoist-1
# a remark

bogus
inject fountain-2
inject fountain-2 nope
inject fountain-9 leakage
hazard nowhere silent
advance soon
run weather
watch nobody
alarms
quit
never reached
"""


def test_a_session() -> None:
    done = CliRunner().invoke(facilityd, ["simulate", "console", "--lang", "en"], input=TYPED)
    assert done.exit_code == 0, done.output
    said = done.output
    for words in (
        "Civic square: 36 devices",
        "strainer-clogged",
        "the strainer is clogged",
        "F1 on fountain-2",
        "ALARM  06-10 19:55",
        "leakage on fountain-2: Residual current is ",
        "Residual current",
        "down on link-weather-bus",
        "error: no command 'bogus'",
        "error: 'inject fountain-2' is not how it is written; 'help' shows it",
        "cannot have fault 'nope'",
        "no simulated device 'fountain-9'",
        "no unit or link 'nowhere'",
        "error: 'advance soon' is not how it is written",
        "'weather' cannot be asked for a run",
        "no device 'nobody'",
    ):
        assert words in said, (words, said)
    assert "never reached" not in said
    assert "Traceback" not in said


def test_a_session_in_chinese() -> None:
    done = CliRunner().invoke(facilityd, ["simulate", "console", "--lang", "zh"], input=TYPED)
    assert done.exit_code == 0, done.output
    for words in (
        "市民广场：36 台设备；输入 help 列出命令",
        "设备可能出的故障",
        "进水滤网堵塞",
        "fountain-2：F1",
        "报警  06-10 19:55",
        "fountain-2 leakage：剩余电流 ",
        "错误：没有命令 'bogus'",
        "错误：“inject fountain-2”写法不对",
        "错误：没有设备 'nobody'",
    ):
        assert words in done.output, (words, done.output)


def test_every_command_has_its_line_of_help() -> None:
    assert list(USAGE) == [*COMMANDS, "quit"]
    for language in LANGUAGES:
        assert len(list(help_lines(language))) == len(USAGE)
