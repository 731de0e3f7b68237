"""“Still on it?”: what the owner is asked after the ack timeout, and what answers it."""

from __future__ import annotations

from opsknight.domain.commands.held import Held, set_timer, withdraw
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.timer import TimerKind
from opsknight.domain.store.unit_of_work import UnitOfWork


async def answer(uow: UnitOfWork, held: Held) -> bool:
    """Take what the unit's actor does for the answer, if they are the owner and are asked; return whether it was.

    Every command that a person can use on an incident and that leaves its timer as it is calls this. The ack
    timeout begins anew, and what waits to be sent to the owner is not sent; calls for help are.
    """
    incident = held.before
    asked = held.timer is not None and held.timer[0] is TimerKind.ACK_REMINDER
    if not asked or uow.user_id is None or uow.user_id != incident.assignee_id:
        return False
    await set_timer(uow, incident, held.wanted(incident, at=uow.now))
    await withdraw(uow, incident.id, "the owner has answered", user_id=uow.user_id, help_too=False)
    uow.record(Fact.STILL_ON_IT, incident_id=incident.id)
    return True
