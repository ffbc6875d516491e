"""Foreign text made harmless, in one place, before it reaches a terminal, a log, a mail or the journal.

A device's name, a server's answer or a person's comment may carry escape sequences that move the cursor or
change the title of a terminal, marks that turn the reading direction round, or half a character.
"""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, urlsplit

LONGEST = 500
"""Characters; what a foreign party says beyond that is cut."""
SHORTEST_SECRET = 4
KEY = 16
"""Characters from which on a part of a path may be a key."""

_ESCAPES = re.compile(
    r"""(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]                        # control sequences: colours, cursor
      | (?:\x1b[PX\]^_]|[\x90\x98\x9d\x9e\x9f]).*?(?:\x07|\x1b\\|\x9c|$)  # strings: titles, links
      | \x1b[ -/]*[0-~]                                         # other two-character escapes
    """,
    re.VERBOSE | re.DOTALL,
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{6,}={0,2}")
_URL_SAFE = str.maketrans("-_", "+/")
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_SPACES = frozenset("\t\r\n\v\f\x85\u2028\u2029")
_HARMLESS = re.compile(r"[ -~\u00a1-\u024f\u3000-\u303f\u4e00-\u9fff\uff01-\uff5e]*")
"""What nearly all text is made of: printable ASCII, Latin, Chinese."""


def plain(text: str, longest: int = LONGEST, *, lines: bool = False) -> str:
    """Return a text without escape sequences, control characters, direction marks or half characters.

    Line breaks become spaces unless ``lines``. What is longer than ``longest`` characters ends in "…".
    """
    if not _HARMLESS.fullmatch(text):
        text = "".join(_seen(char, lines=lines) for char in _ESCAPES.sub("", text[: 4 * longest]))
    return text if len(text) <= longest else text[: longest - 1] + "…"


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return a text with every secret in it replaced by ***; the longest first, as one may hold another.

    Also as URLs, JSON and base64 write it: a mail server may repeat the line that we logged in with.
    """
    known = sorted((s for s in secrets if len(s) >= SHORTEST_SECRET), key=len, reverse=True)
    for secret in known:
        for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1]):
            text = text.replace(form, "***")
    held = [secret.encode("utf-8", "replace") for secret in known]
    return _BASE64.sub(lambda run: _masked_run(run[0], held), text) if held else text


def _masked_run(run: str, secrets: Iterable[bytes]) -> str:
    letters = run.rstrip("=").translate(_URL_SAFE)
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    content = base64.b64decode(letters + "=" * (-len(letters) % 4))
    return "***" if any(secret in content for secret in secrets) else run


def url_secrets(url: str) -> frozenset[str]:
    """Return what of a webhook's URL lets anybody post to it: robots carry their key in path or query."""
    parts = urlsplit(url)
    whole = {parts.path, parts.query, f"{parts.path}?{parts.query}"} - {"/", "", "?"}
    values = {value for _, value in parse_qsl(parts.query)}
    keys = {segment for segment in parts.path.split("/") if len(segment) >= KEY}
    return frozenset({url, *whole, *values, *keys})


def _seen(char: str, *, lines: bool) -> str:
    """Return what a reader may see of one character."""
    if char in _SPACES:
        return "\n" if lines and char == "\n" else " "
    if char in _DIRECTION:
        return ""
    category = unicodedata.category(char)
    if category == "Cs":
        return "\ufffd"
    return "" if category == "Cc" else char
