"""Photos of the tasks of a report, within its page: whoever gets the file has no access to the site."""

from __future__ import annotations

import base64
from html import escape

from facilityd.errors import UsageError
from facilityd.model.photo import is_photo
from facilityd.model.text import Language
from facilityd.query.report import SiteReport
from facilityd.query.report_table import report_sentence
from facilityd.supervise.photos import TYPES, PhotoFolder

MOST_TOGETHER = 12_000_000
"""Bytes of photos in one report, which goes by mail; the others are counted."""


def photo_figures(report: SiteReport, folder: PhotoFolder | None, language: Language) -> str:
    """Return the photos of the window as HTML, each with its task; "" where there are none."""
    figures, room, left = [], MOST_TOGETHER, 0
    for row in report.tasks.touched:
        for note in row.task.notes:
            if not is_photo(note.photo) or not report.window.since <= note.at < report.window.until:
                continue
            content = _content(folder, note.photo)
            if content is None or len(content) > room:
                left += 1
                continue
            room -= len(content)
            said = report_sentence("photo", language, n=row.task.id, device=row.device.in_(language),
                                   at=report.window.shown(note.at), who=note.person)  # fmt: skip
            source = (
                f"data:{TYPES[note.photo.rpartition('.')[2]]};base64,{base64.b64encode(content).decode()}"
            )
            words = escape(said, quote=True)
            figures.append(
                f'<figure><img alt="{words}" src="{source}"><figcaption>{words}</figcaption></figure>'
            )
    more = f'<p class="soft">{escape(report_sentence("photos-left", language, n=left))}</p>' if left else ""
    return (f'<div class="photos">{"".join(figures)}</div>' if figures else "") + more


def _content(folder: PhotoFolder | None, name: str) -> bytes | None:
    try:
        return folder.read(name) if folder else None
    except UsageError:
        return None
