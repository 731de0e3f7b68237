"""Messages to watchers on their way: bundled, given up in the end, and never somebody who was reached."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from opsknight.domain.commands.incidents import acknowledge
from opsknight.domain.commands.watchers import tell, unwatch, watch
from opsknight.domain.store.tables import IncidentRow, UserRow
from tests.builders import a_contact_method, a_notification, a_page, a_stored_incident, a_timer, a_user
from tests.jobs.pager import Pager
from tests.peers.smtp import Mood

LATER = timedelta(minutes=5)


async def act(pager: Pager, verb: Callable[..., Awaitable[object]], who: UserRow, incident: IncidentRow) -> None:
    async with pager.deps.commands(f"user:{who.id}") as uow:
        await verb(uow, incident.id)


async def tell_watchers(pager: Pager) -> None:
    async with pager.deps.engine_commands("housekeeping:watchers") as uow:
        await tell(uow)


async def test_what_became_of_several_incidents_is_one_mail(pager: Pager) -> None:
    ada, bo = await a_user(pager.database, "Ada"), await a_user(pager.database, "Bo")
    incidents = [await a_stored_incident(pager.database, title=f"Disk {n}") for n in range(3)]
    for incident in incidents:
        await act(pager, watch, bo, incident)
        await act(pager, acknowledge, ada, incident)
    await tell_watchers(pager)

    async with pager.sending():
        await pager.smtp.mails_come(1)
        await pager.becomes_settled()

    assert dict(await pager.rows("SELECT status, count(*) FROM notifications GROUP BY status")) == {  # type: ignore[arg-type]
        "accepted": 1,
        "bundled": 2,
    }


async def test_who_stops_watching_gets_nothing_that_still_waited(pager: Pager) -> None:
    ada, bo = await a_user(pager.database, "Ada"), await a_user(pager.database, "Bo")
    incident = await a_stored_incident(pager.database)
    await act(pager, watch, bo, incident)
    await act(pager, acknowledge, ada, incident)
    await tell_watchers(pager)
    await act(pager, unwatch, bo, incident)

    async with pager.sending():
        await pager.becomes_settled()

    assert await pager.rows("SELECT status FROM notifications") == [("superseded",)]


async def test_a_message_to_a_watcher_is_nobody_whom_the_incident_has_reached(pager: Pager) -> None:
    incident = await pager.an_incident(timer="", next_step=1)
    due_at = pager.deps.clock.now() + LATER
    await a_timer(pager.database, incident.id, kind="escalation", due_at=due_at, generation=incident.generation)
    ada, bo = await a_user(pager.database, "Ada", reachable=False), await a_user(pager.database, "Bo")
    page = await a_page(pager.database, incident, ada)
    mail = await a_notification(pager.database, page, await a_contact_method(pager.database, ada), position=0)
    await a_page(pager.database, incident, bo, kind="watch", created_at=page.created_at + timedelta(seconds=1))
    pager.smtp.moods = [Mood.REFUSE_FOR_GOOD]

    async with pager.sending():
        await pager.becomes("failed", mail)

    assert (await pager.rows("SELECT due_at FROM timers"))[0][0] == pager.deps.clock.now()
