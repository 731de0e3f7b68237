"""Quiet hours hold what is not urgent, and do not disturb sends pages to a substitute: by the engine itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import text

from opsknight.domain.commands import left_alone
from opsknight.domain.commands.foreseeing import Case, foresee
from opsknight.domain.commands.incidents import reassign
from opsknight.domain.commands.notifications import claim_and_begin
from opsknight.domain.commands.outcomes import finish
from opsknight.domain.commands.people import Wish, change, change_own
from opsknight.domain.commands.responders import Helpers, ask_for_help
from opsknight.domain.commands.shift_changes import follow, know_all
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.notification import Failed
from opsknight.domain.model.permission import Role
from opsknight.domain.queries.left_alone import left_alone as read
from opsknight.domain.queries.policies import policies
from opsknight.domain.queries.roster import roster
from opsknight.domain.queries.why import why
from opsknight.domain.store.tables import IncidentRow, UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Invalid
from tests.builders import a_contact_method, a_policy, a_schedule, a_service, a_stored_incident, a_team, a_user
from tests.commands.clockwork import Clockwork
from tests.commands.desk import Desk

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LUNCH: Final = [{"weekdays": [2], "start": "11:30", "end": "13:00"}]
"""Around noon of the Tuesday on which tests begin."""


async def an_incident(desk: Desk, *steps: Any, urgency: str = "high", **more: Any) -> IncidentRow:
    policy = await a_policy(desk.database, *steps, **more)
    service = await a_service(desk.database, policy=policy)
    return await a_stored_incident(desk.database, service, timer="escalation", urgency=urgency)


async def messages(desk: Desk) -> list[tuple[Any, ...]]:
    return await desk.rows(
        "SELECT u.name, n.status, n.due_at, n.held_until, n.gather FROM notifications n"
        " JOIN users u ON u.id = n.user_id ORDER BY n.created_at, u.name, n.position"
    )


async def explained(desk: Desk, incident: IncidentRow, user: UserRow) -> str:
    async with desk.database.screens() as session:
        told = await why(session, incident.id, user_id=user.id, viewer_id=user.id, at=desk.clock.now())
    return told["summary"]


# --- quiet hours ---------------------------------------------------------------------------------------------------


async def test_a_low_page_in_quiet_hours_waits_for_their_end_and_goes_together_with_others(
    desk: Desk, clockwork: Clockwork
):
    await desk.do(left_alone.set_quiet_hours, LUNCH)
    incident = await an_incident(desk, desk.user, urgency="low")

    await clockwork.run()

    end = desk.clock.now() + HOUR
    assert await messages(desk) == [("Ada", "queued", end, end, True)]
    assert await explained(desk, incident, desk.user) == (
        "You are paged when quiet hours end: named in step 1 of Policy; held until Tue 13:00 UTC, quiet hours.".replace(
            "Policy", (await desk.rows("SELECT name FROM escalation_policies"))[0][0]
        )
    )
    async with desk.database.screens() as session:
        assert (await read(session, desk.user.id, at=desk.clock.now()))["waiting"] == 1
    assert await clockwork.told("held") == [{"user": "Ada", "user_id": desk.user.id, "for_s": 3600.0}]


async def test_a_high_page_goes_out_in_quiet_hours(desk: Desk, clockwork: Clockwork):
    await desk.do(left_alone.set_quiet_hours, LUNCH)
    await an_incident(desk, desk.user)

    await clockwork.run()

    assert await messages(desk) == [("Ada", "queued", desk.clock.now(), None, False)]


async def test_what_is_held_is_told_once_however_often_others_are_asked_meanwhile(desk: Desk, clockwork: Clockwork):
    await desk.do(left_alone.set_quiet_hours, LUNCH)
    other = await a_user(desk.database, "Bo")
    await an_incident(desk, desk.user, other, urgency="low", wait_s=300, repeats=1)

    for _ in range(4):
        await clockwork.run()
        desk.clock.advance(5 * MINUTE)

    of_ada = [row[1] for row in await messages(desk) if row[0] == "Ada"]
    assert of_ada == ["superseded", "queued"]


async def test_a_page_that_was_sent_in_part_is_superseded_by_the_next_step_as_ever(desk: Desk, clockwork: Clockwork):
    await a_contact_method(desk.database, desk.user, channel="push")
    minutes_ahead = [{"weekdays": [2], "start": "12:01", "end": "13:00"}]
    await desk.do(left_alone.set_quiet_hours, minutes_ahead)
    other = await a_user(desk.database, "Bo")
    await an_incident(desk, desk.user, other, urgency="low", wait_s=300)
    await clockwork.run()
    async with desk.acting("system:test") as uow:
        await uow.session.execute(text("UPDATE notifications SET attempts = 1, status = 'accepted' WHERE position = 0"))

    await clockwork.run(after=5 * MINUTE)

    assert [row[1] for row in await messages(desk) if row[0] == "Ada"] == ["accepted", "superseded"]


async def test_what_is_held_does_not_go_out_sooner_because_an_earlier_message_was_refused(
    desk: Desk, clockwork: Clockwork
):
    await a_contact_method(desk.database, desk.user, channel="push", secret={"auth": "x"})
    await desk.do(left_alone.set_quiet_hours, [{"weekdays": [2], "start": "12:01", "end": "13:00"}])
    await an_incident(desk, desk.user, urgency="low", wait_s=3600)
    await clockwork.run()
    desk.clock.advance(2 * MINUTE)
    async with desk.acting("deliver:test") as uow:
        [attempt] = await claim_and_begin(uow, channel="push", worker=1, limit=10, limit_low=10)
    async with desk.acting("deliver:test") as uow:
        await finish(uow, attempt, Failed("gone"), jitter=0)

    held = [(status, due_at, until) for _, status, due_at, until, _ in await messages(desk) if until is not None]
    assert held == [("queued", desk.clock.now() + 58 * MINUTE, desk.clock.now() + 58 * MINUTE)]


async def test_who_ends_their_quiet_hours_is_told_at_once_what_they_held(desk: Desk, clockwork: Clockwork):
    await desk.do(left_alone.set_quiet_hours, LUNCH)
    await an_incident(desk, desk.user, urgency="low")
    await clockwork.run()

    desk.clock.advance(10 * MINUTE)
    said = await desk.do(left_alone.set_quiet_hours, [])

    assert said.sentence == "You have no quiet hours now. What they held is on its way."
    assert await messages(desk) == [("Ada", "queued", desk.clock.now(), None, True)]


async def test_what_is_held_follows_quiet_hours_that_are_changed(desk: Desk, clockwork: Clockwork):
    await desk.do(left_alone.set_quiet_hours, LUNCH)
    await an_incident(desk, desk.user, urgency="low")
    await clockwork.run()

    said = await desk.do(left_alone.set_quiet_hours, [{**LUNCH[0], "end": "12:30"}])

    end = desk.clock.now() + 30 * MINUTE
    assert "on its way" not in said.sentence
    assert await messages(desk) == [("Ada", "queued", end, end, True)]


async def test_what_is_held_follows_who_moves_to_another_zone(desk: Desk, clockwork: Clockwork):
    await desk.do(left_alone.set_quiet_hours, [{"weekdays": [2], "start": "11:00", "end": "14:00"}])
    await an_incident(desk, desk.user, urgency="low")
    await clockwork.run()

    said = await desk.do(change_own, name="Ada", zone="Europe/Berlin")

    end = desk.clock.now() + HOUR
    assert said.sentence == "Saved."
    assert await messages(desk) == [("Ada", "queued", end, end, True)]


async def test_who_moves_out_of_their_quiet_hours_is_told_at_once_what_they_held(desk: Desk, clockwork: Clockwork):
    await desk.do(left_alone.set_quiet_hours, LUNCH)
    await an_incident(desk, desk.user, urgency="low")
    await clockwork.run()

    said = await desk.do(change_own, name="Ada", zone="Asia/Tokyo")

    assert said.sentence == "Saved. What quiet hours held is on its way."
    assert await messages(desk) == [("Ada", "queued", desk.clock.now(), None, True)]


async def test_what_is_held_follows_whom_an_admin_moves(desk: Desk, clockwork: Clockwork):
    await desk.do(left_alone.set_quiet_hours, LUNCH)
    await an_incident(desk, desk.user, urgency="low")
    await clockwork.run()
    boss = await a_user(desk.database, "Grace", role="admin")

    said = await desk.as_(boss, change, desk.user.id, Wish("Ada", Role.RESPONDER, "Asia/Tokyo"))

    assert "is told now what quiet hours held" in said.sentence
    assert await messages(desk) == [("Ada", "queued", desk.clock.now(), None, True)]


async def test_who_asks_for_help_is_told_that_quiet_hours_hold_it(desk: Desk):
    await desk.do(left_alone.set_quiet_hours, LUNCH)
    bo = await a_user(desk.database, "Bo")
    incident = await an_incident(desk, bo, urgency="low")

    done = await desk.as_(bo, ask_for_help, incident.id, whom=Helpers(user_ids=(desk.user.id,)))

    assert done.sentence == "Ada is asked to help with “Disk full on db-1”. Quiet hours hold it for Ada (1 h)."
    assert await messages(desk) == [("Ada", "queued", desk.clock.now() + HOUR, desk.clock.now() + HOUR, True)]


async def test_what_if_knows_quiet_hours_and_who_stands_in(desk: Desk):
    await desk.do(left_alone.set_quiet_hours, LUNCH)
    bo = await a_user(desk.database, "Bo")
    await desk.as_(bo, left_alone.do_not_disturb, until=desk.clock.now() + HOUR, substitute_id=desk.user.id)
    policy = await a_policy(desk.database, bo, repeats=0)
    team = await a_team(desk.database)

    async with desk.database.screens() as session:
        found = (await policies(session, [policy.id]))[policy.id]
        case = Case("Disk full", Urgency.LOW, found, team.id, opens_at=desk.clock.now())
        future = await foresee(UnitOfWork(session=session, actor="user:1", now=desk.clock.now()), case)

    [message] = future.fired[0].messages
    assert (message.user_id, message.held_until) == (desk.user.id, desk.clock.now() + HOUR)
    assert [fact["kind"] for fact in future.fired[0].facts] == ["stood in", "held", "step fired"]


# --- do not disturb ------------------------------------------------------------------------------------------------


async def test_a_page_goes_to_the_substitute_who_is_told_for_whom_and_ends_by_itself(desk: Desk, clockwork: Clockwork):
    bo = await a_user(desk.database, "Bo")
    said = await desk.do(left_alone.do_not_disturb, until=desk.clock.now() + HOUR, substitute_id=bo.id)
    incident = await an_incident(desk, desk.user, wait_s=7200)

    await clockwork.run()

    assert said.sentence == "Bo is paged instead of you for 1 h; it ends by itself."
    assert await clockwork.paged() == ["Bo"]
    [(reason, whose)] = await desk.rows("SELECT reason, for_user_id FROM pages")
    assert (reason.endswith(", instead of Ada, who is not to be disturbed"), whose) == (True, desk.user.id)
    assert await explained(desk, incident, desk.user) == (
        "You were not paged: Bo was instead, for you were not to be disturbed."
    )
    assert (await clockwork.told("step fired"))[0]["people"] == ["Bo"]
    await clockwork.run(after=2 * HOUR)
    assert await clockwork.paged() == ["Bo", "Ada"]


@pytest.mark.parametrize("broken", ["unreachable", "undisturbed"])
async def test_without_somebody_who_can_stand_in_the_person_is_paged_all_the_same(
    desk: Desk, clockwork: Clockwork, broken: str
):
    bo = await a_user(desk.database, "Bo")
    until = desk.clock.now() + HOUR
    await desk.do(left_alone.do_not_disturb, until=until, substitute_id=bo.id)
    if broken == "unreachable":
        async with desk.acting("system:test") as uow:
            (await uow.session.get_one(UserRow, bo.id)).active = False
    else:
        cy = await a_user(desk.database, "Cy")
        await desk.as_(bo, left_alone.do_not_disturb, until=until, substitute_id=cy.id)
    await an_incident(desk, desk.user)

    await clockwork.run()

    assert await clockwork.paged() == ["Ada"]


async def test_who_is_asked_and_stands_in_as_well_is_paged_once(desk: Desk, clockwork: Clockwork):
    bo = await a_user(desk.database, "Bo")
    await desk.do(left_alone.do_not_disturb, until=desk.clock.now() + HOUR, substitute_id=bo.id)
    await an_incident(desk, [desk.user, bo])

    await clockwork.run()

    assert await clockwork.paged() == ["Bo"]


async def test_where_everyone_must_acknowledge_it_is_the_substitute_who_must(desk: Desk, clockwork: Clockwork):
    bo = await a_user(desk.database, "Bo")
    await desk.do(left_alone.do_not_disturb, until=desk.clock.now() + HOUR, substitute_id=bo.id)
    await an_incident(desk, desk.user, everyone=True)

    await clockwork.run()

    [(must,)] = await desk.rows("SELECT must_acknowledge FROM incidents")
    assert bo.id in must["waiting"]
    assert desk.user.id not in must["waiting"]


async def test_the_safety_net_pages_the_substitute_of_a_manager(desk: Desk, clockwork: Clockwork):
    bo = await a_user(desk.database, "Bo")
    await desk.do(left_alone.do_not_disturb, until=desk.clock.now() + HOUR, substitute_id=bo.id)
    team = await a_team(desk.database, managers=[desk.user])
    nobody = await a_user(desk.database, "Dee", reachable=False)
    policy = await a_policy(desk.database, nobody, team=team, repeats=0)
    service = await a_service(desk.database, team=team, policy=policy)
    await a_stored_incident(desk.database, service, timer="escalation")

    await clockwork.run()
    await clockwork.run()

    assert await clockwork.paged() == ["Bo"]


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ({"for_": -HOUR}, "in the future"),
        ({"for_": 61 * 24 * HOUR}, "take leave for longer"),
        ({"who": "Ada"}, "nobody can stand in for themselves"),
        ({"who": "Dee"}, "cannot be reached by any page"),
        ({"who": "Eve"}, "only looks on and cannot acknowledge"),
    ],
)
async def test_what_cannot_be_is_refused_in_words(desk: Desk, wish: dict[str, Any], why: str):
    named = {"Ada": desk.user, "Bo": await a_user(desk.database, "Bo")}
    named["Dee"] = await a_user(desk.database, "Dee", reachable=False)
    named["Eve"] = await a_user(desk.database, "Eve", role="observer")
    until = desk.clock.now() + wish.get("for_", HOUR)

    with pytest.raises(Invalid, match=why):
        await desk.do(left_alone.do_not_disturb, until=until, substitute_id=named[wish.get("who", "Bo")].id)


@pytest.mark.parametrize(("stands_in", "paged"), [("Bo", ["Bo"]), ("Cy", ["Bo", "Cy"])])
async def test_who_comes_on_call_and_is_not_to_be_disturbed_is_stood_in_for_once(
    desk: Desk, clockwork: Clockwork, stands_in: str, paged: list[str]
):
    people = {name: await a_user(desk.database, name) for name in ("Bo", "Cy")}
    until = desk.clock.now() + 3 * HOUR
    await desk.do(left_alone.do_not_disturb, until=until, substitute_id=people[stands_in].id)
    began_at = desk.clock.now() - 23 * HOUR
    schedule = await a_schedule(desk.database, people["Bo"], desk.user, starts_at=began_at, unit="days")
    await an_incident(desk, schedule, wait_s=7200)
    await desk.as_("timer:engine", know_all)
    await desk.as_("timer:engine", follow)
    await clockwork.run()

    for _ in range(3):
        desk.clock.advance(30 * MINUTE)
        await desk.as_("timer:engine", follow)

    assert await clockwork.paged() == paged


async def test_a_page_of_an_assignee_goes_to_their_substitute_and_is_still_wanted(desk: Desk, clockwork: Clockwork):
    bo = await a_user(desk.database, "Bo")
    await desk.do(left_alone.do_not_disturb, until=desk.clock.now() + HOUR, substitute_id=bo.id)
    incident = await an_incident(desk, bo)
    await desk.as_(bo, reassign, incident.id, to=desk.user.id)
    await clockwork.run()

    async with desk.acting("deliver:test") as uow:
        attempts = await claim_and_begin(uow, channel="email", worker=1, limit=10, limit_low=10)

    assert [(attempt.kind, attempt.user_name) for attempt in attempts] == [("assigned", "Bo")]


async def test_pages_that_go_together_go_so_to_a_substitute_too(desk: Desk, clockwork: Clockwork):
    bo = await a_user(desk.database, "Bo")
    await desk.do(left_alone.do_not_disturb, until=desk.clock.now() + HOUR, substitute_id=bo.id)
    for _ in range(2):
        incident = await an_incident(desk, bo)
        await desk.as_(bo, reassign, incident.id, to=desk.user.id)
    await clockwork.run(after=2 * MINUTE)

    async with desk.acting("deliver:test") as uow:
        [attempt] = await claim_and_begin(uow, channel="email", worker=1, limit=10, limit_low=10)

    assert (attempt.user_name, len(attempt.others)) == ("Bo", 1)


async def test_ones_own_page_says_who_stands_in_and_whether_they_can_now(desk: Desk):
    bo = await a_user(desk.database, "Bo")
    until = desk.clock.now() + HOUR
    await desk.do(left_alone.do_not_disturb, until=until, substitute_id=bo.id)
    lines: list[Any] = []
    for active in (True, False):
        async with desk.acting("system:test") as uow:
            (await uow.session.get_one(UserRow, bo.id)).active = active
        async with desk.database.screens() as session:
            lines.append((await read(session, desk.user.id, at=desk.clock.now()))["undisturbed"])
            people = await roster(session, at=desk.clock.now(), unset=(), addresses=False)
            lines.append(next(line["instead"] for line in people if line["id"] == desk.user.id))

    common = {"until": until.timestamp(), "substitute_id": bo.id, "substitute": "Bo"}
    assert [lines[0], lines[2]] == [{**common, "reachable": True}, {**common, "reachable": False}]
    assert [lines[1]["user"], lines[3]["user"]] == ["Bo", None]
    async with desk.database.screens() as session:
        assert (await read(session, desk.user.id, at=until))["undisturbed"] is None
