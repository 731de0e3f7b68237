"""The providers of a run: they take messages, refuse them for now or for good, stay silent, or answer too late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from opsknight.jobs.channels.channel import Address, Ambiguous, Failed, Message, Outcome, PageKind, Retry, Sent
from tests.simulator.timeline import Timeline


@dataclass(slots=True)
class Call:
    """One call of a provider: about what, when it began, and whether the provider took the message."""

    notification_id: UUID
    kind: PageKind
    incident_id: UUID | None
    user: str
    host: int
    at: datetime
    taken: bool = False


MOODS = ("takes it", "slow", "takes it and is silent", "silent", "hangs up", "busy", "away", "refuses", "gone")
WEIGHTS = (76, 8, 1.5, 1, 2, 2, 6, 2.5, 0.5)
HARSH = (33, 8, 1.5, 1, 2, 2, 6, 46, 0.5)
"""How the providers of every fourth run are: whole laps of a policy reach nobody."""


_Outage = tuple[datetime, datetime, str]
"""When a channel fails everybody, until when, and how."""


@dataclass(slots=True)
class Providers:
    """What all hosts call. `taken` is told of each message that a provider took."""

    timeline: Timeline
    seed: int
    taken: Callable[[Message, Random], object]
    calls: list[Call] = field(default_factory=list[Call])
    away: dict[str, list[_Outage]] = field(default_factory=dict[str, list["_Outage"]])
    in_a_good_mood: bool = False
    tries: dict[tuple[object, ...], int] = field(default_factory=dict[tuple[object, ...], int])
    _weights: Sequence[float] = WEIGHTS

    def __post_init__(self) -> None:
        self._weights = HARSH if Random(f"{self.seed} harsh").random() < 0.25 else WEIGHTS  # noqa: S311  # no secret

    def chance_of(self, call: Call, number: int | None) -> Random:
        """Return what decides about one call: of its own, for calls that begin together begin in no order."""
        key = (call.user, number, call.kind)
        self.tries[key] = self.tries.get(key, 0) + 1
        return Random(f"{self.seed} {key} {self.tries[key]}")  # noqa: S311  # no secret

    def mood(self, channel: str, chance: Random) -> str:
        """Return how the provider of `channel` takes the next message."""
        if self.in_a_good_mood:
            return MOODS[0]
        for begins_at, ends_at, mood in self.away.get(channel, ()):
            if begins_at <= self.timeline.at < ends_at:
                return mood
        return chance.choices(MOODS, self._weights)[0]

    def plan(self, channels: tuple[str, ...], start_at: datetime, end_at: datetime) -> None:
        """Decide when a whole channel is away, or refuses everybody: half an hour every few days."""
        chance = Random(f"{self.seed} away")  # noqa: S311  # no secret
        for channel in channels:
            at = start_at + timedelta(hours=chance.expovariate(1 / 60))
            while at < end_at:
                lasts = timedelta(minutes=chance.uniform(1, 50))
                mood = chance.choice(("away", "refuses"))
                self.away.setdefault(channel, []).append((at, at + lasts, mood))
                at += lasts + timedelta(hours=chance.expovariate(1 / 60))


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider of one channel as one host calls it."""

    providers: Providers
    channel: str
    host: int

    async def send(self, message: Message, address: Address) -> Outcome:  # noqa: ARG002  # nobody lives there
        providers, wait = self.providers, self.providers.timeline.sleep
        now = providers.timeline.at
        call = Call(message.notification_id, message.kind, message.incident_id, message.to_name, self.host, now)
        providers.calls.append(call)
        chance = providers.chance_of(call, message.number)
        match providers.mood(self.channel, chance):
            case "slow":
                await wait(chance.uniform(0.1, 9))
            case "takes it and is silent":
                self._take(call, message, chance)
                await wait(10)
                raise TimeoutError
            case "silent":
                await wait(10)
                raise TimeoutError
            case "hangs up":
                if chance.random() < 0.5:
                    self._take(call, message, chance)
                return Ambiguous("the connection was lost after the message was handed over")
            case "busy":
                return Retry("too many requests", after=timedelta(seconds=chance.choice((3, 7, 59, 600))))
            case "away":
                await wait(chance.choice((0.01, 0.5, 3)))
                return Retry("the provider is away")
            case "refuses":
                return Failed("the address is refused")
            case "gone":
                return Failed("the address is gone", gone=True)
            case _:
                await wait(0.02)
        self._take(call, message, chance)
        await asyncio.sleep(0)
        return Sent("taken")

    async def close(self) -> None:
        """Nothing is held open."""

    def _take(self, call: Call, message: Message, chance: Random) -> None:
        call.taken = True
        self.providers.taken(message, chance)
