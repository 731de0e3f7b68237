"""Several providers for one channel: each message goes by one of them, and by another where that did not go through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from opsknight.jobs.channels.channel import Address, Amends, Asks, Channel, Failed, Fault, Message, Outcome, Sent

Country: TypeAlias = Callable[[str], str]
"""Where an address lies, as two letters, "" where nobody knows."""


def nowhere(_address: str) -> str:
    """Return that nobody knows where it lies: a channel that knows no countries."""
    return ""


class Routed:
    """A channel by its carriers, in the order in which they are preferred. Every outcome says which it was."""

    def __init__(self, carriers: Mapping[str, Channel], *, country: Country = nowhere) -> None:
        """Keep the carriers, at least one."""
        self._carriers = carriers
        self._country = country

    async def send(self, message: Message, address: Address) -> Outcome:
        """Send by the first carrier that has not failed with this message yet; by the first one when all have."""
        country = self._country(address.value)
        slug = next((each for each in self._carriers if each not in message.tried_by), next(iter(self._carriers)))
        return replace(await self._carriers[slug].send(message, address), carrier=slug, country=country)

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
