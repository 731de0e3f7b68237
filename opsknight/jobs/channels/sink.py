"""A channel of our own that takes everything at once: by it canaries prove the engine, the outbox and the senders."""

from __future__ import annotations

from typing import Final

from opsknight.domain.model.canary import OWN
from opsknight.domain.model.channel import ChannelKind, one_line
from opsknight.jobs.channels.channel import Address, Ground, Message, Outcome, Sent

KIND: Final = ChannelKind(OWN, "Canary", "", one_line, by_hand=False, people=False)


def make(_ground: Ground) -> SinkChannel:
    """Return the channel."""
    return SinkChannel()


class SinkChannel:
    """Takes every message, and forgets it."""

    async def send(self, message: Message, address: Address) -> Outcome:  # noqa: ARG002  # whatever it is
        """Take it."""
        return Sent(detail="taken by OpsKnight itself")

    async def close(self) -> None:
        """Do nothing: nothing is open."""
