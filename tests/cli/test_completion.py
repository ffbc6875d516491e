"""A shell completes names of the site on the line: tried in the bash that is here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.site import SQUARE

from facilityd.cli.main import facilityd

ASK = """\
source /dev/stdin <<< "$(facilityd completion bash)"
COMP_WORDS=({words}) COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_facilityd_completion facilityd
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(*words: str) -> list[str]:
    """What bash offers for the last word."""
    bash = shutil.which("bash")
    assert bash
    line = " ".join(f"'{word}'" for word in ("facilityd", *words))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [bash, "--norc", "-c", ASK.format(words=line)], check=True, capture_output=True, text=True,
        env=os.environ | {"PATH": path},
    )  # fmt: skip
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "some", "never"),
    [
        (["rules", SQUARE, "hoi"], {"hoist-1", "hoist-room-water"}, {"fountain-1"}),
        (["history", SQUARE, "fountain-1", "f"], {"flow"}, {"tension"}),
        (["ack", SQUARE, "fountain-1", "lea"], {"leakage"}, {"rope-tight"}),
        (["alarms", SQUARE, "fountain-1", "lea"], {"leakage"}, {"rope-tight"}),
        (["probe", SQUARE, "hoist-1-"], {"hoist-1-drive"}, {"hoist-1"}),
        (["status", SQUARE, "-d", "fount"], {"fountain-1"}, {"hoist-1"}),
        (["status", SQUARE, "fountain-1", "hoist"], {"hoist-1"}, {"fountain-1"}),
        (["waive", SQUARE, "hoist-1", ""], {"brake"}, {"hoist-1"}),
        (["record", SQUARE, "hoist-b"], {"hoist-bus"}, {"hoist-1"}),
        (["una"], set(), {"status"}),
        (["al"], {"alarms"}, {"alarm"}),
    ],
    ids=lambda one: " ".join(map(str, one)) if isinstance(one, list) else "",
)
def test_bash_completes_names(words: list[str], some: set[str], never: set[str]) -> None:
    found = set(completed(*map(str, words)))
    if "waive" in words:
        assert len(found) > 5
    else:
        assert some <= found
    assert not found & never
    assert all(name.startswith(str(words[-1])) for name in found)


def test_bash_completes_the_path_of_a_site_and_a_site_with_a_mistake_offers_nothing(tmp_path: Path) -> None:
    (tmp_path / "yard").mkdir()
    (tmp_path / "yard" / "site.yaml").write_text("site: [", encoding="utf-8")
    assert completed("rules", str(tmp_path / "yard"), "") == []
    assert completed("alarms", str(tmp_path / "yard"), "x") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script_and_the_other_two_say_what_a_name_means(shell: str) -> None:
    script = CliRunner().invoke(facilityd, ["completion", shell]).output
    assert "_FACILITYD_COMPLETE" in script
    told = CliRunner().invoke(
        facilityd,
        [],
        env={
            "_FACILITYD_COMPLETE": f"{shell}_complete", "COMP_CWORD": "2" if shell != "fish" else "hoist-1",
            "COMP_WORDS": f"facilityd rules {SQUARE} hoist-1", "LC_ALL": "zh_CN.UTF-8",
        },
        prog_name="facilityd",
    )  # fmt: skip
    if shell == "fish":
        assert "国旗" in told.output
