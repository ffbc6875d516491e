"""What is asked wrongly is told before anything is sent."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from facilityd.cli.main import facilityd
from facilityd.errors import UsageError

SITE = "config/square"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["hoist-1-driv"], "no unit 'hoist-1-driv'; did you mean 'hoist-1-drive'"),
        (["pole-bus", "hoist-1-drive"], "is on link 'hoist-bus', not on 'pole-bus'"),
        (["pole-bus", "9", "--profile", "delta_ms30"], "no profile 'delta_ms30'; did you mean 'delta_ms300'"),
        (["pole-bos", "9", "--profile", "delta_ms300"], "no link 'pole-bos'; did you mean 'pole-bus'"),
        (["pole-bus", "nine", "--profile", "delta_ms300"], "'nine' is not a device id"),
        (["9", "--profile", "delta_ms300"], "--profile goes with a LINK"),
    ],
)
def test_a_wrong_question_is_told(words: list[str], told: str) -> None:
    result = CliRunner().invoke(facilityd, ["probe", SITE, *words])
    assert isinstance(result.exception, UsageError)
    assert told in str(result.exception)


def test_a_mistyped_command_is_guessed() -> None:
    result = CliRunner().invoke(facilityd, ["histroy"])
    assert result.exit_code == 2
    assert "Did you mean 'history'?" in result.output
