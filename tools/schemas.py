"""Write JSON Schemas of site, profile, family and scenario files, for editors that complete and check."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from devices.family import Family
from devices.profile import Profile
from facilityd.config.fields import SIZE_PATTERN, spell_size
from facilityd.config.people_schema import CLOCK_PATTERN
from facilityd.config.schema import SiteFile
from facilityd.model.measure import DURATION_PATTERN, spell_duration
from facilityd.scenario.schema import Scenario

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "schemas"
SPELLED = {
    DURATION_PATTERN: spell_duration,
    SIZE_PATTERN: spell_size,
    CLOCK_PATTERN: lambda minutes: f"{minutes // 60:02d}:{minutes % 60:02d}",
}
SCHEMAS: dict[str, Any] = {"site": SiteFile, "profile": Profile, "family": Family, "scenario": Scenario}


def text(name: str) -> str:
    """Return one schema as the file holds it."""
    schema = _written(TypeAdapter(SCHEMAS[name]).json_schema())
    if name == "family":  # one that extends a shipped family has what it adds alone
        whole = {"required": [one for one in schema.pop("required") if one != "family"]}
        adds = {"required": ["extends"], "properties": {"extends": {"const": True}}}
        schema |= {"required": ["family"], "if": {"not": adds}, "then": whole}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"facilityd {name} file",
        **schema,
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _written(schema: Any) -> Any:
    """Return a schema whose defaults stand as a file would have them: 90d, not nanoseconds."""
    if isinstance(schema, list):
        return [_written(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    told = {name: _written(inner) for name, inner in schema.items()}
    spell = SPELLED.get(str(told.get("pattern")))
    if spell and isinstance(told.get("default"), int):
        told["default"] = spell(told["default"])
    return told


def main() -> None:
    """Write all schemas; with --check only compare."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    stale = [name for name in SCHEMAS if _stale(name)]
    if "--check" in sys.argv:
        sys.exit(f"out of date: {', '.join(stale)}; run make schemas" if stale else 0)
    for name in SCHEMAS:
        (FOLDER / f"{name}.json").write_text(text(name), encoding="utf-8")


def _stale(name: str) -> bool:
    file = FOLDER / f"{name}.json"
    return not file.exists() or file.read_text(encoding="utf-8") != text(name)


if __name__ == "__main__":
    main()
