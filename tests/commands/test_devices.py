"""Devices that take pushes, and whether they are still there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from opsknight.domain.commands import devices, receipts
from opsknight.domain.model.liveness import ASKED_AFTER, SILENT_AFTER
from opsknight.domain.queries.contact_methods import contact_methods
from opsknight.domain.queries.roster import roster
from opsknight.domain.store.tables import ContactMethodRow
from tests.builders import a_contact_method, a_notification, a_page, a_service, a_stored_incident, a_team, a_user
from tests.commands.clockwork import Clockwork
from tests.commands.desk import Desk

HOUR = timedelta(hours=1)


async def a_phone(desk: Desk, **columns: Any) -> ContactMethodRow:
    said = {"label": "Phone", "secret": {"auth": "s3cret"}, "heard_at": desk.clock.now(), **columns}
    return await a_contact_method(desk.database, desk.user, channel="push", **said)


async def pages(desk: Desk, kind: str) -> list[tuple[Any, ...]]:
    sql = (
        "SELECT m.channel, split_part(p.reason, E'\\n', 1) FROM pages p JOIN notifications n ON n.page_id = p.id"
        " JOIN contact_methods m ON m.id = n.contact_method_id WHERE p.kind = :kind"
    )
    return await desk.rows(sql, kind=kind)


async def heard_at(desk: Desk, phone: ContactMethodRow) -> Any:
    return (await desk.rows("SELECT heard_at FROM contact_methods WHERE id = :id", id=phone.id))[0][0]


async def test_a_device_that_was_not_heard_of_for_a_week_is_asked_quietly_once_a_week(desk: Desk):
    await a_phone(desk)
    desk.clock.advance(ASKED_AFTER - HOUR)
    assert await desk.as_("housekeeping:devices", devices.ask) == 0
    desk.clock.advance(HOUR)

    asked = [await desk.as_("housekeeping:devices", devices.ask) for _ in range(2)]

    assert asked == [1, 0]
    assert await pages(desk, "check") == [("push", "the device was quiet for a while")]
    assert await desk.rows("SELECT DISTINCT urgency FROM notifications") == [("low",)]


async def test_of_a_silent_device_its_person_is_told_by_another_way_once(desk: Desk):
    await a_phone(desk)
    desk.clock.advance(SILENT_AFTER)

    told = [await desk.as_("housekeeping:devices", devices.tell_of_the_silent) for _ in range(2)]

    assert told == [1, 0]
    assert await pages(desk, "silent") == [("email", "Phone gives no sign of life")]


@pytest.mark.parametrize(("managed", "told"), [(True, ["Mo"]), (False, ["Admin"])])
async def test_of_whom_nothing_else_reaches_who_answers_for_them_is_told(desk: Desk, *, managed: bool, told: list[str]):
    bo = await a_user(desk.database, "Bo", reachable=False)
    mo = await a_user(desk.database, "Mo", role="manager")
    await a_user(desk.database, "Admin", role="admin")
    await a_team(desk.database, members=[bo], managers=[mo] if managed else [])
    await a_contact_method(desk.database, bo, channel="push", label="Phone", heard_at=desk.clock.now() - SILENT_AFTER)

    await desk.as_("housekeeping:devices", devices.tell_of_the_silent)

    sql = "SELECT u.name, split_part(p.reason, E'\\n', 1) FROM pages p JOIN users u ON u.id = p.user_id"
    words = "Nothing reaches Bo but devices that give no sign of life"
    assert await desk.rows(sql) == [(name, words) for name in told]


async def test_a_page_does_not_wait_for_a_silent_device(desk: Desk, clockwork: Clockwork):
    await a_phone(desk)
    desk.clock.advance(SILENT_AFTER)
    service = await a_service(desk.database, pages=[desk.user])
    await a_stored_incident(desk.database, service, timer="escalation", created_at=desk.clock.now())

    await clockwork.run()

    due = await desk.rows("SELECT channel, due_at FROM notifications ORDER BY position")
    assert due == [("push", desk.clock.now()), ("email", desk.clock.now())]


async def test_a_sign_of_life_needs_the_secret_of_the_subscription(desk: Desk):
    phone = await a_phone(desk)
    before = await heard_at(desk, phone)
    desk.clock.advance(timedelta(days=1))

    await desk.as_("system:heartbeat", devices.heard, phone.address, "wrong")
    assert await heard_at(desk, phone) == before
    await desk.as_("system:heartbeat", devices.heard, "https://push.example.org/unknown", "s3cret")
    await desk.as_("system:heartbeat", devices.heard, phone.address, "s3cret")

    assert await heard_at(desk, phone) == desk.clock.now()


async def test_a_device_that_is_heard_again_is_told_of_anew_when_it_falls_silent_again(desk: Desk):
    phone = await a_phone(desk)
    for _ in range(2):
        desk.clock.advance(SILENT_AFTER)
        assert await desk.as_("housekeeping:devices", devices.tell_of_the_silent) == 1
        await desk.as_("system:heartbeat", devices.heard, phone.address, "s3cret")

    kinds = [kind for (kind,) in await desk.rows("SELECT kind FROM facts WHERE kind LIKE 'device %' ORDER BY xid, seq")]
    assert kinds == ["device silent", "device heard"] * 2


async def test_whom_only_silent_devices_reach_is_shown_as_not_reached(desk: Desk):
    bo = await a_user(desk.database, "Bo", reachable=False)
    said = {"label": "Phone", "secret": {"auth": "s3cret"}, "heard_at": desk.clock.now() - SILENT_AFTER}
    await a_contact_method(desk.database, bo, channel="push", **said)

    async with desk.database.screens() as session:
        people = await roster(session, at=desk.clock.now(), unset=(), addresses=False)
        [method] = await contact_methods(session, bo.id, at=desk.clock.now())

    [line] = [line for line in people if line["id"] == bo.id]
    assert (line["reachable"], line["why"]) == (False, "Only devices that give no sign of life")
    assert (method["silent"], method["heard_at"]) == (True, said["heard_at"].timestamp())


async def test_a_receipt_is_a_sign_of_life_and_of_what_gives_none_by_itself_nothing_is_noted(desk: Desk):
    phone = await a_phone(desk)
    sms = await a_contact_method(desk.database, desk.user, channel="sms")
    desk.clock.advance(SILENT_AFTER)
    page = await a_page(desk.database, await a_stored_incident(desk.database), desk.user)
    for method in (phone, sms):
        sent = await a_notification(desk.database, page, method, attempts=1, status="accepted")
        await desk.as_("system:receipt", receipts.delivered, sent.id)

    rows = await desk.rows("SELECT channel, heard_at FROM contact_methods ORDER BY channel")
    assert rows == [("email", None), ("push", desk.clock.now()), ("sms", None)]
