"""Rooms of a team as people arrange them: a place in a chat, a topic, a list, where steps of policies post."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, exists, func, select

from opsknight.domain.commands.alone import page_alone
from opsknight.domain.commands.authority import require, require_team
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.rooms import called
from opsknight.domain.store.tables import (
    ContactMethodRow,
    EscalationPolicyRow,
    EscalationStepRow,
    EscalationTargetRow,
    TeamRow,
)
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid, NotFound

ROOMS_AT_MOST: Final = 50
"""Rooms of one team."""
LABEL_AT_MOST: Final = 80


@dataclass(frozen=True, slots=True)
class Done:
    """Which room was changed, and the sentence that says how."""

    id: int
    sentence: str


async def add(
    uow: UnitOfWork,
    team_id: int,
    *,
    channel: str,
    address: str,
    label: str = "",
    secret: Mapping[str, str] | None = None,
) -> Done:
    """Let steps post at `address`, which is as its channel reads it; it counts once it took a first message.

    Raises:
        NotFound: there is no such team.
        Forbidden: the actor does not manage it.
        Conflict: the team has this room already.
        Invalid: it has too many.
    """
    team = await _team(uow, team_id)
    of_team = ContactMethodRow.team_id == team.id
    if (await uow.session.execute(select(func.count()).where(of_team))).scalar_one() >= ROOMS_AT_MOST:
        raise Invalid(f"{team.name} has {ROOMS_AT_MOST} channels already; remove one that nobody reads.")
    same = exists().where(of_team, ContactMethodRow.channel == channel, ContactMethodRow.address == address)
    if (await uow.session.execute(select(same))).scalar_one():
        raise Conflict(f"{team.name} has this channel already.")
    row = ContactMethodRow(
        team_id=team.id,
        channel=channel,
        address=address,
        label=" ".join(label.split())[:LABEL_AT_MOST],
        secret=dict(secret or {}),
        created_at=uow.now,
    )
    uow.session.add(row)
    await uow.session.flush()
    await _post(uow, row, PageKind.CONFIRM, reason="a channel was added")
    _record(uow, row, f"a channel of {team.name} was added")
    return Done(row.id, f"{called(row)} was added; it counts as soon as a first message was taken there.")


async def test(uow: UnitOfWork, room_id: int) -> Done:
    """Post a test message in a room; one that was switched off is on again.

    Raises:
        NotFound: there is no such room.
        Forbidden: the actor does not manage its team.
    """
    row = await _held(uow, room_id)
    row.disabled_at, row.disabled_reason = None, ""
    kind = PageKind.TEST if row.verified_at is not None else PageKind.CONFIRM
    await _post(uow, row, kind, reason="asked for by somebody")
    return Done(row.id, f"A test message is on its way to {called(row)}.")


async def remove(uow: UnitOfWork, room_id: int) -> Done:
    """Forget a room.

    Raises:
        NotFound: there is no such room.
        Forbidden: the actor does not manage its team.
        Conflict: steps of policies post there.
    """
    row = await _held(uow, room_id)
    asking = (
        select(EscalationPolicyRow.name)
        .join(EscalationStepRow, EscalationStepRow.policy_id == EscalationPolicyRow.id)
        .join(EscalationTargetRow, EscalationTargetRow.step_id == EscalationStepRow.id)
        .where(EscalationTargetRow.room_id == room_id, EscalationPolicyRow.deleted_at.is_(None))
        .order_by(EscalationPolicyRow.name)
        .limit(1)
    )
    if name := (await uow.session.execute(asking)).scalars().first():
        raise Conflict(f"“{name}” posts in {called(row)}: take it out of the policy first.")
    name = called(row)
    await uow.session.execute(delete(EscalationTargetRow).where(EscalationTargetRow.room_id == room_id))
    await uow.session.delete(row)
    _record(uow, row, "a channel was removed")
    return Done(room_id, f"{name} was removed.")


async def _team(uow: UnitOfWork, team_id: int) -> TeamRow:
    await require(uow, Need.MANAGE_TEAM)
    team = await uow.session.get(TeamRow, team_id, with_for_update={"key_share": True})
    if team is None:
        raise NotFound("There is no such team; it may have been deleted.")
    await require_team(uow, team)
    return team


async def _held(uow: UnitOfWork, room_id: int) -> ContactMethodRow:
    row = await uow.session.get(ContactMethodRow, room_id, with_for_update={"key_share": True})
    if row is None or row.user_id is not None or row.team_id is None:
        raise NotFound("There is no such channel; it may have been removed.")
    await _team(uow, row.team_id)
    return row


async def _post(uow: UnitOfWork, row: ContactMethodRow, kind: PageKind, *, reason: str) -> None:
    await page_alone(uow, kind, [row], user_id=None, urgency=Urgency.LOW, reason=reason)


def _record(uow: UnitOfWork, row: ContactMethodRow, what: str) -> None:
    uow.record(Fact.CONFIGURED, subject=f"contact_method:{row.id}", name=f"{called(row)} ({what})")
