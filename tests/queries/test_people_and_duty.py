"""People, services and who is on call, on a real database."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from opsknight.domain.model.liveness import SILENT_AFTER
from opsknight.domain.queries.oncall import on_call_now, shifts_of
from opsknight.domain.queries.people import actor_names, people
from opsknight.domain.queries.services import services
from opsknight.domain.store.engine import Database
from tests.builders import a_contact_method, a_policy, a_schedule, a_service, a_team, a_user, an_integration
from tests.clock import NOON

WEEK = timedelta(days=7)


async def test_people_are_listed_with_whether_a_page_reaches_them(database: Database):
    await a_user(database, "cy", active=False)
    bo = await a_user(database, "Bo", reachable=False, role="admin")
    await a_contact_method(database, bo, verified=False)
    await a_user(database, "ada")
    off = await a_user(database, "Di", reachable=False)
    await a_contact_method(database, off, disabled_at=NOON)
    await a_contact_method(database, await a_user(database, "Eve", reachable=False), channel="sms")
    lost = await a_user(database, "Flo", reachable=False)
    await a_contact_method(database, lost, channel="push", heard_at=NOON - SILENT_AFTER)

    async with database.screens() as session:
        found = await people(session, at=NOON, unset={"sms"})

    assert [(line["name"], line["role"], line["active"], line["reachable"]) for line in found] == [
        ("ada", "responder", True, True),
        ("Bo", "admin", True, False),
        ("Di", "responder", True, False),
        ("Eve", "responder", True, False),
        ("Flo", "responder", True, False),
        ("cy", "responder", False, False),
    ]


async def test_whoever_did_something_is_called_by_name(database: Database):
    ada = await a_user(database, "Ada")
    key = await an_integration(database, name="Prometheus")
    mine, theirs = f"user:{ada.id}", f"integration:{key.id}"

    async with database.screens() as session:
        names = await actor_names(session, {mine, theirs, "timer:escalation", "user:99999", "user:x"})

    assert (names[mine], names[theirs], names["timer:escalation"]) == ("Ada", "Prometheus", "OpsKnight")
    assert names["user:99999"] == names["user:x"] == "OpsKnight"


async def test_services_show_their_keys_only_to_whom_may_see_them(database: Database):
    team = await a_team(database, "Payments")
    policy = await a_policy(database, team=team)
    service = await a_service(database, "Checkout", team=team, policy=policy)
    key = await an_integration(database, service, provider="datadog", name="Datadog")
    await an_integration(database, service, active=False, removed_at=NOON)
    await a_service(database, "accounts", team=team)

    async with database.screens() as session:
        shown = await services(session, with_keys=True)
        hidden = await services(session, with_keys=False)

    assert [line["name"] for line in shown] == ["accounts", "Checkout"]
    assert (shown[1]["team"], shown[1]["policy"]) == ("Payments", policy.name)
    integration = {"id": key.id, "provider": "datadog", "name": "Datadog", "key": key.key, "secrets": 0, "active": True}
    assert shown[1]["integrations"] == [integration]
    assert hidden[1]["integrations"] == [{**integration, "key": None, "secrets": None}]


async def test_who_is_on_call_is_told_per_schedule_gaps_included(database: Database):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    primary = await a_schedule(database, bo, ada, name="Primary")
    empty = await a_schedule(database, name="empty")

    async with database.screens() as session:
        found = await on_call_now(session, at=NOON, you=ada.id)

    assert found == [
        {
            "schedule": "empty",
            "schedule_id": empty.id,
            "user": None,
            "user_id": None,
            "layer": None,
            "until": None,
            "you": False,
        },
        {
            "schedule": "Primary",
            "schedule_id": primary.id,
            "user": "Ada",
            "user_id": ada.id,
            "layer": "Primary",
            "until": (NOON + WEEK).timestamp(),
            "you": True,
        },
    ]


async def test_the_next_shift_is_the_earliest_of_all_schedules(database: Database):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    await a_schedule(database, bo, ada, name="Primary", starts_at=NOON)
    nights = await a_schedule(database, bo, ada, name="Nights", starts_at=NOON, unit="days")

    async with database.screens() as session:
        [found] = await shifts_of(session, ada.id, after=NOON, count=1)
        none = await shifts_of(session, (await a_user(database)).id, after=NOON, count=1)

    day = timedelta(days=1)
    assert found == {
        "schedule": "Nights",
        "schedule_id": nights.id,
        "from": (NOON + day).timestamp(),
        "to": (NOON + 2 * day).timestamp(),
    }
    assert none == []


async def test_a_schedule_hands_over_by_the_wall_clock_of_its_zone(database: Database):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    berlin = ZoneInfo("Europe/Berlin")
    starts_at = datetime(2026, 10, 24, 9)  # noqa: DTZ001  # a wall clock
    await a_schedule(database, ada, bo, zone="Europe/Berlin", starts_at=starts_at, unit="days")

    async with database.screens() as session:
        [duty] = await on_call_now(session, at=datetime(2026, 10, 25, 8, 30, tzinfo=berlin))

    assert (duty["user"], duty["until"]) == ("Ada", datetime(2026, 10, 25, 9, tzinfo=berlin).timestamp())
