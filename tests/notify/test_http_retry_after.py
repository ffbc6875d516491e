"""Retry-After as foreign servers write it."""

from __future__ import annotations

import json

import pytest

from facilityd.model.http import LONGEST_WAIT_S, retry_after
from facilityd.store.sink import WriteAction
from facilityd.store.write_response import classify


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("000007", 7.0),
        ("9" * 5000, LONGEST_WAIT_S),
        ("1" * 9, LONGEST_WAIT_S),
        ("soon", None),
        ("-1", None),
        ("", None),
        ("\u0661", None),
    ],
)
def test_a_wait_is_bounded_whatever_is_written(value: str, wait: float | None) -> None:
    assert retry_after({"Retry-After": value}) == wait


def test_a_date_counts_from_the_servers_own_clock() -> None:
    headers = {"Retry-After": "Fri, 27 Nov 2026 10:01:00 GMT", "Date": "Fri, 27 Nov 2026 10:00:00 GMT"}
    assert retry_after(headers) == 60.0


def test_a_body_of_nested_json_or_of_fifty_megabytes_is_an_answer_like_others() -> None:
    for body in (b'{"a":' * 100_000, "[" * 100_000, b"x" * 50_000_000):
        answer = classify(503, {"Retry-After": "9" * 5000}, body)
        assert answer.action is WriteAction.RETRY
        assert len(answer.text) <= 300
        assert answer.retry_after == LONGEST_WAIT_S
    assert classify(400, {}, json.dumps({"message": "no"})).text == "no"
