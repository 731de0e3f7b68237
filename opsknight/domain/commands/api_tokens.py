"""API tokens, which scripts show instead of a session: made, noted as used, and revoked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, or_, select, update

from opsknight.crypto import new_token, sha256
from opsknight.domain.commands.authority import require
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.people import name_of
from opsknight.domain.store.tables import ApiTokenRow, UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Forbidden, Invalid, NotFound

PREFIX: Final = "ok_"
"""How every API token begins, so that whoever finds one in a file knows what it is."""
MAX_NAME: Final = 100
TOKENS_AT_MOST: Final = 50
"""Tokens of one person that may live at once."""
LONGEST: Final = timedelta(days=3650)
NOTED_AFTER: Final = timedelta(minutes=5)
"""A token in use is noted at most this often, so that reading hardly writes."""
_AGENT_KEPT: Final = 200


@dataclass(frozen=True, slots=True)
class Made:
    """The new token's number and text, which is told once and never again."""

    id: int
    token: str
    sentence: str


async def make(uow: UnitOfWork, *, name: str, reads_only: bool, lasts: timedelta | None) -> Made:
    """Make a token; whoever has it may do what the actor may, but nothing to the actor's own account.

    It ends after `lasts`, never where that is None; when it is revoked; and when its person's account is deactivated.

    Raises:
        Invalid: the name or the time cannot be used.
        Conflict: the person has too many tokens.
    """
    await require(uow, Need.SIGNED_IN)
    user_id, name = uow.user_id or 0, _checked_name(name)
    if lasts is not None and not timedelta() < lasts <= LONGEST:
        raise Invalid(f"A token lasts 1 to {LONGEST.days:,} days, or until it is revoked.")
    live = select(func.count()).where(
        ApiTokenRow.user_id == user_id,
        ApiTokenRow.revoked_at.is_(None),
        or_(ApiTokenRow.expires_at.is_(None), ApiTokenRow.expires_at > uow.now),
    )
    if (await uow.session.execute(live)).scalar_one() >= TOKENS_AT_MOST:
        raise Conflict(f"You have {TOKENS_AT_MOST} API tokens; revoke one that nothing uses any more.")
    token = PREFIX + new_token()
    row = ApiTokenRow(
        token_sha=sha256(token),
        user_id=user_id,
        name=name,
        reads_only=reads_only,
        created_at=uow.now,
        expires_at=None if lasts is None else uow.now + lasts,
    )
    uow.session.add(row)
    await uow.session.flush()
    may = "only reads" if reads_only else "reads and writes"
    ends = None if row.expires_at is None else row.expires_at.isoformat()
    uow.record(
        Fact.API_TOKEN_MADE, subject=_subject(row.id), did=f"made the API token “{name}”, which {may}",
        name=name, reads_only=reads_only, expires_at=ends,
    )  # fmt: skip
    return Made(row.id, token, f"Made the API token “{name}”, which {may}. Copy it now: it is not shown again.")


async def revoke(uow: UnitOfWork, token_id: int) -> str:
    """End a token, one's own or as an admin anybody's, and return the sentence that says so.

    Raises:
        NotFound: there is no such token, or it is somebody else's.
    """
    await require(uow, Need.SEE)
    row = await uow.session.scalar(select(ApiTokenRow).where(ApiTokenRow.id == token_id).with_for_update())
    if row is None or row.revoked_at is not None:
        raise NotFound("There is no such API token.")
    if row.user_id != uow.user_id:
        try:
            await require(uow, Need.ADMINISTER)
        except Forbidden as refusal:  # who may not must not know that it is there
            raise NotFound("There is no such API token.") from refusal
    await _end(uow, row)
    return f"Revoked the API token “{row.name}”; what shows it is refused from now on."


async def revoke_all(uow: UnitOfWork, user: UserRow) -> None:
    """End every token of a person who is signed out everywhere."""
    theirs = select(ApiTokenRow).where(ApiTokenRow.user_id == user.id, ApiTokenRow.revoked_at.is_(None))
    for row in (await uow.session.execute(theirs.order_by(ApiTokenRow.id).with_for_update())).scalars():
        await _end(uow, row)


async def note_used(uow: UnitOfWork, token_id: int, *, agent: str) -> None:
    """Note that a token is used; no fact, for nothing was decided."""
    used = update(ApiTokenRow).where(ApiTokenRow.id == token_id)
    await uow.session.execute(used.values(used_at=uow.now, used_by=agent[:_AGENT_KEPT]))


def note_due(used_at: datetime | None, *, now: datetime) -> bool:
    """Say whether a token last noted at `used_at` should be noted again."""
    return used_at is None or now - used_at >= NOTED_AFTER


async def _end(uow: UnitOfWork, row: ApiTokenRow) -> None:
    row.revoked_at = uow.now
    whose = "" if row.user_id == uow.user_id else f" of {await name_of(uow.session, row.user_id)}"
    did = f"revoked the API token “{row.name}”{whose}"
    uow.record(Fact.API_TOKEN_REVOKED, subject=_subject(row.id), did=did, name=row.name, user_id=row.user_id)


def _checked_name(said: str) -> str:
    name = " ".join(said.split())
    if not name:
        raise Invalid("An API token needs a name: say what uses it, such as “Deploy script”.")
    if len(name) > MAX_NAME:
        raise Invalid(f"The name has {len(name)} characters; {MAX_NAME} are allowed.")
    return name


def _subject(token_id: int) -> str:
    return f"api_token:{token_id}"
