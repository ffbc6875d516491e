"""What Prometheus is told: read by a strict parser and judged by promtool's rules; by promtool itself where there is one."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.metrics_lint import NotExposition, parse, problems
from support.servers import CACHE
from support.web import WebPeer

GOOD = '# HELP a_total Is counted\n# TYPE a_total counter\na_total{b="c \\\\ \\" \\n"} 1e+06\n'
FOUND = [
    ("# HELP a Is counted\n# TYPE a counter\na 1\n", "_total"),
    ("# HELP a_total Is there\n# TYPE a_total gauge\na_total 1\n", "_total"),
    ("# TYPE a gauge\na 1\n", "help"),
    ("# HELP a_milliseconds Time\n# TYPE a_milliseconds gauge\na_milliseconds 1\n", "base unit"),
    ("# HELP a_gauge Is\n# TYPE a_gauge gauge\na_gauge 1\n", "type"),
    ("# HELP aB Is\n# TYPE aB gauge\naB 1\n", "snake_case"),
    ("# HELP a_ms Is\n# TYPE a_ms gauge\na_ms 1\n", "abbreviated"),
    ("# HELP a:b Is\n# TYPE a:b gauge\na:b 1\n", ":"),
]
BROKEN = [
    "a 1", "a one\n", "a{b} 1\n", 'a{b="c} 1\n', 'a{b="\n"} 1\n', "1a 1\n", "# TYPE a kind\na 1\n",
    "# TYPE a gauge\n# TYPE a gauge\na 1\n", 'a{b="c"} 1\na{b="c"} 2\n',
]  # fmt: skip


def promtool() -> Callable[[str], tuple[int, str]]:
    """Return what asks promtool; skip without one: it takes minutes to build (tools/servers/build.sh promtool)."""
    where = shutil.which("promtool") or str(CACHE / "promtool-0.305.0")
    if not Path(where).exists():
        pytest.skip("no promtool: run tools/servers/build.sh promtool")

    def ask(text: str) -> tuple[int, str]:
        done = subprocess.run(
            [where, "check", "metrics"], input=text, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    return ask


def test_the_metrics_of_a_site_are_read_and_nothing_is_said_of_them(open_web: WebPeer) -> None:
    answer = open_web.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = parse(answer.body.decode())
    assert problems(found) == []
    assert found["facilityd_up"].kind == "gauge"
    assert found["facilityd_notices_lost_total"].kind == "counter"
    priorities = {
        dict(labels)["priority"]: value for labels, value in found["facilityd_alarms_active"].series.items()
    }
    told = [one for one in open_web.api("/alarms") if one["active"] and not one["suppressors"]]
    assert sum(priorities.values()) == len(told) > 0
    values = found["facilityd_signal_value"].series
    assert values.keys() <= found["facilityd_signal_good"].series.keys()
    assert len(values) > 50


def test_promtool_accepts_them(open_web: WebPeer) -> None:
    assert promtool()(open_web.get("/metrics").body.decode()) == (0, "")


@pytest.mark.parametrize(("text", "said"), FOUND)
def test_each_rule_finds_what_breaks_it(text: str, said: str) -> None:
    assert problems(parse(GOOD)) == []
    assert any(said in one for one in problems(parse(text))), problems(parse(text))


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_no_exposition_is_refused(text: str) -> None:
    with pytest.raises(NotExposition):
        parse(text)


def test_promtool_says_the_same_of_good_and_bad() -> None:
    ask = promtool()
    assert ask(GOOD) == (0, "")
    assert [text for text, _ in FOUND if ask(text)[0] == 0] == []
    assert [text for text in BROKEN if ask(text)[0] == 0] == []
