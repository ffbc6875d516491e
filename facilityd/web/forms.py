"""Forms of pages, as browsers send them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

from facilityd.model.plain import plain

MOST_FIELDS = 20
LONGEST_FIELD = 1000
"""Characters of what a person writes."""


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form as they were sent; nothing for what is no form."""
    try:
        return dict(parse_qsl((await request.body()).decode(), max_num_fields=MOST_FIELDS))
    except ValueError:
        return {}


def text_of(fields: Mapping[str, str], name: str) -> str:
    """Return what a person wrote in a field, as text and nothing else."""
    return plain(fields.get(name, "").strip(), LONGEST_FIELD)
