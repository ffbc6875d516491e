"""A gateway that takes the connection and lets no unit answer is not a link that is down: look elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from facilityd.config.load import load
from facilityd.model.notice import Purpose
from facilityd.model.sample import NS
from facilityd.scenario.load import square
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime

MORNING = 1_781_060_400 * NS


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(
        subset(load(square(), secrets=False), ("fountain-1",)), tmp_path, start=MORNING
    ) as opened:
        opened.advance(600)
        opened.mailbox.taken.clear()
        yield opened


def told(runtime: VirtualRuntime) -> list[tuple[str, str, Purpose]]:
    mine = [one for one in runtime.mailbox.taken if one.recipient == runtime.mailbox.taken[0].recipient]
    return [(one.device, one.rule, one.purpose) for one in mine]


def test_who_is_connected_and_hears_nothing_is_sent_to_the_device_id_first(runtime: VirtualRuntime) -> None:
    runtime.hazard("fountain-gateway", "half-open")
    runtime.advance(600)
    assert told(runtime) == [("link-fountain-gateway", "unanswered", Purpose.RAISED)]
    said = runtime.mailbox.taken[0].body
    assert "核对站号（device_id），并运行 facilityd probe" in said
    runtime.hazard("fountain-gateway", "none")
    runtime.advance(600)
    assert told(runtime)[-1] == ("link-fountain-gateway", "unanswered", Purpose.CLEARED)
    assert len(told(runtime)) == 2


def test_what_cannot_be_connected_is_down_and_one_that_becomes_so_is_told(runtime: VirtualRuntime) -> None:
    runtime.hazard("fountain-gateway", "refused")
    runtime.advance(600)
    assert told(runtime) == [("link-fountain-gateway", "down", Purpose.RAISED)]
    runtime.hazard("fountain-gateway", "none")
    runtime.advance(900)
    runtime.mailbox.taken.clear()
    runtime.hazard("fountain-gateway", "half-open")
    runtime.advance(600)
    runtime.hazard("fountain-gateway", "refused")
    runtime.advance(1800)
    assert [one[1:] for one in told(runtime)] == [
        ("unanswered", Purpose.RAISED),
        ("unanswered", Purpose.CLEARED),
        ("down", Purpose.RAISED),
    ]
