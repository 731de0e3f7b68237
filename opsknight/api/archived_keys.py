"""Who sends with a key that ended: answered like an unknown one, and counted so that people see it.

That of an archived service, or of an integration that is switched off.
"""

from __future__ import annotations

from opsknight.api.tally import Tally
from opsknight.clock import Clock
from opsknight.domain.commands.archiving import Used


class ArchivedKeys(Tally[Used]):
    """Counts what is refused because the service that it was for is archived, or its integration switched off."""

    def __init__(self, *, clock: Clock) -> None:
        """Begin with nothing counted."""
        super().__init__("uses of archived keys", key=lambda one: (one.service_id, one.source), together=_together)
        self._clock = clock

    def count(self, service_id: int, source: str) -> None:
        """Count one refusal of what `source` ("integration:7") sent for a service."""
        self.add(Used(service_id, source, 1, self._clock.now()))


def _together(before: Used, one: Used) -> Used:
    last_at = max(before.last_at, one.last_at)
    return Used(one.service_id, one.source, before.times + one.times, last_at)
