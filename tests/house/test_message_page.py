"""docs/messages.md shows every kind of message as it is now, and each keeps to the limits of every channel."""

from __future__ import annotations

import re
import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from facilityd.model.notice import Purpose
from facilityd.notify.texts import texts


@pytest.fixture(scope="module")
def tool() -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend("tools")
        return runpy.run_path("tools/messages.py")


def test_the_page_is_current(tool: dict[str, Any]) -> None:
    assert Path("docs/messages.md").read_text(encoding="utf-8") == tool["text"](), "run tools/messages.py"


def test_each_says_at_a_glance_how_bad_it_is_and_where_and_no_channel_cuts_it(tool: dict[str, Any]) -> None:
    assert list(tool["mistakes"](tool["told"]())) == []


def test_no_kind_of_message_is_missing(tool: dict[str, Any]) -> None:
    told = tool["told"]()
    assert {kind.zh.purpose for kind in told} == set(Purpose)
    for name, wording in texts().subject.items():
        for language in ("zh", "en"):
            wordings = [one.in_(language) for one in (wording, texts().brief.get(name, wording))]
            escaped = (re.escape(one.replace("|", "")) for one in wordings)
            forms = [re.sub(r"\\{\w+\\}", ".*", one) for one in escaped]
            subjects = [getattr(kind, language).subject for kind in told]
            assert any(re.fullmatch(form, one) for form in forms for one in subjects), f"{name} in {language}"
    assert len({kind.title for kind in told}) == len(told)


def test_a_message_that_is_too_long_or_says_nothing_is_found(tool: dict[str, Any]) -> None:
    kind = tool["told"]()[0]
    long = replace(kind, zh=replace(kind.zh, body="长" * 3000))
    vague = replace(kind, zh=replace(kind.zh, subject="【提示】某设备：某事"))
    assert any("cut by wecom-robot" in one for one in tool["mistakes"]([long]))
    assert any("too long for ntfy" in one for one in tool["mistakes"]([long]))
    assert len([one for one in tool["mistakes"]([vague]) if "is not in" in one]) == 3
