"""Templates and the checklists of the site, made ready before the first page would wait for them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from facilityd.errors import FacilitydError
from facilityd.web.page.render import environment
from facilityd.web.page.snapshot import SnapshotSource
from facilityd.web.problems import HttpProblem


async def warm(source: SnapshotSource) -> None:
    """Make it ready; a journal that is not there yet is left for the first page to tell of."""
    await asyncio.to_thread(_compile)
    with suppress(HttpProblem, FacilitydError):
        await source.now()


def _compile() -> None:
    for name in environment().list_templates(extensions=["html"]):
        environment().get_template(name)
