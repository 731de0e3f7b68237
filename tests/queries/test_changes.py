"""What was changed on each service of late, on a real database."""

from __future__ import annotations

from datetime import timedelta

from opsknight.crypto import new_id
from opsknight.domain.queries.changes import latest
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import ChangeRow, ServiceRow
from tests.builders import a_service
from tests.clock import NOON

HOUR = timedelta(hours=1)


async def changed(database: Database, service: ServiceRow, *summaries: str, ago: timedelta = HOUR) -> None:
    """Store changes of a service, each an hour older than the one before."""
    async with database.commands() as session, session.begin():
        for number, summary in enumerate(summaries):
            at = NOON - ago - number * HOUR
            said = {"summary": summary, "source": "ci", "at": at, "received_at": at, "links": [], "details": {}}
            session.add(ChangeRow(id=new_id(), integration_id=1, service_id=service.id, **said))


async def test_each_service_tells_its_last_three_changes_of_the_week(database: Database):
    checkout, search, quiet = [await a_service(database, name) for name in ("Checkout", "Search", "Quiet")]
    await changed(database, checkout, "v4", "v3", "v2", "v1")
    await changed(database, search, "index rebuilt")
    await changed(database, quiet, "long ago", ago=timedelta(days=7))

    async with database.screens() as session:
        found = await latest(session, at=NOON)

    told = {service_id: [change["summary"] for change in changes] for service_id, changes in found.items()}
    assert told == {checkout.id: ["v4", "v3", "v2"], search.id: ["index rebuilt"]}
