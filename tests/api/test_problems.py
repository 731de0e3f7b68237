"""What went wrong, in words, for programs and for people."""

from __future__ import annotations

import pytest
import structlog
from fastapi import FastAPI
from starlette.responses import PlainTextResponse

from opsknight import errors
from opsknight.api import problems
from opsknight.crypto import BadToken
from opsknight.domain.model.incident import IllegalTransition
from opsknight.domain.store.engine import Database
from tests.api.house import IN_BROWSER, House, a_house
from tests.clock import StoppedClock


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (errors.SignInRequired("Sign in."), 401),
        (errors.Forbidden("Not you."), 403),
        (errors.NotFound("There is no incident 12."), 404),
        (errors.Conflict("It is so already."), 409),
        (errors.Stale("It changed."), 409),
        (IllegalTransition("Cannot acknowledge “Disk full”: it is already resolved."), 409),
        (errors.TooLarge("Over 1 MB."), 413),
        (errors.Invalid("title: is missing"), 422),
        (errors.Unavailable("Full."), 503),
        (BadToken("This link is not valid."), 401),
    ],
)
async def test_every_refusal_is_a_problem_with_its_sentence(house: House, failure: Exception, status: int):
    ada = await house.signed_in()
    house.raising.append(failure)

    answer = await house.client.get("/api/v1/raise", headers=ada)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": answer.json()["title"],
        "status": status,
        "detail": str(failure),
        "request_id": answer.headers["x-request-id"],
    }


async def test_a_stale_command_is_answered_with_what_is_true_now(house: House):
    ada = await house.signed_in()
    house.raising.append(errors.Stale("It changed.", current={"id": "x", "status": "resolved"}))

    answer = await house.client.get("/api/v1/raise", headers=ada)

    assert answer.json()["incident"] == {"id": "x", "status": "resolved"}


@pytest.mark.parametrize(("after_s", "header"), [(0.2, "1"), (1.0, "1"), (2.5, "3")])
async def test_come_back_later_says_when(house: House, after_s: float, header: str):
    ada = await house.signed_in()
    house.raising.append(errors.Unavailable("Full.", retry_after_s=after_s))

    answer = await house.client.get("/api/v1/raise", headers=ada)

    assert answer.headers["retry-after"] == header


async def test_a_mistake_of_ours_shows_an_id_and_no_stack(house: House):
    ada = await house.signed_in()
    house.raising.append(RuntimeError("secret detail"))

    with structlog.testing.capture_logs() as lines:
        answer = await house.client.get("/api/v1/raise", headers=ada)

    ident = answer.headers["x-request-id"]
    assert answer.status_code == 500
    assert answer.json()["detail"] == (
        f"This is a mistake of ours, and it is logged. Quote {ident} when you report it."
    )
    assert "secret detail" not in answer.text
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["a request failed"]


async def test_a_person_reads_a_page_with_the_sentence_escaped(house: House):
    ada = await house.signed_in()
    house.raising.append(errors.NotFound("There is no incident <b>12</b>."))

    answer = await house.client.get("/raise", headers=ada | IN_BROWSER)

    assert answer.status_code == 404
    assert "There is no incident &lt;b&gt;12&lt;/b&gt;." in answer.text
    assert answer.headers["x-request-id"] in answer.text


async def test_a_value_that_is_no_number_is_named(house: House):
    ada = await house.signed_in()

    answer = await house.client.get("/api/v1/number/many", headers=ada)

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("number: Input should be a valid integer")


async def test_an_unknown_address_and_a_wrong_method_are_said_so(house: House):
    ada = await house.signed_in()

    unknown = await house.client.get("/api/v1/nothing", headers=ada)
    wrong = await house.client.get("/api/v1/configure", headers=ada)

    assert unknown.json()["detail"] == "There is nothing at /api/v1/nothing."
    assert wrong.json()["detail"] == "/api/v1/configure does not take GET."
    assert wrong.headers["allow"] == "POST"


async def test_without_a_database_the_answer_is_come_back_and_open_pages_stay(
    house: House, database: Database, clock: StoppedClock
):
    ada = await house.signed_in()
    gone = Database("postgresql://nobody@localhost:1/nothing")
    house.deps.database = gone

    program = await house.client.get("/api/v1/who", headers=ada)
    person = await house.client.get("/incidents", headers=ada | IN_BROWSER)
    door = await house.client.get("/sign-in", headers=ada | IN_BROWSER)

    assert (program.status_code, program.headers["retry-after"]) == (503, "2")
    assert program.json()["detail"].startswith("OpsKnight cannot reach its database.")
    assert (person.status_code, "cannot reach its database" in person.text) == (503, True)
    assert (person.headers["refresh"], "tries again by itself" in person.text) == ("5", True)
    assert door.status_code == 200
    await gone.close()


async def test_errors_of_screens_are_told_by_the_same_pages(database: Database, clock: StoppedClock):
    async with a_house(database, clock) as house:
        screens = FastAPI()
        screens.exception_handler(404)(lambda *_: PlainTextResponse("a framework's own page", 404))
        house.routes.mount("/", screens)
        problems.install(house.routes)
        ada = await house.signed_in()

        answer = await house.client.get("/no/such/page", headers=ada | IN_BROWSER)

    assert answer.status_code == 404
    assert "There is nothing at /no/such/page." in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
