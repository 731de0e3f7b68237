"""Handing over all incidents of one person at once: at the end of a shift, or because they must sleep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from opsknight.domain.commands import timers
from opsknight.domain.commands.authority import require
from opsknight.domain.commands.held import hold, settle
from opsknight.domain.model.incident import Status, Verb, transition
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.people import active_name, name_of
from opsknight.domain.store.tables import IncidentRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Invalid

AT_ONCE: Final = 200
"""Incidents that one command hands over; it says when more are left."""
LONGEST_NOTE: Final = 1000


@dataclass(frozen=True, slots=True)
class HandedOver:
    """How many incidents were handed over, whether more are left, and the sentence that says so."""

    count: int
    more: bool
    sentence: str


async def hand_over_all(uow: UnitOfWork, user_id: int, *, to: int, note: str = "") -> HandedOver:
    """Reassign everything that `user_id` owns to another person, who is paged once for all of it.

    What one takes oneself is acknowledged, as with a single one. Each incident has its own fact, with the note.

    Raises:
        Invalid: there is no such person, their account is deactivated, or it is the same person.
    """
    await require(uow, Need.RESPOND)
    name, owner = await active_name(uow.session, to), await name_of(uow.session, user_id)
    if to == user_id:
        raise Invalid(f"{name} has them already; choose somebody else.")
    if len(note) > LONGEST_NOTE:
        raise Invalid(f"A note has {LONGEST_NOTE} characters at most; this one has {len(note)}.")
    owned = (
        select(IncidentRow.id)
        .where(IncidentRow.assignee_id == user_id, IncidentRow.status != Status.RESOLVED.value)
        .order_by(IncidentRow.service_id, IncidentRow.id)
        .limit(AT_ONCE + 1)
    )
    ids = (await uow.session.execute(owned)).scalars().all()
    done = 0
    for incident_id in ids[:AT_ONCE]:
        held = await hold(uow, incident_id)
        if held.before.assignee_id != user_id or held.before.status is Status.RESOLVED:
            continue  # somebody was faster
        after = transition(held.before, Verb.REASSIGN, by=uow.user_id, to=to)
        told = await settle(uow, held, after, Verb.REASSIGN)
        said = {"note": note} if note else {}
        uow.record(Fact.REASSIGNED, incident_id=incident_id, user=name, user_id=to, from_user=owner, **said, **told)
        done += 1
    await uow.session.flush()
    await timers.go_together(uow, ids[:AT_ONCE])
    more = len(ids) > AT_ONCE
    if not done:
        return HandedOver(0, more, f"{owner} owns no incident: there is nothing to hand over.")
    what = "1 incident" if done == 1 else f"{done} incidents"
    rest = " More are left; do it again." if more else ""
    return HandedOver(done, more, f"Handed {what} of {owner} over to {name}.{rest}")
