"""A parameter that a question does not have is refused: its answer would be another than was asked for."""

from __future__ import annotations

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from facilityd.model.meant import meant
from facilityd.model.message import Wording
from facilityd.web.problems import HttpProblem

SHOWN = 40
"""Characters of a name that nobody knows."""


def refuse_unknown(request: Request) -> None:
    """Raise HttpProblem (422) for the first parameter of a request that its route does not have."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    known = sorted(_names(route.dependant))
    for name in request.query_params:
        if name not in known:
            what = Wording("web.no-parameter", name=name[:SHOWN])
            hint = meant(name[:SHOWN], known) if known else Wording("web.no-parameters")
            raise HttpProblem(422, what, where="query", hint=hint)


def _names(dependant: Dependant) -> set[str]:
    """Return the names of a route's parameters and of what it depends on."""
    found = {field.alias for field in dependant.query_params}
    return found.union(*(_names(one) for one in dependant.dependencies))
