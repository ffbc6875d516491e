"""Forms of pages, as browsers send them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from facilityd.model.message import Wording
from facilityd.model.plain import plain
from facilityd.supervise.photo_content import MIB, MOST_BYTES
from facilityd.web.multipart import NoForm, SentForm, is_multipart, read_multipart
from facilityd.web.problems import HttpProblem

MOST_FIELDS = 20
LONGEST_FIELD = 1000
"""Characters of what a person writes."""
ROOM = 64 * 1024
"""Bytes of a form beside its photo."""
RECEIVED_AT_ONCE = 4
"""Forms with a file that are kept in memory at a time."""
_receiving = asyncio.Semaphore(RECEIVED_AT_ONCE)


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form as they were sent; nothing for what is no form."""
    try:
        return dict(parse_qsl((await request.body()).decode(), max_num_fields=MOST_FIELDS))
    except ValueError:
        return {}


async def read_sent(request: Request) -> SentForm:
    """Return a form that may have a photo with it. Raises HttpProblem."""
    found = await _read_sent(request)
    request.state.fields = found.fields
    return found


async def fields_of_refused(request: Request) -> dict[str, str]:
    """Return the fields of a form that is not carried out, up to its photo; all of it is taken."""
    if not hasattr(request.state, "fields"):
        begun = bytearray()
        with suppress(RuntimeError, ClientDisconnect, HttpProblem):  # read already, or not all there
            async for part in request.stream():  # nothing is kept of a photo that a stranger sends
                begun += part[: ROOM - len(begun)]
        request.state.fields = _fields_of(request.headers.get("content-type", ""), bytes(begun))
    found: dict[str, str] = request.state.fields
    return found


def _fields_of(content_type: str, begun: bytes) -> dict[str, str]:
    try:
        if is_multipart(content_type):
            return read_multipart(content_type, begun, cut=True).fields
        return dict(parse_qsl(begun.decode(), max_num_fields=MOST_FIELDS))
    except (NoForm, ValueError):
        return {}


async def _read_sent(request: Request) -> SentForm:
    content_type = request.headers.get("content-type", "")
    if not is_multipart(content_type):
        return SentForm(await read_form(request))
    if _receiving.locked():  # waiting would hold the connection, and what it sends
        raise HttpProblem(503, Wording("photo.too-busy"), headers={"Retry-After": "60"})
    async with _receiving:
        try:
            return read_multipart(content_type, await _received(request))
        except NoForm as error:
            raise HttpProblem(422, Wording("web.not-understood")) from error


async def _received(request: Request) -> bytes:
    """Return the bytes of a form. Raises HttpProblem for one that is too large.

    Nothing of that is kept but its first fields, yet all is taken: only then does a browser show the answer.
    """
    parts: list[bytes] = []
    size, begun = 0, b""
    async for part in request.stream():
        size += len(part)
        if size <= MOST_BYTES + ROOM:
            parts.append(part)
        else:
            begun = begun or b"".join(parts)[:ROOM]
            parts.clear()
    if size > MOST_BYTES + ROOM:
        request.state.fields = _fields_of(request.headers.get("content-type", ""), begun)
        raise HttpProblem(413, Wording("photo.too-large", most=MOST_BYTES // MIB))
    return b"".join(parts)


async def discard(request: Request) -> None:
    """Take the rest of what is refused, as far as anybody's is: a browser that sends shows no answer."""
    with suppress(RuntimeError, ClientDisconnect, HttpProblem):  # it was read already, or is not all there is
        async for _ in request.stream():
            pass


def text_of(fields: Mapping[str, str], name: str) -> str:
    """Return what a person wrote in a field, as text and nothing else."""
    return plain(fields.get(name, "").strip(), LONGEST_FIELD)
