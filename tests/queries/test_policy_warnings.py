"""What is said of a policy before it matters goes by what this installation can send."""

from __future__ import annotations

from opsknight.domain.queries.policies import policies
from opsknight.domain.queries.policy_warnings import warnings
from opsknight.domain.store.engine import Database
from tests.builders import a_contact_method, a_policy, a_schedule, a_user
from tests.clock import NOON


async def test_a_step_that_asks_somebody_by_what_nothing_carries_reaches_nobody(database: Database):
    bo = await a_user(database, "Bo", reachable=False)
    await a_contact_method(database, bo, channel="sms", address="+491512")
    policy = await a_policy(database, bo)

    async with database.screens() as session:
        known = (await policies(session, [policy.id]))[policy.id]
        set_up, unset = [await warnings(session, known, at=NOON, unset=slugs) for slugs in ((), ("sms",))]

    assert set_up == []
    assert [one["sentence"] for one in unset] == [
        "Step 1 reaches nobody now: nobody whom it asks can be reached.",
        "Step 1 asks Bo, who cannot be reached: only by channels that are not set up here.",
    ]


async def test_a_step_that_asks_an_observer_says_what_they_cannot_do(database: Database):
    bo, cy = await a_user(database, "Bo", role="observer"), await a_user(database, "Cy", role="observer")
    policy = await a_policy(database, bo, await a_schedule(database, cy))

    async with database.screens() as session:
        found = await warnings(session, (await policies(session, [policy.id]))[policy.id], at=NOON)

    assert [(one["step"], one["kind"], one["sentence"]) for one in found] == [
        (number, "observer", f"Step {number} asks {name}, an observer: they can acknowledge a page, and do no more.")
        for number, name in ((1, "Bo"), (2, "Cy"))
    ]
