"""Putting pages into the outbox: one decision to reach one person, and the messages that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from opsknight.crypto import new_id
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.paging import (
    POSTED,
    ROOM_OFF,
    ROOM_UNVERIFIED,
    ContactMethod,
    Plan,
    Planned,
    plan,
)
from opsknight.domain.queries.escalations import Reachable
from opsknight.domain.store.unit_of_work import UnitOfWork

_PAGE: Final = text("""
    INSERT INTO pages (id, incident_id, generation, step, lap, kind, user_id, reason, chosen_by, due_at, created_at)
    VALUES (:id, :incident_id, :generation, :step, :lap, :kind, :user_id, :reason, :chosen_by, :due_at, :now)
""")
# The same page twice would be a mistake of ours. It must fail, and come again, rather than vanish.
_NOTIFY: Final = text("""
    INSERT INTO notifications (id, page_id, incident_id, generation, user_id, contact_method_id, channel, urgency,
        position, status, due_at, created_at, gather)
    SELECT :id, p.id, p.incident_id, p.generation, p.user_id, :contact_method_id, :channel, :urgency, :position,
        'queued', :due_at, :now, :gather
    FROM pages p WHERE p.id = :page_id
""")


@dataclass(frozen=True, slots=True)
class Page:
    """One person to be reached for one incident; `due_at` is when that was due, `gather` as in the outbox.

    Without a `user_id` it is to be posted in a room.
    `held_back` is how long its messages wait for others that go together with them.
    """

    incident_id: UUID | None
    generation: int
    kind: PageKind
    user_id: int | None
    reason: str
    urgency: Urgency
    due_at: datetime
    step: int = 0
    lap: int = 0
    gather: bool = False
    held_back: timedelta = timedelta()
    once: bool = False
    """Send only what their rules send first: it tells something, and wakes nobody up."""


@dataclass(slots=True)
class Outbox:
    """Pages of one unit of work, written together in the end."""

    now: datetime
    people: Mapping[int, Reachable]
    pages: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    messages: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def add(self, page: Page) -> str | None:
        """Plan one person's messages; return why they cannot be reached, or None when they are paged."""
        person = self.people[page.user_id or 0]
        planned = plan(person.methods, person.rules, urgency=page.urgency, at=self.now, active=person.active)
        if not planned.reaches:
            return planned.reason
        self._write(page, planned)
        return None

    def post(self, page: Page, room: ContactMethod) -> str | None:
        """Plan one message in a room; return why nothing can be posted there, or None when it will be."""
        if not room.usable:
            return ROOM_OFF if room.disabled else ROOM_UNVERIFIED
        planned = Planned(room.id, room.channel, self.now, 0)
        self._write(page, Plan((planned,), POSTED))
        return None

    def _write(self, page: Page, planned: Plan) -> None:
        page_id = new_id()
        self.pages.append(
            {
                "id": page_id,
                "incident_id": page.incident_id,
                "generation": page.generation,
                "step": page.step,
                "lap": page.lap,
                "kind": page.kind.value,
                "user_id": page.user_id,
                "reason": page.reason,
                "chosen_by": planned.reason,
                "due_at": page.due_at,
                "now": self.now,
            }
        )
        self._notify(page, page_id, planned)

    def _notify(self, page: Page, page_id: UUID, planned: Plan) -> None:
        first_at = planned.notifications[0].due_at
        self.messages.extend(
            {
                "id": new_id(),
                "page_id": page_id,
                "contact_method_id": each.contact_method_id,
                "channel": each.channel,
                "urgency": page.urgency.value,
                "position": each.position,
                "due_at": each.due_at + page.held_back,
                "now": self.now,
                "gather": page.gather,
            }
            for each in planned.notifications
            if not page.once or each.due_at == first_at
        )

    async def write(self, uow: UnitOfWork) -> None:
        """Write all that was added."""
        if self.pages:
            await uow.session.execute(_PAGE, self.pages)
            await uow.session.execute(_NOTIFY, self.messages)
