"""Services, with the keys by which monitors speak for them; and how people arrange both."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Any, Final, Literal, TypeAlias

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.api.providers.table import PROVIDERS
from opsknight.api.wishes import Clean, Id, Number, Yes
from opsknight.deps import Deps
from opsknight.domain.commands import archiving, integrations
from opsknight.domain.commands import services as commands
from opsknight.domain.commands.services import Done
from opsknight.domain.model.permission import Need, permits
from opsknight.domain.model.service_plan import Plan
from opsknight.domain.queries.archived_services import archived_services, ending
from opsknight.domain.queries.services import service, services
from opsknight.domain.queries.sessions import Viewer
from opsknight.errors import Invalid

Command: TypeAlias = Callable[[Any], Awaitable[Done]]
Seconds: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=31 * 86400)]
NO_TAGS: Final[dict[str, str]] = {}


class Wish(BaseModel):
    """What a service shall be; an ack timeout of null is never. How loudly it pages is set at `/urgency`."""

    name: Annotated[Clean, Field(max_length=1000)]
    team_id: Id
    policy_id: Id
    description: Annotated[Clean, Field(max_length=10_000)] = ""
    runbook_url: Annotated[Clean, Field(max_length=10_000)] = ""
    tags: Annotated[dict[Clean, Clean], Field(max_length=100)] = NO_TAGS
    ack_timeout_high_s: Seconds | None = 1800
    ack_timeout_low_s: Seconds | None = None
    reopen_window_s: Seconds = 0
    resolves_with_last_alert: Yes = True

    @property
    def plan(self) -> Plan:
        """The wish as the command takes it."""
        return Plan(
            name=self.name,
            team_id=self.team_id,
            policy_id=self.policy_id,
            description=self.description,
            runbook_url=self.runbook_url,
            tags=self.tags,
            ack_timeout_high=_span(self.ack_timeout_high_s),
            ack_timeout_low=_span(self.ack_timeout_low_s),
            reopen_window=timedelta(seconds=self.reopen_window_s),
            resolves_with_last_alert=self.resolves_with_last_alert,
        )


class New(Wish):
    """A new service, and how loudly it pages until somebody says otherwise."""

    urgency_mode: Literal["severity", "high", "low"] = "severity"


class Back(BaseModel):
    """How an archived service comes back; the escalation policy only where the one that it had was deleted."""

    policy_id: Id | None = None


class Monitor(BaseModel):
    """What shall speak for a service: a kind of monitor, and what this one is called."""

    provider: Annotated[Clean, Field(max_length=64)]
    name: Annotated[Clean, Field(max_length=1000)]


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/services."""
    routes = APIRouter(prefix="/api/v1/services", tags=["services"])
    _add_reading(routes, deps)
    _add_arranging(routes, deps)
    _add_archiving(routes, deps)
    return routes


def _add_reading(routes: APIRouter, deps: Deps) -> None:
    see = [needs(Need.SEE)]

    @routes.get("", dependencies=see)
    async def read(viewer: SignedIn) -> Response:
        """Return every service by name; its keys only to who may configure."""
        async with deps.reading() as session:
            return plain_json(await services(session, with_keys=_sees_keys(viewer)))

    @routes.get("/archived", dependencies=see)
    async def read_archived() -> Response:
        """Return every archived service by name, with who still sends by a key that ended."""
        async with deps.reading() as session:
            return plain_json(await archived_services(session))

    @routes.get("/{service_id}", dependencies=see)
    async def read_one(service_id: Number, viewer: SignedIn) -> Response:
        """Return one service; its keys only to who may configure."""
        async with deps.reading() as session:
            return plain_json({"service": await service(session, service_id, with_keys=_sees_keys(viewer))})


def _add_arranging(routes: APIRouter, deps: Deps) -> None:
    manage = [needs(Need.MANAGE_TEAM)]

    @routes.post("", status_code=201, dependencies=manage)
    async def make(wish: New, viewer: SignedIn) -> Response:
        """Make a service of a team that one manages."""
        return await _carry_out(
            deps, viewer, lambda uow: commands.make(uow, wish.plan, mode=wish.urgency_mode), status=201
        )

    @routes.put("/{service_id}", dependencies=manage)
    async def change(service_id: Number, wish: Wish, viewer: SignedIn) -> Response:
        """Change a service of a team that one manages; what is open goes on as it began."""
        return await _carry_out(deps, viewer, lambda uow: commands.change(uow, service_id, wish.plan))

    @routes.post("/{service_id}/integrations", status_code=201, dependencies=manage)
    async def add(service_id: Number, wish: Monitor, viewer: SignedIn) -> Response:
        """Let a monitor speak for a service, by a key of its own."""
        if wish.provider not in PROVIDERS:
            raise Invalid(f"“{wish.provider}” is no kind of monitor that OpsKnight knows; choose one from the list.")

        async def attempt() -> Response:
            async with deps.commands(viewer.actor) as uow:
                added = await integrations.add(uow, service_id, provider=wish.provider, name=wish.name)
            said = {"integration": {"id": added.id, "key": added.key}, "sentence": added.sentence}
            return plain_json(said, status=201)

        return await again(attempt)


def _add_archiving(routes: APIRouter, deps: Deps) -> None:
    manage = [needs(Need.MANAGE_TEAM)]

    @routes.get("/{service_id}/archiving", dependencies=manage)
    async def read_ending(service_id: Number) -> Response:
        """Return in words what archiving the service would end, and which incidents of it are not resolved."""
        async with deps.reading() as session:
            name = (await service(session, service_id, with_keys=False))["name"]
            its = await ending(session, service_id, at=deps.clock.now())
        told = {"name": name, "ends": its.ends, "unresolved": its.unresolved, "rules_to": its.rules_to}
        return plain_json(told)

    @routes.post("/{service_id}/archive", dependencies=manage)
    async def archive(service_id: Number, viewer: SignedIn) -> Response:
        """Put a service of a team that one manages away: nothing speaks for it any more, its history stays."""
        return await _carry_out(deps, viewer, lambda uow: archiving.archive(uow, service_id))

    @routes.post("/{service_id}/restore", dependencies=manage)
    async def restore(service_id: Number, wish: Back, viewer: SignedIn) -> Response:
        """Bring an archived service of a team that one manages back, with its integrations as they were."""
        return await _carry_out(deps, viewer, lambda uow: archiving.restore(uow, service_id, policy_id=wish.policy_id))


async def _carry_out(deps: Deps, viewer: Viewer, command: Command, *, status: int = 200) -> Response:
    """Do `command` in one unit of work, again where the database asks for it; answer with what is so then."""

    async def attempt() -> Response:
        async with deps.commands(viewer.actor) as uow:
            done = await command(uow)
            await uow.session.flush()
            line = await service(uow.session, done.id, with_keys=_sees_keys(viewer))
        return plain_json({"service": line, "sentence": done.sentence}, status=status)

    return await again(attempt)


def _sees_keys(viewer: Viewer) -> bool:
    return permits(viewer.person, Need.CONFIGURE).permitted


def _span(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
