"""Pages that belong to no incident: a test, a code, an answer, a first message in a room, what admins are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from opsknight.crypto import new_id
from opsknight.domain.commands.outbox import Outbox, Page
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.speech import Written, speaking
from opsknight.domain.queries import escalations as reading
from opsknight.domain.store.tables import ContactMethodRow, NotificationRow, PageRow
from opsknight.domain.store.unit_of_work import UnitOfWork


async def page_alone(
    uow: UnitOfWork,
    kind: PageKind,
    methods: Sequence[ContactMethodRow],
    *,
    user_id: int | None,
    urgency: Urgency,
    reason: str,
) -> UUID:
    """Put a page into the outbox, due now on each of `methods`; without a person it is for a room."""
    common: Mapping[str, object] = {"incident_id": None, "generation": 0, "user_id": user_id, "due_at": uow.now}
    row = PageRow(id=new_id(), step=0, lap=0, kind=kind.value, reason=reason, created_at=uow.now, **common)
    uow.session.add(row)
    await uow.session.flush()
    uow.session.add_all(
        NotificationRow(
            id=new_id(),
            page_id=row.id,
            contact_method_id=method.id,
            channel=method.channel,
            urgency=urgency.value,
            position=position,
            status="queued",
            created_at=uow.now,
            **common,
        )
        for position, method in enumerate(methods)
    )
    return row.id


async def tell_admins(uow: UnitOfWork, kind: PageKind, words: Callable[[], str]) -> None:
    """Tell every admin `words`, asked for in the language of each, by what their rules send first."""
    leads = await reading.leads(uow.session, [0])
    outbox = Outbox(uow.now, await reading.people(uow.session, leads[0].admins))
    for user_id in leads[0].admins:
        with speaking(outbox.people[user_id].language):
            said = words()
        outbox.add(aside(kind, user_id, said, at=uow.now))
    await outbox.write(uow)


def aside(kind: PageKind, user_id: int, said: str, *, at: datetime) -> Page:
    """Return the page that tells a person what is `said` quietly, by what their rules send first."""
    return Page(
        incident_id=None,
        generation=0,
        kind=kind,
        user_id=user_id,
        reason=Written(said),
        urgency=Urgency.LOW,
        due_at=at,
        once=True,
    )
