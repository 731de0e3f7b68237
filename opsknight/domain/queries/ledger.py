"""What was changed here and by whom: the facts of the ledger that belong to no incident, newest first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, TypedDict

from sqlalchemy import bindparam, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.fact import SCHEDULING, Fact
from opsknight.domain.model.ledger import sentence
from opsknight.domain.queries.paging_on import cursor, placed
from opsknight.domain.queries.people import actor_names
from opsknight.domain.store.tables import FactRow, UserRow
from opsknight.errors import Invalid

FACTS_A_PAGE: Final = 100
HAPPENED_TO_NO_INCIDENT: Final = "incident_id IS NULL AND kind NOT IN ('dropped', 'counted')"
"""The condition of the index `facts_of_no_incident`: among what monitors send these facts are few."""
ABOUT: Final[Mapping[str, Collection[Fact]]] = {
    "access": frozenset(
        {Fact.SIGNED_IN, Fact.SIGNED_OUT, Fact.SIGN_IN_LINK_MADE, Fact.API_TOKEN_MADE, Fact.API_TOKEN_REVOKED}
        | {Fact.ROLE_CHANGED, Fact.PERSON_INVITED, Fact.PERSON_DEACTIVATED, Fact.PERSON_REACTIVATED}
        | {Fact.CALENDAR_LINK_MADE, Fact.CALENDAR_LINK_REVOKED}
    ),
    "people": frozenset(
        {Fact.PERSON_CHANGED, Fact.ADDRESS_ASKED, Fact.ADDRESS_CHANGED, Fact.METHOD_ADDED, Fact.METHOD_VERIFIED}
        | {Fact.METHOD_REMOVED, Fact.METHOD_DISABLED, Fact.QUIET_HOURS_SET, Fact.UNDISTURBED, Fact.DISTURBED_AGAIN}
        | {Fact.DEVICE_SILENT, Fact.DEVICE_HEARD, Fact.HEARD_AGAIN, Fact.PAY_RULES_SET, Fact.ONE_OFF_ADDED}
        | {Fact.ONE_OFF_REMOVED}
    ),
    "on call": SCHEDULING
    | frozenset(
        {Fact.SHIFT_ANNOUNCED, Fact.GAP_TOLD, Fact.OFFER_TOLD, Fact.READINESS_TOLD, Fact.HANDOFF_NOTED}
        | {Fact.CALENDAR_IMPORTED, Fact.CALENDAR_CHANGED, Fact.CALENDAR_FAILING, Fact.CALENDAR_READ_AGAIN}
        | {Fact.CALENDAR_REMOVED, Fact.WEEKLY_DRILL_SET, Fact.WEEKLY_DRILL_LEFT_OUT, Fact.DRILL_BEGAN}
        | {Fact.DRILL_ACKNOWLEDGED, Fact.DRILL_ENDED}
    ),
    "monitors": frozenset(
        {Fact.CHANGED, Fact.CONFIGURED, Fact.KEY_MADE, Fact.KEY_ENDED, Fact.SERVICE_ARCHIVED, Fact.SERVICE_RESTORED}
        | {Fact.REPLAYED, Fact.TEST_SENT, Fact.UNREADABLE, Fact.MAINTENANCE_PLANNED, Fact.MAINTENANCE_CHANGED}
        | {Fact.HEARTBEAT_DOWN, Fact.HEARTBEAT_UP, Fact.HEARTBEAT_PAUSED, Fact.HEARTBEAT_RESUMED}
        | {Fact.FLAPPING_STARTED, Fact.FLAPPING_STOPPED}
    ),
    "the house": frozenset(
        {Fact.STARTED, Fact.ARMED, Fact.BLIND, Fact.DISK_LOW, Fact.DISK_ROOMY, Fact.RETENTION, Fact.TIMER_DIED}
    ),
}
"""What one may ask for alone, by its name."""


class LedgerLine(TypedDict):
    """One thing that was done or happened, told as a sentence. `at` is in epoch seconds."""

    at: float
    kind: str
    actor: str
    actor_name: str
    subject: str
    sentence: str
    data: dict[str, Any]


class LedgerPage(TypedDict):
    """A page of the ledger, newest first; `more` is the cursor of what happened before, None at the beginning."""

    facts: list[LedgerLine]
    more: str | None


async def ledger(
    session: AsyncSession, *, before: str | None = None, about: str | None = None, actor: str | None = None
) -> LedgerPage:
    """Return at most FACTS_A_PAGE facts that belong to no incident, newest first, from the cursor `before` on.

    `about` is one of ABOUT, `actor` who did it, such as `user:3`.

    Raises:
        Invalid: the cursor is not one of ours, or nothing is called so that it is to be about.
    """
    place = (FactRow.at, FactRow.xid, FactRow.seq)
    statement = (
        select(*place, FactRow.kind, FactRow.actor, FactRow.subject, FactRow.data)
        .where(text(HAPPENED_TO_NO_INCIDENT))
        .order_by(*(column.desc() for column in place))
        .limit(FACTS_A_PAGE + 1)
    )
    if about is not None:
        if about not in ABOUT:
            raise Invalid(f"Nothing here is about “{about}”; ask for one of {', '.join(ABOUT)}.")
        statement = statement.where(FactRow.kind.in_(bindparam("kinds", sorted(ABOUT[about]), expanding=True)))
    if actor is not None:
        statement = statement.where(FactRow.actor == actor)
    if before is not None:
        statement = statement.where(tuple_(*place) < placed(before))
    rows = (await session.execute(statement)).all()
    shown = rows[:FACTS_A_PAGE]
    names = await actor_names(session, {row.actor for row in shown})
    return LedgerPage(
        facts=[_line(row, names[row.actor]) for row in shown],
        more=cursor(shown[-1]) if len(rows) > FACTS_A_PAGE else None,
    )


async def everybody(session: AsyncSession) -> Mapping[str, str]:
    """Return everybody who may have done something here, by actor, as a form offers them: also who has left since."""
    rows = await session.execute(
        select(UserRow.id, UserRow.name, UserRow.active).order_by(UserRow.active.desc(), UserRow.name, UserRow.id)
    )
    return {f"user:{row.id}": row.name if row.active else f"{row.name} (deactivated)" for row in rows}


def _line(row: Any, actor_name: str) -> LedgerLine:
    return LedgerLine(
        at=row.at.timestamp(),
        kind=row.kind,
        actor=row.actor,
        actor_name=actor_name,
        subject=row.subject,
        sentence=sentence(row.kind, actor_name, row.data),
        data=row.data,
    )
