"""Who acts in a run: monitors that trigger, repeat, flap and resolve, and people who answer, or do not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from opsknight.crypto import new_id
from opsknight.deps import busy, retryable
from opsknight.domain.commands import expiries, incidents
from opsknight.domain.commands.deliveries import ChangedMeanwhile, Delivery
from opsknight.domain.commands.expiries import Told
from opsknight.domain.commands.undoing import undo
from opsknight.domain.model.event import Action, Event, Severity, dedup_sha
from opsknight.domain.model.incident import IllegalTransition
from opsknight.errors import Refusal
from opsknight.jobs.channels.channel import Message, PageKind
from tests.simulator.quiet import KINDS, LIKELY
from tests.simulator.world import Watched, World

if TYPE_CHECKING:
    from tests.simulator.host import Host
    from tests.simulator.simulation import Simulation

Verb = Callable[..., Awaitable[Any]]
VOUCHES_FOR = timedelta(minutes=20)
OFTEN = 0.5
"""Of how many changes of shift something waits, were each step to wait for an hour."""


@dataclass(slots=True)
class Monitors:
    """What monitors send, each event under a key of its own until somebody takes it."""

    run: Simulation
    chance: Random
    sent: dict[str, datetime] = field(default_factory=dict[str, datetime])
    answered: dict[str, UUID] = field(default_factory=dict[str, UUID])
    vouched: dict[str, list[tuple[datetime, datetime]]] = field(
        default_factory=dict[str, list[tuple[datetime, datetime]]]
    )
    """By title: when its monitor said that it fires, and until when that counts."""

    def plan(self, world: World, start_at: datetime, end_at: datetime) -> None:
        """Put every event of the run on the agenda."""
        for watched in world.services.values():
            at = start_at + timedelta(days=self.chance.expovariate(0.35))
            while at < end_at:
                self._episode(watched, at)
                at += timedelta(days=self.chance.expovariate(0.35))
            for begin in watched.hours.begins(start_at, end_at) if watched.hours is not None else ():
                if self.chance.random() < 0.5:  # what is quiet shortly before support hours, and perhaps goes on
                    self._episode(watched, max(start_at, begin - timedelta(minutes=self.chance.uniform(1, 30))))
            for at in self._before_handoffs(watched, start_at, end_at):
                self._episode(watched, at)
        at = start_at + timedelta(days=self.chance.expovariate(1 / 4))
        while at < end_at:  # what they all stand on falls over
            for watched in world.services.values():
                if self.chance.random() < 0.3:
                    self._episode(watched, at + timedelta(seconds=self.chance.uniform(0, 8)))
            at += timedelta(days=self.chance.expovariate(1 / 4))

    def _before_handoffs(self, watched: Watched, start_at: datetime, end_at: datetime) -> Iterator[datetime]:
        """Yield when something begins that waits on a step's schedule while somebody else comes on call there."""
        ladder, paged_after_s = watched.ladder, 0
        for rotas, wait_s in zip(ladder.rotas, ladder.waits_s, strict=True):
            for handoff in (at for rota in rotas for at in self.run.oracle.paper(rota).changes):
                at = handoff - timedelta(seconds=paged_after_s + self.chance.uniform(0, wait_s))
                if start_at <= at < end_at and self.chance.random() < wait_s / 3600 * OFTEN:
                    yield at
            paged_after_s += wait_s

    def _episode(self, watched: Watched, at: datetime) -> None:
        chance = self.chance
        kind = chance.choices(KINDS, LIKELY)[0]
        what = f"{watched.key[-4:]} {kind} {chance.choice(('disk', 'latency', 'queue'))}"
        severity = chance.choices(list(Severity), (4, 4, 2, 1))[0]
        ends_at = at + timedelta(minutes=min(360.0, chance.lognormvariate(3.7, 1.1)))
        self._send(watched, Action.TRIGGER, what, severity, at)
        for _ in range(chance.choice((0, 0, 1, 3))):
            self._send(watched, Action.TRIGGER, what, severity, at + (ends_at - at) * chance.random())
        if chance.random() < 0.1:
            for _ in range(chance.randint(1, 4)):
                at += timedelta(seconds=chance.uniform(1, 200))
                self._send(watched, Action.RESOLVE, what, severity, at)
                at += timedelta(seconds=chance.uniform(1, 200))
                self._send(watched, Action.TRIGGER, what, severity, at)
        if chance.random() < 0.03:
            self._send(watched, Action.ACKNOWLEDGE, what, severity, at + timedelta(seconds=chance.uniform(1, 60)))
        if kind == "vouched":
            while (at := at + timedelta(minutes=chance.uniform(8, 19))) < ends_at:
                self._send(watched, Action.TRIGGER, what, severity, at)
        if kind != "vouched" or chance.random() < 0.4:  # else nothing is heard of it any more
            self._send(watched, Action.RESOLVE, what, severity, max(at, ends_at) + timedelta(seconds=1))

    def _send(self, watched: Watched, action: Action, what: str, severity: Severity, at: datetime) -> None:
        key = f"{action} {what} {len(self.sent)}"
        self.sent[key] = at
        title, until = f"{what} on {watched.key[-4:]}", None
        if "vouched" in what and action is Action.TRIGGER:
            until = at + VOUCHES_FOR
            self.vouched.setdefault(title, []).append((at, until))
        event = Event(action, what, title, severity, expires_at=until)
        self.run.at(at, lambda host: self._deliver(host, watched, event, key), again=True)

    async def _deliver(self, host: Host, watched: Watched, event: Event, key: str) -> None:
        integration = host.deps.catalogue.known(watched.key)
        assert integration is not None
        delivery = Delivery(new_id(), integration, (event,), key.encode(), idempotency_key=key)
        async with host.lane_turn:
            for tried in range(4):  # as the lane does, before it answers 503
                try:
                    await self._note(host, watched, event)
                    receipts = await host.deps.lanes[0].store([delivery])
                    break
                except Exception as error:
                    if not (retryable(error) or busy(error) or isinstance(error, ChangedMeanwhile)):
                        raise
                    if tried == 3:
                        self.run.at_in(self.chance.uniform(1, 10), lambda to: self._deliver(to, watched, event, key))
                        return
        host.deps.arrived(receipts)
        self.answered[key] = receipts[0].delivery_id

    @staticmethod
    async def _note(host: Host, watched: Watched, event: Event) -> None:
        """Note until when an alert is vouched for, as the door of such monitors does."""
        if "vouched" in event.dedup_key:
            told = Told(dedup_sha(event.dedup_key), None, event.expires_at)
            if event.action is Action.RESOLVE:
                told = Told(dedup_sha(event.dedup_key), None, ended_at=host.deps.clock.now())
            async with host.deps.commands("integration:1") as uow:
                await expiries.note(uow, watched.id, [told])


@dataclass(slots=True)
class People:
    """What people do about the pages they get."""

    run: Simulation
    chance: Random
    ids: dict[str, int] = field(default_factory=dict[str, int])
    done: dict[str, int] = field(default_factory=dict[str, int])
    refused: list[str] = field(default_factory=list[str])

    def paged(self, message: Message, chance: Random) -> None:
        """Decide what somebody does who got a message; more often than not nothing."""
        user_id, incident_id = self.ids[message.to_name], message.incident_id
        if message.carries:  # a summary of several: nothing of it can be pressed
            return
        assert incident_id is not None
        if message.kind is PageKind.STILL_ON_IT:
            if chance.random() < 0.6:
                self._does(user_id, "acknowledge", incident_id, chance.uniform(5, 290))
            return
        if chance.random() < 0.35:
            self._does(user_id, "acknowledge", incident_id, min(3000.0, chance.expovariate(1 / 150)))
        elif chance.random() < 0.06:
            self._does(user_id, self._whim(chance), incident_id, chance.expovariate(1 / 200))

    def _whim(self, chance: Random) -> str:
        verbs = ("resolve", "snooze", "suppress", "reassign", "escalate", "unacknowledge", "wake", "reopen")
        return chance.choice(verbs)

    def _does(self, user_id: int, verb: str, incident_id: UUID, after_s: float) -> None:
        self.run.at_in(after_s, lambda host: self._act(host, user_id, verb, incident_id))

    async def _act(self, host: Host, user_id: int, verb: str, incident_id: UUID) -> None:
        command, said = self._command(verb, user_id)
        try:
            async with host.deps.commands(f"user:{user_id}") as uow:
                done = await command(uow, incident_id, **said)
        except (IllegalTransition, Refusal) as refusal:
            self.refused.append(str(refusal))
            return
        except Exception as error:
            if not (retryable(error) or busy(error)):
                raise
            if self.chance.random() < 0.8:
                self._does(user_id, verb, incident_id, self.chance.uniform(1, 5))
            return
        self.done[verb] = self.done.get(verb, 0) + 1
        if getattr(done, "changed", True):
            self._follow(user_id, verb, incident_id)

    def _follow(self, user_id: int, verb: str, incident_id: UUID) -> None:
        if verb != "undo" and self.chance.random() < 0.08:
            self._does(user_id, "undo", incident_id, self.chance.uniform(0.5, 6))
        if verb != "acknowledge":
            return
        then = ("resolve", "snooze", "suppress", "reassign", "escalate", "unacknowledge", "acknowledge", "")
        chosen = self.chance.choices(then, (45, 10, 4, 10, 7, 5, 4, 15))[0]
        if chosen:
            self._does(user_id, chosen, incident_id, self.chance.uniform(20, 5400))

    def _command(self, verb: str, user_id: int) -> tuple[Verb, dict[str, Any]]:
        now = self.run.timeline.at
        said: dict[str, Any] = {}
        if verb in ("snooze", "suppress"):
            said["until"] = now + timedelta(seconds=self.chance.uniform(60, 7200))
        elif verb == "reassign":
            said["to"] = self.chance.choice(self._mates(user_id))
        return (undo if verb == "undo" else getattr(incidents, verb)), said

    def _mates(self, user_id: int) -> tuple[int, ...]:
        for members in self.run.world.members.values():
            if user_id in members:
                return members
        return self.run.world.admins
