"""*Handbook* in a browser: it fits a phone, and a person with a screen reader can use it."""

from __future__ import annotations

import pytest
from support.browser import NewPage, violations

LONG = ["/handbook", "/handbook?q=limit", "/handbook/troubleshooting", "/handbook/findings?part=3"]


@pytest.mark.parametrize("path", LONG)
def test_it_fits_a_phone_and_axe_finds_nothing(open_page: NewPage, path: str) -> None:
    page = open_page(path, view="zh.light", size=(360, 740))
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert violations(page) == []
    assert page.problems == []
