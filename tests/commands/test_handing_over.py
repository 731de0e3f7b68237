"""Handing over all incidents of one person with one command."""

from __future__ import annotations

import pytest

from opsknight.domain.commands.handing_over import hand_over_all
from opsknight.domain.store.engine import Database
from opsknight.errors import Invalid
from tests.builders import a_policy, a_service, a_stored_incident, a_timer, a_user
from tests.clock import NOON
from tests.commands.clockwork import Clockwork
from tests.commands.desk import Desk


async def test_everything_one_owns_goes_to_another_who_is_paged_for_all_of_it_together(
    database: Database, desk: Desk, clockwork: Clockwork
):
    bo = await a_user(database, "Bo")
    service = await a_service(database, policy=await a_policy(database, desk.user))
    for _ in range(3):
        row = await a_stored_incident(
            database, service, status="acknowledged", assignee_id=desk.user.id, acknowledged_at=NOON
        )
        await a_timer(database, row.id, kind="ack_timeout")
    await a_stored_incident(database, service, status="resolved", assignee_id=desk.user.id)
    await a_stored_incident(database, service, status="acknowledged", assignee_id=bo.id)

    done = await desk.do(hand_over_all, desk.user.id, to=bo.id, note="I must sleep")
    await clockwork.run()

    assert (done.count, done.more, done.sentence) == (3, False, "Handed 3 incidents of Ada over to Bo.")
    assert await clockwork.paged() == ["Bo"] * 3
    assert await clockwork.rows(
        "SELECT DISTINCT kind, gather FROM pages p JOIN notifications n ON n.page_id = p.id"
    ) == [("assigned", True)]
    facts = await clockwork.told("reassigned")
    assert [(fact["user"], fact["from_user"], fact["note"]) for fact in facts] == [("Bo", "Ada", "I must sleep")] * 3


async def test_what_one_takes_over_oneself_is_acknowledged_and_pages_nobody(
    database: Database, desk: Desk, clockwork: Clockwork
):
    bo = await a_user(database, "Bo")
    row = await a_stored_incident(database, status="acknowledged", assignee_id=bo.id, acknowledged_at=NOON)
    await a_timer(database, row.id, kind="ack_timeout")

    await desk.do(hand_over_all, bo.id, to=desk.user.id)
    await clockwork.run()

    assert await clockwork.paged() == []
    assert await clockwork.rows("SELECT status, assignee_id FROM incidents") == [("acknowledged", desk.user.id)]


async def test_who_owns_nothing_hands_nothing_over(database: Database, desk: Desk):
    bo = await a_user(database, "Bo")

    done = await desk.do(hand_over_all, desk.user.id, to=bo.id)

    assert (done.count, done.sentence) == (0, "Ada owns no incident: there is nothing to hand over.")


async def test_one_cannot_hand_over_to_oneself_or_to_somebody_who_is_gone(database: Database, desk: Desk):
    gone = await a_user(database, "Gone", active=False)

    with pytest.raises(Invalid, match="has them already"):
        await desk.do(hand_over_all, desk.user.id, to=desk.user.id)
    with pytest.raises(Invalid, match="deactivated"):
        await desk.do(hand_over_all, desk.user.id, to=gone.id)
