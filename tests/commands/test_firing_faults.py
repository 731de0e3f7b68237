"""Timers whose firing fails: nothing is lost without a word, and somebody is paged in the end."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from opsknight.domain.commands.claims import claim
from opsknight.domain.commands.escalations import fire
from tests.builders import a_page, a_service, a_stored_incident, a_user
from tests.commands.desk import Desk


async def fire_what_is_due(desk: Desk) -> None:
    timers = await desk.as_("engine:claim", claim, worker=1, limit=10)
    await desk.as_("timer:engine", fire, timers)


async def test_a_page_that_was_made_before_fails_aloud_and_does_not_vanish(desk: Desk):
    bo = await a_user(desk.database, "Bo")
    service = await a_service(desk.database, pages=[bo])
    incident = await a_stored_incident(desk.database, service, timer="escalation")
    await a_page(desk.database, incident, bo)

    with pytest.raises(IntegrityError):
        await fire_what_is_due(desk)

    assert await desk.facts(incident.id) == []
