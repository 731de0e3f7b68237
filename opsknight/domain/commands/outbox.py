"""Putting pages into the outbox: one decision to reach one person, and the messages that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from opsknight.crypto import new_id
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.notification import AT_ONCE, HELD_IN_QUIET_HOURS, PageKind
from opsknight.domain.model.paging import (
    POSTED,
    QUIET,
    ROOM_OFF,
    ROOM_UNVERIFIED,
    ContactMethod,
    Plan,
    Planned,
    plan,
)
from opsknight.domain.model.quiet_hours import NEVER
from opsknight.domain.model.speech import Sentence, Written
from opsknight.domain.model.standing_in import instead_of, stand_in
from opsknight.domain.queries.escalations import Reachable
from opsknight.domain.store.rows import columns
from opsknight.domain.store.unit_of_work import UnitOfWork

_PAGE: Final = text("""
    INSERT INTO pages (id, incident_id, generation, step, lap, kind, user_id, reason, chosen_by, due_at, created_at,
        for_user_id, said)
    SELECT id, incident_id, generation, step, lap, kind, user_id, reason, chosen_by, due_at, :now, for_user_id,
        CAST(said AS jsonb)
    FROM unnest(CAST(:id AS uuid[]), CAST(:incident_id AS uuid[]), CAST(:generation AS integer[]),
        CAST(:step AS integer[]), CAST(:lap AS integer[]), CAST(:kind AS text[]), CAST(:user_id AS bigint[]),
        CAST(:reason AS text[]), CAST(:chosen_by AS text[]), CAST(:due_at AS timestamptz[]),
        CAST(:for_user_id AS bigint[]), CAST(:said AS text[]))
        n (id, incident_id, generation, step, lap, kind, user_id, reason, chosen_by, due_at, for_user_id, said)
""")
# The same page twice would be a mistake of ours. It must fail, and come again, rather than vanish.
_NOTIFY: Final = text("""
    INSERT INTO notifications (id, page_id, incident_id, generation, user_id, contact_method_id, channel, urgency,
        position, status, due_at, created_at, gather, reason, held_until, said)
    SELECT n.id, p.id, p.incident_id, p.generation, p.user_id, n.contact_method_id, n.channel, n.urgency, n.position,
        'queued', n.due_at, :now, n.gather, CASE WHEN n.held_until IS NULL THEN '' ELSE :held END, n.held_until,
        CASE WHEN n.held_until IS NOT NULL THEN CAST(:held_said AS jsonb) END
    FROM unnest(CAST(:id AS uuid[]), CAST(:page_id AS uuid[]), CAST(:contact_method_id AS bigint[]),
        CAST(:channel AS text[]), CAST(:urgency AS text[]), CAST(:position AS integer[]),
        CAST(:due_at AS timestamptz[]), CAST(:gather AS boolean[]), CAST(:held_until AS timestamptz[]))
        n (id, page_id, contact_method_id, channel, urgency, position, due_at, gather, held_until)
    JOIN pages p ON p.id = n.page_id
""").bindparams(bindparam("held_said", type_=JSONB))
_HELD: Final = {"held": QUIET.english, "held_said": QUIET.to_json()}


@dataclass(frozen=True, slots=True)
class Page:
    """One person to be reached for one incident; `due_at` is when that was due, `gather` as in the outbox.

    Without a `user_id` it is to be posted in a room. The reason is told in the language of whoever gets it, and
    those words that are told as they are were written in it.
    `held_back` is how long its messages wait for others that go together with them.
    """

    incident_id: UUID | None
    generation: int
    kind: PageKind
    user_id: int | None
    reason: Sentence | Written
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
    held: dict[tuple[UUID | None, int | None], datetime] = field(
        default_factory=dict[tuple[UUID | None, int | None], datetime]
    )
    """Until when quiet hours hold all that a page of an incident sends to a person; whoever tells of it takes it."""
    _added: set[tuple[Any, ...]] = field(default_factory=set[tuple[Any, ...]])

    def goes_to(self, kind: PageKind, user_id: int) -> int:
        """Return who gets a page for `user_id`: while they are not to be disturbed, whom they have named.

        Unless that one cannot be reached, or is not to be disturbed either.
        """
        other = self.people.get(stand_in(kind, self.people[user_id].undisturbed, at=self.now) or user_id)
        return other.id if other is not None and other.stands_in_at(self.now) else user_id

    def add(self, page: Page) -> str | None:
        """Plan one person's messages; return why they cannot be reached, or None when they are paged.

        Where somebody stands in for them, they get the messages: once for all whom they stand in for in this step.
        """
        whose = self.people[page.user_id or 0]
        person = self.people[self.goes_to(page.kind, whose.id)]
        key = (page.incident_id, page.generation, page.step, page.lap, page.kind, person.id)
        if page.incident_id is not None and key in self._added:
            return None
        quiet = person.quiet if page.kind in HELD_IN_QUIET_HOURS else NEVER
        planned = plan(
            person.methods,
            person.rules,
            urgency=page.urgency,
            at=self.now,
            active=person.active,
            quiet=quiet,
            at_once=page.kind in AT_ONCE,
        )
        if not planned.reaches:
            return planned.reason
        self._added.add(key)
        self._write(page, planned, user_id=person.id, whose=None if person is whose else whose)
        return None

    def post(self, page: Page, room: ContactMethod) -> str | None:
        """Plan one message in a room; return why nothing can be posted there, or None when it will be."""
        if not room.usable:
            return ROOM_OFF if room.disabled else ROOM_UNVERIFIED
        planned = Planned(room.id, room.channel, self.now, 0)
        self._write(page, Plan((planned,), POSTED), user_id=None)
        return None

    def _write(self, page: Page, planned: Plan, *, user_id: int | None, whose: Reachable | None = None) -> None:
        """Note a page to `user_id`; `whose` it is where they get it instead of somebody."""
        page_id = new_id()
        why = page.reason if whose is None else instead_of(page.reason, whose.name)
        self.pages.append(
            {
                "id": page_id,
                "incident_id": page.incident_id,
                "generation": page.generation,
                "step": page.step,
                "lap": page.lap,
                "kind": page.kind.value,
                "user_id": user_id,
                "reason": why.english if isinstance(why, Sentence) else why,
                "said": why.to_json() if isinstance(why, Sentence) else None,
                "chosen_by": planned.reason,
                "due_at": page.due_at,
                "for_user_id": None if whose is None else whose.id,
            }
        )
        until = [each.held_until for each in planned.notifications]
        if until[0] is not None and None not in until:
            self.held[page.incident_id, user_id] = until[0]
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
                "gather": page.gather or each.held_until is not None,
                "held_until": each.held_until,
            }
            for each in planned.notifications
            if not page.once or each.due_at == first_at
        )

    async def write(self, uow: UnitOfWork) -> None:
        """Write all that was added."""
        if self.pages:
            await uow.session.execute(_PAGE, {**columns(self.pages, plain=("said",)), "now": self.now})
            await uow.session.execute(_NOTIFY, {**columns(self.messages), **_HELD, "now": self.now})
