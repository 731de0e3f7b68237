"""“Keep quiet until it clears”: what to choose for an incident that one resolved while its monitor still fires."""

from __future__ import annotations

from uuid import UUID

from opsknight.domain.commands import alerts, silences
from opsknight.domain.commands.authority import require
from opsknight.domain.commands.held import check_seen, hold, settle, standing
from opsknight.domain.commands.incidents import Done
from opsknight.domain.model.incident import Status, Verb, kept_quiet
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.permission import Need
from opsknight.domain.model.speech import say
from opsknight.domain.queries.still_firing import still_firing
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Stale


async def keep_quiet(uow: UnitOfWork, incident_id: UUID, *, seen_version: int | None = None) -> Done:
    """Let what somebody resolved while its monitor still fires rest until it clears instead; nobody is paged.

    Its alerts are open again, so that the next trigger opens no incident and the monitor's resolve ends it.

    Raises:
        Stale: it is not resolved any more, its monitor has cleared it, or has opened another incident for it.
    """
    await require(uow, Need.RESPOND, incident_id=incident_id)
    held = await hold(uow, incident_id, service_too=True)
    before = held.before
    await check_seen(uow, held, Verb.SUPPRESS, version=seen_version)
    if before.status is not Status.RESOLVED:
        raise Stale(f"“{before.title}” is not resolved any more: {await standing(uow, before)}.")
    found = await still_firing(uow.session, incident_id)
    if found.elsewhere is not None:
        raise Stale(
            f"“{before.title}” was reported again: #{found.elsewhere} is open for it now."
            " This one stays resolved; silence that one."
        )
    if not found.alerts:
        raise Stale(f"“{before.title}” stays resolved: no monitor reports it any more, so none would end its silence.")
    if not found.ends:
        raise Stale(
            f"“{before.title}” stays resolved: its service's incidents outlive their alerts, so it would rest for ever."
        )
    back = await alerts.open_these(uow, found.alerts)
    await silences.forget(uow, incident_id)  # it would end with what kept the incident quiet before
    after = kept_quiet(before)
    told = await settle(uow, held, after, Verb.SUPPRESS, alerts=back)
    uow.record(Fact.SUPPRESSED, incident_id=incident_id, **told)
    return Done(after, say("“{title}” keeps quiet until it clears.", title=after.title))
