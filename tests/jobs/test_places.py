"""The places of a lane: a host that hangs holds itself up, and no other host of its channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from opsknight.clock import Clock
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.full_hosts import host
from opsknight.domain.queries.notifications import next_due_at
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import ContactMethodRow, NotificationRow, UserRow
from opsknight.jobs.channels.webhook import new_secret
from opsknight.jobs.places import room
from tests.bounds import WIDER
from tests.builders import a_contact_method, a_notification, a_page, a_user
from tests.jobs.pager import Pager, a_pager, until
from tests.jobs.test_messages import an_attempt
from tests.peers.http_provider import HttpPeer, Said, http_peer

MANY = 12
Hook = tuple[UserRow, ContactMethodRow]


@pytest.fixture
async def hooks(database: Database, clock: Clock) -> AsyncIterator[Pager]:
    async with a_pager(database, clock, channels_allow_private=True) as pager:
        yield pager


@asynccontextmanager
async def a_dead_host() -> AsyncIterator[HttpPeer]:
    async with http_peer() as peer:
        peer.answering = lambda _asked: Said(takes=False, hang=True)
        try:
            yield peer
        finally:
            peer.release()


async def a_hook(pager: Pager, peer: HttpPeer) -> Hook:
    user = await a_user(pager.database, reachable=False)
    values = {"channel": "webhook", "address": f"{peer.origin}/hook", "secret": new_secret()}
    return user, await a_contact_method(pager.database, user, **values)


async def a_message(pager: Pager, hook: Hook, **columns: Any) -> NotificationRow:
    incident = await pager.an_incident(urgency=columns.get("urgency", "high"))
    return await a_notification(pager.database, await a_page(pager.database, incident, hook[0]), hook[1], **columns)


async def calls(peer: HttpPeer) -> int:
    """Return how often a host has been called: an attempt is written down before."""
    return len(peer.asked)


async def test_a_dead_host_keeps_no_page_waiting_that_goes_to_another(hooks: Pager) -> None:
    async with a_dead_host() as dead, http_peer() as healthy:
        hook = await a_hook(hooks, dead)
        for _ in range(MANY):
            await a_message(hooks, hook)
        running = await hooks.start(widths={"webhook": 8})
        await until(hooks.under_way, 4)

        page = await a_message(hooks, await a_hook(hooks, healthy))
        hooks.wake()
        await hooks.becomes("accepted", page, within_s=2 * WIDER)
        under_way = await hooks.under_way()
        await hooks.kill(running)

    assert under_way == 4


async def test_what_is_quiet_leaves_places_of_its_host_for_what_is_loud(hooks: Pager) -> None:
    async with a_dead_host() as slow:
        hook = await a_hook(hooks, slow)
        for _ in range(MANY):
            await a_message(hooks, hook, urgency="low")
        running = await hooks.start(widths={"webhook": 8})
        await until(lambda: calls(slow), 2)

        await a_message(hooks, hook)
        hooks.wake()
        await until(lambda: calls(slow), 3)
        under_way = await hooks.under_way()
        await hooks.kill(running)

    assert under_way == 3


async def test_what_waits_for_its_host_does_not_have_the_outbox_looked_at_all_the_time(hooks: Pager) -> None:
    later = hooks.deps.clock.now() + timedelta(minutes=1)
    async with a_dead_host() as dead, http_peer() as healthy:
        hook = await a_hook(hooks, dead)
        await a_message(hooks, hook)
        await a_message(hooks, await a_hook(hooks, healthy), due_at=later)

        full = room(2, [an_attempt(address=hook[1].address)], free=1, many_hosts=True).full
        async with hooks.database.engine_reads() as session:
            due_at = await next_due_at(session, channel="webhook", full=full)

    assert due_at == later


def test_one_host_has_half_of_a_lane_and_low_urgency_half_of_that() -> None:
    loud, quiet = (
        an_attempt(address="https://a.example/1"),
        an_attempt(urgency=Urgency.LOW, address="https://b.example/"),
    )

    now = room(8, [loud] * 4 + [quiet] * 2, free=2, many_hosts=True)

    assert (now.limit, now.limit_low) == (2, 2)
    assert (now.full.any, now.full.low) == ({"a.example"}, {"a.example", "b.example"})


def test_no_claim_is_larger_than_what_is_left_to_the_busiest_host() -> None:
    now = room(8, [an_attempt(address="https://a.example/1")] * 3, free=5, many_hosts=True)

    assert (now.limit, now.full.any) == (1, set())


def test_a_lane_that_calls_one_provider_gives_it_all_its_places() -> None:
    now = room(8, [an_attempt(address="https://a.example/1")] * 6, free=2, many_hosts=False)

    assert (now.limit, now.limit_low, now.full.any) == (2, 4, set())


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://A.example:8443/x", "a.example:8443"),
        ("https://a.example?x=1", "a.example"),
        ("http://[::1]/", "[::1]"),
    ],
)
def test_a_host_is_named_with_its_port(address: str, found: str) -> None:
    assert host(address) == found
