"""Signing in by one-time links, and signing out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select, update

from opsknight.crypto import new_token, sha256
from opsknight.domain.commands import api_tokens, windows
from opsknight.domain.commands.address_changes import end_open
from opsknight.domain.commands.authority import require
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.people import name_of
from opsknight.domain.store.tables import ContactMethodRow, SessionRow, SignInLinkRow, UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Forbidden, NotFound

LINK_LASTS: Final = timedelta(hours=1)
INVITATION_LASTS: Final = timedelta(days=3)
"""An invitation waits for somebody who does not expect it."""
SESSION_LASTS: Final = timedelta(days=30)
TOUCH_AFTER: Final = timedelta(hours=1)
"""A session in use is prolonged at most this often, so that reading does not write."""
LINKS_AT_ONCE: Final = 3
"""Unused links that a person may have asked for; more would only fill their mailbox."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A one-time link's token, whom to send it to, and in which language."""

    token: str
    email: str
    name: str
    language: str


async def make_sign_in_link(
    uow: UnitOfWork,
    *,
    user_id: int | None = None,
    email: str | None = None,
    lasts: timedelta = LINK_LASTS,
    mailed: bool = False,
) -> str:
    """Return the token of a new link that signs a person in, once; name them by id or by address.

    It counts as a proof of the person's address where it is `mailed` to that and shown to nobody else.

    Raises:
        NotFound: there is no such person.
        Forbidden: their account is deactivated, or the actor may not do this.
    """
    await require(uow, Need.LET_IN)
    user = await _user(uow, user_id=user_id, email=email)
    if user is None:
        raise NotFound(f"Nobody here has the address {email}." if email else f"There is no user {user_id}.")
    if not user.active:
        raise Forbidden(f"The account of {user.name} is deactivated; ask an admin to activate it.")
    return new_link(uow, user, lasts=lasts, mailed=mailed)


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
    return Invitation(new_link(uow, user, lasts=LINK_LASTS, mailed=True), user.email, user.name, user.language)


async def use_sign_in_link(uow: UnitOfWork, token: str, *, agent: str = "", lasts: timedelta = SESSION_LASTS) -> str:
    """Spend the link and return the cookie of a new session. Of two who use it at once, one gets it.

    Where it came by mail, the mailbox it went to is proved to be theirs.

    Raises:
        NotFound: there never was such a link, or it is long over.
        Conflict: it was used, or its time has passed.
        Forbidden: the person's account is deactivated.
    """
    spent = (
        update(SignInLinkRow)
        .where(SignInLinkRow.id == sha256(token), SignInLinkRow.used_at.is_(None), SignInLinkRow.expires_at > uow.now)
        .values(used_at=uow.now)
        .returning(SignInLinkRow.user_id, SignInLinkRow.mailed)
    )
    link = (await uow.session.execute(spent)).one_or_none()
    if link is None:
        raise await _why_unusable(uow, token)
    cookie = await open_session(uow, link.user_id, agent=agent, lasts=lasts)
    if link.mailed:
        await _prove_address(uow, link.user_id)
    return cookie


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
    await windows.end_with(uow, [session_id])
    return True


async def end_every_session(uow: UnitOfWork, user: UserRow) -> int:
    """Sign a person out everywhere, and let no link, code or API token of theirs count.

    Return how many browsers it was.
    """
    links = delete(SignInLinkRow).where(SignInLinkRow.user_id == user.id, SignInLinkRow.used_at.is_(None))
    await uow.session.execute(links)
    await end_open(uow, user.id)
    await api_tokens.revoke_all(uow, user)
    ended = delete(SessionRow).where(SessionRow.user_id == user.id).returning(SessionRow.id)
    sessions = (await uow.session.execute(ended)).scalars().all()
    for session_id in sessions:
        uow.record(Fact.SIGNED_OUT, subject=session_subject(session_id), user=user.name, user_id=user.id)
    await windows.end_with(uow, sessions)
    return len(sessions)


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


def new_link(uow: UnitOfWork, user: UserRow, *, lasts: timedelta, mailed: bool) -> str:
    """Return the token of a new link for `user`; who may have one is decided by the caller."""
    token = new_token()
    link = SignInLinkRow(id=sha256(token), user_id=user.id, created_at=uow.now, expires_at=uow.now + lasts)
    link.mailed = mailed
    uow.session.add(link)
    uow.record(Fact.SIGN_IN_LINK_MADE, subject=f"user:{user.id}", user=user.name, user_id=user.id)
    return token


async def _prove_address(uow: UnitOfWork, user_id: int) -> None:
    """Let a person's own mail address count that is not verified yet: a link that was mailed to it came back."""
    theirs = (
        select(ContactMethodRow)
        .join(UserRow, UserRow.id == ContactMethodRow.user_id)
        .where(
            ContactMethodRow.user_id == user_id,
            ContactMethodRow.channel == "email",
            func.lower(ContactMethodRow.address) == func.lower(UserRow.email),
            ContactMethodRow.verified_at.is_(None),
            ContactMethodRow.disabled_at.is_(None),
        )
    )
    for method in (await uow.session.execute(theirs)).scalars():
        method.verified_at = method.last_proof_at = uow.now
        uow.record(
            Fact.METHOD_VERIFIED,
            actor=f"user:{user_id}",
            channel=method.channel,
            label=method.label,
            user=await name_of(uow.session, user_id),
            user_id=user_id,
        )


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
