"""What every page has around it: language and colours, the manifest, and what is shown without a network."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse, RedirectResponse

from facilityd.web.access import guard_origin
from facilityd.web.forms import read_form
from facilityd.web.page.assets import static_files
from facilityd.web.page.render import page_response
from facilityd.web.page.route import PageRoute
from facilityd.web.page.viewer import Anybody, own_path, set_view
from facilityd.web.service import Service

routes = APIRouter(include_in_schema=False, route_class=PageRoute)


@routes.post("/view")
async def choose_view(service: Service, request: Request, viewer: Anybody) -> Response:
    """Note the language and colours that were chosen, and go back."""
    guard_origin(request)
    fields = await read_form(request)
    response = RedirectResponse(own_path(fields.get("back", "/")), 303)
    language, theme = fields.get("language", viewer.language), fields.get("theme", viewer.theme)
    set_view(response, service, language, theme)
    return response


@routes.get("/manifest.webmanifest")
async def manifest(service: Service, viewer: Anybody) -> Response:
    """Answer with what a phone asks to install it."""
    name = service.site.name.in_(viewer.language)
    icon = {"src": static_files()["icon.svg"].address, "sizes": "any", "type": "image/svg+xml"}
    found = {
        "name": f"facilityd · {name}", "short_name": name, "start_url": "/", "scope": "/", "id": "/",
        "display": "standalone", "lang": viewer.language, "background_color": "#f2f4f1",
        "theme_color": "#17443a", "icons": [icon],
    }  # fmt: skip
    return JSONResponse(found, media_type="application/manifest+json")


@routes.get("/offline")
async def offline(service: Service, request: Request, viewer: Anybody) -> Response:
    """Answer with what is shown where neither a network nor a kept page is there."""
    return await page_response(request, service, viewer, "offline.html")
