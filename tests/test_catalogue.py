"""Integrations by their keys: a key that is new, or cannot be looked up now, is never taken for a wrong one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.deps import Catalogue
from opsknight.domain.commands import maintenance
from opsknight.domain.queries.feed import Entry
from opsknight.domain.store.engine import Database
from opsknight.errors import Unavailable
from tests.builders import a_user, an_integration
from tests.clock import StoppedClock
from tests.commands.quiet import a_plan
from tests.conftest import Acting


class LongDay(StoppedClock):
    """A clock whose monotonic time the test moves on, too."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s


@pytest.fixture
def clock() -> LongDay:
    return LongDay()


async def a_catalogue(database: Database, clock: LongDay, faults: list[Exception]) -> Catalogue:
    """Return one that has read all there is, two seconds ago; it meets `faults` from now on."""

    @asynccontextmanager
    async def read() -> AsyncIterator[AsyncSession]:
        if faults:
            raise faults.pop(0)
        async with database.screens() as session:
            yield session

    waiting, faults[:] = list(faults), []
    catalogue = Catalogue(read, clock=clock)
    await catalogue.load()
    faults[:] = waiting
    clock.ahead_s += 2
    return catalogue


async def test_the_first_events_of_a_new_integration_all_find_it(database: Database, clock: LongDay):
    catalogue = await a_catalogue(database, clock, [])
    new = await an_integration(database)

    found = await asyncio.gather(*(catalogue.find(new.key) for _ in range(5)))

    assert [one.id if one else None for one in found] == [new.id] * 5


async def test_a_key_is_not_said_to_be_unknown_while_nobody_can_know(database: Database, clock: LongDay):
    catalogue = await a_catalogue(database, clock, [ConnectionRefusedError()])
    new = await an_integration(database)

    with pytest.raises(ConnectionRefusedError):
        await catalogue.find(new.key)
    with pytest.raises(Unavailable):
        await catalogue.find(new.key)
    clock.ahead_s += 1
    found = await catalogue.find(new.key)

    assert found is not None


async def test_an_unknown_key_is_looked_up_once_a_second_at_most(database: Database, clock: LongDay):
    catalogue = await a_catalogue(database, clock, [])
    assert await catalogue.find("wrong") is None
    new = await an_integration(database)

    soon = await catalogue.find(new.key)
    clock.ahead_s += 1
    later = await catalogue.find(new.key)

    assert soon is None
    assert later is not None


@pytest.mark.parametrize(
    ("kind", "stale"), [("key made", True), ("key ended", True), ("maintenance planned", True), ("signed in", False)]
)
async def test_what_is_changed_elsewhere_makes_what_is_known_stale(
    database: Database, clock: LongDay, kind: str, *, stale: bool
):
    catalogue = await a_catalogue(database, clock, [])

    catalogue.heed([Entry(xid=1, seq=1, kind=kind, incident_id=None, subject="", settled=True)])

    assert catalogue._stale.is_set() is stale


async def test_both_keys_of_an_integration_find_it(database: Database, clock: LongDay):
    both = await an_integration(database, former_key="the-former-one")

    catalogue = await a_catalogue(database, clock, [])

    assert catalogue.known(both.key) is catalogue.known("the-former-one") is not None


async def test_maintenance_that_is_planned_is_known_until_it_is_over(
    database: Database, clock: LongDay, acting: Acting
):
    integration = await an_integration(database)
    catalogue = await a_catalogue(database, clock, [])
    who = await a_user(database)
    async with acting(f"user:{who.id}") as uow:
        await maintenance.plan(uow, a_plan())

    await catalogue.load()
    known = catalogue.known(integration.key)
    assert known is not None
    assert known.silencing is not None

    clock.advance(timedelta(days=2))
    await catalogue.load()
    known = catalogue.known(integration.key)
    assert known is not None
    assert known.silencing is None
