"""Every link, cited document, section, decision and path can be found in this repository."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.references import MADE, dead_citations, dead_links, dead_modules, dead_paths, files

PAGES = files(".md")
TEXTS = [
    file
    for file in files(".md", ".py", ".yaml", ".yml", ".toml", "Makefile", ".ci/run", ".sh")
    if file.as_posix() not in MADE and file.name not in {"test_references.py", "references.py"}
]


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def test_every_link_of_every_page_leads_to_a_file_and_a_heading() -> None:
    assert [dead for page in PAGES for dead in dead_links(page, _read(page))] == []


def test_every_cited_document_section_and_decision_exists() -> None:
    assert [dead for text in TEXTS for dead in dead_citations(text, _read(text))] == []


def test_every_path_that_a_text_names_exists() -> None:
    assert [dead for text in TEXTS for dead in dead_paths(text, _read(text))] == []


def test_every_module_that_a_page_names_exists() -> None:
    pages = [page for page in PAGES if page.as_posix() not in MADE]
    assert [dead for page in pages for dead in dead_modules(page, _read(page))] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("see docs/reference/alarms.md §9.9", "has no §9.9"),
        ("see docs/reference/anomalies.md T3,\n# T99 and §3", "has no T99"),
        ("docs/reference/nothing.md", "does not exist"),
        ("as decision 14 says", "decision 14"),
        ("DESIGN decision 7", "nobody finds"),
        ("after alarms.md 1.2", "nobody finds"),
        ("reliability §5.1", "nobody finds"),
    ],
)
def test_what_cannot_be_found_is_said(text: str, said: str) -> None:
    assert said in "; ".join(dead_citations(Path("some.py"), text))


def test_what_can_be_found_passes() -> None:
    text = "docs/reference/alarms.md §1.2, §2.2 and docs/reference/anomalies.md T3, T4\n    and §3; decision 0009"
    assert list(dead_citations(Path("some.py"), text)) == []


def test_a_dead_link_and_a_dead_path_are_said(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One `two` thing\n", encoding="utf-8")
    assert list(dead_links(page, "[a](#one-two-thing) [b](page.md#one-two-thing) [c](https://x/y.md)")) == []
    assert len(list(dead_links(page, "[a](#three) [b](no.md) [c](page.md#no)"))) == 3
    assert len(list(dead_paths(page, "`facilityd/no.py` and `devices/profiles/*.yaml`"))) == 1


def test_a_module_or_class_that_is_gone_is_said() -> None:
    text = "`facilityd.app.environment.Environment`, `facilityd.app.gone`, `facilityd.app.environment.Gone`"
    assert [dead.split(": ")[1] for dead in dead_modules(Path("page.md"), text)] == [
        "facilityd.app.gone does not exist",
        "facilityd.app.environment has no Gone",
    ]
