import pytest

from facilityd.store.sink import WriteAction
from facilityd.store.write_response import body_text, classify


@pytest.mark.parametrize(
    ("status", "action", "reason"),
    [
        (400, WriteAction.REFUSED, "refused"),
        (422, WriteAction.REFUSED, "refused"),
        (413, WriteAction.SPLIT, "too-large"),
        (401, WriteAction.HELD, "unauthorized"),
        (403, WriteAction.HELD, "forbidden"),
        (404, WriteAction.HELD, "not-found"),
        (302, WriteAction.HELD, "unexpected-answer"),
        (405, WriteAction.HELD, "unexpected-answer"),
        (408, WriteAction.RETRY, "timeout"),
        (429, WriteAction.RETRY, "overloaded"),
        (500, WriteAction.RETRY, "server-error"),
        (502, WriteAction.RETRY, "server-error"),
        (503, WriteAction.RETRY, "overloaded"),
        (599, WriteAction.RETRY, "server-error"),
    ],
)
def test_every_class_of_answer(status, action, reason):
    answer = classify(status, {}, None)
    assert (answer.action, answer.reason, answer.text) == (action, reason, f"HTTP {status}")


def test_a_partial_write_is_refused_even_as_500():
    body = b'{"message": "partial write: points beyond retention policy dropped=1"}'
    assert classify(500, {}, body).action is WriteAction.REFUSED


def test_only_a_retry_has_a_wait():
    assert classify(503, {"Retry-After": "7"}, None).retry_after == 7.0
    assert classify(401, {"Retry-After": "7"}, None).retry_after is None


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"code":"invalid","message":"unable to parse"}', "unable to parse"),
        (b'{"error":"partial write of line protocol occurred"}', "partial write of line protocol occurred"),
        ("plain\n  text", "plain text"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"[1, 2]", "[1, 2]"),
        (None, ""),
        (b"x" * 1000, "x" * 300),
    ],
)
def test_what_the_server_said_in_one_line(body, text):
    assert body_text(body) == text


DATE = {"Date": "Mon, 23 Nov 2026 20:00:00 GMT"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": "0"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "²"}, None),
        ({"Retry-After": "Mon, 23 Nov 2026 20:01:30 GMT", **DATE}, 90.0),
        ({"Retry-After": "Mon, 23 Nov 2026 19:00:00 GMT", **DATE}, None),
        ({"Retry-After": "Mon, 23 Nov 2026 20:01:30 GMT"}, None),
    ],
)
def test_retry_after(headers, seconds):
    assert classify(503, headers, None).retry_after == seconds
