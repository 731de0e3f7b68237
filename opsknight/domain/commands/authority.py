"""Whether the one who acts may: asked by every command, decided by the model."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from opsknight.domain.model.notification import WAITS_FOR_ANSWER
from opsknight.domain.model.permission import (
    AcknowledgeLink,
    Actor,
    Anonymous,
    IngestKey,
    Machine,
    Need,
    Person,
    Role,
    TokenBearer,
    permits,
    permits_team,
)
from opsknight.domain.model.via import BY_TOKEN
from opsknight.domain.store.tables import IntegrationRow, PageRow, ServiceRow, TeamMemberRow, TeamRow, UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Forbidden, Invalid, SignInRequired


async def require(
    uow: UnitOfWork, need: Need, *, incident_id: UUID | None = None, link: AcknowledgeLink | None = None
) -> None:
    """Return when the unit's actor may do what `need` names; `link` is what a page permits that they answer.

    It stands in for the role of the person who was paged, as long as their account is active.

    Raises:
        SignInRequired: nobody is signed in.
        Forbidden: the actor may not, with the sentence that says why.
    """
    actor = await _actor(uow)
    if link is not None and isinstance(actor, Person) and actor.active and actor.id == link.user_id:
        actor = link
    decision = permits(actor, need, incident_id=incident_id)
    if not decision:
        raise SignInRequired(decision.sentence) if decision.sign_in else Forbidden(decision.sentence)


async def link_of_page(uow: UnitOfWork, incident_id: UUID) -> AcknowledgeLink | None:
    """Return what a page of the incident permits the unit's person beyond their role, None where there is nothing.

    Whoever was paged may acknowledge by whatever answers a page, whatever their role: no page is wasted. What they
    only watch permits nothing: everybody may watch.
    """
    actor = await _actor(uow)
    if not isinstance(actor, Person) or permits(actor, Need.ACKNOWLEDGE):
        return None
    theirs = select(PageRow.generation).where(
        PageRow.incident_id == incident_id, PageRow.user_id == actor.id, PageRow.kind.in_(WAITS_FOR_ANSWER)
    )
    generation = await uow.session.scalar(theirs.order_by(PageRow.generation.desc()).limit(1))
    return None if generation is None else AcknowledgeLink(incident_id, actor.id, generation)


async def require_team(uow: UnitOfWork, team: TeamRow, *, need: Need = Need.MANAGE_TEAM) -> None:
    """Return when the unit's actor may do what `need` names to `team` and to what it owns.

    Raises:
        SignInRequired: nobody is signed in.
        Forbidden: the actor may not, or manages other teams only.
    """
    actor = await _actor(uow)
    theirs = select(TeamMemberRow.manages).where(TeamMemberRow.team_id == team.id, TeamMemberRow.user_id == uow.user_id)
    decision = permits_team(actor, team.name, manages=bool(await uow.session.scalar(theirs)), need=need)
    if not decision:
        raise SignInRequired(decision.sentence) if decision.sign_in else Forbidden(decision.sentence)


async def require_configuring(uow: UnitOfWork, team_id: int) -> None:
    """Return when the unit's actor may change the schedules, calendars and policies of a team.

    Raises:
        SignInRequired: nobody is signed in.
        Forbidden: the actor may not, or manages other teams only.
        Invalid: there is no such team.
    """
    await require(uow, Need.CONFIGURE)
    team = await uow.session.get(TeamRow, team_id)
    if team is None:
        raise Invalid("There is no such team; choose one from the list.")
    await require_team(uow, team, need=Need.CONFIGURE)


async def require_for_service(uow: UnitOfWork, service_id: int) -> None:
    """Return when the unit's actor may change what belongs to a service: its monitors, heartbeats and rules.

    Where there is no such service it is for the command to say so.

    Raises:
        SignInRequired: nobody is signed in.
        Forbidden: the actor may not, or manages other teams only.
    """
    await require(uow, Need.CONFIGURE)
    of = select(TeamRow).join(ServiceRow, ServiceRow.team_id == TeamRow.id).where(ServiceRow.id == service_id)
    team = await uow.session.scalar(of)
    if team is not None:
        await require_team(uow, team, need=Need.CONFIGURE)


async def require_for_integration(uow: UnitOfWork, integration_id: int) -> None:
    """Return when the unit's actor may act for an integration: change it, or speak in its name.

    Raises:
        SignInRequired: nobody is signed in.
        Forbidden: the actor may not, or manages other teams only.
    """
    service_id = await uow.session.scalar(select(IntegrationRow.service_id).where(IntegrationRow.id == integration_id))
    await require_for_service(uow, service_id or 0)


async def _actor(uow: UnitOfWork) -> Actor:
    kind, _, number = uow.actor.partition(":")
    if kind == "integration":
        return IngestKey(int(number))
    if uow.user_id is None:
        return Machine(uow.actor)
    if uow.person is None:
        row = (
            await uow.session.execute(select(UserRow.role, UserRow.active).where(UserRow.id == uow.user_id))
        ).one_or_none()
        uow.person = None if row is None else Person(uow.user_id, Role(row.role), active=row.active)
    if uow.person is None:
        return Anonymous()
    return TokenBearer(uow.person) if BY_TOKEN.get() else uow.person
