"""What several parts go by has one home: after how many periods a value is old, and how waits grow."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

from devices.modbus.scheduler import REOPEN
from devices.mqtt.link import RECONNECT
from facilityd.app.sources import AGAIN as RESTART
from facilityd.model.retry import EXACT, RetryPolicy
from facilityd.model.sample import STALE_PERIODS
from facilityd.notify.channel_backoff import AGAIN, HELD

SOURCES = [path for package in ("facilityd", "devices") for path in sorted(Path(package).rglob("*.py"))]
_DOUBLES = re.compile(r"\b2(\.0)? ?\*\* ?(min\(|self\._|failures|attempts)|<< min\(")


def _constants(path: Path) -> list[str]:
    """Return the names that a module binds to the number of periods, by what it says of them."""
    text = path.read_text(encoding="utf-8")
    body = ast.parse(text).body
    return [
        f"{path}: {ast.unparse(node)}"
        for node, after in pairwise(body)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and node.value.value == STALE_PERIODS
        and isinstance(after, ast.Expr)
        and re.search(r"periods? .*(old|silent|gap|stands)", ast.unparse(after).lower())
    ]


def test_after_how_many_periods_a_value_is_old_is_said_once() -> None:
    assert [found for path in SOURCES for found in _constants(path)] == [
        "facilityd/model/sample.py: STALE_PERIODS = 3"
    ]


def test_only_the_retry_policy_doubles_waits() -> None:
    doubling = [str(path) for path in SOURCES if _DOUBLES.search(path.read_text(encoding="utf-8"))]
    assert doubling == ["facilityd/model/retry.py"]


@pytest.mark.parametrize("policy", [REOPEN, RECONNECT, RESTART, AGAIN, HELD], ids=repr)
def test_every_wait_grows_to_its_longest_and_stays_there_however_often_it_failed(policy: RetryPolicy) -> None:
    """A link that was away for some hours failed a thousand times: 2.0 ** 1024 is no float any more."""
    low, high = policy.spread
    for failures in (0, 1, 5, 50, 1024, 10**6):
        whole = min(policy.longest, policy.first * 2 ** min(failures, 60))
        assert all(low * whole <= policy.wait(failures) <= high * whole for _ in range(20))
    drawn = {policy.wait(5) for _ in range(20)}
    assert (len(drawn) == 1) == (policy.spread == EXACT)
