"""Do not disturb from the press on: what is still to come for somebody goes to whoever stands in for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from opsknight.domain.commands import left_alone
from opsknight.domain.commands.incidents import acknowledge
from opsknight.domain.commands.notifications import claim_and_begin
from opsknight.domain.store.tables import IncidentRow, UserRow
from tests.builders import a_contact_method, a_policy, a_service, a_stored_incident, a_user
from tests.commands.clockwork import Clockwork
from tests.commands.desk import Desk

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
async def bo(desk: Desk) -> UserRow:
    return await a_user(desk.database, "Bo")


async def an_incident(desk: Desk, *steps: Any, **more: Any) -> IncidentRow:
    policy = await a_policy(desk.database, *steps, wait_s=7200, **more)
    service = await a_service(desk.database, policy=policy)
    return await a_stored_incident(desk.database, service, timer="escalation", urgency="high")


async def press(desk: Desk, by: UserRow) -> str:
    done = await desk.do(left_alone.do_not_disturb, until=desk.clock.now() + HOUR, substitute_id=by.id)
    return done.sentence


async def messages(desk: Desk) -> list[tuple[Any, ...]]:
    return await desk.rows(
        "SELECT u.name, n.channel, n.status, n.due_at FROM notifications n JOIN users u ON u.id = n.user_id"
        " ORDER BY n.created_at, u.name, n.position"
    )


async def reads(desk: Desk, channel: str) -> list[str]:
    """Begin what is due on `channel`, and say for whom."""
    async with desk.acting("deliver:test") as uow:
        attempts = await claim_and_begin(uow, channel=channel, worker=1, limit=10, limit_low=10)
    return [attempt.user_name for attempt in attempts]


async def test_what_is_still_to_come_goes_to_the_substitute_at_once_and_rings_nobody_else(
    desk: Desk, clockwork: Clockwork, bo: UserRow
):
    await a_contact_method(desk.database, desk.user, channel="push", secret={"auth": "x"})
    await an_incident(desk, desk.user)
    await clockwork.run()
    assert await reads(desk, "push") == ["Ada"]
    async with desk.acting("system:test") as uow:
        await uow.session.execute(
            text("UPDATE notifications SET status = 'accepted', finished_at = now() WHERE channel = 'push'")
        )

    said = await press(desk, bo)

    now = desk.clock.now()
    assert said.endswith("it ends by itself. What was still to come for you goes to them now.")
    assert [row[:3] for row in await messages(desk)] == [
        ("Ada", "push", "accepted"), ("Ada", "email", "superseded"), ("Bo", "email", "queued"),
    ]  # fmt: skip
    assert (await messages(desk))[2][3] == now
    desk.clock.advance(MINUTE)
    assert await reads(desk, "email") == ["Bo"]
    [(reason, whose)] = await desk.rows("SELECT reason, for_user_id FROM pages WHERE for_user_id IS NOT NULL")
    assert (reason.endswith(", instead of Ada, who is not to be disturbed"), whose) == (True, desk.user.id)
    [fact] = await clockwork.told("stood in")
    assert fact == {"user": "Ada", "user_id": desk.user.id, "by": "Bo", "withdrawn": 1}


async def test_a_substitute_who_was_asked_on_the_same_step_is_not_paged_once_more(
    desk: Desk, clockwork: Clockwork, bo: UserRow
):
    await an_incident(desk, [desk.user, bo])
    await clockwork.run()

    await press(desk, bo)

    assert [(row[0], row[2]) for row in await messages(desk)] == [("Ada", "superseded"), ("Bo", "queued")]


async def test_where_everyone_must_acknowledge_it_is_the_substitute_who_must_from_now_on(
    desk: Desk, clockwork: Clockwork, bo: UserRow
):
    cy = await a_user(desk.database, "Cy")
    incident = await an_incident(desk, [desk.user, cy], everyone=True)
    await clockwork.run()

    await press(desk, bo)

    [(must,)] = await desk.rows("SELECT must_acknowledge FROM incidents")
    assert must["waiting"] == [bo.id, cy.id]
    for person in (cy, bo):
        await desk.as_(person, acknowledge, incident.id)
    assert await desk.rows("SELECT status FROM incidents") == [("acknowledged",)]


async def test_what_was_bundled_and_not_sent_yet_goes_to_the_substitute_too(
    desk: Desk, clockwork: Clockwork, bo: UserRow
):
    for _ in range(2):
        await an_incident(desk, desk.user)
    await clockwork.run(after=2 * MINUTE)
    assert await reads(desk, "email") == ["Ada"]
    async with desk.acting("system:test") as uow:
        await uow.session.execute(text("UPDATE notifications SET status = 'queued' WHERE status = 'sending'"))

    await press(desk, bo)

    assert [(row[0], row[2]) for row in await messages(desk)] == [("Ada", "superseded")] * 2 + [("Bo", "queued")] * 2


async def test_what_somebody_would_have_got_for_another_goes_back_to_that_one(
    desk: Desk, clockwork: Clockwork, bo: UserRow
):
    cy = await a_user(desk.database, "Cy")
    await desk.as_(cy, left_alone.do_not_disturb, until=desk.clock.now() + HOUR, substitute_id=desk.user.id)
    await an_incident(desk, cy)
    await clockwork.run()
    assert await clockwork.paged() == ["Ada"]

    await press(desk, bo)

    assert [(row[0], row[2]) for row in await messages(desk)] == [("Ada", "superseded"), ("Cy", "queued")]
    [(reason,)] = await desk.rows("SELECT reason FROM pages p JOIN users u ON u.id = p.user_id WHERE u.name = 'Cy'")
    assert "instead of" not in reason
    [fact] = await clockwork.told("paged")
    assert fact["reason"] == "Ada, who stood in for them, is not to be disturbed either"


async def test_what_is_acknowledged_goes_to_nobody(desk: Desk, clockwork: Clockwork, bo: UserRow):
    incident = await an_incident(desk, desk.user)
    await clockwork.run()
    await desk.do(acknowledge, incident.id)

    said = await press(desk, bo)

    assert said == "Bo is paged instead of you for 1 h; it ends by itself."
    assert await clockwork.paged() == ["Ada"]
