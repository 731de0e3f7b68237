"""How answers of providers over HTTP are read: whole, however they come, and believed only where they are theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from opsknight.jobs.channels.channel import Ambiguous, Failed, Sent
from tests.jobs.a_message import a_message
from tests.jobs.harnesses import HttpHarness, http_harness
from tests.jobs.http_case import http_cases
from tests.peers.http_provider import Said

CASES = http_cases()
NAMING = [name for name, case in CASES.items() if case.names]


@pytest.fixture
async def harness(request: pytest.FixtureRequest) -> AsyncIterator[HttpHarness]:
    async with http_harness(CASES[request.param]) as made:
        yield made


@pytest.mark.parametrize("harness", CASES, indirect=True)
async def test_an_answer_that_comes_in_pieces_is_read_as_one(harness: HttpHarness):
    message = a_message()
    whole = await harness.channel().send(message, harness.address)
    harness.answer_in_pieces()

    outcome = await harness.channel().send(message, harness.address)

    assert isinstance(outcome, Sent)
    assert outcome == whole


@pytest.mark.parametrize("harness", CASES, indirect=True)
async def test_an_answer_that_breaks_off_is_no_refusal(harness: HttpHarness):
    harness.cut_its_answer_off()

    outcome = await harness.channel().send(a_message(), harness.address)

    assert isinstance(outcome, Sent | Ambiguous)


@pytest.mark.parametrize("harness", NAMING, indirect=True)
async def test_a_page_of_somebody_between_is_not_the_providers_word(harness: HttpHarness):
    harness.have_a_proxy_answer()

    outcome = await harness.channel().send(a_message(), harness.address)

    assert isinstance(outcome, Ambiguous)
    assert outcome.reason


async def test_what_telegram_refuses_with_a_status_that_says_well_is_refused():
    async with http_harness(CASES["telegram"]) as harness:
        refusal = {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}
        harness.peer.answers.append(Said(200, refusal, takes=False))

        outcome = await harness.channel().send(a_message(), harness.address)

    assert isinstance(outcome, Failed)
    assert outcome.gone


async def test_an_answer_that_never_ends_costs_the_budget_and_is_believed_by_its_status():
    async with http_harness(CASES["webhook"]) as harness:
        harness.peer.answering = lambda _asked: Said(200, "x" * 2000, endless=True)

        outcome = await harness.channel(budget_s=0.5).send(a_message(), harness.address)

    assert isinstance(outcome, Sent)


async def test_of_an_answer_without_measure_only_the_beginning_is_read():
    async with http_harness(CASES["webhook"]) as harness:
        harness.peer.answering = lambda _asked: Said(200, "x" * 2_000_000)

        outcome = await harness.channel().send(a_message(), harness.address)

    assert isinstance(outcome, Sent)
    assert len(outcome.detail) < 300


async def test_mail_that_sendgrid_accepts_is_sent_also_where_the_header_that_names_it_is_lost_on_the_way():
    async with http_harness(CASES["mail_sendgrid"]) as harness:
        harness.peer.answering = lambda _asked: Said(202, "")

        outcome = await harness.channel().send(a_message(), harness.address)

    assert isinstance(outcome, Sent)
