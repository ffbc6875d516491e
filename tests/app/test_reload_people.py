"""People and their channels changed under a running daemon, while something waits to be told to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.model.notice import Purpose
from facilityd.model.sample import NS
from facilityd.scenario.load import square
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime

START = 1_781_056_800 * NS
SITE = subset(load(square()), ("fire-gate",))


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(SITE, tmp_path, start=START) as opened:
        opened.advance(100)
        yield opened


def other_channel(*, every: bool) -> Site:
    """Return the site after the crew got another channel in the place of its only one."""
    crew = SITE.recipients["crew"]
    channel = replace(crew.channels[0], id="crew-1-other")
    crew = replace(crew, channels=(channel,), every_channel=every)
    return replace(SITE, recipients={**SITE.recipients, "crew": crew})


def told(runtime: VirtualRuntime) -> list[tuple[Purpose, str]]:
    mine = [one for one in runtime.mailbox.taken if (one.rule, one.recipient) == ("active", "crew")]
    return [(one.purpose, one.channel) for one in mine]


@pytest.mark.parametrize("every", [False, True])
def test_the_end_that_waits_for_a_channel_that_is_gone_goes_over_the_new_one(
    runtime: VirtualRuntime, every: bool
) -> None:
    runtime.fault("fire-gate", "active", duration=120)
    runtime.advance(100)
    ((purpose, channel),) = told(runtime)
    assert purpose is Purpose.RAISED
    runtime.hazard("facilityd", "channel-down")
    runtime.advance(200)
    runtime.reload(other_channel(every=every))
    runtime.advance(30)
    runtime.hazard("facilityd", "none")
    runtime.advance(1200)
    assert told(runtime) == [(Purpose.RAISED, channel), (Purpose.CLEARED, "crew-1-other")]


@pytest.mark.parametrize("every", [False, True])
def test_the_beginning_that_waits_for_a_channel_that_is_gone_goes_over_the_new_one(
    runtime: VirtualRuntime, every: bool
) -> None:
    runtime.hazard("facilityd", "channel-down")
    runtime.fault("fire-gate", "active", duration=600)
    runtime.advance(100)
    runtime.reload(other_channel(every=every))
    runtime.advance(30)
    runtime.hazard("facilityd", "none")
    runtime.advance(1800)
    assert told(runtime) == [(Purpose.RAISED, "crew-1-other"), (Purpose.CLEARED, "crew-1-other")]


def test_the_beginning_that_waits_for_people_who_have_all_left_is_told_to_those_who_are_there(
    runtime: VirtualRuntime,
) -> None:
    runtime.hazard("facilityd", "channel-down")
    runtime.fault("fire-gate", "active", duration=600)
    runtime.advance(100)
    crew = SITE.recipients["crew"]
    guard = replace(crew, id="guard", channels=(replace(crew.channels[0], id="guard-1"),))
    runtime.reload(replace(SITE, recipients={"guard": guard}))
    runtime.advance(30)
    runtime.hazard("facilityd", "none")
    runtime.advance(1800)
    heard = [(one.purpose, one.recipient) for one in runtime.mailbox.taken if one.rule == "active"]
    assert heard == [(Purpose.RAISED, "guard"), (Purpose.CLEARED, "guard")]


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize(
    "before", [SITE, replace(SITE, recipients={})], ids=["others knew", "nobody was there"]
)
def test_what_stands_and_nobody_who_is_there_has_heard_is_told_once(
    tmp_path: Path, before: Site, restarts: bool
) -> None:
    crew = SITE.recipients["crew"]
    guard = replace(crew, id="guard", channels=(replace(crew.channels[0], id="guard-1"),))
    with VirtualRuntime(before, tmp_path, start=START) as runtime:
        runtime.advance(100)
        runtime.fault("fire-gate", "active", duration=900)
        runtime.advance(100)
        runtime.reload(replace(before, recipients={"guard": guard}))
        runtime.advance(60)
        runtime.reload(replace(before, recipients={"guard": guard}))
        runtime.advance(60)
        if restarts:
            runtime.restart()
        runtime.advance(1800)
        mine = [one for one in runtime.mailbox.taken if one.recipient == "guard" and one.rule == "active"]
    assert [one.purpose for one in mine] == [Purpose.RAISED, Purpose.CLEARED]
