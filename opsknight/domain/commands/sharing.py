"""“Everyone must acknowledge”: what the acknowledge of one of several people does."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from opsknight.domain.commands.held import Held, withdraw, write
from opsknight.domain.model.everyone import everyone
from opsknight.domain.model.incident import Incident, Status, carrying
from opsknight.domain.model.ledger import Fact, people
from opsknight.domain.model.speech import say_many
from opsknight.domain.store.tables import UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Part:
    """The incident after one of several has acknowledged, and the sentence that says who must still."""

    incident: Incident
    sentence: str
    changed: bool


async def acknowledge_in_part(uow: UnitOfWork, held: Held, *, via: str) -> Part | None:
    """Take one person's acknowledge where everyone must; None where this one acknowledges the incident itself.

    That is so where one is enough, and for the last of those who must. Only this person's messages are
    withdrawn. A monitor's acknowledge is not a person's, and counts for all.
    """
    before, user = held.before, uow.user_id
    if before.status is not Status.OPEN or user is None:
        return None
    share = everyone(held.row.must_acknowledge, before.generation)
    if not share.is_needed:
        return None
    after = share.after(user, at=uow.now)
    held.row.must_acknowledge = after.to_json()
    if not after.is_needed:
        return None
    left = await _names(uow, after.waiting)
    sentence = say_many(
        "You have acknowledged “{title}”; it is open until {people} acknowledges too.",
        "You have acknowledged “{title}”; it is open until {people} acknowledge too.",
        count=len(left),
        title=before.title,
        people=people(left),
    )
    if after is share:
        return Part(before, sentence, changed=False)
    incident = carrying(before, before.urgency)  # another version, and nothing else: it is open
    write(uow, held.row, incident)
    held.row.undo = None
    withdrawn = await withdraw(uow, before.id, "this person has acknowledged", user_id=user)
    told: dict[str, Any] = {"withdrawn": withdrawn} if withdrawn else {}
    uow.record(Fact.ACKNOWLEDGED_IN_PART, incident_id=before.id, left=left, via=via, **told)
    return Part(incident, sentence, changed=True)


async def _names(uow: UnitOfWork, ids: Collection[int]) -> list[str]:
    rows = (await uow.session.execute(select(UserRow.id, UserRow.name).where(UserRow.id.in_(ids)))).all()
    names: dict[int, str] = {row.id: row.name for row in rows}
    return [names[user] for user in ids if user in names]
