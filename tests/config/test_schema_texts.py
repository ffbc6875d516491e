"""The schemas that editors read say durations and sizes as a file writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilityd.config.fields import SIZE_PATTERN, size, spell_size
from facilityd.model.measure import DURATION_PATTERN, LONGEST, duration, spell_duration

MS = 10**6
SCHEMAS = sorted(Path("docs/schemas").glob("*.json"))


def _properties(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, list):
        for one in schema:
            yield from _properties(one)
    elif isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema
        for inner in schema.values():
            yield from _properties(inner)


@pytest.mark.parametrize("file", SCHEMAS, ids=lambda file: file.stem)
def test_a_default_is_written_as_a_file_would_have_it(file: Path) -> None:
    told = list(_properties(json.loads(file.read_text(encoding="utf-8"))))
    assert [one for one in told if one["pattern"] == DURATION_PATTERN]
    given_defaults = [one for one in told if one.get("default") is not None]
    assert [one for one in given_defaults if not re.fullmatch(one["pattern"], str(one["default"]))] == []
    assert not re.search(r'"default": [0-9]{6,}', file.read_text(encoding="utf-8"))


def test_the_site_schema_says_ninety_days_and_two_gibibytes() -> None:
    store = json.loads(Path("docs/schemas/site.json").read_text(encoding="utf-8"))["$defs"]["StoreConfig"][
        "properties"
    ]
    assert store["keep"]["default"] == "90d"
    assert store["max_size"]["default"] == "2GiB"


@given(st.integers(0, LONGEST // MS))
def test_every_duration_is_spelled_as_the_schema_and_the_parser_take_it(ms: int) -> None:
    text = spell_duration(ms * MS)
    assert re.fullmatch(DURATION_PATTERN, text)
    assert duration(text) == pytest.approx(ms * MS, rel=1e-12)


@given(st.integers(1, 4096))
def test_every_size_is_spelled_as_the_schema_and_the_parser_take_it(mib: int) -> None:
    text = spell_size(mib * 2**20)
    assert re.fullmatch(SIZE_PATTERN, text)
    assert size(text) == mib * 2**20
