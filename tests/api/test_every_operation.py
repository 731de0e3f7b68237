"""Every operation of the API, as schemathesis calls it by its description: as an admin, and as nobody.

Whatever is sent, an answer is one of those that are described, never a mistake of ours; a refusal is a sentence
and changes nothing; what a monitor sent is kept to the byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from schemathesis import Case, Response

from tests.api.operations import EXAMPLES, OPERATIONS, SEED, Place, is_closed, is_ingest
from tests.server import RunningServer

PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """A running OpsKnight with one of everything."""
    print(f"seed {SEED}, {EXAMPLES} requests each")
    with RunningServer() as server, closing(Place(server)) as there:
        yield there


@pytest.mark.parametrize("label", OPERATIONS)
def test_an_admin_is_answered_as_described_and_a_refusal_changes_nothing(place: Place, label: str):
    operation, sent = OPERATIONS[label], {}

    def judge(case: Case, answer: Response) -> None:
        nonlocal done
        if is_ingest(operation):
            if answer.status_code == 202 and "delivery_id" in answer.json():
                in_address = urlsplit(answer.request.url or "").query.encode()
                sent[UUID(answer.json()["delivery_id"])] = answer.request.body or in_address
            return
        before, done = done, place.deeds()
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == [PROBLEM]
            assert done == before, "it was refused, and something was done all the same"

    done = place.deeds()
    place.call(operation, judge, signed_in=True)

    kept = place.rows("SELECT id, body FROM deliveries WHERE id = ANY($1)", list(sent))
    assert {row["id"]: row["body"] for row in kept} == sent


@pytest.mark.parametrize("label", [label for label, operation in OPERATIONS.items() if not is_ingest(operation)])
def test_nobody_is_answered_as_described_and_comes_in_only_where_it_is_open(place: Place, label: str):
    operation, done = OPERATIONS[label], place.deeds()

    def judge(case: Case, answer: Response) -> None:
        if is_closed(operation):
            assert (answer.status_code, answer.headers["content-type"]) == (401, [PROBLEM])

    place.call(operation, judge, signed_in=False)

    assert place.deeds() == done
