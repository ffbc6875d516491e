"""The shipped scenarios keep their word: all faults, hazards and stories, and a day of each season.

`make acceptance` plays all of them: every month's day, and stories of weeks (``tags: [long]``) too.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from facilityd.scenario.load import find
from facilityd.scenario.run import Options, perform

SEASONS = {"healthy-01", "healthy-04", "healthy-07", "healthy-10"}
SHORT = [file for file in find(("all",)) if "tags: [long]" not in file.read_text(encoding="utf-8")]
ALL = [file for file in SHORT if file.parent.name != "healthy" or file.stem in SEASONS]


@pytest.mark.parametrize("file", ALL, ids=[file.stem for file in ALL])
def test_shipped(file: Path) -> None:
    result = perform(file, Options())
    assert not result.error
    failed = [result.explain(check_result) for check_result in result.check_results if not check_result.ok]
    assert failed == []
    assert len(result.check_results) >= 1
