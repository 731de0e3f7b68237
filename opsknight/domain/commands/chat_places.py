"""Chats that tell us of themselves: a place from now on reached by another way, and one that we were thrown out of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from opsknight.domain.model.channel import face, shown
from opsknight.domain.model.ledger import Fact
from opsknight.domain.queries.people import name_of
from opsknight.domain.store.tables import ContactMethodRow, TeamRow
from opsknight.domain.store.unit_of_work import UnitOfWork


async def moved(uow: UnitOfWork, *, channel: str, address: str, kept: Mapping[str, str]) -> int:
    """Reach `address` from now on by what is `kept`; return how many contact methods and rooms that changed."""
    rows = [row for row in await _held(uow, channel, address) if row.secret != kept]
    for row in rows:
        row.secret = dict(kept)
        name = shown(row.channel, label=row.label, address=row.address) or face(row.channel).label
        told = f"how {name} of {await _whose(uow, row)} is reached: its chat has moved"
        uow.record(Fact.CONFIGURED, subject=f"contact_method:{row.id}", name=told)
    return len(rows)


async def left(uow: UnitOfWork, *, channel: str, address: str, reason: str) -> int:
    """Switch off whatever is reached at `address`; return how many contact methods and rooms that were."""
    rows = [row for row in await _held(uow, channel, address) if row.disabled_at is None]
    for row in rows:
        row.disabled_at, row.disabled_reason = uow.now, reason
        uow.record(
            Fact.METHOD_DISABLED,
            channel=row.channel,
            label=shown(row.channel, label=row.label, address=row.address),
            user=await _whose(uow, row),
            user_id=row.user_id,
            detail=reason,
        )
    return len(rows)


async def _whose(uow: UnitOfWork, row: ContactMethodRow) -> str:
    """Return the name of the person, or the team, that is reached."""
    if row.user_id is not None:
        return await name_of(uow.session, row.user_id)
    team = await uow.session.get(TeamRow, row.team_id)
    return team.name if team is not None else ""


async def _held(uow: UnitOfWork, channel: str, address: str) -> Sequence[ContactMethodRow]:
    """Return who is reached at `address`, people and teams; a canary's address is the operator's."""
    statement = (
        select(ContactMethodRow)
        .where(
            ContactMethodRow.channel == channel,
            ContactMethodRow.address == address,
            ContactMethodRow.user_id.is_not(None) | ContactMethodRow.team_id.is_not(None),
        )
        .order_by(ContactMethodRow.id)
        .with_for_update(key_share=True)
    )
    return (await uow.session.execute(statement)).scalars().all()
