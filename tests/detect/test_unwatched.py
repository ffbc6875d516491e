"""Which alarms nothing watches any more, and why."""

from __future__ import annotations

import pytest

from facilityd.detect.unwatched import unwatched
from facilityd.model.alarm import AlarmCondition, AlarmState

RULES = {"hoist": {"drag": 1, "silent": 1}}
STANDS = AlarmState("hoist", "drag", AlarmCondition.TRUE, acked=False, occurrence=1, raised_at=1)


@pytest.mark.parametrize(
    ("watched", "rules", "slug"),
    [
        ({("hoist", "drag")}, RULES, None),
        ({("hoist", "silent")}, RULES, "unwatched-signal"),
        (set(), {"hoist": {"silent": 1}}, "unwatched-rule"),
        (set(), {}, "unwatched-device"),
    ],
)
def test_what_is_gone_is_the_reason(
    watched: set[tuple[str, str]], rules: dict[str, dict[str, int]], slug: str | None
) -> None:
    found = unwatched([STANDS], watched, rules)
    assert [(state, why.slug) for state, why in found] == ([(STANDS, slug)] if slug else [])


@pytest.mark.parametrize(
    ("state", "ends"),
    [
        (AlarmState("hoist", "drag"), False),
        (AlarmState("hoist", "drag", AlarmCondition.FALSE, occurrence=1, raised_at=1, cleared_at=2), False),
        (
            AlarmState(
                "hoist", "drag", AlarmCondition.FALSE, acked=False, occurrence=1, raised_at=1, cleared_at=2
            ),
            True,
        ),
        (
            AlarmState(
                "hoist", "drag", AlarmCondition.FALSE, latched=True, occurrence=1, raised_at=1, cleared_at=2
            ),
            True,
        ),
        (AlarmState("hoist", "drag", AlarmCondition.UNKNOWN, occurrence=1, raised_at=1), True),
    ],
)
def test_only_what_is_not_normal_has_an_end_to_come(state: AlarmState, ends: bool) -> None:
    assert bool(unwatched([state], set(), {})) is ends
