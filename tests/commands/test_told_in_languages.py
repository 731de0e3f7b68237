"""What people are told without having asked: all of it in the language of whom it is told; the ledger in English."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from opsknight.domain.commands import canaries, devices, drills, fitness, foretelling, incidents, watchers
from opsknight.domain.commands.disk import tell_low
from opsknight.domain.commands.leaves import Wish as Leave
from opsknight.domain.commands.leaves import take_leave
from opsknight.domain.model.canary import Spell
from opsknight.domain.model.disk import Disk
from opsknight.domain.model.liveness import SILENT_AFTER
from opsknight.domain.queries.fitness import Ground
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import ContactMethodRow, HandoffNoteRow, LayerRow, NotificationRuleRow, UserRow
from tests.builders import (
    a_contact_method,
    a_notification,
    a_page,
    a_policy,
    a_schedule,
    a_service,
    a_stored_incident,
    a_team,
    a_user,
)
from tests.clock import NOON
from tests.commands.desk import Desk
from tests.marked import MARKED, outside, words_left

pytestmark = pytest.mark.usefixtures("marked_readers")

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
SOON = NOON - 6 * DAY - 23 * HOUR
"""When a weekly rotation began whose next shift begins in an hour."""
NAMES = ("Ada", "Bo", "Cy", "Max", "Primary", "Checkout", "Disk full on db-1", "Phone", "CET", "UTC", "person")


@pytest.fixture
async def max_(database: Database) -> UserRow:
    """Who manages the team."""
    return await a_user(database, "Max", role="manager", language=MARKED)


@pytest.fixture
async def ada(database: Database) -> UserRow:
    return await a_user(database, "Ada", language=MARKED, zone="Europe/Berlin")


async def told(desk: Desk, kind: str) -> str:
    """Return what was told by pages of a kind, and see to it that the ledger tells it in English."""
    words = await desk.rows("SELECT reason FROM pages WHERE kind = :kind ORDER BY id", kind=kind)
    facts = await desk.rows("SELECT data::text FROM facts")
    assert "⟦" not in str(facts)
    assert words
    return "\n".join(reason for (reason,) in words)


async def is_marked(desk: Desk, kind: str) -> bool:
    said = await told(desk, kind)
    assert words_left(said, *NAMES) == [], outside(said)
    return all("⟦" in line for line in said.splitlines())


async def asked(database: Database, **schedule: Any) -> Any:
    """Return a schedule that a policy of Checkout asks."""
    found = await a_schedule(database, *schedule.pop("people"), name="Primary", **schedule)
    service = await a_service(database, "Checkout", policy=await a_policy(database, found))
    return found, service


@pytest.mark.parametrize("busy", [True, False])
async def test_the_reminder_of_a_shift(database: Database, desk: Desk, ada: UserRow, *, busy: bool):
    bo = await a_user(database, "Bo")
    schedule, service = await asked(database, people=(bo, ada), starts_at=SOON)
    if busy:
        for status in ("open", "acknowledged", "snoozed", "suppressed", "open", "open", "open"):
            await a_stored_incident(database, service, status=status, assignee_id=bo.id)
        async with database.commands() as session:
            note = {"schedule_id": schedule.id, "user_id": bo.id, "text": "Ada"}
            when = {"began_at": SOON, "handoff_at": NOON + HOUR, "written_at": NOON}
            session.add(HandoffNoteRow(**note, **when))
            await session.commit()
        await desk.as_(ada, take_leave, Leave(ada.id, NOON + 2 * HOUR, NOON + 4 * HOUR))
    desk.clock.advance(5 * MINUTE)

    await desk.as_("housekeeping:shifts", foretelling.announce_shifts)

    assert await is_marked(desk, "shift")


@pytest.mark.parametrize("unset", [(), ("sms",)])
async def test_that_somebody_whose_shift_begins_cannot_be_reached(
    database: Database, desk: Desk, max_: UserRow, unset: Sequence[str]
):
    lost = await a_user(database, "Cy", reachable=False)
    if unset:
        await a_contact_method(database, lost, channel="sms", address="+491512")
    team = await a_team(database, managers=[max_])
    await asked(database, people=(await a_user(database, "Bo"), lost), team=team, starts_at=SOON)
    desk.clock.advance(5 * MINUTE)

    await desk.as_("housekeeping:shifts", foretelling.announce_shifts, unset=unset)

    assert await is_marked(desk, "gap")


async def test_gaps_of_a_schedule(database: Database, desk: Desk, ada: UserRow, max_: UserRow):
    await asked(database, people=(ada,), team=await a_team(database, managers=[max_]))
    async with database.commands() as session:
        await session.execute(update(LayerRow).values(ends_at=(NOON + 3 * DAY).replace(tzinfo=None)))
        await session.commit()
    for day in range(7):
        await desk.as_(ada, take_leave, Leave(ada.id, NOON + HOUR * (5 + 9 * day), NOON + HOUR * (7 + 9 * day)))

    await desk.as_("housekeeping:gaps", foretelling.warn_of_gaps)

    assert await is_marked(desk, "gap")


@pytest.mark.parametrize("reachable", [True, False])
@pytest.mark.parametrize("ground", [Ground(unset=(), loud=True), Ground(unset=(), loud=False)])
async def test_who_is_not_ready(database: Database, desk: Desk, max_: UserRow, ground: Ground, *, reachable: bool):
    team = await a_team(database, "Payments", managers=[max_])
    people = [await a_user(database, "Ada", language=MARKED, reachable=reachable) for _ in range(5)]
    people.append(await a_user(database, "Cy", active=False))
    for one in people:
        await a_schedule(database, one, team=team, name="Primary")
        if one.active:
            await desk.as_(one, take_leave, Leave(one.id, NOON + HOUR, NOON + 3 * HOUR))

    await desk.as_("housekeeping:readiness", fitness.tell, ground)

    assert await is_marked(desk, "readiness")


async def test_rules_that_leave_out_what_wakes(database: Database, desk: Desk, ada: UserRow):
    await a_contact_method(database, ada, channel="voice", address="+491511")
    async with database.commands() as session:
        mail = select(ContactMethodRow.id).where(ContactMethodRow.channel == "email")
        method_id = await session.scalar(mail.where(ContactMethodRow.user_id == ada.id))
        session.add(NotificationRuleRow(user_id=ada.id, urgency="high", contact_method_id=method_id, delay_s=0))
        await session.commit()
    await a_schedule(database, ada, name="Primary")

    await desk.as_("housekeeping:readiness", fitness.tell, Ground(unset=(), loud=True))

    assert "⟦The rules for high urgency leave" in await told(desk, "readiness")
    assert await is_marked(desk, "readiness")


@pytest.mark.parametrize("net", [{"people": ["Bo", "Cy"], "reason": "the team's managers"}, {"people": []}])
async def test_what_becomes_of_a_watched_incident(database: Database, desk: Desk, ada: UserRow, net: dict[str, Any]):
    bo = await a_user(database, "Bo")
    incident = await a_stored_incident(database, timer="escalation")
    await desk.as_(ada, watchers.watch, incident.id)
    await desk.as_(bo, incidents.acknowledge, incident.id, via="Slack button")
    await desk.as_(bo, incidents.unacknowledge, incident.id)
    await desk.as_(bo, incidents.acknowledge, incident.id)
    await desk.as_(bo, incidents.resolve, incident.id)
    await desk.as_(bo, incidents.reopen, incident.id)
    async with desk.acting("timer:escalation") as uow:
        uow.record("safety net", incident_id=incident.id, **net)
        uow.record("undone", incident_id=incident.id, actor=f"user:{bo.id}", verb="resolve")
        uow.record("resolved", incident_id=incident.id, actor=f"user:{bo.id}", firing=True)
        uow.record("reopened", incident_id=incident.id, actor=f"user:{bo.id}", left=2)

    await desk.as_("housekeeping:watchers", watchers.tell)

    assert await is_marked(desk, "watch")


@pytest.mark.parametrize("late", [0, 1, 22])
async def test_that_opsknight_was_blind(database: Database, desk: Desk, late: int):
    await a_user(database, "Max", role="admin", language=MARKED)
    bo = await a_user(database, "Bo")
    incident = await a_stored_incident(database)
    page = await a_page(database, incident, bo)
    for position in range(late):
        method = await a_contact_method(database, bo, channel="push")
        message = await a_notification(database, page, method, status="accepted", attempts=1, position=position)
        async with database.commands() as session:
            sent = "INSERT INTO attempts (id, notification_id, number, worker, started_at) VALUES (:id, :id, 1, 1, :at)"
            await session.execute(text(sent), {"id": message.id, "at": NOON + 5 * MINUTE})
            await session.commit()

    async with desk.acting("timer:canary") as uow:
        await canaries._tell(uow, Spell(NOON - 10 * MINUTE, NOON + 10 * MINUTE))

    assert await is_marked(desk, "blind")


async def test_that_a_disk_is_nearly_full(database: Database, desk: Desk):
    await a_user(database, "Max", role="admin", language=MARKED)

    await desk.as_("system:disk", lambda uow: tell_low(uow, Disk("Checkout", 10**9, 40 * 10**9)))

    assert await is_marked(desk, "disk")


@pytest.mark.parametrize("channel", ["push", "window"])
@pytest.mark.parametrize("label", ["Phone", ""])
async def test_that_a_device_is_silent(database: Database, desk: Desk, ada: UserRow, channel: str, label: str):
    heard_at = desk.clock.now() - SILENT_AFTER
    await a_contact_method(database, ada, channel=channel, label=label, heard_at=heard_at)

    await desk.as_("housekeeping:devices", devices.tell_of_the_silent)

    assert await is_marked(desk, "silent")


async def test_that_only_silent_devices_reach_somebody(database: Database, desk: Desk, max_: UserRow):
    bo = await a_user(database, "Bo", reachable=False)
    await a_team(database, members=[bo], managers=[max_])
    await a_contact_method(database, bo, channel="push", label="Phone", heard_at=desk.clock.now() - SILENT_AFTER)

    await desk.as_("housekeeping:devices", devices.tell_of_the_silent)

    assert await is_marked(desk, "silent")


@pytest.mark.parametrize("by", ["Max", "weekly", "server"])
@pytest.mark.parametrize("of", ["person", "schedule"])
async def test_why_somebody_is_drilled(database: Database, desk: Desk, ada: UserRow, max_: UserRow, by: str, of: str):
    schedule = await a_schedule(database, ada, name="Primary")
    whom = drills.Whom(user_id=ada.id) if of == "person" else drills.Whom(schedule_id=schedule.id)

    weekly_at = NOON if by == "weekly" else None
    await desk.as_(max_ if by == "Max" else "system:drill", drills.begin, whom, weekly_at=weekly_at)

    assert await is_marked(desk, "drill")
