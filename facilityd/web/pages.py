"""Pages for phones, made without a script: everything in one is escaped text, whatever its source."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from html import escape
from importlib.resources import files

from starlette.responses import HTMLResponse

from facilityd.model.text import Language, Strict, Text
from facilityd.model.word_table import shipped_table

STYLE = files("facilityd.web").joinpath("page.css").read_text(encoding="utf-8")
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


class PageWords(Strict):
    """What ``words.yaml`` holds."""

    page: dict[str, Text]


@cache
def page_words() -> PageWords:
    """Return the table that is shipped."""
    return shipped_table("facilityd.web", "words.yaml", PageWords)


def phrase(name: str, language: Language, /, **fields: object) -> str:
    """Return one of the texts, filled in."""
    return page_words().page[name].in_(language).format(**fields)


def page(
    title: str, body: str, language: Language, status: int = 200, *, dead: str = ""
) -> HTMLResponse:  # fmt: skip
    """Return a page; ``title`` and ``dead`` (that nobody watches) are texts, ``body`` is markup."""
    warning = f'<p class="dead" role="alert">{escape(dead)}</p>' if dead else ""
    content = (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>{warning}{body}</body></html>"
    )
    headers = {"Content-Security-Policy": POLICY, "Content-Language": language}
    return HTMLResponse(content, status, headers)


def entry(label: str, text: str) -> str:
    """Return a label with its text as markup; nothing where there is no text."""
    return f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" if text else ""
