"""A photo, for who has signed in: as the picture that it is, and as nothing that could run."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from facilityd.errors import UsageError
from facilityd.supervise.photos import TYPES
from facilityd.web.page.route import PageRoute
from facilityd.web.page.viewer import SignedIn
from facilityd.web.problems import HttpProblem
from facilityd.web.service import Service

routes = APIRouter(include_in_schema=False, route_class=PageRoute)


@routes.get("/photo/{name}")
async def photo(
    service: Service, request: Request, _: SignedIn, name: Annotated[str, Path(max_length=100)]
) -> Response:
    """Answer with a photo. The browser asks each time whether it still may, and is sent nothing twice."""
    tag = f'"{name}"'
    headers = {
        "Cache-Control": "private, no-cache", "ETag": tag, "Vary": "Cookie",
        "Content-Security-Policy": "default-src 'none'; sandbox", "Content-Disposition": "inline",
    }  # fmt: skip
    try:
        content = await asyncio.to_thread(service.photos.read, name)
    except UsageError as error:
        raise HttpProblem(404, error.what) from error
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, 200, headers, TYPES[name.rpartition(".")[2]])
