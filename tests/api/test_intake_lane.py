"""The commit lane: grouping, order, retries, poison, and what senders are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import asyncpg
import pytest

from opsknight.api.intake import BATCH, QUEUE, TOGETHER, WORTH_A_LANE, Intake
from opsknight.clock import Clock
from opsknight.domain.commands.deliveries import Delivery, Receipt
from opsknight.domain.model.event import Action, Event, Unreadable
from opsknight.domain.model.intake import Verdict
from opsknight.errors import Throttled, Unavailable
from tests.builders import a_known_integration

Write = Callable[[Sequence[Delivery]], Awaitable[Sequence[Receipt]]]


def a_delivery(*keys: str, of: int = 1) -> Delivery:
    events = tuple(Event(Action.TRIGGER, key, f"Trouble with {key}") for key in keys or ("disk",))
    return Delivery(uuid4(), a_known_integration(id=of), events, b"{}")


def receipts(deliveries: Sequence[Delivery]) -> list[Receipt]:
    return [Receipt(each.id, tuple((Verdict.OPENED, None) for _ in each.events)) for each in deliveries]


class Disk:
    """Stores batches in memory; `before` may raise what a database would."""

    def __init__(self, before: Callable[[Sequence[Delivery]], None] = lambda _: None) -> None:
        self.batches: list[list[UUID]] = []
        self.stored: list[Delivery] = []
        self.ready = asyncio.Event()
        self.ready.set()
        self._before = before

    async def write(self, deliveries: Sequence[Delivery]) -> Sequence[Receipt]:
        await self.ready.wait()
        self._before(deliveries)
        self.batches.append([each.id for each in deliveries])
        self.stored.extend(deliveries)
        return receipts(deliveries)


async def sent(lane: Intake, delivery: Delivery) -> Receipt:
    return await lane.submit(delivery)


@asynccontextmanager
async def a_lane(disk: Disk) -> AsyncIterator[Intake]:
    lane = Intake([disk.write], clock=Clock(), committed=lambda _: None)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(lane.run()), group.create_task(lane.run_patience())]
        try:
            yield lane
        finally:
            for task in tasks:
                task.cancel()


async def test_what_arrives_during_a_commit_goes_together_into_the_next():
    disk = Disk()
    disk.ready.clear()
    async with a_lane(disk) as lane, asyncio.TaskGroup() as senders:
        senders.create_task(sent(lane, a_delivery()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for _ in range(10):
            senders.create_task(sent(lane, a_delivery()))
        await asyncio.sleep(0)
        disk.ready.set()

    assert [len(batch) for batch in disk.batches] == [1, 10]


async def test_a_commit_takes_at_most_a_batch_of_events_in_the_order_of_arrival():
    disk = Disk()
    deliveries = [a_delivery("a", "b", "c") for _ in range(50)]
    async with a_lane(disk) as lane:
        await asyncio.gather(*(lane.submit(each) for each in deliveries))

    assert max(len(batch) for batch in disk.batches) * 3 <= BATCH
    assert [each.id for each in disk.stored] == [each.id for each in deliveries]


async def test_a_few_deliveries_share_a_commit_however_many_events_each_holds():
    disk = Disk()
    deliveries = [a_delivery(*(f"{number}-{key}" for key in range(BATCH + 1))) for number in range(2 * TOGETHER)]
    async with a_lane(disk) as lane:
        await asyncio.gather(*(lane.submit(each) for each in deliveries))

    assert [len(batch) for batch in disk.batches] == [TOGETHER, TOGETHER]
    assert [each.id for each in disk.stored] == [each.id for each in deliveries]


async def test_behind_an_integration_that_storms_another_one_waits_for_one_batch_only():
    disk = Disk()
    storm, quiet = [a_delivery(of=1) for _ in range(10 * BATCH)], a_delivery(of=2)
    async with a_lane(disk) as lane:
        await asyncio.gather(*(lane.submit(each) for each in (*storm, quiet)))

    assert quiet.id in disk.batches[0]
    assert [each.id for each in disk.stored if each is not quiet] == [each.id for each in storm]


def filled(lane: Intake, *, of: int) -> int:
    """Submit of one integration until it is throttled; return how many were taken."""
    for taken in range(QUEUE + 1):
        try:
            lane.submit(a_delivery(of=of))
        except Throttled:
            return taken
    raise AssertionError("it was never throttled")


async def test_an_integration_that_storms_leaves_places_to_the_others():
    lane = Intake([Disk().write], clock=Clock(), committed=lambda _: None)  # nothing works it off

    taken = filled(lane, of=1)

    assert taken == QUEUE // 2
    lane.submit(a_delivery(of=2))


async def test_places_that_many_share_never_run_out_for_one_more():
    lane = Intake([Disk().write], clock=Clock(), committed=lambda _: None)
    taken = [filled(lane, of=number) for number in range(8)]

    assert min(taken) > 0
    assert lane.depth <= QUEUE


async def test_a_batch_waits_for_its_turn():
    turn, disk = asyncio.Event(), Disk()
    lane = Intake([disk.write], clock=Clock(), committed=lambda _: None, turn=turn.wait)
    async with asyncio.TaskGroup() as group:
        working = group.create_task(lane.run())
        sending = group.create_task(sent(lane, a_delivery()))
        await asyncio.sleep(0.01)
        before = list(disk.batches)
        turn.set()
        await sending
        working.cancel()

    assert before == []
    assert len(disk.batches) == 1


async def test_a_serialisation_failure_is_tried_again_whole():
    failures = [asyncpg.SerializationError("try again"), asyncpg.DeadlockDetectedError("try again")]

    def fail(_: Sequence[Delivery]) -> None:
        if failures:
            raise failures.pop()

    disk = Disk(fail)
    async with a_lane(disk) as lane:
        receipt = await lane.submit(a_delivery())

    assert receipt.verdicts == ((Verdict.OPENED, None),)
    assert len(disk.batches) == 1


async def test_one_event_that_the_database_refuses_is_kept_as_unreadable_and_the_others_are_stored():
    def refuse(deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            if any(isinstance(event, Event) and event.dedup_key == "poison" for event in delivery.events):
                raise asyncpg.CharacterNotInRepertoireError("invalid byte sequence")

    disk = Disk(refuse)
    async with a_lane(disk) as lane:
        await asyncio.gather(*(lane.submit(a_delivery(key)) for key in ("a", "b", "poison", "c")))
        batch = await lane.submit(a_delivery("d", "poison", "e"))

    unreadable = [event for each in disk.stored for event in each.events if isinstance(event, Unreadable)]
    readable = [event.dedup_key for each in disk.stored for event in each.events if isinstance(event, Event)]
    assert sorted(readable) == ["a", "b", "c", "d", "e"]
    assert len(unreadable) == 2
    assert len(batch.verdicts) == 3


async def test_a_database_that_is_away_is_told_as_503_with_a_time_to_come_back():
    def away(_: Sequence[Delivery]) -> None:
        raise ConnectionRefusedError

    async with a_lane(Disk(away)) as lane:
        with pytest.raises(Unavailable) as refusal:
            await lane.submit(a_delivery())

    assert "Send it again" in refusal.value.sentence
    assert refusal.value.retry_after_s > 0


async def test_a_sender_that_hung_up_before_the_commit_began_is_not_stored():
    disk = Disk()
    disk.ready.clear()
    async with a_lane(disk) as lane:
        async with asyncio.TaskGroup() as senders:
            senders.create_task(sent(lane, a_delivery()))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            gone = senders.create_task(sent(lane, a_delivery("gone")))
            await asyncio.sleep(0)
            gone.cancel()
            disk.ready.set()
        await lane.submit(a_delivery("later"))

    assert "gone" not in [event.dedup_key for each in disk.stored for event in each.events if isinstance(event, Event)]


async def test_an_event_at_which_we_make_a_mistake_is_kept_as_unreadable_and_holds_up_no_other():
    def stumble(deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            if any(isinstance(event, Event) and event.dedup_key == "odd" for event in delivery.events):
                raise TypeError("Type is not JSON serializable: set")

    disk = Disk(stumble)
    async with a_lane(disk) as lane:
        await asyncio.gather(*(lane.submit(a_delivery(key)) for key in ("a", "odd", "b")))

    kept = [event for each in disk.stored for event in each.events]
    assert sorted(event.dedup_key for event in kept if isinstance(event, Event)) == ["a", "b"]
    assert [event.reason for event in kept if isinstance(event, Unreadable)] == [
        "OpsKnight made a mistake with it: TypeError"
    ]


async def test_a_key_is_in_one_lane_at_a_time_and_keeps_its_order():
    slow, quick = Disk(), Disk()
    slow.ready.clear()
    quick.ready.clear()
    intake = Intake([slow.write, quick.write], clock=Clock(), committed=lambda _: None)
    first, later = a_delivery("disk"), [a_delivery("disk"), a_delivery("disk")]
    others = [a_delivery(f"other {number}") for number in range(WORTH_A_LANE)]
    async with asyncio.TaskGroup() as group:
        lanes = group.create_task(intake.run())
        sending = [group.create_task(sent(intake, first))]
        await asyncio.sleep(0.01)
        sending += [group.create_task(sent(intake, each)) for each in (*later, *others)]
        await asyncio.sleep(0.01)
        quick.ready.set()
        await asyncio.sleep(0.01)

        beside = [each.id for disk in (slow, quick) for each in disk.stored]

        slow.ready.set()
        await asyncio.gather(*sending)
        lanes.cancel()
    assert set(beside) in ({each.id for each in others}, {first.id})
    together = [each for disk in (slow, quick) for each in disk.stored]
    assert {each.id for each in together} == {each.id for each in (first, *later, *others)}
    for disk in (slow, quick):
        order = [each.id for each in disk.stored if each in later]
        assert order in ([], [each.id for each in later])


async def test_one_delivery_of_many_events_is_worth_a_lane_of_its_own():
    slow, quick = Disk(), Disk()
    slow.ready.clear()
    quick.ready.clear()
    intake = Intake([slow.write, quick.write], clock=Clock(), committed=lambda _: None)
    first, many = a_delivery("disk"), a_delivery(*(f"other {number}" for number in range(WORTH_A_LANE)))
    async with asyncio.TaskGroup() as group:
        lanes = group.create_task(intake.run())
        sending = [group.create_task(sent(intake, first))]
        await asyncio.sleep(0.01)
        sending.append(group.create_task(sent(intake, many)))
        await asyncio.sleep(0.01)

        left = intake.depth

        slow.ready.set()
        quick.ready.set()
        await asyncio.gather(*sending)
        lanes.cancel()
    assert left == 0
