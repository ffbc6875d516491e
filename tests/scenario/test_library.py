"""Every shipped scenario keeps its word."""

from __future__ import annotations

from pathlib import Path

import pytest

from facilityd.scenario.load import find
from facilityd.scenario.run import Options, perform

ALL = find(("all",))


@pytest.mark.parametrize("file", ALL, ids=[file.stem for file in ALL])
def test_shipped(file: Path) -> None:
    result = perform(file, Options())
    assert not result.error
    failed = [result.explain(judgement) for judgement in result.judgements if not judgement.ok]
    assert failed == []
    assert len(result.judgements) >= 1
