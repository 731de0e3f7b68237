"""A message that was sent and does not show how its incident stands any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from opsknight.domain.model.attempt import IncidentNow
from opsknight.domain.model.event import Severity, Urgency
from opsknight.domain.model.incident import Status
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.speech import ENGLISH, later, say

WITHIN: Final = timedelta(hours=24)
"""A message older than this stays as it is."""
TRIES: Final = 6
_WAITS: Final = (timedelta(seconds=5), timedelta(seconds=20), timedelta(minutes=1), timedelta(minutes=5))
_HEADS: Final = {
    Status.OPEN: later("Open again"),
    Status.SNOOZED: later("Snoozed"),
    Status.SUPPRESSED: later("Kept quiet"),
    Status.RESOLVED: later("Resolved"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How one of the incidents stands of which a summary told; `owner` may be empty."""

    number: int
    title: str
    severity: Severity
    service: str
    status: Status
    owner: str

    @property
    def head(self) -> str:
        """How it stands, in words."""
        return stands(self.status, self.owner)


@dataclass(frozen=True, slots=True)
class Amendment:
    """One message to change, and how its incident stands. `due_at` proves whose it is; `owner` may be empty.

    `provider_id` is the provider's name for the message, `carrier` who the provider was, `told` what is to be
    written down as shown once it is changed. `over` says that its person is called by it no more. A summary tells of
    `all_of_them`, worst first.
    """

    notification_id: UUID
    due_at: datetime
    tries: int
    told: str
    kind: PageKind
    generation: int
    user_id: int | None
    user_name: str
    urgency: Urgency
    channel: str
    carrier: str
    provider_id: str
    incident: IncidentNow
    incident_generation: int
    owner: str
    address: str = field(repr=False)
    secret: Mapping[str, str] = field(repr=False)
    language: str = ENGLISH
    all_of_them: tuple[Standing, ...] = ()
    over: bool = False

    @property
    def head(self) -> str:
        """How the incident stands, in words for the first line."""
        return stands(self.incident.status, self.owner)

    @property
    def outdated(self) -> bool:
        """Whether it is of an older generation of its incident, or calls its person no more."""
        return self.over or self.incident_generation != self.generation

    @property
    def became(self) -> Status:
        """What has become of it: of a summary what all have become, open where one is, else that they are taken."""
        found = {one.status for one in self.all_of_them} or {self.incident.status}
        if len(found) == 1:
            return found.pop()
        return Status.OPEN if Status.OPEN in found else Status.ACKNOWLEDGED


def stands(status: Status, owner: str) -> str:
    """Return how an incident stands, in words; its `owner` may be empty."""
    if status is Status.ACKNOWLEDGED:
        return say("Acknowledged by {name}", name=owner) if owner else say("Acknowledged")
    return say(_HEADS[status])


def again_after(tries: int, *, asked_for: timedelta | None = None) -> timedelta | None:
    """Return how long to wait after the `tries`-th try failed, counted from 1; None to leave the message as it is."""
    if tries >= TRIES:
        return None
    wait = _WAITS[min(tries, len(_WAITS)) - 1]
    return max(wait, asked_for) if asked_for is not None else wait
