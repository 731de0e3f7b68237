"""A person's mail address: another one counts once the code that was sent to it came back; until then the old one does.

The acting person changes their own, an admin anybody's; neither by an API token.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from opsknight.crypto import new_id
from opsknight.domain.commands.authority import require
from opsknight.domain.commands.calendar_sources import read_anew
from opsknight.domain.commands.contact_methods import record_method
from opsknight.domain.commands.own_methods import TRIES
from opsknight.domain.model import person
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.permission import Need
from opsknight.domain.model.person import EMAIL, BadPerson
from opsknight.domain.model.speech import ENGLISH
from opsknight.domain.queries.people import name_of
from opsknight.domain.store.tables import (
    AddressChangeRow,
    ContactMethodRow,
    SignInLinkRow,
    UserRow,
    VerificationRow,
)
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid, NotFound

CODE_LIVES: Final = timedelta(hours=1)
"""An admin has to be told it by whoever reads the mail."""
CODES_AN_HOUR: Final = 10
"""Codes that one person may have sent, to whichever addresses; and that are sent for one person."""
CodeOf = Callable[[UUID], str]
"""The code that stands for this id."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose address shall change, what the code is derived from, and whom to send it to."""

    id: int
    change_id: UUID
    email: str
    name: str
    language: str


@dataclass(frozen=True, slots=True)
class Done:
    """Whose address it is, and the sentence that says how it stands; `former` is to be told, "" without a change."""

    id: int
    sentence: str
    well: bool = True
    former: str = ""
    email: str = ""
    name: str = ""
    language: str = ENGLISH
    by: str = ""


async def ask(uow: UnitOfWork, user_id: int, email: str) -> Asked:
    """Note that a person shall have another mail address, and return where its code goes; one before counts no more.

    Raises:
        NotFound: there is no such person.
        Invalid: the address cannot be used, or too many codes were asked for.
        Conflict: somebody has it, it is theirs already, or their account is deactivated.
    """
    user = await _held(uow, user_id)
    try:
        email = person.addressed(email)
    except BadPerson as refusal:
        raise Invalid(str(refusal)) from refusal
    if not user.active:
        raise Conflict(f"The account of {user.name} is deactivated; reactivate it first.")
    if email == user.email:
        raise Conflict(f"{email} is the address of {user.name} already.")
    await _refuse_taken(uow, email, user)
    await _not_too_often(uow, user_id)
    await end_open(uow, user_id)
    row = AddressChangeRow(id=new_id(), user_id=user_id, email=email, asked_by=uow.user_id, tries=0)
    row.asked_at, row.expires_at = uow.now, uow.now + CODE_LIVES
    uow.session.add(row)
    uow.record(Fact.ADDRESS_ASKED, subject=f"user:{user.id}", user=user.name, user_id=user.id, label=email)
    return Asked(user.id, row.id, email, user.name, user.language)


async def confirm(uow: UnitOfWork, user_id: int, code: str, *, code_of: CodeOf) -> Done:
    """Let the new address count where `code` is the one that was sent there; a wrong one is counted.

    Links to sign in that are out end with the old address, and the contact method that has it has the new one then.

    Raises:
        NotFound: there is no such person.
        Conflict: somebody else has the address meanwhile, or their account is deactivated.
    """
    user = await _held(uow, user_id)
    open_one = select(AddressChangeRow).where(AddressChangeRow.user_id == user_id, AddressChangeRow.ended_at.is_(None))
    row = await uow.session.scalar(open_one.with_for_update())
    if row is None or row.expires_at <= uow.now:
        return Done(user.id, "No code is waited for, or it has expired. Have another one sent.", well=False)
    if row.tries >= TRIES:
        return Done(user.id, "There were too many wrong codes. Have another one sent.", well=False)
    row.tries += 1
    said = "".join(code.split()).replace("-", "")
    if not hmac.compare_digest(said.encode(), code_of(row.id).encode()):
        left = TRIES - row.tries
        more = f"{left} tries are left." if left > 1 else "One try is left." if left else "Have another one sent."
        return Done(user.id, f"This is not the code that was sent. {more}", well=False)
    if not user.active:
        raise Conflict(f"The account of {user.name} is deactivated; reactivate it first.")
    former, row.ended_at = user.email, uow.now
    await _refuse_taken(uow, row.email, user)
    user.email = row.email
    try:
        await uow.session.flush()
    except IntegrityError as same:  # somebody took it in this very moment
        raise Conflict(f"Somebody has the address {row.email} already; choose another.") from same
    await read_anew(uow)
    links = delete(SignInLinkRow).where(SignInLinkRow.user_id == user.id, SignInLinkRow.used_at.is_(None))
    await uow.session.execute(links)
    stays = await _let_method_follow(uow, user, former)
    whose = f"user:{user.id}"
    uow.record(Fact.ADDRESS_CHANGED, subject=whose, user=user.name, user_id=user.id, was=former, label=user.email)
    sentence = f"{user.email} is the address of {user.name} now; {former} is told.{stays}"
    by = await name_of(uow.session, uow.user_id)
    return Done(user.id, sentence, former=former, email=user.email, name=user.name, language=user.language, by=by)


async def end_open(uow: UnitOfWork, user_id: int) -> None:
    """Let no code that is out change a person's address."""
    out = update(AddressChangeRow).where(AddressChangeRow.user_id == user_id, AddressChangeRow.ended_at.is_(None))
    await uow.session.execute(out.values(ended_at=uow.now).execution_options(synchronize_session=False))


async def _held(uow: UnitOfWork, user_id: int) -> UserRow:
    await require(uow, Need.SIGNED_IN if uow.user_id == user_id else Need.LET_IN)
    held = select(UserRow).where(UserRow.id == user_id).with_for_update(key_share=True)
    user = await uow.session.scalar(held.execution_options(populate_existing=True))
    if user is None:
        raise NotFound("There is no such person.")
    return user


async def _refuse_taken(uow: UnitOfWork, email: str, user: UserRow) -> None:
    others = select(UserRow.name).where(func.lower(UserRow.email) == email.lower(), UserRow.id != user.id)
    if (name := await uow.session.scalar(others)) is not None:
        raise Conflict(f"{name} has the address {email} already; two people cannot have one.")


async def _not_too_often(uow: UnitOfWork, user_id: int) -> None:
    of_both = (AddressChangeRow.asked_by == uow.user_id) | (AddressChangeRow.user_id == user_id)
    lately = select(func.count()).where(of_both, AddressChangeRow.asked_at > uow.now - timedelta(hours=1))
    if (await uow.session.execute(lately)).scalar_one() >= CODES_AN_HOUR:
        raise Invalid(f"{CODES_AN_HOUR} such codes were sent within an hour; wait a while before the next.")


async def _let_method_follow(uow: UnitOfWork, user: UserRow, former: str) -> str:
    """Give the contact method that has the old address the new one, which the same code has verified.

    Where they have one of the new address already, the old one stays, for whoever reads both; return what to say of it.
    """
    theirs = select(ContactMethodRow).where(ContactMethodRow.user_id == user.id, ContactMethodRow.channel == EMAIL)
    methods = (await uow.session.scalars(theirs.order_by(ContactMethodRow.id).with_for_update())).all()
    old = next((one for one in methods if one.address.lower() == former.lower()), None)
    row = next((one for one in methods if one.address.lower() == user.email.lower()), old)
    if row is None:
        return ""
    row.address, row.verified_at, row.last_proof_at = user.email, uow.now, uow.now
    row.disabled_at, row.disabled_reason = None, ""
    await uow.session.execute(delete(VerificationRow).where(VerificationRow.contact_method_id == row.id))
    await record_method(uow, Fact.METHOD_VERIFIED, row)
    if old is None or old is row:
        return ""
    return f" The contact method {former} stays: remove it where nobody reads it any more."
