"""The signed-in person's contact methods and notification rules.

Every answer to a command carries a sentence for a person, and the contact methods and rules as they are then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from opsknight import crypto
from opsknight.api.addresses import read_address
from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.api.wishes import Clean, Id, Number
from opsknight.deps import Deps
from opsknight.domain.commands import notification_rules as rules
from opsknight.domain.commands import own_methods as commands
from opsknight.domain.commands.notification_rules import RULES_AT_MOST
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.paging import Rule
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.contact_methods import contact_methods, notification_rules
from opsknight.domain.queries.sessions import Viewer
from opsknight.errors import Invalid

Command: TypeAlias = Callable[[Any], Awaitable[commands.Done | rules.Done]]


class MethodWish(BaseModel):
    """Where to be reached: a channel, an address as that channel wants it, and a name for it."""

    channel: Annotated[str, Field(pattern=r"^[a-z][a-z_]*$", max_length=40)]
    address: Annotated[str, Field(min_length=1, max_length=2000)]
    label: Annotated[Clean, Field(max_length=80)] = ""


class Code(BaseModel):
    """What was sent to a contact method."""

    code: Annotated[str, Field(min_length=1, max_length=20)]


class Name(BaseModel):
    """How a contact method is called; nothing lets it go by its address."""

    label: Annotated[Clean, Field(max_length=80)] = ""


class RuleWish(BaseModel):
    """One contact method, so long after the page."""

    contact_method_id: Id
    delay_s: Annotated[int, Field(strict=True, ge=0, le=86400)] = 0


class RulesWish(BaseModel):
    """All rules for one urgency; none means every verified contact method."""

    rules: Annotated[Sequence[RuleWish], Field(max_length=RULES_AT_MOST)]


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/me/contact-methods and /api/v1/me/notification-rules."""
    routes = APIRouter(prefix="/api/v1/me", tags=["me"])
    _add_methods(routes, deps)
    _add_deeds(routes, deps)
    _add_rules(routes, deps)
    return routes


def _add_methods(routes: APIRouter, deps: Deps) -> None:
    own = [needs(Need.OWN_METHODS)]

    @routes.get("/contact-methods", dependencies=own)
    async def read(viewer: SignedIn) -> Response:
        """Return the signed-in person's contact methods and rules."""
        async with deps.reading() as session:
            return plain_json(await _all(session, viewer.id, at=deps.clock.now()))

    @routes.post("/contact-methods", status_code=201, dependencies=own)
    async def add(wish: MethodWish, viewer: SignedIn) -> Response:
        """Be reached at an address; a code goes there, and it counts once that was typed in."""
        kind = deps.channels.get(wish.channel)
        if kind is None or not (kind.people and kind.by_hand):
            raise Invalid("Nobody can be reached like that by an address; choose another channel.")
        given = read_address(kind, wish.address)
        return await _carry_out(
            deps,
            viewer,
            lambda uow: commands.add(
                uow, channel=kind.slug, address=given.address, label=wish.label, secret=given.secret
            ),
            status=201,
            shown_once=given.shown_once,
        )

    @routes.put("/contact-methods/{method_id}", dependencies=own)
    async def rename(method_id: Number, wish: Name, viewer: SignedIn) -> Response:
        """Give a contact method a name."""
        return await _carry_out(deps, viewer, lambda uow: commands.rename(uow, method_id, wish.label))

    @routes.delete("/contact-methods/{method_id}", dependencies=own)
    async def remove(method_id: Number, viewer: SignedIn) -> Response:
        """Forget a contact method, and the rules that name it."""
        return await _carry_out(deps, viewer, lambda uow: commands.remove(uow, method_id))


def _add_deeds(routes: APIRouter, deps: Deps) -> None:
    own = [needs(Need.OWN_METHODS)]

    @routes.post("/contact-methods/{method_id}/code", dependencies=own)
    async def send_code(method_id: Number, viewer: SignedIn) -> Response:
        """Send another code."""
        return await _carry_out(deps, viewer, lambda uow: commands.send_code(uow, method_id))

    @routes.post("/contact-methods/{method_id}/verify", dependencies=own)
    async def verify(method_id: Number, wish: Code, viewer: SignedIn) -> Response:
        """Let a contact method count, by the code that was sent there. Five wrong ones end a code."""

        def code_of(page_id: UUID) -> str:
            return crypto.six_digits(deps.installation.secret, str(page_id))

        return await _carry_out(deps, viewer, lambda uow: commands.verify(uow, method_id, wish.code, code_of=code_of))

    @routes.post("/contact-methods/{method_id}/test", status_code=202, dependencies=own)
    async def test(method_id: Number, viewer: SignedIn) -> Response:
        """Send a test page to one contact method."""
        return await _carry_out(deps, viewer, lambda uow: commands.try_one(uow, method_id), status=202)


def _add_rules(routes: APIRouter, deps: Deps) -> None:
    @routes.put("/notification-rules/{urgency}", dependencies=[needs(Need.OWN_METHODS)])
    async def arrange(urgency: Urgency, wish: RulesWish, viewer: SignedIn) -> Response:
        """Have just these rules for an urgency."""
        wanted = [Rule(urgency, one.contact_method_id, timedelta(seconds=one.delay_s)) for one in wish.rules]
        return await _carry_out(deps, viewer, lambda uow: rules.arrange(uow, urgency, wanted))


async def _carry_out(
    deps: Deps, viewer: Viewer, command: Command, *, status: int = 200, shown_once: Mapping[str, str] | None = None
) -> Response:
    """Do `command` in one unit of work, again where the database asks for it; refuse after it what was not well.

    Raises:
        Invalid: it was counted, and is not as was wished.
    """

    async def attempt() -> tuple[commands.Done | rules.Done, dict[str, Any]]:
        async with deps.commands(viewer.actor) as uow:
            done = await command(uow)
            await uow.session.flush()
            return done, await _all(uow.session, viewer.id, at=uow.now)

    done, body = await again(attempt)
    if isinstance(done, commands.Done):
        if not done.well:
            raise Invalid(done.sentence)
        body["id"] = done.id
    if shown_once:
        body["secret"] = shown_once
    return plain_json({**body, "sentence": done.sentence}, status=status)


async def _all(session: Any, user_id: int, *, at: datetime) -> dict[str, Any]:
    return {
        "contact_methods": await contact_methods(session, user_id, at=at),
        "rules": await notification_rules(session, user_id),
    }
