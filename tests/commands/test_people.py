"""People: invited, changed, deactivated and back; and that somebody is always left to arrange them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from opsknight.domain.commands import people, sessions
from opsknight.domain.commands.people import Wish
from opsknight.domain.model.permission import Role
from opsknight.domain.queries.sessions import viewer_of
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import UserRow
from opsknight.errors import Conflict, Forbidden, Invalid, NotFound
from tests.builders import a_policy, a_schedule, a_service, a_stored_incident, a_team, a_user
from tests.clock import StoppedClock
from tests.commands.desk import Desk
from tests.conftest import Acting

ADA = Wish("Ada Moreno", Role.RESPONDER, "Europe/Berlin")


@pytest.fixture
async def office(database: Database, acting: Acting, clock: StoppedClock) -> Desk:
    """The desk of Sam, an admin."""
    return Desk(database, acting, clock, await a_user(database, "Sam", role="admin"))


async def told(office: Desk, kind: str) -> list[dict[str, Any]]:
    return [data for (data,) in await office.rows("SELECT data FROM facts WHERE kind = :kind ORDER BY seq", kind=kind)]


async def a_cookie(acting: Acting, user: UserRow) -> str:
    async with acting("system:test") as uow:
        return await sessions.open_session(uow, user.id)


async def test_who_is_invited_can_sign_in_with_the_link_and_is_what_was_said(office: Desk, clock: StoppedClock):
    invited = await office.do(people.invite, "ada@example.org", ADA, mailed=False)

    cookie = await office.as_("anonymous", sessions.use_sign_in_link, invited.token)

    async with office.database.screens() as session:
        viewer = await viewer_of(session, cookie, now=clock.now())
    assert viewer is not None
    assert (viewer.name, viewer.role, viewer.zone, viewer.email) == (
        "Ada Moreno",
        Role.RESPONDER,
        "Europe/Berlin",
        "ada@example.org",
    )
    assert invited.sentence == "Ada Moreno is invited as a responder."
    assert await told(office, "person invited") == [{"user": "Ada Moreno", "user_id": invited.id, "role": "responder"}]


async def test_an_invitation_that_only_the_mailbox_knew_proves_the_address(office: Desk):
    invited = await office.do(people.invite, "ada@example.org", ADA, mailed=True)

    await office.as_("anonymous", sessions.use_sign_in_link, invited.token)

    sql = "SELECT channel, address, verified_at IS NOT NULL FROM contact_methods WHERE user_id = :id"
    assert await office.rows(sql, id=invited.id) == [("email", "ada@example.org", True)]
    assert len(await told(office, "contact method verified")) == 1


async def test_an_invitation_that_an_admin_saw_proves_nothing(office: Desk):
    invited = await office.do(people.invite, "ada@example.org", ADA, mailed=False)

    await office.as_("anonymous", sessions.use_sign_in_link, invited.token)

    sql = "SELECT verified_at FROM contact_methods WHERE user_id = :id"
    assert await office.rows(sql, id=invited.id) == [(None,)]


async def test_a_sign_in_link_asked_for_by_mail_proves_the_address_as_well(office: Desk):
    invited = await office.do(people.invite, "ada@example.org", ADA, mailed=False)
    asked = await office.as_("anonymous", sessions.ask_for_sign_in_link, email="ada@example.org")
    assert asked is not None

    await office.as_("anonymous", sessions.use_sign_in_link, asked.token)

    sql = "SELECT verified_at FROM contact_methods WHERE user_id = :id"
    assert await office.rows(sql, id=invited.id) != [(None,)]


async def test_an_invitation_waits_for_three_days(office: Desk, clock: StoppedClock):
    invited = await office.do(people.invite, "ada@example.org", ADA, mailed=True)

    clock.advance(sessions.INVITATION_LASTS)

    with pytest.raises(Conflict, match="its time has passed"):
        await office.as_("anonymous", sessions.use_sign_in_link, invited.token)


async def test_an_address_belongs_to_one_person_whatever_its_case(office: Desk, database: Database):
    await a_user(database, "Ada", email="ada@example.org")
    await a_user(database, "Bo", email="bo@example.org", active=False)

    with pytest.raises(Conflict, match=r"Ada has the address ADA@example.org already: invite them again"):
        await office.do(people.invite, "ADA@example.org", ADA, mailed=True)
    with pytest.raises(Conflict, match="the account is deactivated; reactivate it"):
        await office.do(people.invite, "bo@example.org", ADA, mailed=True)


@pytest.mark.parametrize(
    ("email", "wish", "why"),
    [
        ("ada", ADA, "This is no e-mail address"),
        ("ada@example.org\nBcc: x@example.org", ADA, "This is no e-mail address"),
        ("ada@example.org", Wish(" ", Role.RESPONDER), "Say the name"),
        ("ada@example.org", Wish("a" * 101, Role.RESPONDER), "101 characters; 100 are allowed"),
        ("ada@example.org", Wish("Ada", Role.RESPONDER, "Mars/Olympus"), "is no time zone"),
    ],
)
async def test_who_cannot_be_written_to_or_called_is_not_invited(office: Desk, email: str, wish: Wish, why: str):
    with pytest.raises(Invalid, match=why):
        await office.do(people.invite, email, wish, mailed=True)


async def test_who_is_invited_into_a_team_belongs_to_it(office: Desk, database: Database):
    team = await a_team(database, "Platform")

    invited = await office.do(people.invite, "ada@example.org", ADA, team_id=team.id, mailed=True)

    sql = "SELECT team_id, manages FROM team_members WHERE user_id = :id"
    assert await office.rows(sql, id=invited.id) == [(team.id, False)]


async def test_name_zone_and_role_are_changed_and_told(office: Desk, database: Database):
    ada = await a_user(database, "Ada")

    done = await office.do(people.change, ada.id, ADA)
    again = await office.do(people.change, ada.id, ADA)
    made = await office.do(people.change, ada.id, Wish("Ada Moreno", Role.MANAGER, "Europe/Berlin"))

    assert done.sentence == "Ada Moreno was called Ada and lives by the clock of Europe/Berlin."
    assert again.sentence == "Nothing has changed for Ada Moreno."
    assert made.sentence == "Ada Moreno is a manager now."
    assert [each["role"] for each in await told(office, "role changed")] == ["manager"]
    assert len(await told(office, "person changed")) == 1


async def test_who_is_no_manager_any_more_manages_no_team(office: Desk, database: Database):
    ada = await a_user(database, "Ada", role="manager")
    await a_team(database, "Platform", managers=[ada])

    done = await office.do(people.change, ada.id, Wish("Ada", Role.RESPONDER))

    assert done.sentence == "Ada is a responder now and manages Platform no more."
    assert await office.rows("SELECT manages FROM team_members WHERE user_id = :id", id=ada.id) == [(False,)]


async def test_everybody_changes_their_own_name_and_zone_and_nothing_else(desk: Desk):
    done = await desk.do(people.change_own, name=" Ada   Moreno", zone="Asia/Kathmandu")

    assert done.sentence == "Saved."
    row = await desk.rows("SELECT name, zone, role FROM users WHERE id = :id", id=desk.user.id)
    assert row == [("Ada Moreno", "Asia/Kathmandu", "responder")]
    with pytest.raises(Invalid, match="is no time zone"):
        await desk.do(people.change_own, name="Ada", zone="Nowhere")


async def test_a_deactivated_person_is_signed_out_everywhere_and_by_no_link_back_in(
    office: Desk, database: Database, acting: Acting, clock: StoppedClock
):
    ada = await a_user(database, "Ada")
    cookies = [await a_cookie(acting, ada) for _ in range(2)]
    link = await office.do(people.invite_again, ada.id, mailed=True)

    done = await office.do(people.deactivate, ada.id)

    assert done.sentence == "Ada is deactivated and signed out everywhere."
    async with database.screens() as session:
        assert [await viewer_of(session, cookie, now=clock.now()) for cookie in cookies] == [None, None]
    assert [each["user"] for each in await told(office, "signed out")] == ["Ada", "Ada"]
    await office.do(people.reactivate, ada.id)
    with pytest.raises(NotFound, match="not known here"):
        await office.as_("anonymous", sessions.use_sign_in_link, link.token)


async def test_what_still_counts_on_a_deactivated_person_is_said(office: Desk, database: Database):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    schedule = await a_schedule(database, ada, bo, name="Primary")
    policy = await a_policy(database, schedule, ada)
    service = await a_service(database, "Checkout", policy=policy)
    await a_stored_incident(database, service, status="acknowledged", assignee_id=ada.id)

    done = await office.do(people.deactivate, ada.id)

    assert done.sentence == (
        "Ada is deactivated and signed out everywhere. Still to be mended: Ada owns 1 open incident, is in the"
        f" rotation of Primary and is asked by the policy {policy.name}."
    )


async def test_deactivating_twice_writes_one_fact(office: Desk, database: Database):
    ada = await a_user(database, "Ada")

    answers = [await office.do(people.deactivate, ada.id) for _ in range(2)]

    assert answers[1].sentence == "Ada is deactivated already."
    assert len(await told(office, "person deactivated")) == 1


async def test_the_last_active_admin_stays_one(office: Desk, database: Database):
    await a_user(database, "Gone", role="admin", active=False)
    sam = office.user

    for attempt in (
        office.do(people.change, sam.id, Wish("Sam", Role.OBSERVER)),
        office.do(people.deactivate, sam.id),
        office.as_("system:cli", people.deactivate, sam.id),
    ):
        with pytest.raises(Conflict, match="Sam is the only active admin"):
            await attempt


async def test_an_admin_is_demoted_by_another_only(office: Desk, database: Database):
    bo = await a_user(database, "Bo", role="admin")

    with pytest.raises(Conflict, match="You cannot deactivate yourself; ask another admin"):
        await office.do(people.deactivate, office.user.id)
    done = await office.as_(bo, people.change, office.user.id, Wish("Sam", Role.RESPONDER))

    assert done.sentence == "Sam is a responder now."


async def test_of_two_admins_who_demote_each_other_at_once_one_stays(office: Desk, database: Database):
    sam, bo = office.user, await a_user(database, "Bo", role="admin")
    for _ in range(10):
        answers = await asyncio.gather(
            office.as_(sam, people.change, bo.id, Wish("Bo", Role.RESPONDER)),
            office.as_(bo, people.change, sam.id, Wish("Sam", Role.RESPONDER)),
            return_exceptions=True,
        )

        [(admins,)] = await office.rows("SELECT count(*) FROM users WHERE role = 'admin' AND active")
        assert admins == 1
        assert [type(answer) for answer in answers if isinstance(answer, Exception)] in ([Conflict], [Forbidden])
        for user in (sam, bo):
            await office.as_("system:test", people.change, user.id, Wish(user.name, Role.ADMIN))


async def test_a_deactivated_person_is_invited_only_after_they_are_active_again(office: Desk, database: Database):
    ada = await a_user(database, "Ada", active=False)

    with pytest.raises(Forbidden, match="reactivate it first"):
        await office.do(people.invite_again, ada.id, mailed=True)
    back = await office.do(people.reactivate, ada.id)

    assert back.sentence == "Ada is active again, as a responder."


@pytest.mark.parametrize("role", ["manager", "responder", "observer"])
async def test_only_admins_arrange_people(office: Desk, database: Database, role: str):
    who, ada = await a_user(database, role=role), await a_user(database, "Ada")

    for attempt in (
        office.as_(who, people.invite, "new@example.org", ADA, mailed=True),
        office.as_(who, people.invite_again, ada.id, mailed=True),
        office.as_(who, people.change, ada.id, ADA),
        office.as_(who, people.deactivate, ada.id),
        office.as_(who, people.reactivate, ada.id),
    ):
        with pytest.raises(
            Forbidden, match=r"cannot (administer OpsKnight|decide who signs in here, and in which role); ask an admin"
        ):
            await attempt
