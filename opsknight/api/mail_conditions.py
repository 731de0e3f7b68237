"""How an e-mail integration reads its mails: its conditions, read and set."""

from __future__ import annotations

from typing import Any, TypeAlias

from fastapi import APIRouter
from starlette.responses import Response

from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.api.providers.email import SLUG
from opsknight.deps import Deps
from opsknight.domain.commands.integrations import set_mail_conditions
from opsknight.domain.model.mail_conditions import problems
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.integrations import integration
from opsknight.errors import Conflict, Invalid

Conditions: TypeAlias = dict[str, Any]


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/integrations/{id}/mail-conditions."""
    routes = APIRouter(
        prefix="/api/v1/integrations/{integration_id}/mail-conditions",
        tags=["integrations"],
        dependencies=[needs(Need.CONFIGURE)],
    )

    @routes.get("")
    async def read(integration_id: int) -> Response:
        """Return the conditions by which an e-mail integration reads its mails; {} where it has none."""
        async with deps.reading() as session:
            line = await integration(session, integration_id, with_keys=False)
        if line["provider"] != SLUG:
            raise Conflict(f"“{line['name']}” takes no mail, so it has no conditions for mails.")
        return plain_json(line["mapping"])

    @routes.put("")
    async def write(integration_id: int, conditions: Conditions, viewer: SignedIn) -> Response:
        """Set the conditions of an e-mail integration; {} leaves the usual words. The next mail is read by them."""
        for problem in problems(conditions):
            raise Invalid(f"The conditions cannot be used: {problem}")
        async with deps.commands(viewer.actor) as uow:
            await set_mail_conditions(uow, integration_id, conditions)
        return plain_json(conditions)

    return routes
