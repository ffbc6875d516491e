"""Whose birth is waited for is said in both languages, by the daemon's own figures."""

from __future__ import annotations

from typing import Any

import pytest

from devices.unit import MqttLink, SparkplugSettings
from facilityd.doctor.edge_nodes import edge_nodes
from facilityd.model.text import LANGUAGES

WELL = {"unborn": 0, "unborn_nodes": "", "rebirths": 4, "malformed": 0}
UNBORN = {**WELL, "unborn": 2, "unborn_nodes": "yard/a, yard/b"}


@pytest.mark.parametrize(
    ("figures", "rebirth", "codes"),
    [
        ({}, True, []), (WELL, True, ["edge-nodes-ok"]), (UNBORN, False, ["edge-nodes-unborn"]), (UNBORN, True, ["edge-nodes-asked"]),
        ({**UNBORN, "malformed": 9}, False, ["edge-nodes-malformed", "edge-nodes-unborn"]),
    ],
)  # fmt: skip
def test_whose_birth_is_waited_for_is_said(figures: dict[str, Any], rebirth: bool, codes: list[str]) -> None:
    found = list(edge_nodes(MqttLink("plant", "h", sparkplug=SparkplugSettings(rebirth=rebirth)), figures))
    assert [one.code for one in found] == codes
    for one in found:
        for language in LANGUAGES:
            said = one.text(language)
            assert ("yard/a, yard/b" in said) == (one.code in ("edge-nodes-unborn", "edge-nodes-asked"))
            assert "{{" not in said + one.remedy(language)


def test_off_the_option_is_named_as_it_is_written() -> None:
    [found] = edge_nodes(MqttLink("plant", "h", sparkplug=SparkplugSettings()), UNBORN)
    assert all("sparkplug: {rebirth: true}" in found.remedy(language) for language in LANGUAGES)
