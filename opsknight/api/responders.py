"""Asking others to help with an incident, answering, and handing everything over."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.carrying_out import carry_out, key_of
from opsknight.api.incidents import Key, Which, id_of
from opsknight.api.plain_json import plain_json
from opsknight.api.wishes import Clean, Id, Number, Yes
from opsknight.deps import Deps
from opsknight.domain.commands.handing_over import hand_over_all
from opsknight.domain.commands.incidents import Done
from opsknight.domain.commands.responders import AT_MOST, LONGEST_NOTE, Helpers, answer_help, ask_for_help
from opsknight.domain.model.permission import Need
from opsknight.domain.queries import incidents
from opsknight.domain.queries.responders import responders

Note = Annotated[Clean, Field(max_length=LONGEST_NOTE)]


class Help(BaseModel):
    """Who shall help: people, whoever is on call on a schedule, whom the first step of a policy asks, or a team."""

    user_ids: Annotated[list[Id], Field(max_length=AT_MOST)] = []
    schedule_id: Id | None = None
    policy_id: Id | None = None
    team_id: Id | None = None
    note: Note = ""

    @property
    def helpers(self) -> Helpers:
        """Who is asked, as the command takes it."""
        return Helpers(tuple(dict.fromkeys(self.user_ids)), self.schedule_id, self.policy_id, self.team_id)


class HelpAnswer(BaseModel):
    """Whether one helps."""

    accept: Yes
    note: Note = ""


class HandOver(BaseModel):
    """To whom everything goes, and what they should know."""

    to: Id
    note: Note = ""


def router(deps: Deps) -> APIRouter:
    """Serve what asks for help on /api/v1/incidents, and hands over on /api/v1/people."""
    routes = APIRouter(prefix="/api/v1")
    _add_helping(routes, deps)

    @routes.post("/people/{person_id}/hand-over", tags=["people"], dependencies=[needs(Need.RESPOND)])
    async def hand_over(person_id: Number, wish: HandOver, viewer: SignedIn) -> Response:
        """Reassign everything that a person owns to another, who is paged once for all of it."""

        async def attempt() -> Response:
            async with deps.commands(viewer.actor) as uow:
                done = await hand_over_all(uow, person_id, to=wish.to, note=wish.note.strip())
            return plain_json({"count": done.count, "more": done.more, "sentence": done.sentence})

        return await again(attempt)

    return routes


def _add_helping(routes: APIRouter, deps: Deps) -> None:
    about: dict[str, Any] = {"tags": ["incidents"], "dependencies": [needs(Need.RESPOND)]}

    @routes.get("/incidents/{which}/responders", tags=["incidents"], dependencies=[needs(Need.SEE)])
    async def read(which: Which) -> Response:
        """Return who was asked to help, who must still acknowledge, and what each has answered."""
        async with deps.reading() as session:
            return plain_json(await responders(session, await incidents.find(session, which)))

    @routes.post("/incidents/{which}/responders", **about)
    async def ask(which: Which, wish: Help, viewer: SignedIn, key: Key = None) -> Response:
        """Page others to help, whoever has the incident."""
        incident_id = await id_of(deps, which)

        async def act(uow: Any) -> Done:
            return await ask_for_help(uow, incident_id, whom=wish.helpers, note=wish.note.strip())

        kept = key_of(viewer, f"help {incident_id}", key, wish=wish)
        return await carry_out(deps, viewer, act, key=kept, about=incident_id)

    @routes.post("/incidents/{which}/responders/answer", **about)
    async def answer(which: Which, wish: HelpAnswer, viewer: SignedIn, key: Key = None) -> Response:
        """Say whether one helps, having been asked."""
        incident_id = await id_of(deps, which)

        async def act(uow: Any) -> Done:
            return await answer_help(uow, incident_id, accept=wish.accept, note=wish.note.strip())

        kept = key_of(viewer, f"help answered {incident_id}", key, wish=wish)
        return await carry_out(deps, viewer, act, key=kept, about=incident_id)
