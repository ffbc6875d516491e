"""The console: list faults, inject one, watch what the daemon makes of it; nothing typed wrong ends it."""

from __future__ import annotations

from click.testing import CliRunner

from facilityd.cli.simulate import simulate

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
    done = CliRunner().invoke(simulate, ["console"], input=TYPED)
    assert done.exit_code == 0, done.output
    said = done.output
    for words in (
        "Civic square: 36 devices",
        "strainer-clogged",
        "进水滤网堵塞",
        "F1 on fountain-2",
        "ALARM  06-10 19:55",
        "leakage on fountain-2: Residual current is ",
        "剩余电流",
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
