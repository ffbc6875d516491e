"""A drawing as PNG, for messages and papers that take no SVG: by resvg, with this machine's fonts."""

from __future__ import annotations

import re

from facilityd.errors import UsageError
from facilityd.model.message import Wording

SCALE = 2
"""Pixels for each unit of the drawing: sharp on paper too."""
_CHINESE = re.compile(r"[㐀-鿿]")
_LETTERS, _CHARACTERS = ("a", "b"), ("国", "旗")


def svg_png(drawing: str) -> bytes:
    """Return a drawing as a PNG file.

    Raises UsageError where this machine has no font for its words: they would be missing without a sign of
    it. Raises ModuleNotFoundError where resvg-py is not installed.
    """
    chinese = _CHINESE.search(drawing) is not None
    one, other = _CHARACTERS if chinese else _LETTERS
    if _picture(_word(one)) == _picture(_word(other)):
        raise UsageError(
            Wording("ask.no-chinese-font" if chinese else "ask.no-font"), hint=Wording("ask.install-font")
        )
    return _picture(drawing)


def _word(text: str) -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">'
        f'<text x="5" y="30" font-size="24" font-family="sans-serif">{text}</text></svg>'
    )


def _picture(drawing: str) -> bytes:
    import resvg_py  # noqa: PLC0415 - an extra: only who asks for a picture loads it

    return bytes(resvg_py.svg_to_bytes(svg_string=drawing, zoom=SCALE))
