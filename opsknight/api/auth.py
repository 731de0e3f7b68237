"""Who asks, and what each route needs. The decision itself is `domain.model.permission.permits`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, TypeAlias

from fastapi import Depends, FastAPI, Response
from fastapi.routing import iter_route_contexts
from starlette.requests import HTTPConnection
from starlette.routing import Mount

from opsknight.domain.model.permission import Anonymous, Need, permits
from opsknight.domain.queries.sessions import Viewer
from opsknight.errors import Forbidden, SignInRequired
from opsknight.settings import Settings

_COOKIE_KEPT_S: Final = 400 * 86400
"""As long as browsers allow; when a session is over is decided here, not by the cookie."""


class Needs:
    """What a route asks of its caller; a dependency, so that it is checked before the route runs.

    A route that takes a signed link instead of a session declares its need and checks the link itself.
    """

    def __init__(self, need: Need, *, by_link: bool) -> None:
        """Declare `need`; `by_link` leaves the check to the route."""
        self.need = need
        self.by_link = by_link

    async def __call__(self, connection: HTTPConnection) -> None:  # a plain function would be sent to a thread
        """Refuse who may not.

        Raises:
            SignInRequired: nobody is signed in.
            Forbidden: the person may not, with the sentence that says why.
        """
        if self.by_link:
            return
        viewer = viewer_or_none(connection)
        decision = permits(viewer.bearer if viewer else Anonymous(), self.need)
        if not decision:
            raise SignInRequired(decision.sentence) if decision.sign_in else Forbidden(decision.sentence)


def needs(need: Need, *, by_link: bool = False) -> Any:
    """Declare what a route, or every route of a router, needs: `dependencies=[needs(Need.SEE)]`."""
    return Depends(Needs(need, by_link=by_link))


def viewer_or_none(connection: HTTPConnection) -> Viewer | None:
    """Return who is signed in on this request, as the guard found out, or None."""
    return connection.scope.get("state", {}).get("viewer")


async def viewer(connection: HTTPConnection) -> Viewer:  # a plain function would be sent to a thread
    """Return who is signed in.

    Raises:
        SignInRequired: nobody is.
    """
    if (found := viewer_or_none(connection)) is None:
        raise SignInRequired("Sign in to use this.")
    return found


SignedIn: TypeAlias = Annotated[Viewer, Depends(viewer)]
"""A route's parameter of this type is the person who is signed in."""


def keep_session(response: Response, settings: Settings, token: str) -> None:
    """Give the browser the session's cookie: out of reach of scripts and of other sites."""
    response.set_cookie(
        settings.session_cookie,
        token,
        max_age=_COOKIE_KEPT_S,
        path="/",
        secure=settings.trustworthy,
        httponly=True,
        samesite="lax",
    )


def forget_session(response: Response, settings: Settings) -> None:
    """Take the session's cookie from the browser."""
    response.delete_cookie(
        settings.session_cookie, path="/", secure=settings.trustworthy, httponly=True, samesite="lax"
    )


def declared(app: FastAPI) -> Iterator[tuple[str, str, Needs | None]]:
    """Yield method, path and need of every route that `app` serves itself; None where a route declares nothing.

    What is mounted (the screens, files) is not listed: the guard closes all of it to who is not signed in.
    """
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, Mount) or route.path is None:
            continue
        declarations = [part.dependency for part in getattr(route, "dependencies", ())]
        needed = next((part for part in declarations if isinstance(part, Needs)), None)
        for method in sorted((route.methods or {"*"}) - {"HEAD"}):
            yield method, route.path, needed
