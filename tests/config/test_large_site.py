"""A site of many links and devices is loaded and compiled with work that grows as it does, and no faster."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

from support.large_site import write_large_site

from facilityd.app.site_files import SiteFiles


def calls(folder: Path) -> int:
    """Return how many function calls, and steps of generators, loading a site takes."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        SiteFiles([folder]).load(0)
    finally:
        sys.setprofile(before)
    return count


def test_twice_the_links_cost_twice_the_work(tmp_path: Path) -> None:
    few, many, more = (write_large_site(tmp_path / str(units), units) for units in (10, 60, 110))
    calls(few)  # what is read and imported once
    least, middle, most = calls(few), calls(many), calls(more)
    assert middle - least > 50 * 50, "every unit costs something"
    assert (most - middle) / (middle - least) < 1.15
