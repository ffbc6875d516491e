"""The HTML part of a mail: the same words, laid out for a phone. Nothing in it is fetched from anywhere."""

from __future__ import annotations

import re
from html import escape

from facilityd.model.notice import Notice, Purpose
from facilityd.model.rule import Priority
from facilityd.notify.sparkline import BARS

_COLOURS = {
    Priority.LOW: "#5f6b7a",
    Priority.MEDIUM: "#8a6d00",
    Priority.HIGH: "#c25100",
    Priority.CRITICAL: "#b3001b",
}
_OVER = "#1f7a3d"
_OVERS = (Purpose.CLEARED, Purpose.READY, Purpose.TEST)
_PAGE = (
    '<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"></head>'
    '<body style="margin:0;font:16px/1.5 sans-serif;color:#111;background:#fff">'
    '<div style="max-width:40em;margin:0 auto;padding:12px">'
    '<h1 style="font-size:18px;margin:0 0 8px;padding:8px 12px;color:#fff;background:{colour}">{subject}</h1>'
    "{lines}</div></body></html>"
)
_LINE = '<p style="margin:6px 0">{0}</p>'
_LEAD = '<p style="margin:6px 0;font-size:17px"><b>{0}</b></p>'
_IMAGE = '<img src="cid:{0}" alt="" style="width:100%;max-width:30em;border-bottom:1px solid #999">'
_PLOT = '<p style="margin:6px 0;font-family:monospace;white-space:pre-wrap">{0}</p>'


def html_of(notice: Notice, picture: str = "") -> str:
    """Return a notice as a page; what stood in it as markup stands there as text.

    ``picture`` is the content id of its plot, which belongs to the same mail.
    """
    colour = _OVER if notice.purpose in _OVERS else _COLOURS[Priority(notice.priority)]
    lines = [line for line in notice.body.splitlines() if line.strip()]
    shown = "".join(_line(number, line, picture) for number, line in enumerate(lines))
    return _PAGE.format(language=notice.language, colour=colour, subject=escape(notice.subject), lines=shown)


def _line(number: int, line: str, picture: str) -> str:
    if any(bar in line for bar in BARS):
        shown = _IMAGE.format(escape(picture)) if picture else ""
        return _PLOT.format(escape(line)) + shown
    if number == 0:
        return _LEAD.format(escape(line))
    for colon in ("：", ": "):
        label, found, rest = line.partition(colon)
        if found and len(label) <= LABEL:
            return _LINE.format(f"<b>{escape(label)}{colon}</b>{_text(rest)}")
    return _LINE.format(escape(line))


def _text(rest: str) -> str:
    """Return the rest of a line; one that is a link alone can be tapped."""
    link = rest.strip()
    return _LINK.format(escape(link)) if _URL.fullmatch(link) else escape(rest)


_URL = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&()*+,;=%-]+")
_LINK = '<a href="{0}" style="display:inline-block;padding:10px 0">{0}</a>'
LABEL = 24
"""Characters of what stands before a colon and is a label."""
