"""Telling people commands no device: publishing stands in one file, under a prefix of its own, over its own connection."""

from __future__ import annotations

import ast
import re
from pathlib import Path

SPARKPLUG = Path("devices/mqtt/sparkplug_session.py")
CHANNEL = Path("facilityd/notify/mqtt_channel.py")
BRIDGE = Path("facilityd/app/mqtt_bridge.py")
SIMULATED = Path("facilityd/scenario/broker.py")
SOURCES = [path for package in ("facilityd", "devices") for path in sorted(Path(package).rglob("*.py"))]


def test_three_files_of_the_product_publish() -> None:
    publishing = [path for path in SOURCES if ".publish(" in path.read_text(encoding="utf-8")]
    assert publishing == [BRIDGE, CHANNEL, SIMULATED, SPARKPLUG], "and the broker in memory of the simulator"


def test_where_devices_listen_two_messages_are_published_and_no_other() -> None:
    """Decision 0101: a request for a rebirth and the host's state, made in one place each."""
    text = SPARKPLUG.read_text(encoding="utf-8")
    assert text.count(".publish(") == 1
    assert re.findall(r"self\._send\((\w+)\(", text) == ["rebirth_request", "state_message", "state_message"]
    assert text.count("_send(") == 4, "and its definition"
    assert text.count("Will(") == 1
    assert "aiomqtt.Will(death.topic" in text
    assert "death = state_message(" in text
    speech = Path("devices/mqtt/sparkplug_speech.py").read_text(encoding="utf-8")
    assert re.findall(r'f"\{NAMESPACE\}[^"]*"', speech) == [
        'f"{NAMESPACE}/{group}/NCMD/{name}"',
        'f"{NAMESPACE}/STATE/{host_id}"',
    ]
    assert 'REBIRTH = "Node Control/Rebirth"' in speech
    assert speech.count("HostMessage(") == 2
    made = [path for path in SOURCES if "HostMessage(" in path.read_text(encoding="utf-8")]
    assert made == [Path("devices/mqtt/sparkplug_speech.py")], "nobody else makes a message"
    asked = [
        path
        for path in SOURCES
        if re.search(r"\.(ask_rebirth|tell_online)\(", path.read_text(encoding="utf-8"))
    ]
    assert asked == [Path("devices/mqtt/sparkplug_link.py")]
    speaking = [path.as_posix() for path in SOURCES if "listen_or_speak" in path.read_text(encoding="utf-8")]
    daemon = ["facilityd/app/environment.py", "facilityd/app/sources.py"]
    assert speaking == [*daemon, "devices/mqtt/sparkplug_link.py", SPARKPLUG.as_posix()], "no command speaks"
    words = ("DCMD", "Node Control/Reboot", "Next Server")
    assert not any(word in path.read_text(encoding="utf-8") for path in SOURCES for word in words)


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


def test_the_bridge_publishes_what_stands_and_hears_replies_that_acknowledge() -> None:
    """Presence, descriptions and states; no description has a topic that commands."""
    text = BRIDGE.read_text(encoding="utf-8")
    assert text.count(".publish(") == 1
    assert re.findall(r"self\._stand\(client, ([^,]+),", text) == [
        'f"{self._reply_topic}/result"',  # what came of a reply
        "presence",
        "presence",
        "topic",
    ]
    assert re.findall(r"\.subscribe\(([a-z._]+),", text) == ["self._reply_topic", "stands"]
    assert "for stands in (topics.configs, topics.states) if self.shows else ():" in text
    shown = Path("facilityd/notify/home_assistant.py").read_text(encoding="utf-8")
    assert "command_topic" not in shown
    replies = Path("facilityd/notify/mqtt_reply.py").read_text(encoding="utf-8")
    assert re.findall(r"facilityd\.model\.command import (.*)", replies) == ["AcknowledgeAlarm"]
    assert not any(word in text + shown + replies for word in ("import devices", "from devices"))


def test_nothing_that_reads_devices_knows_of_it() -> None:
    for path in Path("devices").rglob("*.py"):
        assert "mqtt_channel" not in path.read_text(encoding="utf-8"), path
        assert "mqtt_bridge" not in path.read_text(encoding="utf-8"), path
