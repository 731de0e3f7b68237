"""Native windows: one adds itself for the signed-in person, and then asks, by a secret of its own, for what to show."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.api.wishes import Clean
from opsknight.deps import Deps
from opsknight.domain.commands import windows as commands
from opsknight.domain.model.permission import Need
from opsknight.domain.model.window import WAITS_S
from opsknight.domain.queries.windows import messages, states
from opsknight.errors import Gone

Known = Annotated[str | None, Query(max_length=1000)]
Bearer = Annotated[str, Header(alias="Authorization", max_length=200)]
_SCHEME = "bearer "


class NewWindow(BaseModel):
    """How a window calls itself, for ever, and the name by which its person knows it."""

    device: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,64}$")]
    label: Annotated[Clean, Field(max_length=80)] = ""


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/windows."""
    routes = APIRouter(prefix="/api/v1/windows", tags=["windows"])

    @routes.post("", status_code=201, dependencies=[needs(Need.OWN_METHODS)])
    async def add(wish: NewWindow, viewer: SignedIn) -> Response:
        """Alarm the signed-in person in this window. Its token is shown this once, and ends when they sign out."""

        async def once() -> commands.Added:
            async with deps.commands(viewer.actor) as uow:
                return await commands.add(uow, wish.device, label=wish.label, session_id=viewer.session_id)

        done = await again(once)
        body = {"id": done.contact_method_id, "token": done.token, "sentence": done.sentence}
        return plain_json(body, status=201)

    @routes.get(
        "/news",
        dependencies=[needs(Need.OWN_METHODS, by_link=True)],
        responses={
            410: {"description": "The window is none any more.", "content": {"application/problem+json": {}}},
        },
    )
    async def news(authorization: Bearer = "", known: Known = None) -> Response:
        """Return what a window shows, as soon as that is known by something else than `known`, or after ten seconds.

        The window's token, as a bearer's, is the permission. A window that asks is open.
        """
        token = authorization[len(_SCHEME) :] if authorization.lower().startswith(_SCHEME) else ""

        async def once() -> tuple[int, bool]:
            async with deps.commands("system:window") as uow:
                return await commands.heard(uow, token)

        window_id, was_away = await again(once)
        if was_away:
            deps.committed()  # what waited for it is due now
        if known is not None:
            await deps.windows.news(window_id, known=known, within_s=WAITS_S)
        async with deps.reading() as session:
            now = deps.clock.now()
            if window_id not in await states(session, [window_id], at=now):
                raise Gone(commands.GONE)
            is_known_by, shown = await messages(session, window_id, at=now)
        return plain_json({"known": is_known_by, "messages": shown})

    return routes
