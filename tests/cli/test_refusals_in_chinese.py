"""What a command refuses is said in the language that is asked for, by the program's own last resort."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from support.site import SQUARE

from facilityd.cli.main import facilityd, main


def _said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    monkeypatch.setattr("sys.argv", ["facilityd", words[0], str(SQUARE), *words[1:]])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code in (1, 2)
    return capsys.readouterr().err.strip()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rules", "hoist-9"), "facilityd: 没有设备 'hoist-9'；是否为 'hoist-1'？"),
        (("history", "hoist-1", "tensoin"), "facilityd: hoist-1 没有信号 'tensoin'；是否为 'tension'？"),
        (("ack", "fountain-1", "F4"), "F4 是故障号；请用规则名 strainer-clogged、strainer-clogging"),
        (("plan", "nowhere.yaml"), "'nowhere.yaml' 不存在"),
        (("history", "hoist-1", "tension", "--since", "1 parsec"), "不是时长（如 10min"),
        (("history", "hoist-1", "tension", "--since", "1h", "--until", "2h"), "--since 须早于 --until"),
        (("probe", "hoist-1-drif"), "没有单元 'hoist-1-drif'；是否为 'hoist-1-drive'？"),
        (("service", "hoist-1", "--by", "me", "--reason", "x"), "请说明哪些规则重新开始；用 --rule RULE"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_it_is_chinese(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    shown = _said(capsys, monkeypatch, *words, "--lang", "zh")
    assert said in shown
    bare = re.sub(r"'[^']*'|/\S+|\(.*?\)|\[.*?\]", "", shown)
    assert not re.search(r"\b(is|the|no|not|did|you|known|expected|and)\b", bare), shown


def test_minutes_may_be_written_short(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = _said(capsys, monkeypatch, "history", "hoist-1", "tension", "--since", "10m", "--until", "20m")
    assert "--since is not before --until" in shown


def test_what_click_says_by_itself_has_no_mark_of_another_script() -> None:
    shown = (
        CliRunner().invoke(facilityd, ["shelve", str(SQUARE), "fountain-1", "leakage", "--lang", "zh"]).output
    )
    assert "错误：缺少选项 '--reason' / '-m'。\n" in shown
    assert shown.startswith("用法：facilityd shelve"), "no blank behind a full-width colon"
    shown = (
        CliRunner().invoke(facilityd, ["shelve", str(SQUARE), "fountain-1", "leakage", "--lang", "en"]).output
    )
    assert "Error: Missing option '--reason' / '-m'.\n" in shown
    assert shown.startswith("Usage: facilityd shelve")
