"""What the database does not do now, or never: a sentence, never a mistake of ours, and no secret in the log."""

from __future__ import annotations

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from opsknight.api import board, incidents, push
from opsknight.domain.store.engine import Database
from tests.api.house import House
from tests.api.test_incident_routes import Screen, a_screen
from tests.builders import a_service, a_stored_incident


@pytest.fixture
async def ada(house: House) -> Screen:
    """The screen of Ada, a responder."""
    for part in (board, incidents, push):
        house.routes.include_router(part.router(house.deps))
    return await a_screen(house, name="Ada")


async def test_a_click_on_what_somebody_else_holds_for_long_is_to_be_tried_again(ada: Screen, database: Database):
    incident = await a_stored_incident(database, timer="escalation")
    async with database.engine() as slow:
        await slow.execute(text("SELECT 1 FROM incidents FOR UPDATE"))

        answer = await ada.post(f"/incidents/{incident.id}/acknowledge")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["detail"] == (
        "OpsKnight's database is too busy to do this now. Nothing was changed; try again in a moment."
    )


async def test_a_statement_that_takes_too_long_is_to_be_tried_again(house: House, ada: Screen, database: Database):
    async with database.commands() as session:
        await session.execute(text("SET LOCAL statement_timeout = 10"))
        with pytest.raises(Exception) as slow:  # noqa: PT011  # whatever SQLAlchemy makes of it
            await session.execute(text("SELECT pg_sleep(1)"))
    house.raising.append(slow.value)

    answer = await ada.get("/raise")

    assert answer.status_code == 503


async def test_when_no_connection_comes_free_it_is_to_be_tried_again(house: House, ada: Screen):
    house.raising.append(NoConnectionFree("QueuePool limit of size 8 overflow 0 reached"))

    answer = await ada.get("/raise")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_a_nul_in_what_a_person_writes_is_shown_as_a_replacement(ada: Screen, database: Database):
    service = await a_service(database)
    wish = {"service_id": service.id, "title": "Disk\0full", "details": "on\0db-1", "urgency": "high"}

    answer = await ada.post("/incidents", wish)

    assert answer.status_code == 201
    assert answer.json()["incident"]["title"] == "Disk\ufffdfull"


@pytest.mark.parametrize("name", ["q", "board", "service"])
async def test_a_nul_in_a_question_is_refused_and_breaks_nothing(ada: Screen, name: str):
    answer = await ada.get("/board", **{name: "a\0b"})

    assert answer.status_code == 422


async def test_data_that_the_database_refuses_is_a_refusal_and_no_mistake(
    house: House, ada: Screen, database: Database
):
    async with database.commands() as session:
        with pytest.raises(Exception) as refused:  # noqa: PT011
            await session.execute(text("SELECT CAST(:text AS text)"), {"text": "a\0b"})
    house.raising.append(refused.value)

    answer = await ada.get("/raise")

    assert answer.status_code == 422
    assert "cannot be stored" in answer.json()["detail"]


async def test_the_values_of_a_failed_statement_are_not_logged(house: House, ada: Screen, database: Database):
    async with database.commands() as session:
        with pytest.raises(Exception) as failed:  # noqa: PT011
            await session.execute(text("SELECT 1 / 0, CAST(:secret AS text)"), {"secret": "s3cr3t-of-ada"})
    house.raising.append(failed.value)

    with structlog.testing.capture_logs() as logs:
        await ada.get("/raise")

    assert "s3cr3t-of-ada" not in str(failed.value)
    assert "s3cr3t-of-ada" not in repr(logs)
