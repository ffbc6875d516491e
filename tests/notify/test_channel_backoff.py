"""How long a channel is left alone, and what is said of it when."""

from __future__ import annotations

import logging
import random

import pytest

from facilityd.model.notice import DeliveryOutcome, DeliveryResult
from facilityd.model.sample import NS
from facilityd.notify.channel_backoff import CAP, LONGEST, TRIES_UNKNOWN, ChannelBackoff

DOWN = DeliveryResult(DeliveryOutcome.TRANSIENT, "HTTP 503")


def _line() -> ChannelBackoff:
    return ChannelBackoff("li-1", chance=random.Random(4))


def test_waits_grow_spread_and_are_bounded() -> None:
    line, waits = _line(), []
    for attempts in range(12):
        at = line.note(DOWN, attempts, 0)
        assert at == line.until
        waits.append(at)
    ceilings = [min(CAP, 5 * NS * 2**n) for n in range(12)]
    assert all(ceiling / 2 <= wait <= ceiling for wait, ceiling in zip(waits, ceilings, strict=True))
    assert len(set(waits)) == 12


@pytest.mark.parametrize(("asked", "waited"), [(90 * NS, 90 * NS), (10**9 * NS, LONGEST)])
def test_the_wait_that_the_other_side_asks_for_is_obeyed_within_reason(asked: int, waited: int) -> None:
    assert _line().note(DeliveryResult(DeliveryOutcome.TRANSIENT, "HTTP 429", asked), 0, 7) == 7 + waited


def test_a_shorter_wish_does_not_shorten_the_backoff() -> None:
    assert _line().note(DeliveryResult(DeliveryOutcome.TRANSIENT, "HTTP 429", 1), 0, 0) >= 2.5 * NS


def test_what_may_have_been_taken_is_not_tried_for_ever() -> None:
    line, late = _line(), DeliveryResult(DeliveryOutcome.UNKNOWN, "no answer in time")
    tries = [line.note(late, attempts, 0) for attempts in range(TRIES_UNKNOWN)]
    assert tries[-1] is None
    assert None not in tries[:-1]


def test_success_ends_the_backoff_and_refusal_does_not_hold_others_up() -> None:
    line = _line()
    line.note(DOWN, 0, 0)
    assert line.note(DeliveryResult(DeliveryOutcome.ACCEPTED), 1, 50 * NS) is None
    assert (line.until, line.failures) == (0, 0)
    assert line.note(DeliveryResult(DeliveryOutcome.REJECTED, "HTTP 400"), 0, 60 * NS) is None
    assert line.until == 0


def test_it_speaks_at_the_first_failure_at_a_new_reason_and_at_recovery(caplog) -> None:
    caplog.set_level(logging.INFO)
    line = _line()
    for second, outcome in enumerate(
        [DOWN, DOWN, DeliveryResult(DeliveryOutcome.UNKNOWN, "no answer in time"), DOWN, DOWN]
    ):
        line.note(outcome, 0, second * NS)
    line.note(DeliveryResult(DeliveryOutcome.ACCEPTED), 0, 90 * NS)
    line.note(DeliveryResult(DeliveryOutcome.ACCEPTED), 0, 91 * NS)
    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [
        ("WARNING", "li-1: takes no notices now, it will be tried again: HTTP 503"),
        ("WARNING", "li-1: may or may not have taken a notice, a double is possible: no answer in time"),
        ("WARNING", "li-1: takes no notices now, it will be tried again: HTTP 503"),
        ("INFO", "li-1: takes notices again, after 90s"),
    ]


@pytest.mark.parametrize(
    "result", [DeliveryOutcome.REJECTED, DeliveryOutcome.UNKNOWN, DeliveryOutcome.TRANSIENT]
)
def test_nothing_is_final_while_the_alarm_stands(result: DeliveryOutcome) -> None:
    line, now = ChannelBackoff("li-1"), 0
    for attempts in range(30):
        due = line.note(DeliveryResult(result, "401"), attempts, now, matters=True)
        assert due is not None
        assert now < due <= now + CAP
        now = due
    assert line.note(DeliveryResult(DeliveryOutcome.REJECTED, "401"), 30, now) is None, "the alarm is over"


def test_a_refused_notice_that_is_held_does_not_hold_up_its_channel() -> None:
    line = ChannelBackoff("li-1")
    assert (
        line.note(DeliveryResult(DeliveryOutcome.REJECTED, "550 mailbox full"), 0, 0, matters=True)
        is not None
    )
    assert line.until == 0


def test_while_an_alarm_stands_no_server_may_ask_for_an_hour() -> None:
    asked = DeliveryResult(DeliveryOutcome.TRANSIENT, "HTTP 429", 3600 * NS)
    assert _line().note(asked, 0, 7, matters=True) == 7 + CAP
