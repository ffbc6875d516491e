"""Telling people commands no device: publishing stands in one file, under a prefix of its own, over its own connection."""

from __future__ import annotations

import ast
import re
from pathlib import Path

CHANNEL = Path("facilityd/notify/mqtt_channel.py")
SIMULATED = Path("facilityd/scenario/broker.py")
SOURCES = [path for package in ("facilityd", "devices") for path in sorted(Path(package).rglob("*.py"))]


def test_one_file_of_the_product_publishes() -> None:
    publishing = [path for path in SOURCES if ".publish(" in path.read_text(encoding="utf-8")]
    assert publishing == [CHANNEL, SIMULATED], "and the broker in memory of the simulator"


def test_it_publishes_under_its_prefix_and_listens_to_nothing() -> None:
    text = CHANNEL.read_text(encoding="utf-8")
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    topics = [
        ast.unparse(call.args[0])
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "publish"
    ]
    assert topics == ["topic"]
    assert "for topic, retain in self._topics(notice):" in text
    made = text.partition("def _topics")[2].partition("    def ")[0]
    assert re.findall(r'f"[^"]*"', made) == [
        'f"{self._prefix}/event"',
        'f"{self._prefix}/alarm/{_level(notice.device)}/{_level(notice.rule)}"',
    ]
    assert not any(
        word in text for word in (".subscribe(", ".messages", "import devices", "from devices", "will=")
    )


def test_nothing_that_reads_devices_knows_of_it() -> None:
    for path in Path("devices").rglob("*.py"):
        assert "mqtt_channel" not in path.read_text(encoding="utf-8"), path
