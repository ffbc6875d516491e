"""Help, and what is asked most, load no more than they need."""

import subprocess
import sys

import pytest

HEAVY = ("aiohttp", "aiomqtt", "apsw", "facilityd.config", "fastapi", "influxdb_client", "jinja2", "numpy", "paho", "pint",
         "pydantic", "pymodbus", "rich.console", "uvicorn", "xlsxwriter")  # fmt: skip
LOADED = "; import sys; print([name for name in {heavy!r} if name in sys.modules])"


def _loaded(code: str, heavy: tuple[str, ...]) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", code + LOADED.format(heavy=heavy)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return ended.stdout.splitlines()[-1]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_list_of_commands_loads_nothing_heavy(language: str) -> None:
    code = f"from facilityd.cli.main import facilityd; facilityd(['--lang', '{language}', '--help'], standalone_mode=False)"
    assert _loaded(code, HEAVY) == "[]"


def test_a_command_that_asks_for_now_loads_no_other_question() -> None:
    others = (
        "compare",
        "event_log",
        "forecast",
        "hazards",
        "kpi",
        "light_night",
        "report",
        "runs",
        "storage",
        "timeline",
        "worst",
    )
    heavy = (
        *(f"facilityd.query.{name}" for name in others),
        "facilityd.detect.engine",
        "facilityd.model.command",
        "facilityd.query.readiness",
        "devices.modbus.compiled_unit",
        "numpy",
        "pymodbus",
        "paho",
        "aiohttp",
        "fastapi",
        "pint",
    )
    assert _loaded("import facilityd.cli.status, facilityd.config.load", heavy) == "[]"


def test_the_probe_finds_what_is_loaded() -> None:
    assert _loaded("import facilityd.model.text", HEAVY) == "['pydantic']"
