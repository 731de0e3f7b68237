"""The sample team of an empty database."""

from sqlalchemy import func, select, update

from opsknight.domain.commands import samples
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import Base, FactRow, IntegrationRow, ServiceRow, UserRow
from tests.builders import a_user
from tests.conftest import Acting


async def test_an_empty_database_gets_a_team_that_can_be_paged(acting: Acting, database: Database):
    async with acting("system:start") as uow:
        sample = await samples.ensure(uow)

    async with database.screens() as session:
        user = await session.get_one(UserRow, sample.user_id)
        services = set((await session.scalars(select(ServiceRow.name))).all())
        keys = {(row.provider, len(row.key)) for row in await session.scalars(select(IntegrationRow))}
    assert (user.email, user.role) == ("you@example.org", "admin")
    assert services == {"Checkout API", "Search", "Postgres main"}
    assert keys == {("generic", 32), ("alertmanager", 32), ("datadog", 32), ("pagerduty", 32), ("email", 32)}


async def test_a_second_start_adds_nothing_and_finds_the_same_person_and_key(acting: Acting, database: Database):
    async with acting("system:start") as uow:
        first = await samples.ensure(uow)
    before = await _rows(database)

    async with acting("system:start") as uow:
        second = await samples.ensure(uow)

    assert (second, await _rows(database)) == (first, before)


async def test_a_start_names_no_key_of_a_service_that_is_archived(acting: Acting, database: Database):
    async with acting("system:start") as uow:
        await samples.ensure(uow)
        await uow.session.execute(update(ServiceRow).values(archived_at=uow.now))

    async with acting("system:start") as uow:
        again = await samples.ensure(uow)

    assert again.key is None


async def test_a_database_with_people_is_left_alone(acting: Acting, database: Database):
    await a_user(database, "Ada", email="ada@acme.test", role="admin")

    async with acting("system:start") as uow:
        sample = await samples.ensure(uow)

    assert (sample.user_id, sample.key) == (None, None)
    assert (await _rows(database))["services"] == 0


async def test_making_the_sample_team_is_written_down(acting: Acting, database: Database):
    async with acting("system:start") as uow:
        await samples.ensure(uow)

    async with database.screens() as session:
        facts = [(fact.kind, fact.actor) for fact in await session.scalars(select(FactRow))]
    assert facts == [("configured", "system:start")]


async def _rows(database: Database) -> dict[str, int]:
    async with database.screens() as session:
        counts = {name: select(func.count()).select_from(table) for name, table in Base.metadata.tables.items()}
        return {name: await session.scalar(count) or 0 for name, count in counts.items()}
