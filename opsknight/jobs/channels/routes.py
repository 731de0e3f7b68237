"""Several providers for one channel: each message goes by one of them, and by another where that did not go through."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from opsknight.domain.model.carrying import Record, demoted, ranked
from opsknight.jobs.channels.channel import (
    Address,
    Amends,
    Asks,
    Channel,
    Failed,
    Fault,
    Message,
    Outcome,
    Retry,
    Sent,
    Urgency,
)

Country: TypeAlias = Callable[[str], str]
"""Where an address lies, as two letters, "" where nobody knows."""


def nowhere(_address: str) -> str:
    """Return that nobody knows where it lies: a channel that knows no countries."""
    return ""


class Routed:
    """A channel by its carriers, in the order in which they are preferred. Every outcome says which it was.

    The operator's order is that of `carriers`; those that do not get through to a country come last there.
    """

    def __init__(self, carriers: Mapping[str, Channel], *, country: Country = nowhere) -> None:
        """Keep the carriers, at least one."""
        self._carriers = carriers
        self._country = country
        self._preferred = tuple(carriers)
        self._orders: dict[str, tuple[str, ...]] = {}
        self._again: dict[str, str] = {}

    @property
    def has_choice(self) -> bool:
        """Whether there are several carriers to choose from."""
        return len(self._carriers) > 1

    def heed(self, records: Mapping[str, Mapping[str, Record]]) -> Mapping[str, Sequence[str]]:
        """Choose by these records of carriers for each country from now on; return where the order is another now.

        One message of low urgency to each country then goes by a carrier that was overtaken: to see how it does.
        """
        before, self._orders, self._again = self._orders, {}, {}
        for country, known in records.items():
            order = ranked(self._preferred, known)
            again = demoted(self._preferred, order)
            if again is not None:
                self._orders[country], self._again[country] = order, again
        changed = {one for one in before.keys() | self._orders.keys() if before.get(one) != self._orders.get(one)}
        return {country: self._orders.get(country, self._preferred) for country in changed}

    async def send(self, message: Message, address: Address) -> Outcome:
        """Send by the first carrier that has not failed with this message yet; by the first one when all have.

        One that has refused it is left out. A refusal that does not speak of the address is for another carrier to
        overcome, and so is a wish for patience as long as one has not tried.
        """
        country = self._country(address.value)
        slug = self._choice(message, country)
        outcome = replace(await self._carriers[slug].send(message, address), carrier=slug, country=country)
        match outcome:
            case Failed() if outcome.fault is not Fault.ADDRESS and not outcome.gone:
                return replace(outcome, elsewhere=bool(self._carriers.keys() - message.refused_by - {slug}))
            case Retry() if outcome.after is not None or outcome.fault is Fault.THROTTLED:
                return replace(outcome, elsewhere=bool(self._carriers.keys() - message.tried_by - {slug}))
            case _:
                return outcome

    def _choice(self, message: Message, country: str) -> str:
        order = self._orders.get(country, self._preferred)
        if message.urgency is Urgency.LOW and not message.tried_by and country in self._again:
            return self._again.pop(country)
        left = [each for each in order if each not in message.refused_by] or order
        return next((each for each in left if each not in message.tried_by), left[0])

    async def find(self, message: Message, address: Address, *, since: datetime) -> Sent | None:
        """Ask each carrier that can be asked and may have `message`; return the first that has it."""
        for slug, carrier in self._carriers.items():
            if isinstance(carrier, Asks) and (not message.tried_by or slug in message.tried_by):
                found = await carrier.find(message, address, since=since)
                if found is not None:
                    return replace(found, carrier=slug, country=self._country(address.value))
        return None

    @property
    def amends(self) -> bool:
        """Whether a message of one of its carriers can be changed."""
        return any(isinstance(carrier, Amends) for carrier in self._carriers.values())

    async def amend(self, message: Message, address: Address, *, provider_id: str, carrier: str) -> Outcome:
        """Have `carrier` change the message that it calls `provider_id`; without a name it is the only one."""
        only = next(iter(self._carriers.values())) if len(self._carriers) == 1 and not carrier else None
        channel = self._carriers.get(carrier, only)
        if not isinstance(channel, Amends):
            return Failed(f"{carrier or 'Its provider'} cannot change a message, or is not set up any more.")
        return await channel.amend(message, address, provider_id=provider_id)

    async def close(self) -> None:
        """Let go of every carrier."""
        for carrier in self._carriers.values():
            await carrier.close()


class NotSet:
    """A channel that nobody has set up: every message fails at once, and says what is missing."""

    def __init__(self, missing: str) -> None:
        """Keep the sentence."""
        self._missing = missing

    async def send(self, message: Message, address: Address) -> Outcome:  # noqa: ARG002  # whatever it is
        """Refuse it."""
        return Failed(self._missing, Fault.SETTINGS)

    async def close(self) -> None:
        """Do nothing: nothing is open."""
