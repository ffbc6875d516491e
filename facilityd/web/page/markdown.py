"""Markdown of the handbook made into HTML: HTML within it is text, links lead to pages of the handbook."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

from facilityd.query.handbook import Handbook, anchor_of, plain_heading

PICTURE = re.compile(r"[\w-]+\.(?:png|svg)")


class HandbookMarkdown:
    """Makes pages of the handbook; ``wide`` says what a table is called that may be moved sideways."""

    def __init__(self, book: Handbook, wide: str) -> None:
        self._names = {file: page.name for page in book.pages.values() for file in page.files.values()}
        self._wide = wide
        self._markdown = MarkdownIt("commonmark", {"html": False}, renderer_cls=RendererHTML).enable("table")
        rules: Any = self._markdown.renderer.rules  # type: ignore[attr-defined]  # RendererHTML has them
        own = self._code
        rules.update(table_open=self._table, table_close=self._table_end, fence=own, code_block=own)

    def html(self, text: str) -> Markup:
        """Return a text as HTML; headings have the anchors of ``handbook.sections``."""
        tokens = self._markdown.parse(text)
        self._headings(tokens)
        for token in tokens:
            for one in token.children or ():
                self._link(one)
        return Markup(self._markdown.renderer.render(tokens, self._markdown.options, {}))  # noqa: S704 - it holds no HTML of the text

    @staticmethod
    def _headings(tokens: Sequence[Token]) -> None:
        taken: set[str] = set()
        for token, inline in pairwise(tokens):
            if token.type == "heading_open":
                token.attrSet("id", anchor_of(plain_heading(inline.content), taken))

    def _link(self, token: Token) -> None:
        """Lead a link to the handbook's page of that file; of a file that is no page of it, to nowhere."""
        if token.type == "image":
            name = str(token.attrs.get("src", ""))
            token.attrSet("src", f"/handbook/picture/{name}" if PICTURE.fullmatch(name) else "")
            token.attrSet("loading", "lazy")
        if token.type != "link_open":
            return
        target = str(token.attrs.get("href", ""))
        if target.startswith(("#", "https:", "http:")):
            return
        file, _, anchor = target.partition("#")
        name = self._names.get(posixpath.normpath(file), "")
        if not name:
            token.attrs.pop("href", None)
        else:
            token.attrSet("href", f"/handbook/{name}" + (f"#{anchor}" if anchor else ""))

    def _table(self, *_: Any) -> str:
        return f'<div class="wide" tabindex="0" role="group" aria-label="{self._wide}"><table>\n'

    @staticmethod
    def _table_end(*_: Any) -> str:
        return "</table></div>\n"

    def _code(self, tokens: Sequence[Token], at: int, _options: Mapping[str, Any], _env: Any) -> str:
        body = Markup("{}").format(tokens[at].content)
        return f'<pre tabindex="0" role="group" aria-label="{self._wide}"><code>{body}</code></pre>\n'
