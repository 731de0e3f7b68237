"""“Yes” by text: the answer to “still on it?” where nothing was switched off that it would switch on."""

from __future__ import annotations

import pytest

from opsknight.domain.commands import incidents
from opsknight.domain.model.reply import HELP
from opsknight.domain.store.tables import IncidentRow
from tests.api.a_phone import Phone, a_phone
from tests.api.house import House
from tests.builders import a_timer, a_user


@pytest.fixture
async def phone(house: House) -> Phone:
    return await a_phone(house)


async def asked(phone: Phone, incident: IncidentRow | None = None, *, owner: int | None = None) -> None:
    """Have Ada acknowledge an incident, and be asked whether she is still on it."""
    incident = incident or phone.incident
    async with phone.house.deps.commands(f"user:{owner or phone.ada.id}") as uow:
        await incidents.acknowledge(uow, incident.id)
    await phone.write("DELETE FROM timers WHERE subject = :id", id=incident.id)
    await a_timer(phone.house.database, incident.id, kind="ack_reminder")


async def still_on_it(phone: Phone) -> list[int]:
    """Return the numbers of the incidents whose owner has answered."""
    facts = "SELECT i.number FROM facts f JOIN incidents i ON i.id = f.incident_id WHERE f.kind = 'still on it'"
    return sorted(await phone.read(facts))


async def test_yes_answers_the_question_whether_one_is_still_on_it(phone: Phone):
    await asked(phone)

    said = await phone.says("Yes")

    assert said == f"#{phone.incident.number}: “Disk full on db-1” stays with you."
    assert await still_on_it(phone) == [phone.incident.number]
    assert await phone.read("SELECT kind FROM timers") == ["ack_timeout"]


async def test_yes_switches_on_again_what_a_stop_switched_off_and_answers_nothing_then(phone: Phone):
    await asked(phone)
    await phone.says("STOP")

    said = await phone.says("YES")

    assert said == "You are paged here again."
    assert await still_on_it(phone) == []


async def test_yes_to_nothing_is_answered_with_help_once_an_hour(phone: Phone):
    assert await phone.says("yes") == HELP
    assert not await phone.says("yes")
    assert await phone.of_incident() == ("open", None)


async def test_yes_does_not_answer_for_another_owner(phone: Phone):
    bo = await a_user(phone.house.database, "Bo")
    await asked(phone, owner=bo.id)

    assert await phone.says("yes") == HELP
    assert await still_on_it(phone) == []


async def test_yes_answers_the_question_that_was_texted_last(phone: Phone):
    other = await phone.told_of_another()
    await asked(phone)
    await asked(phone, other)

    said = await phone.says("yes")

    assert said == f"#{other.number}: “Slow” stays with you."
    assert await still_on_it(phone) == [other.number]


async def test_yes_answers_all_that_one_text_asked(phone: Phone):
    other = await phone.told_of_another(status="bundled", attempts=0, bundled_into=phone.message.id)
    await asked(phone)
    await asked(phone, other)

    await phone.says("yes")

    assert await still_on_it(phone) == sorted([phone.incident.number, other.number])


@pytest.mark.parametrize("words", ["ack", "ack all"])
async def test_an_acknowledge_answers_all_that_one_text_asked(phone: Phone, words: str):
    other = await phone.told_of_another(status="bundled", attempts=0, bundled_into=phone.message.id)
    await asked(phone)
    await asked(phone, other)

    said = await phone.says(words)

    assert await still_on_it(phone) == sorted([phone.incident.number, other.number])
    assert said.count("stays with you") == 2


async def test_ack_all_answers_what_is_asked_and_acknowledges_what_is_open(phone: Phone):
    other = await phone.told_of_another()
    await asked(phone)

    await phone.says("ack all")

    assert await still_on_it(phone) == [phone.incident.number]
    assert await phone.of_incident(other) == ("acknowledged", phone.ada.id)


async def test_yes_to_very_many_is_answered_by_how_many_there_are(phone: Phone):
    others = [
        await phone.told_of_another(status="bundled", attempts=0, bundled_into=phone.message.id) for _ in range(19)
    ]
    await asked(phone)
    for other in others:
        await asked(phone, other)

    said = await phone.says("yes")

    assert len(await still_on_it(phone)) == 20
    assert said == "Acknowledged 20 incidents; nobody is paged for them any more."


async def test_start_to_nothing_is_left_to_the_carrier(phone: Phone):
    await asked(phone)

    assert not await phone.says("START")
    assert await still_on_it(phone) == []
