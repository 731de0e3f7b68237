"""One attempt to send one message: all that the words and the channel need, read just before the call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from opsknight.domain.model.event import Severity, Urgency
from opsknight.domain.model.incident import Status
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.speech import ENGLISH, Sentence


@dataclass(frozen=True, slots=True)
class IncidentNow:
    """The incident as it stood when the attempt began."""

    id: UUID
    number: int
    title: str
    severity: Severity
    service: str
    status: Status
    opened_at: datetime
    acknowledged_at: datetime | None
    runbook_url: str


@dataclass(frozen=True, slots=True)
class Other:
    """Another incident that a message tells of, how late its page is, and what its watcher is told of it."""

    number: int
    title: str
    severity: Severity
    service: str
    late: timedelta | None
    told: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that was written as `started`; `number` counts from 1, `fence` says whose it is.

    `retries` and `perhaps` count the earlier attempts of the same notification that surely and
    perhaps did not go through. `why_now` says why it is sent before its planned time, if it is, or of one that was
    `held` back why that was.
    `others` are the incidents that it tells of besides its own. `tried_by` are the carriers of earlier
    attempts that did not go through, `refused_by` those of them that refused it for good, and `first_tried_at` is
    when the first attempt began. Who gets it `stands_in` where it is somebody else's page, and reads `language`.
    """

    id: UUID
    number: int
    notification_id: UUID
    fence: int
    page_id: UUID
    kind: PageKind
    generation: int
    step: int
    lap: int
    position: int
    why_paged: Sentence | str
    why_now: Sentence | str
    channel: str
    contact_method_id: int
    label: str
    user_id: int | None
    user_name: str
    urgency: Urgency
    due_at: datetime
    late: timedelta | None
    retries: int
    perhaps: int
    incident: IncidentNow | None
    address: str = field(repr=False)
    secret: Mapping[str, str] = field(repr=False)
    others: tuple[Other, ...] = ()
    tried_by: frozenset[str] = frozenset()
    refused_by: frozenset[str] = frozenset()
    first_tried_at: datetime | None = None
    stands_in: bool = False
    held: bool = False
    language: str = ENGLISH

    @property
    def possible_repeat(self) -> bool:
        """Whether an earlier attempt was perhaps sent."""
        return self.perhaps > 0

    @property
    def first_of_incident(self) -> bool:
        """Whether this is the first message about its incident, as far as order tells."""
        first = (self.step, self.lap, self.position, self.number) == (0, 0, 0, 1)
        return first and self.kind is PageKind.PAGE and self.generation == 1
