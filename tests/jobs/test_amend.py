"""Messages that were sent are changed when their incident moves on, and never cost anybody a page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import text

from opsknight.domain.commands import amends, incidents
from opsknight.domain.model.amendment import TRIES, again_after
from opsknight.jobs.amend import Amender
from opsknight.jobs.channels.channel import Address, Failed, Message, Outcome, Retry, Sent
from opsknight.jobs.channels.push import PushChannel
from opsknight.jobs.channels.routes import Routed
from tests.builders import a_user
from tests.jobs.a_message import a_message
from tests.jobs.a_told_chat import Chat, a_told_chat, mark, sent_by_slack
from tests.jobs.pager import Pager
from tests.peers.http_provider import Said


@pytest.fixture
async def chat(pager: Pager) -> AsyncIterator[Chat]:
    async with a_told_chat(pager) as made:
        yield made


async def test_after_an_acknowledge_the_message_says_whose_it_is(chat: Chat):
    await chat.do(incidents.acknowledge)
    await chat.amend()

    assert chat.shown.startswith("Acknowledged by Ada: CRITICAL")
    assert await chat.waiting() == 0


async def test_when_it_is_over_the_message_says_so(chat: Chat):
    await chat.do(incidents.resolve)
    await chat.amend()

    assert chat.shown.startswith("Resolved: CRITICAL")


async def test_what_is_open_again_says_so_and_offers_no_button_of_the_generation_that_is_over(chat: Chat):
    await chat.do(incidents.resolve)
    await chat.amend()

    await chat.do(incidents.reopen)
    await chat.amend()

    assert chat.shown.startswith("Open again: CRITICAL")
    assert chat.offered == ["Open"]


async def test_what_is_acknowledged_can_be_resolved_and_escalated_where_it_was_told(chat: Chat):
    await chat.do(incidents.acknowledge)
    await chat.amend()

    assert chat.offered == ["Resolve", "Escalate", "Open"]


async def test_nothing_is_changed_where_nothing_moved_on(chat: Chat):
    await chat.do(incidents.acknowledge)
    await chat.amend()

    async with chat.pager.deps.commands(f"user:{chat.ada.id}") as uow:
        uow.record("noted", incident_id=chat.incident.id)
    await chat.amend()

    assert chat.changes == 1


async def test_a_change_that_is_not_news_any_more_when_its_turn_comes_is_left_out(chat: Chat):
    await chat.do(incidents.acknowledge)
    await chat.amender.look()
    await chat.do(incidents.unacknowledge)

    await chat.amender.turn("slack")

    assert chat.changes == 0
    assert await chat.waiting() == 0


async def test_a_message_that_is_taken_after_the_acknowledge_is_changed_too(chat: Chat):
    await mark(chat, status="sending", finished_at=None)
    await chat.do(incidents.acknowledge)
    await chat.amend()
    assert chat.changes == 0

    await mark(chat, status="accepted", finished_at=chat.pager.deps.clock.now())
    async with chat.pager.deps.commands("timer:notification") as uow:
        uow.record("sent", incident_id=chat.incident.id)
    await chat.amend()

    assert chat.shown.startswith("Acknowledged by Ada")


async def test_a_message_of_yesterday_stays_as_it_is(chat: Chat):
    await mark(chat, finished_at=chat.pager.deps.clock.now() - timedelta(hours=25))
    await chat.do(incidents.acknowledge)
    await chat.amend()

    assert chat.changes == 0


@pytest.mark.parametrize("status", ["failed", "superseded", "bundled", "ambiguous"])
async def test_what_was_not_sent_is_not_changed(chat: Chat, status: str):
    await mark(chat, status=status)
    await chat.do(incidents.acknowledge)
    await chat.amend()

    assert chat.changes == 0


async def test_a_summary_of_several_incidents_stays_as_it_is(chat: Chat):
    other = await sent_by_slack(chat.pager, await chat.pager.an_incident(), chat.ada, chat.method, chat.peer)
    async with chat.pager.deps.commands("system:test") as uow:
        sql = "UPDATE notifications SET status = 'bundled', bundled_into = :into WHERE id = :id"
        await uow.session.execute(text(sql), {"into": chat.told.id, "id": other.id})

    await chat.do(incidents.acknowledge)
    await chat.amend()

    assert chat.changes == 0


async def test_a_question_to_the_owner_stands_while_it_is_theirs(chat: Chat):
    await sent_by_slack(chat.pager, chat.incident, chat.ada, chat.method, chat.peer, kind="still_on_it")
    await chat.do(incidents.acknowledge)
    await chat.amend()
    assert (chat.changes, chat.shown) == (1, "as it was sent")

    await chat.do(incidents.resolve)
    await chat.amend()

    assert chat.shown.startswith("Resolved")


async def test_a_call_for_help_stands_until_all_is_over(chat: Chat):
    await sent_by_slack(chat.pager, chat.incident, chat.ada, chat.method, chat.peer, kind="help")
    await chat.do(incidents.acknowledge)
    await chat.amend()
    assert chat.shown == "as it was sent"

    await chat.do(incidents.resolve)
    await chat.amend()

    assert chat.shown.startswith("Resolved")


async def test_what_a_crash_cut_off_is_done_again(chat: Chat):
    await chat.do(incidents.acknowledge)
    await chat.amender.look()
    async with chat.pager.deps.engine_commands("timer:amend") as uow:
        await amends.claim(uow, channel="slack", limit=8)  # and the process is gone

    await chat.amender.turn("slack")
    assert chat.changes == 0
    await chat.pager.move_on(amends.LEASE)
    await chat.amender.turn("slack")

    assert chat.shown.startswith("Acknowledged by Ada")


async def test_a_message_whose_incident_moves_on_during_the_change_is_changed_again(chat: Chat):
    await chat.do(incidents.acknowledge)
    await chat.amender.look()
    async with chat.pager.deps.engine_commands("timer:amend") as uow:
        (claimed,) = await amends.claim(uow, channel="slack", limit=8)
    await chat.do(incidents.resolve)

    async with chat.pager.deps.engine_commands("timer:amend") as uow:
        await amends.done(uow, claimed)
    await chat.amender.turn("slack")

    assert chat.shown.startswith("Resolved")


async def test_a_channel_that_is_busy_is_tried_again_later(chat: Chat):
    chat.peer.errors["chat.update"] = "ratelimited"
    await chat.do(incidents.acknowledge)
    await chat.amend()
    assert await chat.waiting() == 1

    chat.peer.errors.clear()
    await chat.amender.turn("slack")
    assert chat.shown == "as it was sent"
    await chat.pager.move_on(timedelta(seconds=6))
    await chat.amender.turn("slack")

    assert chat.shown.startswith("Acknowledged by Ada")


async def test_a_message_that_cannot_be_changed_is_left_alone(chat: Chat):
    chat.peer.errors["chat.update"] = "message_not_found"
    await chat.do(incidents.acknowledge)
    await chat.amend()

    assert await chat.waiting() == 0


def test_trying_again_has_an_end():
    assert again_after(1) == timedelta(seconds=5)
    assert again_after(1, asked_for=timedelta(seconds=9)) == timedelta(seconds=9)
    assert again_after(TRIES) is None


async def test_one_process_at_a_time_reads_the_ledger(chat: Chat):
    await chat.do(incidents.acknowledge)
    async with chat.pager.deps.engine_commands("timer:amend") as uow:
        await amends.look(uow, channels=["slack"])
        async with chat.pager.deps.engine_commands("timer:amend") as another:
            assert not await amends.look(another, channels=["slack"])
            count = (await another.session.execute(text("SELECT count(*) FROM amendments"))).scalar_one()

    assert count == 0
    assert await chat.waiting() == 1


async def test_only_a_channel_with_something_to_change_is_woken(chat: Chat):
    channels = ["slack", "telegram"]
    async with chat.pager.deps.engine_commands("timer:amend") as uow:
        before = await amends.due(uow, channels=channels)
    await chat.do(incidents.acknowledge)
    await chat.amender.look()

    async with chat.pager.deps.engine_commands("timer:amend") as uow:
        due = await amends.due(uow, channels=channels)

    assert (list(before), list(due)) == ([], ["slack"])


async def test_what_moved_on_is_changed_while_it_runs_and_what_did_not_go_through_is_changed_later(chat: Chat):
    chat.peer.http.answers.append(Said(503))
    async with asyncio.TaskGroup() as running:
        running.create_task(chat.amender.run())
        await chat.do(incidents.acknowledge)
        chat.amender.wake()
        await chat.comes_to_be_asked(1)
        put_off = "SELECT count(*) FROM amendments WHERE due_at < (SELECT max(at) FROM facts) + interval '20 s'"
        await chat.pager.count_becomes(put_off, 1)  # from now on, and not from the instant that comes next
        await chat.pager.move_on(timedelta(seconds=6))
        await chat.comes_to_be_asked(2)
        chat.pager.deps.stopping.set()

    assert chat.shown.startswith("Acknowledged by Ada")


async def test_a_database_from_another_cluster_is_read_from_here_on(chat: Chat):
    async with chat.pager.deps.commands("system:test") as uow:
        await uow.session.execute(text("UPDATE ledger_readers SET xid = 9000000000000"))
    await chat.amender.look()

    await chat.do(incidents.acknowledge)
    await chat.amend()

    assert chat.shown.startswith("Acknowledged by Ada")


async def test_other_devices_are_told_without_a_sound(pager: Pager):
    incident = await pager.an_incident()
    push, _ = await pager.push_then_mail(incident)
    channel = PushChannel(
        vapid_private_pem=pager.deps.installation.vapid_private_pem,
        subject="https://ops.example.com",
        now=pager.deps.clock.now,
        allow_private=True,
    )
    amender = Amender(pager.deps, {"push": Routed({"push": channel})})
    async with pager.sending():
        await pager.becomes("accepted", push)
    ada = await a_user(pager.database, name="Ada")
    async with pager.deps.commands(f"user:{ada.id}") as uow:
        await incidents.acknowledge(uow, incident.id)

    await amender.look()
    await amender.turn("push")
    await channel.close()

    page, quiet = pager.push.taken
    assert (quiet.payload["kind"], quiet.payload["ack"]) == ("acknowledged", None)
    assert quiet.payload["title"].startswith("Acknowledged by Ada: CRITICAL")
    assert (quiet.payload["tag"], quiet.headers["Topic"]) == (page.payload["tag"], page.headers["Topic"])
    assert quiet.headers["Urgency"] == "normal"


@dataclass
class Dull:
    """A provider that answers as it is told."""

    says: Outcome
    changed: list[Message] = field(default_factory=list[Message])

    async def send(self, message: Message, address: Address) -> Outcome:  # noqa: ARG002
        return Sent()

    async def close(self) -> None:
        """Have nothing to close."""


@dataclass
class Changing(Dull):
    """One whose messages can be changed."""

    async def amend(self, message: Message, address: Address, *, provider_id: str) -> Outcome:  # noqa: ARG002
        self.changed.append(message)
        return self.says


async def test_only_the_carrier_that_has_the_message_is_asked_to_change_it():
    message = a_message()
    first, second = Changing(Sent()), Changing(Retry("busy"))
    routed = Routed({"first": first, "second": second, "dull": Dull(Sent())})

    outcome = await routed.amend(message, Address("x"), provider_id="1", carrier="second")

    assert isinstance(outcome, Retry)
    assert (len(first.changed), len(second.changed)) == (0, 1)
    for carrier in ("dull", "gone", ""):
        assert isinstance(await routed.amend(message, Address("x"), provider_id="1", carrier=carrier), Failed)
