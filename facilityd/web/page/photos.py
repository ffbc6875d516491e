"""Photos that come with a form: kept beside the journal, whose request then carries their name."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from facilityd.errors import FacilitydError
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.query.storage import photos_kept
from facilityd.web.forms import text_of
from facilityd.web.multipart import SentForm
from facilityd.web.page.actions import act, result_of
from facilityd.web.page.viewer import PageViewer
from facilityd.web.problems import HttpProblem
from facilityd.web.service import WebService

WITH_PHOTO = frozenset(("ack", "take", "take-over", "done", "task-note"))
"""What of a form's buttons takes a photo."""
EVERY = 3600.0


async def act_with_photo(
    service: WebService, viewer: PageViewer, command: str, asked: Mapping[str, Any], sent: SentForm
) -> str:
    """Keep the photo of a form, where there is one, and leave the command; return its id.

    Raises HttpProblem for what may not be asked, FacilitydError for what is no photo.
    """
    key, name, fresh = text_of(sent.fields, "key"), "", False
    if sent.file is not None:
        if command not in WITH_PHOTO:
            raise HttpProblem(422, Wording("photo.not-with"))
        name, fresh = await asyncio.to_thread(service.photos.add, sent.file)
        asked = {**asked, "photo": name}
    try:
        number = await act(service, viewer, command, asked, key)
        came = await result_of(service, number) if fresh else None
    except (HttpProblem, FacilitydError):
        _forget(service, name, fresh=fresh)
        raise
    _forget(service, name, fresh=fresh and came is not None and came.state == "refused")
    return number


def _forget(service: WebService, name: str, *, fresh: bool) -> None:
    """Keep no photo that came with what was refused; one that was there before belongs to something else."""
    if fresh:
        service.photos.remove(name)


async def forget_old_photos(service: WebService) -> None:
    """Forget, each hour, photos of what the journal keeps no more."""
    while True:
        kept = photos_kept(service.site) / NS
        await asyncio.to_thread(service.photos.forget, time.time(), kept)
        await asyncio.sleep(EVERY)
