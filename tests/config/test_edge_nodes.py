"""Units on a Sparkplug link: check tells of topics and profiles that nothing would ever be heard by."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.site_mistakes import FILES, check_output, write_site

from devices.unit import SparkplugSettings
from facilityd.config.load import load
from facilityd.model.sample import NS

pytestmark = pytest.mark.usefixtures("yard_environment")
PLAIN = FILES["profiles/plug_1.yaml"]
EDGE = PLAIN.replace("topic: state,", 'topic: "",')


def _site(folder: Path, topic: str, profile: str, more: str = "{}") -> tuple[int, list[str]]:
    text = FILES["site.yaml"].replace("host: 192.0.2.7}", f"host: 192.0.2.7, sparkplug: {more}}}")
    write_site(
        folder,
        {"site.yaml": text.replace("topic: z/plug", f"topic: {topic}"), "profiles/plug_1.yaml": profile},
    )
    return check_output(folder)


@pytest.mark.parametrize(
    ("topic", "more", "ns"), [("yard/gw", "{}", 2 * NS), ("yard/gw/tank", "{reorder: 5s}", 5 * NS)]
)
def test_a_node_and_a_device_are_units(tmp_path: Path, topic: str, more: str, ns: int) -> None:
    code, lines = _site(tmp_path, topic, EDGE, more)
    assert code == 0, lines
    site = load(tmp_path)
    assert site.links["broker"].sparkplug == SparkplugSettings(ns)
    assert site.units["plug"].topic == topic


def test_what_may_be_said_to_nodes_is_off_unless_it_is_written(tmp_path: Path) -> None:
    assert not SparkplugSettings().speaks
    code, lines = _site(tmp_path, "yard/gw", EDGE, "{rebirth: true, host_id: facilityd-yard}")
    assert code == 0, lines
    settings = SparkplugSettings(2 * NS, rebirth=True, host_id="facilityd-yard")
    assert load(tmp_path).links["broker"].sparkplug == settings


@pytest.mark.parametrize("more", ["{host_id: a/b}", "{host_id: '+'}", "{host_id: 'a b'}", "{rebirth: often}"])
def test_what_is_no_host_or_no_choice_is_told(tmp_path: Path, more: str) -> None:
    code, lines = _site(tmp_path, "yard/gw", EDGE, more)
    assert code == 1
    assert any("site.yaml:" in line for line in lines)


@pytest.mark.parametrize("topic", ["yard", "yard/gw/tank/1", "yard/+", "spBv1.0/yard/gw"])
def test_a_topic_that_is_no_node_s_is_told(tmp_path: Path, topic: str) -> None:
    code, lines = _site(tmp_path, topic, EDGE)
    assert code == 1
    [said] = [line for line in lines if "an edge node or a device of one" in line]
    assert said.startswith("site.yaml:")
    assert "write topic: group/node" in said


@pytest.mark.parametrize(
    "profile",
    [
        PLAIN,
        EDGE.replace("pointer: /p", "pointer: /p/q"),
        EDGE + "availability: {topic: online, online: y, offline: n}\n",
    ],
    ids=["below", "deep", "availability"],
)
def test_a_profile_of_plain_messages_is_told(tmp_path: Path, profile: str) -> None:
    code, lines = _site(tmp_path, "yard/gw", profile)
    assert code == 1
    [said] = [line for line in lines if "plug_1 is not written for Sparkplug" in line]
    assert said.startswith("site.yaml:")
