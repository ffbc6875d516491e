"""facilityd docs: the handbook in the terminal, without a network."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
from rich.console import Console
from rich.markdown import Markdown

from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, say, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.words import sentence
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.text import Language
from facilityd.query.handbook import Handbook, HandbookHit, HandbookPage, handbook
from facilityd.yaml_source import suggestion

PAGES = (whole("page", "页面"), Column("what", "内容"), Column("for", "用途"))
HITS = (whole("page", "页面"), Column("section", "章节"), Column("line", "内容", least=40))
MOST = 30
WIDTH = 100
"""Columns of text beyond which lines are hard to read."""


@click.command()
@click.argument("words", nargs=-1)
@lang_option
@json_option
def docs(words: tuple[str, ...], lang: str | None, as_json: bool) -> None:
    """Read the handbook, or search it.

    Without WORDS it lists the pages. The name of a page shows it; a page and more WORDS show its sections
    in which they stand; other WORDS find the sections of all pages in which they stand, in any order.
    The same pages are at /handbook of the page that `facilityd serve` shows.
    """
    language = chosen(lang)
    book = handbook()
    page = book.pages.get(words[0]) if words else None
    if not words:
        _list(book, language, as_json=as_json)
    elif page is not None:
        _show(book, page, words[1:], language, as_json=as_json)
    else:
        _find(book, words, language, as_json=as_json)


def _list(book: Handbook, language: Language, *, as_json: bool) -> None:
    rows = [
        (page.name, page.title(language), group.title.in_(language))
        for group in book.groups
        for page in group.pages
    ]
    if as_json:
        print_json([{"page": name, "title": title, "group": group} for name, title, group in rows])
        return
    console().print(table("", PAGES, rows, language=language))
    say(sentence("docs-how", language))


def _show(
    book: Handbook, page: HandbookPage, words: Sequence[str], language: Language, *, as_json: bool
) -> None:
    """Show a page, or those sections of it that hold the words. Raises UsageError where none does."""
    text = page.text(language)
    if words:
        hits = book.search(words, language, among=page.name)
        if not hits:
            raise _nothing(book, words)
        text = "\n\n".join(_source(hit) for hit in hits)
    if as_json:
        print_json({"page": page.name, "language": page.language(language), "markdown": text})
    elif sys.stdout.isatty():
        out = Console(width=min(console().width, WIDTH))
        with out.capture() as drawn:
            out.print(Markdown(text, hyperlinks=False))
        click.echo_via_pager(drawn.get())
    else:
        click.echo(text)


def _source(hit: HandbookHit) -> str:
    return "\n".join([f"{'#' * hit.section.level} {hit.section.title}", *hit.section.lines])


def _plain(hit: HandbookHit) -> dict[str, str]:
    section = hit.section
    return {"page": hit.page.name, "section": section.title, "anchor": section.anchor, "line": hit.line}


def _find(book: Handbook, words: Sequence[str], language: Language, *, as_json: bool) -> None:
    hits = book.search(words, language)
    if not hits:
        raise _nothing(book, words)
    if as_json:
        print_json([_plain(hit) for hit in hits])
        return
    rows = [(hit.page.name, hit.section.title, hit.line) for hit in hits[:MOST]]
    console().print(table("", HITS, rows, language=language))
    if len(hits) > MOST:
        say(sentence("docs-more", language, n=len(hits) - MOST))
    say(sentence("docs-open", language, page=hits[0].page.name, words=" ".join(words)))


def _nothing(book: Handbook, words: Sequence[str]) -> UsageError:
    asked = " ".join(words)
    return UsageError(
        Wording("ask.not-in-handbook", asked=asked),
        hint=suggestion(words[0], book.pages) or Wording("ask.list-handbook"),
    )
