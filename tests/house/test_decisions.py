"""Every decision has a number of its own, in its file's name and in its title, and links name the number they lead to."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from support.references import MADE, files

DECISIONS = sorted(Path("docs/decisions").glob("[0-9]*.md"))
LINK = re.compile(r"\[decision (\d+)\]\(\S*?decisions/(\d+)-")


def test_no_number_is_given_twice() -> None:
    numbers = Counter(path.name[:4] for path in DECISIONS)
    assert numbers
    assert [number for number, count in numbers.items() if count > 1] == []


def test_the_title_has_the_number_of_the_file() -> None:
    titles = {path: path.read_text(encoding="utf-8").partition("\n")[0] for path in DECISIONS}
    assert [path for path, title in titles.items() if not title.startswith(f"# {path.name[:4]}: ")] == []


def test_links_name_the_number_that_they_lead_to() -> None:
    pages = [page for page in files(".md") if page.as_posix() not in MADE]
    links = [(page, *link) for page in pages for link in LINK.findall(page.read_text(encoding="utf-8"))]
    assert links
    assert [link for link in links if link[1] != link[2]] == []
