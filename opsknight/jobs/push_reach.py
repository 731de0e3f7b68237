"""Whether the servers of browsers' vendors can be reached: every Web Push passes them, also within one house."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import structlog

from opsknight.domain.queries.contact_methods import push_services
from opsknight.jobs.channels.http import Answer, Caller
from opsknight.jobs.rest import Rest

if TYPE_CHECKING:
    from opsknight.deps import Deps

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 300.0
WITHIN_S: Final = 5.0


class PushReach:
    """Looks at the push services of the browsers that people have added, and keeps in `deps` which are out of reach.

    Without a browser nobody is called. Any answer will do: what a push service says to a call without a message does
    not matter.
    """

    def __init__(self, deps: Deps) -> None:
        """Prepare; nobody is called before `run` or `look`."""
        self._deps = deps
        self._caller = Caller(
            "The push service", now=deps.clock.now, budget_s=WITHIN_S, allow_private=deps.settings.push_allow_private
        )

    async def run(self) -> None:
        """Look for as long as the process runs."""
        try:
            while not self._deps.stopping.is_set():
                try:
                    self._deps.push_out_of_reach = await self.look()
                except Exception as error:  # noqa: BLE001  # looked at again
                    log.warning("push services could not be looked at", again_in_s=LOOK_EVERY_S, error=repr(error))
                await Rest(self._deps.stopping, LOOK_EVERY_S).over()
        finally:
            await self._caller.close()

    async def look(self) -> Mapping[str, str]:
        """Return the hosts that cannot be reached, each with the reason in a sentence."""
        async with self._deps.reading() as session:
            origins = await push_services(session)
        found: dict[str, str] = {}
        for origin in sorted(origins):
            answer = await self._caller.call("HEAD", f"{origin}/")
            if not isinstance(answer, Answer):
                found[urlsplit(origin).netloc] = answer.reason
        return found
