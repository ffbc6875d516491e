"""The handbook: no page is lost, none is listed that is not there, and what stands in one is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.references import anchors

from facilityd.query.handbook import FOLDER, HandbookHit, handbook, sections

DOCS = Path(__file__).parents[2] / "docs"
FOR_THOSE_WHO_BUILD_IT = {
    "acceptance.md", "alarm-states.md", "architecture.md", "benchmarks.md", "messages.md", "random-squares.md", "sensors.md",
}  # fmt: skip
FOR_A_TECHNICIAN = {"first-hour", "cookbook", "troubleshooting", "page", "alarm-life", "readiness", "findings", "commands", "hardware", "scale"}  # fmt: skip
BOOK = handbook()


def found(*words: str, language: str = "en", among: str = "") -> list[HandbookHit]:
    return BOOK.search(words, language, among=among)  # type: ignore[arg-type]


def test_every_page_of_the_folder_is_listed_or_is_for_those_who_build_it() -> None:
    listed = {file for page in BOOK.pages.values() for file in page.files.values()}
    assert listed | FOR_THOSE_WHO_BUILD_IT == {page.name for page in DOCS.glob("*.md")}
    assert FOLDER.resolve() == DOCS


def test_what_a_technician_reads_is_in_both_languages_and_the_rest_has_a_title() -> None:
    assert {
        name for name, page in BOOK.pages.items() if page.files.keys() == {"zh", "en"}
    } >= FOR_A_TECHNICIAN
    for page in BOOK.pages.values():
        assert page.title("zh")
        assert page.title("en")
        assert page.language("zh") == ("zh" if "zh" in page.files else "en")


@pytest.mark.parametrize("page", BOOK.pages.values(), ids=BOOK.pages)
def test_headings_and_their_anchors_are_those_of_the_repositorys_pages(page: object) -> None:
    text = page.text("en")  # type: ignore[attr-defined]
    assert {section.anchor for section in sections(text)} == anchors(text)


def test_all_words_must_stand_there_in_any_order_and_case() -> None:
    first = found("WINTER", "fountains")[0]
    assert (first.page.name, first.section.title) == ("cookbook", "4. Drain the fountains in winter")
    assert found("fountains", "winter") == found("winter", "FOUNTAINS")
    assert found("winter", "no-such-word") == []
    assert found() == found("  ") == []


def test_chinese_is_found_without_spaces_and_in_the_readers_language() -> None:
    hits = found("没有应答", language="zh")
    assert any(hit.page.name == "troubleshooting" for hit in hits)
    assert all("没有应答" in "\n".join([hit.section.title, *hit.section.lines]) for hit in hits)
    assert found("夜里只叫醒紧急的", language="zh")[0].page.name == "cookbook"
    assert found("夜里只叫醒紧急的") == []


def test_what_is_shown_is_the_line_that_holds_the_words_and_no_bars_of_a_table() -> None:
    hit = next(hit for hit in found("120 Ω") if hit.page.name == "troubleshooting")
    assert "120 Ω" in hit.line
    assert "|" not in hit.line


def test_a_comment_in_a_fence_is_no_heading() -> None:
    text = "# Title\n\n```sh\n# no heading\n```\n## Next\nbody\n"
    assert [(one.title, one.level) for one in sections(text)] == [("Title", 1), ("Next", 2)]
    assert next(iter(sections(text))).lines[-2:] == ["# no heading", "```"]


def test_a_search_may_be_kept_to_one_page() -> None:
    assert {hit.page.name for hit in found("scan", among="first-hour")} == {"first-hour"}
