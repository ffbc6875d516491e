"""A parameter that a question does not have is refused: its answer would be another than was asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.web import WebPeer

API = "/api/v1"


@pytest.mark.parametrize(
    ("asked", "name", "hint"),
    [
        ("/devices/weather/signals/wind/history?sinse=7d", "sinse", "'since'"),
        ("/timeline?nite=last", "nite", "'night'"),
        ("/alarms?device=weather&everything=1", "everything", "device"),
        ("/devices?device=weather", "device", "none"),
        ("/events?since=1h", "since", ""),
        ("/openapi.json?x=1", "", ""),
        ("/health?t=1234", "", ""),
    ],
)
def test_what_a_question_does_not_have_is_named(open_web: WebPeer, asked: str, name: str, hint: str) -> None:
    answer = open_web.get(API + asked)
    if not name:
        assert b"no parameter" not in answer.body
        return
    assert answer.status == 422
    said = json.loads(answer.body)
    assert f"no parameter '{name}'" in said["detail"]
    assert hint in said.get("hint", "")
    assert said["where"] == "query"


def test_everything_that_the_description_names_may_be_asked(open_web: WebPeer) -> None:
    description: Any = json.loads(open_web.get(f"{API}/openapi.json").body)
    asked = 0
    for path, methods in description["paths"].items():
        names = [one["name"] for one in methods.get("get", {}).get("parameters", ()) if one["in"] == "query"]
        for name in names:
            place = path.replace("{device}", "weather").replace("{signal}", "wind").replace("{rule}", "gust")
            answer = open_web.get(f"{place}?{name}=1") if "{" not in place else None
            assert answer is None or b"no parameter" not in answer.body, (path, name)
            asked += answer is not None
    assert asked > 40
