"""The outbox worker: hands due messages to providers, and writes what became of each.

A lane for each channel, so that a slow or dead provider never slows another; half of a lane's places are kept for
high urgency, and half of them from any one host (see `places`). Woken in memory after commits, when the next message
is due, and by a sweep every second. No transaction is open while a provider is called.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from uuid import UUID

import structlog

from opsknight import metrics
from opsknight.deps import Deps, busy, retryable
from opsknight.domain.commands import bundles, notifications, outcomes, without_receipt
from opsknight.domain.model.attempt import Attempt
from opsknight.domain.model.burst import Bursts
from opsknight.domain.model.canary import OWN
from opsknight.domain.model.speech import speaking
from opsknight.domain.queries.contact_methods import channels_in_use
from opsknight.domain.queries.notifications import next_due_at
from opsknight.jobs.channels.channel import Address, Ambiguous, Asks, Failed, Fault, Message, Outcome, Retry, Sent
from opsknight.jobs.channels.table import Lane
from opsknight.jobs.messages import Writer, address_of
from opsknight.jobs.places import Room, room
from opsknight.jobs.rest import Rest
from opsknight.jobs.sent import OutcomeWriter
from opsknight.jobs.worker import Worker

log = structlog.get_logger(__name__)

SWEEP_S = 1.0
BREATH_S = 0.02
"""Between two looks at the outbox, however often commits wake us."""
CALL_S = 10.0
"""After this long a call is cut off, whatever its channel does."""
ASK_S = 3.0
"""How long a provider is asked whether it has what was perhaps sent; the page waits meanwhile."""
STALE_AFTER_S = 0.5
"""A call that has not begun so long after its incident was read reads it again."""
WRITE_AGAIN_S = 0.5
BUSY_FOR_S = 60.0
"""How long an outcome is written again where the database is only too busy; then it is let go as perhaps sent."""
HOLDS_UP_AFTER_S = 5.0
"""After so long of that it holds its lane up, which would soon take its call for one that was cut off."""
UNSENT_AT_ONCE = 10
"""Outcomes in one commit that hold their incidents; an acknowledge waits for it."""
ACTOR = "timer:notification"


class Deliverer:
    """Sends what is due, for as long as `run` runs. `wake` says that something may be due."""

    def __init__(self, deps: Deps, worker: Worker, lanes: Mapping[str, Lane]) -> None:
        """Make a lane of work for each channel; nothing runs yet."""
        self._deps = deps
        self.lanes = [LaneWork(deps, worker, lane) for lane in lanes.values()]
        self._worker = worker

    def wake(self) -> None:
        """Look at once: a message may be due."""
        for lane in self.lanes:
            lane.wake()

    async def run(self) -> None:
        """Send until the process stops; then begin nothing more and wait for the calls under way."""
        try:
            async with asyncio.TaskGroup() as group:
                for lane in self.lanes:
                    group.create_task(lane.run(), name=f"deliver {lane.slug}")
                group.create_task(self._watch_receipts(), name="deliver receipts")
                group.create_task(self._watch_use(), name="deliver use")
                group.create_task(self._wake_at_stop(), name="deliver stop")
        finally:
            for lane in self.lanes:
                await lane.close()

    async def _wake_at_stop(self) -> None:
        await self._deps.stopping.wait()
        self._worker.back.set()
        self.wake()
        for lane in self.lanes:
            lane.used.set()

    async def _watch_use(self) -> None:
        """Have the lanes of channels work on which somebody has an address; the others cost the database nothing."""
        while not self._deps.stopping.is_set():
            try:
                async with self._deps.database.engine_reads() as session:
                    used = await channels_in_use(session)
            except Exception as error:  # noqa: BLE001  # what is not known to be idle works
                log.warning("contact methods could not be looked at", retry_after_s=SWEEP_S, error=repr(error))
                used = {lane.slug for lane in self.lanes}
            for lane in self.lanes:
                if lane.slug in used:
                    lane.used.set()
            await Rest(self._deps.stopping, SWEEP_S).over()

    async def _watch_receipts(self) -> None:
        """Start the next contact method of what gives no sign of life, and what lost the message it went with.

        At most a tenth of the time goes there.
        """
        while not self._deps.stopping.is_set():
            began = self._deps.clock.monotonic()
            try:
                await self.look_for_receipts()
            except Exception as error:  # noqa: BLE001  # looked at again in a second
                log.warning("receipts could not be looked at", retry_after_s=SWEEP_S, error=repr(error))
            took_s = self._deps.clock.monotonic() - began
            await Rest(self._deps.stopping, max(SWEEP_S, 9 * took_s)).over()

    async def look_for_receipts(self) -> None:
        """Start the next contact method of what gave no sign of life, and what lost the message it went with."""
        if not self._worker.holds_lock:
            return
        async with self._deps.engine_commands(ACTOR) as uow:
            started = await without_receipt.start_next(uow)
            started += await bundles.settle(uow)
        if started:
            self.wake()


class LaneWork:
    """One channel's share of the outbox: its places, who sits in them, and the loop that fills them."""

    def __init__(self, deps: Deps, worker: Worker, lane: Lane) -> None:
        """Have free places only; the lane rests until somebody has an address on its channel."""
        self.slug = lane.slug
        self.used = asyncio.Event()
        if lane.slug == OWN:  # our own canary waits for nobody to choose its channel
            self.used.set()
        self._deps = deps
        self._worker = worker
        self._channel = lane.channel
        self._width = lane.width
        self._many_hosts = lane.many_hosts
        its = deps.settings
        self._writer = Writer(its.address, deps.installation.secret, deps.mail_back, discreet=its.discreet)
        self._woken = asyncio.Event()
        self._has_room = asyncio.Event()
        self._under_way: dict[UUID, Attempt] = {}
        self._being_written: dict[UUID, Attempt] = {}
        self._perhaps_sent: set[UUID] = set()
        self._unwritten = 0
        self._unsure = False
        self._sent = OutcomeWriter(self._write_sent, many=self._is_busy)
        self._unsent = OutcomeWriter(self._write_unsent, many=self._is_busy, at_once=UNSENT_AT_ONCE)
        self._bursts = Bursts(deps.settings.bundle_after)

    def wake(self) -> None:
        """Look at once: a message may be due."""
        self._woken.set()

    async def close(self) -> None:
        """Let go of the channel."""
        await self._channel.close()

    async def run(self) -> None:
        """Fill free places with due messages; leaving waits for the calls under way."""
        async with asyncio.TaskGroup() as calls:
            await self.used.wait()
            while not self._deps.stopping.is_set():
                self._woken.clear()
                rest = await self.turn(calls)
                await rest.over()

    async def turn(self, calls: asyncio.TaskGroup) -> Rest:
        """Begin once what is due and has a place, as tasks of `calls`; return how long there is nothing to do then."""
        try:
            if self._unsure:
                await self._take_back_unknown()
            self._has_room.clear()
            begun = await self._begin_due()
            for attempt, read_at in begun:
                self._under_way[attempt.id] = attempt
                calls.create_task(self._deliver(attempt, read_at), name=f"send {attempt.notification_id}")
            if begun and 2 * self._free() < self._width:  # more waits for the places that these leave
                return Rest(self._has_room, BREATH_S)
            if 2 * len(begun) >= self._width:  # and for those that are left
                return Rest(self._woken, 0.0)
            return Rest(self._woken, 0.0 if begun else await self._until_due_s(), at_least_s=BREATH_S)
        except Exception as error:  # noqa: BLE001  # the lane outlives every fault of the database
            wait_s = SWEEP_S if self._unsure else BREATH_S  # a deadlock or a lost connection is over at once
            self._unsure = True
            log.warning("a lane could not work", channel=self.slug, retry_after_s=wait_s, error=repr(error))
            self._worker.back.clear()
            return Rest(self._worker.back, wait_s)

    async def _begin_due(self) -> Sequence[tuple[Attempt, float]]:
        """Claim due messages for the free places, and begin an attempt for each still wanted.

        For half of all places at most: then calls are made while the next are claimed, which takes a sixth less.
        """
        free = min(self._free(), (self._width + 1) // 2)
        # A result that could not be written yet would look like a call that was cut off.
        if free <= 0 or self._unwritten or not self._worker.holds_lock:
            return ()
        now = self._room(free)
        read_at = self._deps.clock.monotonic()
        async with self._deps.engine_commands(ACTOR) as uow:
            begun = await notifications.claim_and_begin(
                uow,
                channel=self.slug,
                worker=self._worker.id,
                limit=now.limit,
                limit_low=now.limit_low,
                bursts=self._bursts,
                full=now.full,
            )
        return [(attempt, read_at) for attempt in begun]

    def _room(self, free: int) -> Room:
        return room(self._width, self._under_way.values(), free=free, many_hosts=self._many_hosts)

    def _free(self) -> int:
        """Return how many calls may begin: what has ended has left its place, though its commit may still wait."""
        return min(self._width - len(self._under_way), 2 * self._width - len(self._being_written))

    def _is_busy(self) -> bool:
        return 2 * len(self._under_way) >= self._width

    async def _take_back_unknown(self) -> None:
        """After a fault of the database: a beginning may be written of which we were never told."""
        under_way = (*self._under_way.values(), *self._being_written.values())
        known = {attempt.notification_id for attempt in under_way} | self._perhaps_sent
        async with self._deps.engine_commands(ACTOR) as uow:
            await notifications.take_back_unknown(uow, channel=self.slug, worker=self._worker.id, known=known)
        self._unsure = False

    async def _deliver(self, attempt: Attempt, read_at: float) -> None:
        try:
            with speaking(attempt.language):
                outcome = await self._call(attempt, read_at)
        except Exception as error:  # before the provider was called: surely not sent
            if retryable(error) or busy(error):
                self._unsure = True
                outcome = None
            else:
                log.exception("a message could not be made", channel=self.slug)
                outcome = Retry(f"{type(error).__name__} in OpsKnight")
        finally:
            self._being_written[attempt.id] = self._under_way.pop(attempt.id)
            self._made_room()
        try:
            if outcome is not None:
                _count(attempt, outcome)
                await self._write(attempt, outcome)
        except Exception:  # its lease ends, and it is found as perhaps sent
            log.exception("an outcome could not be stored", channel=self.slug)
            self._perhaps_sent.add(attempt.notification_id)
        finally:
            del self._being_written[attempt.id]
            self._made_room()

    async def _call(self, attempt: Attempt, read_at: float) -> Outcome | None:
        """Hand the message to the provider; None when it may not be handed over any more."""
        known_at = await self._may_begin(attempt, read_at)
        if known_at is None:
            return None
        now = self._deps.clock.now()
        message, address = self._writer.message(attempt, now=now), address_of(attempt)
        metrics.DUE_TO_HANDOFF_SECONDS.observe(max(0.0, (now - attempt.due_at).total_seconds()))
        if attempt.first_of_incident and attempt.incident is not None:
            metrics.EVENT_TO_HANDOFF_SECONDS.observe(max(0.0, (now - attempt.incident.opened_at).total_seconds()))
        if (found := await self._found(attempt, message, address)) is not None:
            return found
        if await self._may_begin(attempt, known_at) is None:  # whoever was asked may have thought for long
            return None
        try:
            async with asyncio.timeout(CALL_S):
                return await self._channel.send(message, address)
        except TimeoutError:
            return Ambiguous("the channel did not come back in time", Fault.TIMEOUT)
        except Exception as error:  # a fault of ours in a channel: perhaps sent
            log.exception("a channel raised", channel=self.slug)
            return Ambiguous(f"{type(error).__name__} in the channel", Fault.PROVIDER)

    async def _found(self, attempt: Attempt, message: Message, address: Address) -> Sent | None:
        """Return how the provider has what was perhaps sent, where it can be asked and says so."""
        if not attempt.possible_repeat or attempt.first_tried_at is None or not isinstance(self._channel, Asks):
            return None
        try:
            async with asyncio.timeout(ASK_S):
                return await self._channel.find(message, address, since=attempt.first_tried_at)
        except Exception as error:  # noqa: BLE001  # a page that is there twice is better than none
            log.warning("a provider could not be asked for a message", channel=self.slug, error=repr(error))
            return None

    async def _may_begin(self, attempt: Attempt, read_at: float) -> float | None:
        """Return when the incident was read last, and read it again first when that is long ago; None: begin nothing.

        Nothing is begun without the worker's lock, or when it is not wanted any more.
        """
        while self._worker.holds_lock:
            if self._deps.clock.monotonic() - read_at <= STALE_AFTER_S:
                return read_at
            read_at = self._deps.clock.monotonic()
            async with self._deps.engine_commands(ACTOR) as uow:
                if not await notifications.begin_again(uow, attempt):
                    return None
        async with self._deps.engine_commands(ACTOR) as uow:
            await notifications.take_back(uow, attempt)
        return None

    async def _write(self, attempt: Attempt, outcome: Outcome) -> None:
        """Store the outcome; while the database is away or busy, go on trying: the truth must not be lost."""
        began, holds_up = self._deps.clock.monotonic(), False
        try:
            while (error := await self._unwritable(attempt, outcome)) is not None:
                tried_s = self._deps.clock.monotonic() - began
                if not retryable(error) and tried_s >= BUSY_FOR_S:  # perhaps it is this one that takes so long
                    raise error
                if not holds_up and (retryable(error) or tried_s >= HOLDS_UP_AFTER_S):
                    holds_up = True
                    self._unwritten += 1
                await self._deps.clock.sleep(WRITE_AGAIN_S)
        finally:
            self._unwritten -= holds_up

    async def _unwritable(self, attempt: Attempt, outcome: Outcome) -> Exception | None:
        """Try to store the outcome; return why it cannot be stored yet, None where it is."""
        try:
            if isinstance(outcome, Sent):
                ours = await self._sent.written(attempt, outcome)
            else:
                ours = await self._unsent.written(attempt, outcome)
        except Exception as error:
            if not (retryable(error) or busy(error)):
                raise
            log.warning(
                "an outcome is not stored yet", channel=self.slug, retry_after_s=WRITE_AGAIN_S, error=repr(error)
            )
            return error
        if not ours:
            log.warning(
                "an attempt ended after its lease", channel=self.slug, notification=str(attempt.notification_id)
            )
        return None

    async def _write_sent(self, sent: Sequence[tuple[Attempt, Sent]]) -> Sequence[bool]:
        async with self._deps.engine_commands(ACTOR) as uow:
            return await outcomes.finish_sent(uow, sent)

    async def _write_unsent(self, unsent: Sequence[tuple[Attempt, Outcome]]) -> Sequence[bool]:
        """Write what was not sent; all incidents are held first, in the order in which all others do."""
        async with self._deps.engine_commands(ACTOR) as uow:
            await outcomes.hold(uow, unsent)
            jitters = [random.random() for _ in unsent]  # noqa: S311  # no secret
            return [
                await outcomes.finish(uow, attempt, outcome, jitter=jitter)
                for (attempt, outcome), jitter in zip(unsent, jitters, strict=True)
            ]

    def _made_room(self) -> None:
        self.wake()
        if 2 * self._free() >= self._width:
            self._has_room.set()

    async def _until_due_s(self) -> float:
        """Return how many seconds it is until the next message is due, or until the next sweep."""
        free = self._free()
        if free <= 0 or self._unwritten > 0 or self._woken.is_set():
            return SWEEP_S
        async with self._deps.database.engine_reads() as session:
            due_at = await next_due_at(session, channel=self.slug, full=self._room(free).full)
        if due_at is None:
            return SWEEP_S
        return min(SWEEP_S, max(0.0, (due_at - self._deps.clock.now()).total_seconds()))


def _count(attempt: Attempt, outcome: Outcome) -> None:
    match outcome:
        case Sent():
            name = "accepted"
        case Retry():
            name = "retry"
        case Failed():
            name = "retry" if outcome.elsewhere else "failed"
        case Ambiguous():
            name = "ambiguous"
    metrics.NOTIFICATIONS.labels(attempt.channel, name).inc()
    if isinstance(outcome, Sent):
        return
    tell = log.error if outcome.fault is Fault.CERTIFICATE else log.warning
    tell(
        "a message did not go through",
        channel=attempt.channel,
        outcome=name,
        fault=outcome.fault,
        reason=outcome.reason,
        attempt=attempt.number,
        notification=str(attempt.notification_id),
    )
