"""Names are what an engineer of this field would search for, and each public class has one of its own."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import defaultdict
from pathlib import Path

PACKAGES = ("facilityd", "devices", "simulators", "tests", "tools", "benchmarks")
BANNED = {
    "Judge": "RuleEngine",
    "Watch": "RuleInstance",
    "Bench": "DeviceRules",
    "Feed": "StreamBinding, InverseBinding",
    "View": "DeviceState",
    "Cell": "SignalState",
    "Voice": "UnitAvailability",
    "Votes": "MOfN",
    "Gate": "EnableCondition, IngestQueue",
    "Hold": "OnOffDelay",
    "Surroundings": "RuleContext",
    "Memory": "RuleCheckpoint",
    "Turn": "PollSlot",
    "Tray": "PollBuffer",
    "Program": "CompiledUnit",
    "Ear": "MqttSubscriber",
    "Listener": "UnitDecoder",
    "Session": "MqttLinkRunner",
    "Scout": "WildcardSubscriber",
    "DutyBoard": "OperatingModeTracker",
    "Pace": "PollRates",
    "Mark": "SourceLocation",
    "Life": "AlarmStateName",
    "Teller": "NotificationPlanner",
    "Speaker": "EvidenceFormatter",
    "Drawn": "Sparkline",
    "Artist": "AlarmPlot",
    "About": "AlarmContext",
    "Place": "SiteContext",
    "Waits": "RetryPolicy",
    "Parked": "DeadLetterLine",
    "Ballast": "ReserveFile",
    "Room": "DiskUsage",
    "Vigil": "ReadinessScheduler",
    "Heartbeat": "Housekeeping",
    "Outside": "Environment",
    "Player": "JournalReplay",
    "Lesson": "FitResult",
    "Jumps": "ClockStepMonitor",
    "Door": "ListeningPort",
    "Theatre": "ScenarioRuntime",
    "Stage": "VirtualRuntime",
    "Act": "Step",
    "Record": "RunLog",
    "Judgement": "CheckResult",
    "Computer": "HostFaults",
    "Speech": "MqttEncoder",
    "Island": "RegisterRange",
    "evolve": "apply",
    "arrow": "transition",
    "fresh_judge": "fresh_engine",
}
NO_API_NAMES = {"told", "said", "one", "found", "known"}
"""Words of a story: as a function's name they say nothing of what is returned."""


def sources(*packages: str) -> list[Path]:
    """Return every Python file of some packages."""
    return [path for package in packages for path in sorted(Path(package).rglob("*.py"))]


def test_a_public_class_name_exists_once() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in sources(*PACKAGES):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(path))
    assert len(places) > 400
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_no_banned_name_is_used() -> None:
    used = [
        f"{path}:{token.start[0]}: {token.string}, the field says {BANNED[token.string]}"
        for path in sources("facilityd", "devices", "simulators", "tools")
        for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
        if token.type == tokenize.NAME and token.string in BANNED and "yaml." not in token.line
    ]
    assert used == []


def test_no_function_of_the_product_is_named_by_a_word_of_a_story() -> None:
    named = [
        f"{path}:{node.lineno}: {node.name}"
        for path in sources("facilityd", "devices", "simulators")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in NO_API_NAMES
    ]
    assert named == []
