"""The ledger of what was changed here is open to admins, and to nobody else."""

from __future__ import annotations

import pytest

from opsknight.api import ledger
from opsknight.api.mount import serve
from tests.api.house import House


@pytest.fixture
def house(house: House) -> House:
    """With the ledger's door."""
    serve(house.routes, ledger.router(house.deps))
    return house


async def test_an_admin_reads_who_changed_what(house: House):
    admin = await house.signed_in(name="Ada", role="admin")

    async with house.client as client:
        answer = await client.get("/api/v1/ledger", params={"about": "access"}, headers=admin)

    assert answer.status_code == 200
    assert {fact["kind"] for fact in answer.json()["facts"]} <= {"signed in", "sign-in link made"}
    assert set(answer.json()) == {"facts", "more"}


@pytest.mark.parametrize("role", ["responder", "observer"])
async def test_others_are_refused(house: House, role: str):
    somebody = await house.signed_in(role=role)

    async with house.client as client:
        answer = await client.get("/api/v1/ledger", headers=somebody)

    assert answer.status_code == 403
