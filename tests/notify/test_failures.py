"""What kept a notice from being taken has words for people, whatever the server said."""

from __future__ import annotations

import pytest

from devices.tables import families
from facilityd.model.notice import SendFailure
from facilityd.notify.failures import of_http, of_smtp


def test_every_failure_has_words_in_both_languages() -> None:
    words = families()["channel"].signals["why"].values
    assert set(words) == {int(one) for one in SendFailure}
    assert all(text.zh and text.en for text in words.values())


@pytest.mark.parametrize(
    ("status", "failure"),
    [(401, "LOGIN"), (403, "LOGIN"), (410, "ADDRESS"), (308, "REDIRECT"), (418, "REFUSED"), (429, "BUSY"),
     (503, "BUSY"), (504, "TIMEOUT"), (502, "SERVER"), (599, "SERVER")],
)  # fmt: skip
def test_what_a_webhook_says(status: int, failure: str) -> None:
    assert of_http(status) is SendFailure[failure]


@pytest.mark.parametrize(
    ("code", "failure"),
    [(535, "LOGIN"), (550, "ADDRESS"), (552, "REFUSED"), (421, "BUSY"), (451, "BUSY"), (454, "BUSY"),
     (538, "ENCRYPTION")],
)  # fmt: skip
def test_what_a_mail_server_says(code: int, failure: str) -> None:
    assert of_smtp(code) is SendFailure[failure]
