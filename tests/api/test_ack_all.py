"""“Ack all”: everything that is open, however much it is, and an answer that fits into one text."""

from __future__ import annotations

import pytest

from opsknight.domain.commands import incidents
from opsknight.domain.model import sms
from opsknight.domain.model.everyone import Everyone
from opsknight.domain.store.tables import IncidentRow
from tests.api.a_phone import Phone, a_phone
from tests.api.house import House
from tests.builders import a_user


@pytest.fixture
async def phone(house: House) -> Phone:
    return await a_phone(house)


async def told_of_many(phone: Phone, count: int) -> None:
    """Let the phone have been texted of `count` more open incidents, each twice."""
    await phone.write(
        """
        WITH made AS (
            INSERT INTO incidents (id, service_id, title, status, urgency, highest_urgency, severity, opened_by,
                created_at, updated_at)
            SELECT gen_random_uuid(), i.service_id, 'Many', 'open', 'high', 'high', 'critical', i.opened_by,
                i.created_at, i.updated_at
            FROM incidents i, generate_series(1, :count) WHERE i.id = :incident
            RETURNING id
        )
        INSERT INTO notifications (id, page_id, incident_id, generation, user_id, contact_method_id, channel, urgency,
            position, status, due_at, attempts, created_at)
        SELECT CAST(left(n.id::text, 14) || right(gen_random_uuid()::text, 22) AS uuid), n.page_id, made.id, 1,
            n.user_id, n.contact_method_id, n.channel, n.urgency, 1000 + row_number() OVER (), 'accepted', n.due_at, 1,
            n.created_at
        FROM notifications n, made, generate_series(1, 2) WHERE n.id = :message
        """,
        count=count,
        incident=phone.incident.id,
        message=phone.message.id,
    )


async def open_now(phone: Phone) -> int:
    return (await phone.read("SELECT count(*) FROM incidents WHERE status = 'open'"))[0]


async def test_ack_all_leaves_none_of_very_many_open_and_says_how_many_there_were(phone: Phone):
    await told_of_many(phone, 210)

    said = await phone.says("ack all")

    assert await open_now(phone) == 0
    assert said == "Acknowledged 211 incidents; nobody is paged for them any more."


async def test_ack_all_counts_what_waits_for_others_apart(phone: Phone):
    await told_of_many(phone, 8)
    bo = await a_user(phone.house.database, "Bo")
    both = Everyone(generation=1, waiting=(phone.ada.id, bo.id))
    async with phone.house.deps.commands("system:test") as uow:
        (await uow.session.get_one(IncidentRow, phone.incident.id)).must_acknowledge = both.to_json()

    said = await phone.says("ack all")

    assert said.splitlines() == [
        "Acknowledged 8 incidents; nobody is paged for them any more.",
        "Your acknowledge of 1 is recorded; it is open until others acknowledge too.",
    ]


async def test_ack_all_that_is_refused_says_for_how_many_and_why(phone: Phone):
    await told_of_many(phone, 8)
    await phone.write("UPDATE users SET role = 'observer'")
    await phone.write("UPDATE pages SET kind = 'watch'")

    said = await phone.says("ack all")

    assert await open_now(phone) == 9
    assert sms.segments(sms.plain(said)) <= sms.SEGMENTS_AT_MOST
    assert said.startswith("9 are as they were: #1, #2, #3, #4 and 5 more. The first is #1: An observer cannot")


async def test_an_acknowledge_of_few_names_each(phone: Phone):
    other = await phone.told_of_another()

    said = await phone.says("ack all")

    assert said.splitlines() == [
        f"#{number}: Acknowledged “{title}”; nobody is paged any more."
        for number, title in sorted([(phone.incident.number, "Disk full on db-1"), (other.number, "Slow")])
    ]


async def test_what_another_has_by_now_is_no_part_of_all(phone: Phone):
    await told_of_many(phone, 4)
    bo = await a_user(phone.house.database, "Bo")
    async with phone.house.deps.commands(f"user:{bo.id}") as uow:
        await incidents.acknowledge(uow, phone.incident.id)

    await phone.says("ack all")

    assert (await phone.of_incident())[1] == bo.id
    assert await open_now(phone) == 0
