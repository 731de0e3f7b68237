"""Conditions for mails over HTTP: set by those who may, refused in words, used by the next mail."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from opsknight.api import mail_conditions
from opsknight.domain.queries.catalogue import integrations as catalogue
from opsknight.domain.store.engine import Database
from tests.api.house import FROM_US, House
from tests.builders import an_integration

CONDITIONS = {"conditions": [{"field": "subject", "how": "word", "value": "closed", "then": "resolve"}]}


@pytest.fixture
def doors(house: House) -> House:
    """A house with the routes of conditions for mails."""
    house.routes.include_router(mail_conditions.router(house.deps))
    return house


async def put(house: House, integration_id: int, conditions: Any, *, role: str = "manager") -> httpx.Response:
    headers = {**await house.signed_in(role=role), **FROM_US}
    path = f"/api/v1/integrations/{integration_id}/mail-conditions"
    return await house.client.put(path, headers=headers, json=conditions)


async def test_conditions_that_a_manager_sets_are_used_and_told_by_the_ledger_once(doors: House, database: Database):
    integration = await an_integration(database, provider="email", name="Old appliances")

    answers = [await put(doors, integration.id, CONDITIONS) for _ in range(2)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, CONDITIONS)] * 2
    async with doors.deps.reading() as session:
        assert (await catalogue(session))[integration.key].mapping == CONDITIONS
        told = (await session.execute(text("SELECT data->>'name' FROM facts WHERE kind = 'configured'"))).scalars()
        assert list(told) == ["the conditions for mails of Old appliances"]
    headers = await doors.signed_in(role="admin")
    path = f"/api/v1/integrations/{integration.id}/mail-conditions"
    assert (await doors.client.get(path, headers=headers)).json() == CONDITIONS


@pytest.mark.parametrize(
    ("conditions", "role", "status", "sentence"),
    [
        ({"otherwise": "panic"}, "manager", 422, "The conditions cannot be used: “otherwise” is neither"),
        ({"rules": []}, "manager", 422, "The conditions cannot be used: “rules” is none of its parts"),
        (CONDITIONS, "responder", 403, ""),
    ],
)
async def test_conditions_that_cannot_be_used_or_set_are_refused_in_words(
    doors: House, database: Database, conditions: Any, role: str, status: int, sentence: str
):
    integration = await an_integration(database, provider="email")

    answer = await put(doors, integration.id, conditions, role=role)

    assert answer.status_code == status
    assert sentence in answer.json()["detail"]


async def test_an_integration_that_takes_no_mail_has_none(doors: House, database: Database):
    integration = await an_integration(database, name="Nightly checks")
    headers = await doors.signed_in(role="manager")

    written = await put(doors, integration.id, CONDITIONS)
    read = await doors.client.get(f"/api/v1/integrations/{integration.id}/mail-conditions", headers=headers)

    assert (written.status_code, read.status_code) == (409, 409)
    assert written.json()["detail"] == "“Nightly checks” takes no mail, so it has no conditions for mails."


async def test_nothing_is_set_for_an_integration_that_is_not_there(doors: House):
    assert (await put(doors, 99_999, CONDITIONS)).status_code == 404
