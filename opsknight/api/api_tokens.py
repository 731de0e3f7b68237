"""API tokens: made and listed here, shown by scripts as `Authorization: Bearer ok_…`; guard.py takes them.

Only the hash of one is kept, so it is told once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.api.wishes import Clean, Number, Yes
from opsknight.deps import Deps
from opsknight.domain.commands import api_tokens as commands
from opsknight.domain.commands.api_tokens import Made
from opsknight.domain.model.permission import Need, permits
from opsknight.domain.queries import api_tokens as queries


class Wish(BaseModel):
    """What a token is for, whether it only reads, and how long it counts; until it is revoked where that is null."""

    name: Annotated[Clean, Field(max_length=1000)]
    reads_only: Yes = False
    days: Annotated[int, Field(strict=True, ge=1, le=commands.LONGEST.days)] | None

    @property
    def lasts(self) -> timedelta | None:
        """How long it counts, as the command takes it."""
        return None if self.days is None else timedelta(days=self.days)


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/api-tokens."""
    routes = APIRouter(prefix="/api/v1/api-tokens", tags=["me"])

    @routes.get("", dependencies=[needs(Need.SEE)])
    async def read(viewer: SignedIn) -> Response:
        """Return the tokens of one's own that still count, and to admins everybody's; the newest first."""
        everybody = permits(viewer.person, Need.ADMINISTER).permitted
        async with deps.reading() as session:
            found = await queries.tokens(session, you=viewer.id, everybody=everybody, at=deps.clock.now())
        return plain_json({"tokens": found})

    @routes.post("", status_code=201, dependencies=[needs(Need.SIGNED_IN)])
    async def make(wish: Wish, viewer: SignedIn) -> Response:
        """Make a token, signed in; it is in this answer and nowhere else."""

        async def attempt() -> Made:
            async with deps.commands(viewer.actor) as uow:
                return await commands.make(uow, name=wish.name, reads_only=wish.reads_only, lasts=wish.lasts)

        made = await again(attempt)
        return plain_json({"id": made.id, "token": made.token, "sentence": made.sentence}, status=201)

    @routes.delete("/{token_id}", dependencies=[needs(Need.SEE)])
    async def revoke(token_id: Number, viewer: SignedIn) -> Response:
        """End a token, one's own or as an admin anybody's: what shows it is refused from now on."""

        async def attempt() -> str:
            async with deps.commands(viewer.actor) as uow:
                return await commands.revoke(uow, token_id)

        return plain_json({"sentence": await again(attempt)})

    return routes
