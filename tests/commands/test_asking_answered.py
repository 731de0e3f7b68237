"""“Still on it?” is answered by whatever the owner does to the incident, and by nobody else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeAlias

import pytest

from opsknight.domain.commands import incidents, watchers
from opsknight.domain.commands.responders import Helpers, answer_help, ask_for_help
from opsknight.domain.commands.undoing import undo
from opsknight.domain.store.tables import IncidentRow, ResponderRow, UserRow, WatcherRow
from tests.builders import a_contact_method, a_notification, a_page, a_service, a_stored_incident, a_timer, a_user
from tests.clock import NOON
from tests.commands.desk import Desk

HALF_AN_HOUR = timedelta(minutes=30)
Act: TypeAlias = Callable[[Desk, IncidentRow, UserRow], Awaitable[Any]]


async def a_question(desk: Desk) -> IncidentRow:
    """Have the desk's user asked whether they are still on an incident; four minutes are left to answer."""
    incident = await a_stored_incident(
        desk.database, await a_service(desk.database), status="acknowledged", assignee_id=desk.user.id,
        acknowledged_at=NOON - HALF_AN_HOUR,
    )  # fmt: skip
    due_at = desk.clock.now() + timedelta(minutes=4)
    await a_timer(desk.database, incident.id, kind="ack_reminder", due_at=due_at)
    page = await a_page(desk.database, incident, desk.user, kind="still_on_it")
    await a_notification(desk.database, page, await a_contact_method(desk.database, desk.user, channel="push"))
    return incident


async def asks_for_help(desk: Desk, incident: IncidentRow, who: UserRow) -> None:
    bo = await a_user(desk.database, "Bo")
    await desk.as_(who, ask_for_help, incident.id, whom=Helpers(user_ids=(bo.id,)))


async def asks_for_help_again(desk: Desk, incident: IncidentRow, who: UserRow) -> None:
    bo = await a_user(desk.database, "Bo")
    row = ResponderRow(incident_id=incident.id, user_id=bo.id, asked_by="user:1", note="", asked_at=NOON)
    await _store(desk, row)
    await desk.as_(who, ask_for_help, incident.id, whom=Helpers(user_ids=(bo.id,)))


async def answers_a_call_for_help(desk: Desk, incident: IncidentRow, who: UserRow) -> None:
    row = ResponderRow(incident_id=incident.id, user_id=who.id, asked_by="user:1", note="", asked_at=NOON)
    await _store(desk, row)
    await desk.as_(who, answer_help, incident.id, accept=True)


async def watches(desk: Desk, incident: IncidentRow, who: UserRow) -> None:
    await desk.as_(who, watchers.watch, incident.id)


async def watches_no_more(desk: Desk, incident: IncidentRow, who: UserRow) -> None:
    await _store(desk, WatcherRow(incident_id=incident.id, user_id=who.id, began_at=NOON))
    await desk.as_(who, watchers.unwatch, incident.id)


async def acknowledges(desk: Desk, incident: IncidentRow, who: UserRow) -> None:
    await desk.as_(who, incidents.acknowledge, incident.id)


async def takes_it_themselves(desk: Desk, incident: IncidentRow, who: UserRow) -> None:
    await desk.as_(who, incidents.reassign, incident.id, to=desk.user.id)


async def snoozes_and_takes_it_back(desk: Desk, incident: IncidentRow, who: UserRow) -> None:
    await desk.as_(who, incidents.snooze, incident.id, until=desk.clock.now() + timedelta(hours=1))
    await desk.as_(who, undo, incident.id)


async def _store(desk: Desk, row: ResponderRow | WatcherRow) -> None:
    async with desk.database.commands() as session:
        session.add(row)
        await session.commit()


BESIDE_THE_STATUS = (asks_for_help, asks_for_help_again, answers_a_call_for_help, watches, watches_no_more)


@pytest.mark.parametrize(
    "act",
    [*BESIDE_THE_STATUS, acknowledges, takes_it_themselves, snoozes_and_takes_it_back],
    ids=lambda act: act.__name__,
)
async def test_the_owner_who_does_anything_has_answered(desk: Desk, act: Act):
    incident = await a_question(desk)

    await act(desk, incident, desk.user)

    assert await desk.timer(incident.id) == ("ack_timeout", 1, HALF_AN_HOUR)
    assert await messages(desk, "still_on_it") == ["superseded"]
    assert "still on it" in await desk.facts(incident.id)


@pytest.mark.parametrize("act", BESIDE_THE_STATUS, ids=lambda act: act.__name__)
async def test_somebody_else_who_does_so_answers_nothing(desk: Desk, act: Act):
    incident = await a_question(desk)

    await act(desk, incident, await a_user(desk.database, "Cy"))

    assert await desk.timer(incident.id) == ("ack_reminder", 1, timedelta(minutes=4))
    assert await messages(desk, "still_on_it") == ["queued"]


async def test_whom_the_owner_asks_for_help_is_paged_all_the_same(desk: Desk):
    incident = await a_question(desk)

    await asks_for_help(desk, incident, desk.user)
    await desk.do(incidents.acknowledge, incident.id)

    assert await messages(desk, "help") == ["queued"]


async def test_the_owner_s_answer_leaves_calls_for_help_alone(desk: Desk):
    incident = await a_question(desk)
    await asks_for_help(desk, incident, await a_user(desk.database, "Cy"))

    await desk.do(incidents.acknowledge, incident.id)

    assert await messages(desk, "help") == ["queued"]


async def messages(desk: Desk, kind: str) -> list[str]:
    """Return the statuses of the messages of one kind of page."""
    sql = "SELECT n.status FROM notifications n JOIN pages p ON p.id = n.page_id WHERE p.kind = :kind"
    return [status for (status,) in await desk.rows(sql, kind=kind)]
