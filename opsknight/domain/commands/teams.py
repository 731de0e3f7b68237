"""Teams as people arrange them: made, renamed, joined, left and deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from opsknight.domain.commands.authority import require, require_team
from opsknight.domain.model.ledger import Fact, people
from opsknight.domain.model.permission import Need, Role, may_manage
from opsknight.domain.queries.teams import owned
from opsknight.domain.store.tables import TeamMemberRow, TeamRow, UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid, NotFound

MAX_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class Done:
    """Which team was changed, and the sentence that says how."""

    id: int
    sentence: str


async def make(uow: UnitOfWork, name: str) -> Done:
    """Make a team without members.

    Raises:
        Invalid: the name cannot be used.
        Conflict: there is a team of that name.
    """
    await require(uow, Need.ADMINISTER)
    team = TeamRow(name=await _free_name(uow, name), created_at=uow.now)
    uow.session.add(team)
    await _flush(uow, team.name)
    _record(uow, team, "made")
    return Done(team.id, f"The team {team.name} is made; now say who belongs to it.")


async def rename(uow: UnitOfWork, team_id: int, name: str) -> Done:
    """Give a team another name.

    Raises:
        NotFound: there is no such team.
        Invalid: the name cannot be used.
        Conflict: there is another team of that name.
    """
    await require(uow, Need.MANAGE_TEAM)
    team = await _locked(uow, team_id)
    before, team.name = team.name, await _free_name(uow, name, besides=team_id)
    if before == team.name:
        return Done(team.id, "Nothing has changed.")
    await _flush(uow, team.name)
    _record(uow, team, f"it was called {before}")
    return Done(team.id, f"{before} is called {team.name} now.")


async def put_member(uow: UnitOfWork, team_id: int, user_id: int, *, manages: bool) -> Done:
    """Let a person belong to a team, and manage it or not.

    Raises:
        NotFound: there is no such team.
        Invalid: there is no such person, they are deactivated, or their role manages nothing.
    """
    await require(uow, Need.MANAGE_TEAM)
    team = await _locked(uow, team_id)
    user = await uow.session.get(UserRow, user_id)
    if user is None:
        raise Invalid("There is no such person; choose one from the list.")
    member = await uow.session.get(TeamMemberRow, (team_id, user_id))
    if member is not None and member.manages == manages:
        return Done(team.id, "Nothing has changed.")
    if not user.active:
        raise Invalid(f"{user.name} is deactivated; an admin can reactivate the account first.")
    if manages and not may_manage(Role(user.role)):
        raise Invalid(
            f"{user.name} has the role {user.role}, which manages no team; an admin can change the role first."
        )
    if member is None:
        uow.session.add(TeamMemberRow(team_id=team_id, user_id=user_id, manages=manages))
    else:
        member.manages = manages
    said = "manages it" if manages else "belongs to it" if member is None else "manages it no more"
    _record(uow, team, f"{user.name} {said}")
    return Done(team.id, f"{user.name} {said.replace('it', team.name, 1)}.")


async def remove_member(uow: UnitOfWork, team_id: int, user_id: int) -> Done:
    """Let a person belong to a team no more; their account and their shifts stay as they are.

    Raises:
        NotFound: there is no such team, or they do not belong to it.
    """
    await require(uow, Need.MANAGE_TEAM)
    team = await _locked(uow, team_id)
    member, user = await uow.session.get(TeamMemberRow, (team_id, user_id)), await uow.session.get(UserRow, user_id)
    if member is None or user is None:
        raise NotFound(f"This person does not belong to {team.name}.")
    await uow.session.delete(member)
    _record(uow, team, f"{user.name} left it")
    return Done(team.id, f"{user.name} belongs to {team.name} no more.")


async def delete(uow: UnitOfWork, team_id: int) -> Done:
    """Delete a team that owns nothing.

    Raises:
        NotFound: there is no such team.
        Conflict: it owns something still.
    """
    await require(uow, Need.ADMINISTER)
    team = await _locked(uow, team_id)
    if left := await owned(uow.session, team_id):
        raise Conflict(f"{team.name} still owns {people(left)}. Give them to another team or delete them first.")
    _record(uow, team, "deleted")
    await uow.session.delete(team)
    try:
        await uow.session.flush()
    except IntegrityError as held:  # something came meanwhile
        raise Conflict(f"{team.name} still owns something; look at its page again.") from held
    return Done(team_id, f"The team {team.name} is deleted.")


async def _free_name(uow: UnitOfWork, name: str, *, besides: int | None = None) -> str:
    """Return the name as it is stored, having made sure that no other team has it."""
    name = " ".join(name.split())
    if not name:
        raise Invalid("A team needs a name, such as Payments.")
    if len(name) > MAX_NAME:
        raise Invalid(f"The name has {len(name)} characters; {MAX_NAME} are allowed.")
    same = select(TeamRow.id).where(func.lower(TeamRow.name) == name.lower(), TeamRow.id != (besides or 0))
    if await uow.session.scalar(same.limit(1)) is not None:
        raise Conflict(f"There is a team called {name} already; choose another name.")
    return name


async def _flush(uow: UnitOfWork, name: str) -> None:
    try:
        await uow.session.flush()
    except IntegrityError as same:  # somebody took the name in this very moment
        raise Conflict(f"There is a team called {name} already; choose another name.") from same


async def _locked(uow: UnitOfWork, team_id: int) -> TeamRow:
    """Return the team, held until the commit, having made sure that the actor may change it."""
    held = select(TeamRow).where(TeamRow.id == team_id).with_for_update(key_share=True)
    team = await uow.session.scalar(held)
    if team is None:
        raise NotFound("There is no such team.")
    await require_team(uow, team)
    return team


def _record(uow: UnitOfWork, team: TeamRow, how: str) -> None:
    uow.record(Fact.CONFIGURED, subject=f"team:{team.id}", name=f"the team {team.name}: {how}")
