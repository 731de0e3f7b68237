"""People as admins arrange them: invited, changed, deactivated, reactivated; and what each changes of themselves."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from opsknight.domain.commands import left_alone, sessions
from opsknight.domain.commands.authority import require
from opsknight.domain.commands.calendar_sources import read_anew
from opsknight.domain.model import person
from opsknight.domain.model.cron import BadCron
from opsknight.domain.model.ledger import Fact, people
from opsknight.domain.model.permission import Need, Role, may_manage, may_respond
from opsknight.domain.model.person import LANGUAGES, BadPerson
from opsknight.domain.queries.still_asks import still_asks
from opsknight.domain.store.tables import ContactMethodRow, FormerZoneRow, TeamMemberRow, TeamRow, UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Forbidden, Invalid, NotFound, SignInRequired

_NO_OTHER_ADMIN: Final = "{name} is the only active admin: without one, nobody can arrange people. Make another first."


@dataclass(frozen=True, slots=True)
class Wish:
    """What is said of a person: the name, the time zone they live by, and what they may do."""

    name: str
    role: Role
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Done:
    """Who was changed, and the sentence that says how."""

    id: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Invited(Done):
    """Somebody new, or somebody who is let in once more; `token` is that of their sign-in link."""

    token: str
    email: str
    name: str


async def invite(uow: UnitOfWork, email: str, wish: Wish, *, team_id: int | None = None, mailed: bool) -> Invited:
    """Make a person, with a mail address that counts once it is proved, and a link that signs them in once.

    The proof is that link where it is `mailed` and shown to nobody.

    Raises:
        Invalid: the address, name or zone cannot be used, or there is no such team.
        Conflict: somebody has the address already.
    """
    await require(uow, Need.LET_IN)
    try:
        email, name, zone = person.addressed(email), person.named(wish.name), person.placed(wish.zone)
    except (BadPerson, BadCron) as refusal:
        raise Invalid(str(refusal)) from refusal
    await _refuse_known(uow, email)
    user = UserRow(email=email, name=name, role=wish.role.value, zone=zone, created_at=uow.now)
    uow.session.add(user)
    try:
        await uow.session.flush()
    except IntegrityError as same:  # two admins invite the same person at once
        raise Conflict(f"Somebody has the address {email} already; read the list again.") from same
    uow.session.add(ContactMethodRow(user_id=user.id, channel=person.EMAIL, address=email, created_at=uow.now))
    await read_anew(uow)
    uow.record(Fact.PERSON_INVITED, subject=_subject(user), user=name, user_id=user.id, role=user.role)
    if team_id is not None:
        await _join(uow, user, team_id)
    token = sessions.new_link(uow, user, lasts=sessions.INVITATION_LASTS, mailed=mailed)
    return Invited(user.id, f"{name} is invited as {_a(wish.role)}.", token, email, name)


async def invite_again(uow: UnitOfWork, user_id: int, *, mailed: bool) -> Invited:
    """Make somebody one more link that signs them in once: the one before is lost, or over.

    Raises:
        NotFound: there is no such person.
        Forbidden: their account is deactivated.
    """
    await require(uow, Need.LET_IN)
    user = await _locked(uow, user_id)
    if not user.active:
        raise Forbidden(f"The account of {user.name} is deactivated; reactivate it first.")
    token = sessions.new_link(uow, user, lasts=sessions.INVITATION_LASTS, mailed=mailed)
    return Invited(user.id, f"A new sign-in link for {user.name} is made.", token, user.email, user.name)


async def change(uow: UnitOfWork, user_id: int, wish: Wish) -> Done:
    """Give a person another name, zone or role; with a lesser role they no longer manage their teams.

    Of who may respond no more it is said what still counts on them.

    Raises:
        NotFound: there is no such person.
        Invalid: the name or zone cannot be used.
        Conflict: nobody else is an active admin, or it is the acting admin's own role.
    """
    await require(uow, Need.ADMINISTER)
    if user_id == uow.user_id:
        await require(uow, Need.SIGNED_IN)
    user, admins = await _locked_with_admins(uow, user_id)
    lived_in = user.zone
    said, more = await _rename(uow, user, wish.name, wish.zone), ""
    if await _released(uow, user, lived_in=lived_in):
        said.append("is told now what quiet hours held")
    if wish.role.value != user.role:
        await require(uow, Need.LET_IN)
        _refuse_to_lose_admins(uow, user, admins, "take the role of an admin from yourself")
        responded, user.role = may_respond(Role(user.role)), wish.role.value
        uow.record(Fact.ROLE_CHANGED, subject=_subject(user), user=user.name, user_id=user.id, role=user.role)
        said.append(f"is {_a(wish.role)} now")
        if not may_manage(wish.role) and (teams := await _manage_no_more(uow, user)):
            said.append(f"manages {people(teams)} no more")
        if responded and not may_respond(wish.role):
            more = await _still_to_be_mended(uow, user)
    return Done(user.id, f"{user.name} {people(said)}.{more}" if said else f"Nothing has changed for {user.name}.")


async def change_own(uow: UnitOfWork, *, name: str, zone: str, language: str | None = None) -> Done:
    """Let the acting person go by another name, live in another zone, or read another language.

    Raises:
        Invalid: the name, zone or language cannot be used.
    """
    await require(uow, Need.SIGNED_IN)
    if uow.user_id is None:
        raise SignInRequired("Sign in to change your profile.")
    user = await _locked(uow, uow.user_id)
    lived_in = user.zone
    said = await _rename(uow, user, name, zone)
    more = " What quiet hours held is on its way." if await _released(uow, user, lived_in=lived_in) else ""
    if language is not None and language != user.language:
        if language not in LANGUAGES:
            raise Invalid(f"OpsKnight does not speak “{language}”; choose one of {', '.join(LANGUAGES)}.")
        user.language = language
        said.append(f"reads {LANGUAGES[language]}")
        uow.record(Fact.PERSON_CHANGED, subject=_subject(user), user=user.name, user_id=user.id, reason=said[-1])
    return Done(user.id, f"Saved.{more}" if said else "Nothing has changed.")


async def deactivate(uow: UnitOfWork, user_id: int) -> Done:
    """Sign a person out everywhere and page them no more; what they did stays theirs, and they can come back.

    Raises:
        NotFound: there is no such person.
        Conflict: nobody else is an active admin, or it is the acting admin.
    """
    await require(uow, Need.ADMINISTER)
    user, admins = await _locked_with_admins(uow, user_id)
    if not user.active:
        return Done(user.id, f"{user.name} is deactivated already.")
    _refuse_to_lose_admins(uow, user, admins, "deactivate yourself")
    user.active = False
    uow.record(Fact.PERSON_DEACTIVATED, subject=_subject(user), user=user.name, user_id=user.id)
    await sessions.end_every_session(uow, user)
    await read_anew(uow)
    more = await _still_to_be_mended(uow, user)
    return Done(user.id, f"{user.name} is deactivated and signed out everywhere.{more}")


async def reactivate(uow: UnitOfWork, user_id: int) -> Done:
    """Let a person sign in and be paged again; they need a new link where no mail reaches them.

    Raises:
        NotFound: there is no such person.
    """
    await require(uow, Need.LET_IN)
    user = await _locked(uow, user_id)
    if user.active:
        return Done(user.id, f"{user.name} is active already.")
    user.active = True
    await read_anew(uow)
    uow.record(Fact.PERSON_REACTIVATED, subject=_subject(user), user=user.name, user_id=user.id)
    return Done(user.id, f"{user.name} is active again, as {_a(Role(user.role))}.")


async def _rename(uow: UnitOfWork, user: UserRow, name: str, zone: str) -> list[str]:
    """Give `user` another name and zone; return what is different then, as ends of a sentence about them.

    The zone before is kept: what they carried until now is counted and paid by its clock.
    """
    try:
        name, zone = person.named(name), person.placed(zone)
    except (BadPerson, BadCron) as refusal:
        raise Invalid(str(refusal)) from refusal
    said: list[str] = []
    if name != user.name:
        said.append(f"was called {user.name}")
        await read_anew(uow)
    if zone != user.zone:
        said.append(f"lives by the clock of {zone}")
        former = insert(FormerZoneRow).values(user_id=user.id, until_at=uow.now, zone=user.zone)
        await uow.session.execute(former.on_conflict_do_nothing())  # twice at one instant: the second held for no time
    user.name, user.zone = name, zone
    if said:
        reason = people(said)
        uow.record(Fact.PERSON_CHANGED, subject=_subject(user), user=name, user_id=user.id, reason=reason)
    return said


async def _released(uow: UnitOfWork, user: UserRow, *, lived_in: str) -> bool:
    """Let what quiet hours hold follow who has moved to another zone; return whether anything goes out now instead."""
    return user.zone != lived_in and await left_alone.hold_anew(uow, user)


async def _still_to_be_mended(uow: UnitOfWork, user: UserRow) -> str:
    left = await still_asks(uow.session, user.id, at=uow.now)
    return f" Still to be mended: {user.name} {people(left)}." if left else ""


async def _refuse_known(uow: UnitOfWork, email: str) -> None:
    known = select(UserRow.name, UserRow.active).where(func.lower(UserRow.email) == email.lower())
    row = (await uow.session.execute(known)).one_or_none()
    if row is not None:
        now = "invite them again from their page" if row.active else "the account is deactivated; reactivate it"
        raise Conflict(f"{row.name} has the address {email} already: {now}.")


def _refuse_to_lose_admins(uow: UnitOfWork, user: UserRow, admins: Collection[int], deed: str) -> None:
    """Refuse what would leave nobody to arrange people, or what one does to oneself by a slip of the hand."""
    if user.id not in admins:
        return
    if len(admins) == 1:
        raise Conflict(_NO_OTHER_ADMIN.format(name=user.name))
    if user.id == uow.user_id:
        raise Conflict(f"You cannot {deed}; ask another admin to do it.")


async def _manage_no_more(uow: UnitOfWork, user: UserRow) -> list[str]:
    """Take the management of every team from `user`; return the teams' names."""
    theirs = (
        update(TeamMemberRow)
        .where(TeamMemberRow.user_id == user.id, TeamMemberRow.manages, TeamRow.id == TeamMemberRow.team_id)
        .values(manages=False)
        .returning(TeamRow.id, TeamRow.name)
        .execution_options(synchronize_session=False)
    )
    teams = (await uow.session.execute(theirs)).all()
    for team in teams:
        name = f"the team {team.name}: {user.name} manages it no more"
        uow.record(Fact.CONFIGURED, subject=f"team:{team.id}", name=name)
    return sorted(team.name for team in teams)


async def _join(uow: UnitOfWork, user: UserRow, team_id: int) -> None:
    team = await uow.session.get(TeamRow, team_id)
    if team is None:
        raise Invalid("There is no such team; choose one from the list.")
    uow.session.add(TeamMemberRow(team_id=team.id, user_id=user.id))
    uow.record(Fact.CONFIGURED, subject=f"team:{team.id}", name=f"the team {team.name}: {user.name} belongs to it")


async def _locked(uow: UnitOfWork, user_id: int) -> UserRow:
    held = select(UserRow).where(UserRow.id == user_id).with_for_update(key_share=True)
    row = await uow.session.scalar(held)
    if row is None:
        raise NotFound("There is no such person.")
    return row


async def _locked_with_admins(uow: UnitOfWork, user_id: int) -> tuple[UserRow, Collection[int]]:
    """Return a person and the ids of all active admins, held until the commit.

    They are locked in one order: of two admins who demote each other, the second sees what the first has done.
    """
    an_admin = (UserRow.role == Role.ADMIN.value) & UserRow.active
    held = select(UserRow).where((UserRow.id == user_id) | an_admin).order_by(UserRow.id)
    rows = (await uow.session.execute(held.with_for_update(key_share=True))).scalars().all()
    user = next((row for row in rows if row.id == user_id), None)
    if user is None:
        raise NotFound("There is no such person.")
    return user, {row.id for row in rows if row.role == Role.ADMIN and row.active}


def _subject(user: UserRow) -> str:
    return f"user:{user.id}"


def _a(role: Role) -> str:
    return f"an {role}" if role in (Role.ADMIN, Role.OBSERVER) else f"a {role}"
