"""Escalation policies: whole documents, what may go wrong with them, and what they do to an incident.

Every answer to a command carries the policy as it is then, its warnings, and a sentence for a person.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.api.service_quiet import Week
from opsknight.api.wishes import Clean, Id, Number, Version, Yes
from opsknight.deps import Deps
from opsknight.domain.commands import policies as commands
from opsknight.domain.commands.policies import Done
from opsknight.domain.model.escalation import Policy, Step, Target, TargetKind
from opsknight.domain.model.escalation_plan import plan
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.permission import Need
from opsknight.domain.model.policy_check import (
    LONGEST_NAME,
    LONGEST_WAIT,
    MOST_ALERTS,
    MOST_REPEATS,
    MOST_STEPS,
    MOST_TARGETS,
    BadPolicy,
    check,
)
from opsknight.domain.model.step_conditions import Conditions
from opsknight.domain.model.support_hours import SupportHours
from opsknight.domain.queries.policies import policies
from opsknight.domain.queries.policy_lines import policy_line, policy_lines
from opsknight.domain.queries.policy_warnings import warnings
from opsknight.domain.queries.sessions import Viewer
from opsknight.errors import Invalid

Command: TypeAlias = Callable[[Any], Awaitable[Done]]
Priority: TypeAlias = Annotated[str, Field(pattern=r"^P[1-5]$", json_schema_extra={"examples": ["P1"]})]


class When(BaseModel):
    """When a step asks anybody: all that is said must hold, what is not said does not matter."""

    urgency: Urgency | None = None
    priorities: Annotated[list[Priority], Field(max_length=5)] = []
    support_hours: Annotated[Yes | None, Field(description="only within the service's, or only outside")] = None
    hours: Week | None = None
    alerts_at_least: Annotated[int, Field(strict=True, ge=0, le=MOST_ALERTS)] = 0

    @property
    def conditions(self) -> Conditions:
        """The conditions as the model knows them."""
        week = self.hours
        return Conditions(
            urgency=self.urgency,
            priorities=tuple(dict.fromkeys(self.priorities)),
            support_hours=self.support_hours,
            hours=None if week is None else SupportHours(week.zone.strip(), tuple(one.part for one in week.parts)),
            alerts_at_least=self.alerts_at_least,
        )


class Asked(BaseModel):
    """A person, a schedule, a team, or the managers of a team."""

    kind: TargetKind
    id: Id


class StepWish(BaseModel):
    """Whom a step asks, and how long it waits before the next."""

    targets: Annotated[list[Asked], Field(max_length=MOST_TARGETS)]
    wait_s: Annotated[int, Field(strict=True, ge=0, le=int(LONGEST_WAIT.total_seconds()))]
    round_robin: Annotated[Yes, Field(description="one target at a time, in turn")] = False
    everyone: Annotated[Yes, Field(description="each of them must acknowledge")] = False
    when: When = When()

    @property
    def step(self) -> Step:
        """The step as the model knows it."""
        return Step(
            targets=tuple(Target(one.kind, one.id) for one in self.targets),
            wait=timedelta(seconds=self.wait_s),
            round_robin=self.round_robin,
            everyone=self.everyone,
            conditions=self.when.conditions,
        )


class Document(BaseModel):
    """A policy as a whole."""

    name: Annotated[Clean, Field(max_length=LONGEST_NAME)]
    team_id: Id
    repeats: Annotated[int, Field(strict=True, ge=0, le=MOST_REPEATS)] = 2
    steps: Annotated[list[StepWish], Field(max_length=MOST_STEPS)]

    @property
    def policy(self) -> Policy:
        """The policy as the model knows it."""
        return Policy(tuple(one.step for one in self.steps), self.repeats, name=self.name.strip())


class Change(Document):
    """A policy as a whole, with the version that the person was looking at, where a screen knows it."""

    seen_version: Version = None


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/policies."""
    routes = APIRouter(prefix="/api/v1/policies", tags=["policies"])
    _add_reading(routes, deps)
    _add_commands(routes, deps)
    return routes


def _add_reading(routes: APIRouter, deps: Deps) -> None:
    see = [needs(Need.SEE)]

    @routes.get("", dependencies=see)
    async def read() -> Response:
        """Return every policy by name, with whom each step asks and which services go by it."""
        async with deps.reading() as session:
            return plain_json({"policies": await policy_lines(session)})

    @routes.get("/{policy_id}", dependencies=see)
    async def read_one(policy_id: Number) -> Response:
        """Return one policy, and what may go wrong with it."""
        async with deps.reading() as session:
            line = await policy_line(session, policy_id)
            policy = (await policies(session, [policy_id]))[policy_id]
            found = await warnings(session, policy, at=deps.clock.now(), unset=deps.unset)
        return plain_json({"policy": line, "warnings": found})

    @routes.post("/check", dependencies=[needs(Need.CONFIGURE)])
    async def look_at(wish: Document) -> Response:
        """Return what may go wrong with a policy, and when it fires what, before it is saved."""
        policy = wish.policy
        try:
            check(policy)
        except BadPolicy as refusal:
            raise Invalid(str(refusal)) from refusal
        now = deps.clock.now()
        async with deps.reading() as session:
            found = await warnings(session, policy, at=now, unset=deps.unset)
        return plain_json({"warnings": found, "plan": _planned(policy, now)})


def _add_commands(routes: APIRouter, deps: Deps) -> None:
    configure = [needs(Need.CONFIGURE)]

    @routes.post("", status_code=201, dependencies=configure)
    async def create(wish: Document, viewer: SignedIn) -> Response:
        """Add a policy to a team."""
        return await _carry_out(
            deps, viewer, lambda uow: commands.create(uow, wish.policy, team_id=wish.team_id), status=201
        )

    @routes.put("/{policy_id}", dependencies=configure)
    async def change(policy_id: Number, wish: Change, viewer: SignedIn) -> Response:
        """Replace a policy as a whole; running incidents keep the one they started with."""
        return await _carry_out(
            deps,
            viewer,
            lambda uow: commands.change(
                uow, policy_id, wish.policy, team_id=wish.team_id, seen_version=wish.seen_version
            ),
        )

    @routes.delete("/{policy_id}", dependencies=configure)
    async def delete(policy_id: Number, viewer: SignedIn) -> Response:
        """Delete a policy that no service goes by."""

        async def attempt() -> Response:
            async with deps.commands(viewer.actor) as uow:
                done = await commands.delete(uow, policy_id)
            return plain_json({"sentence": done.sentence, "running": done.running})

        return await again(attempt)


async def _carry_out(deps: Deps, viewer: Viewer, command: Command, *, status: int = 200) -> Response:
    """Do `command` in one unit of work, again where the database asks for it; answer with what is so then."""

    async def attempt() -> Response:
        async with deps.commands(viewer.actor) as uow:
            done = await command(uow)
            await uow.session.flush()
            line = await policy_line(uow.session, done.id)
            policy = (await policies(uow.session, [done.id]))[done.id]
            found = await warnings(uow.session, policy, at=uow.now, unset=deps.unset)
        answer = {"policy": line, "warnings": found, "sentence": done.sentence, "running": done.running}
        return plain_json(answer, status=status)

    return await again(attempt)


def _planned(policy: Policy, now: Any) -> list[dict[str, Any]]:
    return [
        {
            "after_s": (firing.at - now).total_seconds(),
            "step": None if firing.is_net else firing.step + 1,
            "round": None if firing.is_net else firing.lap + 1,
            "safety_net": firing.is_net,
        }
        for firing in plan(policy, opened_at=now)
    ]
