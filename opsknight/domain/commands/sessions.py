"""Signing in by one-time links, and signing out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select, update

from opsknight.crypto import new_token, sha256
from opsknight.domain.commands.authority import require
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.permission import Need
from opsknight.domain.store.tables import SessionRow, SignInLinkRow, UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Forbidden, NotFound

LINK_LASTS: Final = timedelta(hours=1)
SESSION_LASTS: Final = timedelta(days=30)
TOUCH_AFTER: Final = timedelta(hours=1)
"""A session in use is prolonged at most this often, so that reading does not write."""
LINKS_AT_ONCE: Final = 3
"""Unused links that a person may have asked for; more would only fill their mailbox."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A one-time link's token and whom to send it to."""

    token: str
    email: str
    name: str


async def make_sign_in_link(
    uow: UnitOfWork, *, user_id: int | None = None, email: str | None = None, lasts: timedelta = LINK_LASTS
) -> str:
    """Return the token of a new link that signs a person in, once; name them by id or by address.

    Raises:
        NotFound: there is no such person.
        Forbidden: their account is deactivated, or the actor may not do this.
    """
    await require(uow, Need.ADMINISTER)
    user = await _user(uow, user_id=user_id, email=email)
    if user is None:
        raise NotFound(f"Nobody here has the address {email}." if email else f"There is no user {user_id}.")
    if not user.active:
        raise Forbidden(f"The account of {user.name} is deactivated; ask an admin to activate it.")
    return _new_link(uow, user, lasts=lasts)


async def ask_for_sign_in_link(uow: UnitOfWork, *, email: str) -> Invitation | None:
    """Return a link to mail to `email`, or None when it should get none; the asker is not told which.

    None when nobody active has the address, or when as many links as are useful are still unused.
    """
    user = await _user(uow, email=email)
    if user is None or not user.active:
        return None
    unused = select(func.count()).where(
        SignInLinkRow.user_id == user.id, SignInLinkRow.used_at.is_(None), SignInLinkRow.expires_at > uow.now
    )
    if (await uow.session.execute(unused)).scalar_one() >= LINKS_AT_ONCE:
        return None
    return Invitation(_new_link(uow, user, lasts=LINK_LASTS), user.email, user.name)


async def use_sign_in_link(uow: UnitOfWork, token: str, *, agent: str = "", lasts: timedelta = SESSION_LASTS) -> str:
    """Spend the link and return the cookie of a new session. Of two who use it at once, one gets it.

    Raises:
        NotFound: there never was such a link, or it is long over.
        Conflict: it was used, or its time has passed.
        Forbidden: the person's account is deactivated.
    """
    spent = (
        update(SignInLinkRow)
        .where(SignInLinkRow.id == sha256(token), SignInLinkRow.used_at.is_(None), SignInLinkRow.expires_at > uow.now)
        .values(used_at=uow.now)
        .returning(SignInLinkRow.user_id)
    )
    user_id = (await uow.session.execute(spent)).scalar_one_or_none()
    if user_id is None:
        raise await _why_unusable(uow, token)
    return await open_session(uow, user_id, agent=agent, lasts=lasts)


async def open_session(uow: UnitOfWork, user_id: int, *, agent: str = "", lasts: timedelta = SESSION_LASTS) -> str:
    """Sign a person in and return the cookie of their new session; only its hash is kept.

    Raises:
        NotFound: there is no such person.
        Forbidden: their account is deactivated.
    """
    user = await _user(uow, user_id=user_id)
    if user is None:
        raise NotFound(f"There is no user {user_id}.")
    if not user.active:
        raise Forbidden("This account is deactivated; ask an admin to activate it.")
    token = new_token()
    uow.session.add(
        SessionRow(
            id=sha256(token),
            user_id=user.id,
            created_at=uow.now,
            seen_at=uow.now,
            expires_at=uow.now + lasts,
            agent=agent[:200],
        )
    )
    uow.record(Fact.SIGNED_IN, subject=session_subject(sha256(token)), actor=f"user:{user.id}")
    return token


async def end_session(uow: UnitOfWork, session_id: bytes) -> bool:
    """Sign out the browser of `session_id`; return whether it was signed in."""
    ended = delete(SessionRow).where(SessionRow.id == session_id).returning(SessionRow.user_id)
    user_id = (await uow.session.execute(ended)).scalar_one_or_none()
    if user_id is None:
        return False
    uow.record(Fact.SIGNED_OUT, subject=session_subject(session_id), actor=f"user:{user_id}")
    return True


async def touch(uow: UnitOfWork, session_id: bytes, *, lasts: timedelta = SESSION_LASTS) -> None:
    """Note that the session is in use, which prolongs it; no fact, for nothing was decided."""
    used = update(SessionRow).where(SessionRow.id == session_id, SessionRow.seen_at <= uow.now)
    await uow.session.execute(used.values(seen_at=uow.now, expires_at=uow.now + lasts))


def touch_due(seen_at: datetime, *, now: datetime) -> bool:
    """Say whether a session last noted at `seen_at` should be noted again."""
    return now - seen_at >= TOUCH_AFTER


def session_subject(session_id: bytes) -> str:
    """Return how the ledger names a session; whoever follows the feed can close its screens."""
    return f"session:{session_id.hex()}"


def _new_link(uow: UnitOfWork, user: UserRow, *, lasts: timedelta) -> str:
    token = new_token()
    uow.session.add(SignInLinkRow(id=sha256(token), user_id=user.id, created_at=uow.now, expires_at=uow.now + lasts))
    uow.record(Fact.SIGN_IN_LINK_MADE, subject=f"user:{user.id}", user=user.name, user_id=user.id)
    return token


async def _user(uow: UnitOfWork, *, user_id: int | None = None, email: str | None = None) -> UserRow | None:
    named = UserRow.id == user_id if email is None else func.lower(UserRow.email) == email.strip().lower()
    return (await uow.session.execute(select(UserRow).where(named))).scalar_one_or_none()


async def _why_unusable(uow: UnitOfWork, token: str) -> Conflict | NotFound:
    """Return the refusal for a link that could not be spent."""
    found = select(SignInLinkRow.used_at).where(SignInLinkRow.id == sha256(token))
    row = (await uow.session.execute(found)).one_or_none()
    if row is None:
        return NotFound("This sign-in link is not known here. It may have been cut off when it was copied.")
    if row.used_at is not None:
        return Conflict("This sign-in link has been used already; each works once. Ask for a new one.")
    return Conflict("This sign-in link is over: its time has passed. Ask for a new one.")
