"""The handbook: the pages of ``docs/`` that people read, listed, and searched without a network.

``facilityd/query/docs`` is a link to that folder, so that a wheel holds the pages as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from facilityd.model.language import LANGUAGES, Language
from facilityd.model.shipped_data import shipped_data
from facilityd.model.text import Text

FOLDER = Path(__file__).with_name("docs")
FENCE = ("```", "~~~")
HEADING = re.compile(r"(#{1,6}) +(.*?) *#* *$")
SHOWN = 160
"""Characters of a line that is shown of what was found."""


@dataclass(frozen=True, slots=True)
class HandbookSection:
    """A heading and what stands under it, up to the next. ``level`` of the heading: 1 is the page's title."""

    title: str
    level: int
    anchor: str
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class HandbookPage:
    """A page; ``files`` by the languages that it is written in. A ``long`` one is shown by chapters."""

    name: str
    files: Mapping[Language, str]
    long: bool = False

    def language(self, wanted: Language) -> Language:
        """Return the language in which a reader gets it: the one they want, else the one there is."""
        return wanted if wanted in self.files else next(iter(self.files))

    def text(self, wanted: Language) -> str:
        """Return its Markdown."""
        return _text(self.files[self.language(wanted)])

    def sections(self, wanted: Language) -> Sequence[HandbookSection]:
        """Return its sections in their order."""
        return _sections(self.files[self.language(wanted)])

    def title(self, wanted: Language) -> str:
        """Return its first heading."""
        return self.sections(wanted)[0].title


@dataclass(frozen=True, slots=True)
class HandbookGroup:
    """Pages for one purpose."""

    title: Text
    pages: Sequence[HandbookPage]


@dataclass(frozen=True, slots=True)
class HandbookHit:
    """A section in which all words stand, and the line of it that holds most of them."""

    page: HandbookPage
    section: HandbookSection
    line: str


@dataclass(frozen=True)
class Handbook:
    """All pages."""

    groups: Sequence[HandbookGroup]
    pages: Mapping[str, HandbookPage] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pages", {page.name: page for group in self.groups for page in group.pages})

    def search(self, words: Sequence[str], language: Language, *, among: str = "") -> list[HandbookHit]:
        """Return the sections that hold all ``words``, in any order; those with one in their title first.

        A word is found inside another: Chinese is written without spaces. ``among``: of one page alone.
        """
        sought = [word.casefold() for word in words if word.strip()]
        found: list[tuple[int, HandbookHit]] = []
        for page in self.pages.values():
            if not sought or (among and page.name != among):
                continue
            for section in page.sections(language):
                title, body = section.title.casefold(), [line.casefold() for line in section.lines]
                text = "\n".join([title, *body])
                if all(word in text for word in sought):
                    best = max(range(len(body)), key=lambda n: _held(sought, body[n]), default=-1)
                    line = section.lines[best] if best >= 0 and _held(sought, body[best]) else ""
                    hit = HandbookHit(page, section, _around(line, sought))
                    found.append((_held(sought, title), hit))
        return [hit for _, hit in sorted(found, key=lambda one: -one[0])]


def _held(words: Sequence[str], text: str) -> int:
    return sum(word in text for word in words)


def _around(line: str, words: Sequence[str]) -> str:
    """Return the part of a line in which the first word stands; a row of a table without its bars."""
    bare = line.strip().strip("|").replace("`", "")
    plain = " · ".join(cell for part in bare.split("|") if (cell := part.strip()))
    at = min((n for word in words if (n := plain.casefold().find(word)) >= 0), default=0)
    begin = max(0, at - SHOWN // 3)
    shown = plain[begin : begin + SHOWN]
    return f"{'…' if begin else ''}{shown}{'…' if begin + SHOWN < len(plain) else ''}"


def sections(text: str) -> Iterator[HandbookSection]:
    """Iterate over a page's sections; what looks like a heading inside a fence is none."""
    anchors: set[str] = set()
    title, level, lines, fence = "", 1, list[str](), ""
    for line in text.splitlines():
        mark = line.strip()[:3]
        if fence or mark in FENCE:
            fence = ("" if mark == fence else fence) if fence else mark
        elif heading := HEADING.match(line):
            if title:
                yield HandbookSection(title, level, anchor_of(title, anchors), lines)
            title, level, lines = plain_heading(heading[2]), len(heading[1]), []
            continue
        lines.append(line)
    if title:
        yield HandbookSection(title, level, anchor_of(title, anchors), lines)


@cache
def _text(file: str) -> str:
    """Return a shipped page's Markdown: it does not change while we run."""
    return (FOLDER / file).read_text(encoding="utf-8")


@cache
def _sections(file: str) -> tuple[HandbookSection, ...]:
    return tuple(sections(_text(file)))


def plain_heading(text: str) -> str:
    """Return a heading without its marks."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).replace("`", "").replace("*", "")


def anchor_of(title: str, taken: set[str]) -> str:
    """Return a heading's anchor as GitHub makes it, and take it; a repeated one gets a number."""
    slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
    anchor = next(made for n in range(10_000) if (made := f"{slug}-{n}" if n else slug) not in taken)
    taken.add(anchor)
    return anchor


@cache
def handbook() -> Handbook:
    """Return the handbook that is shipped."""
    data = shipped_data("facilityd.query", "docs/handbook.yaml")
    groups = [
        HandbookGroup(Text(**one["title"]), [_page(name, about) for name, about in one["pages"].items()])
        for one in data["groups"]
    ]
    return Handbook(groups)


def _page(name: str, about: Mapping[str, str]) -> HandbookPage:
    files = {language: about[language] for language in LANGUAGES if language in about}
    return HandbookPage(name, files, bool(about.get("long")))
