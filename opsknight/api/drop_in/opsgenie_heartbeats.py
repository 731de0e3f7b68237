"""Opsgenie's Heartbeat API: a ping by name, for the heartbeats of the service whose integration the key is of.

Source: https://docs.opsgenie.com/docs/heartbeats
Opsgenie answers PONG to any name. Here a name that nobody waits for is refused, so that it does not seem watched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsknight.api.again import again
from opsknight.api.drop_in.door import Answer, Visit
from opsknight.api.drop_in.opsgenie import authenticated, refused, said_so
from opsknight.api.ingest_answers import Problem
from opsknight.crypto import new_id
from opsknight.domain.commands.beating import actor_of
from opsknight.domain.commands.pings import Ping, hear
from opsknight.domain.model.heartbeat import Signal, says_nothing_new
from opsknight.domain.queries import heartbeats

if TYPE_CHECKING:
    from opsknight.deps import Deps

HEARTBEATS: Final = "/v2/heartbeats/"
METHODS: Final = ("GET", "POST", "PUT", "PATCH")
_PING: Final = "/ping"
_SENDER_KEPT: Final = 200


class OpsgenieHeartbeats:
    """Answers pings below /v2/heartbeats."""

    def __init__(self, deps: Deps) -> None:
        """Hear for the heartbeats in the database of `deps`."""
        self._deps = deps

    async def take(self, visit: Visit) -> Answer:
        """Take a ping; the answer leaves after its commit."""
        integration = await authenticated(visit)
        name = visit.path[len(HEARTBEATS) :].rstrip("/").removesuffix(_PING)
        if not visit.path.rstrip("/").endswith(_PING) or not name:
            raise Problem(404, "OpsKnight takes the pings of this API; make and change heartbeats under Heartbeats.")
        if visit.method not in METHODS:
            raise Problem(405, "A ping is sent with GET, POST, PUT or PATCH.")
        async with self._deps.reading() as session:
            found = await heartbeats.called(session, service_id=integration.service_id, name=name)
        if found is None:
            missing = f"{integration.service} has no heartbeat called “{name[:100]}”; make one under Heartbeats."
            raise Problem(404, missing)
        at = self._deps.clock.now()
        if not says_nothing_new(found.heartbeat, Signal.SUCCESS, last_ping_at=found.last_ping_at, at=at):
            sender = f"{integration.name} {visit.headers.get('user-agent', '')}".strip()[:_SENDER_KEPT]

            async def attempt() -> None:
                async with self._deps.commands(actor_of(found.id)) as uow:
                    await hear(uow, found.id, Ping(Signal.SUCCESS, sender=sender))

            await again(attempt)
        return 202, said_so({"result": "PONG - Heartbeat received"}, new_id())

    def refuse(self, problem: Problem) -> Answer:
        """Return a refusal as Opsgenie words it."""
        return refused(problem)
