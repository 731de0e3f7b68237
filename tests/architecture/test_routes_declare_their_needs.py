"""Every route says what it needs, and the guard's list of open doors agrees with it."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from starlette.responses import Response

from opsknight import api
from opsknight.api.auth import Needs, declared, needs
from opsknight.api.guard import is_open
from opsknight.clock import Clock
from opsknight.deps import Deps
from opsknight.domain.model.permission import Need
from opsknight.settings import Settings


def every_route() -> list[tuple[str, str, Needs | None]]:
    app = FastAPI(openapi_url=None)
    api.mount(app, Deps(Settings(_env_file=None), Clock()), mail=None)
    return list(declared(app))


def test_every_route_declares_what_it_needs():
    undeclared = [f"{method} {path}" for method, path, needed in every_route() if needed is None]

    assert undeclared == []


def test_a_route_is_open_exactly_when_it_needs_nothing_or_takes_a_link():
    disagreeing = [
        f"{method} {path}"
        for method, path, needed in every_route()
        if needed is not None and (needed.need is Need.NOTHING or needed.by_link) is not is_open(path)
    ]

    assert disagreeing == []


def test_a_route_that_declares_nothing_would_be_found():
    app = FastAPI(openapi_url=None)
    router, inner = APIRouter(), APIRouter()
    app.get("/silent")(lambda: None)
    app.add_route("/older", lambda _: Response())
    router.get("/whispering")(lambda: None)
    inner.get("/honest")(lambda: None)
    router.include_router(inner, prefix="/inner", dependencies=[needs(Need.SEE)])
    app.include_router(router)

    assert [(path, needed and needed.need) for _, path, needed in declared(app)] == [
        ("/silent", None),
        ("/older", None),
        ("/whispering", None),
        ("/inner/honest", Need.SEE),
    ]


def test_the_routes_are_really_looked_at():
    paths = {path for _, path, _ in every_route()}

    assert paths >= {"/sign-in/{token}", "/healthz", "/metrics", "/sw.js"}
