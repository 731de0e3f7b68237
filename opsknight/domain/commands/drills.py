"""Drills: real pages about nothing, by each person's own rules, to see who is reached and who answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select, text

from opsknight.crypto import new_id
from opsknight.domain.commands.authority import require
from opsknight.domain.commands.outbox import Outbox, Page
from opsknight.domain.model.drill import LASTS, TONIGHT, UNDISTURBED, Answer, Because, about_of, why_drilled
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.permission import Need
from opsknight.domain.model.schedule import on_call, shifts
from opsknight.domain.model.speech import Written, speaking
from opsknight.domain.queries import escalations as reading
from opsknight.domain.queries.asked_directly import asked_directly
from opsknight.domain.queries.people import active_name, name_of
from opsknight.domain.queries.restored import is_armed
from opsknight.domain.store.tables import DrillPersonRow, DrillRow, ScheduleRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid, NotFound

ON_SCREEN: Final = "the page of drills"
_RECENT: Final = timedelta(days=62)
_ONE_AT_A_TIME: Final = 0x0D1
"""The lock under which drills begin: two at once would page the same people twice."""

_HOLD: Final = text("SELECT pg_advisory_xact_lock(:key, 0)")
_UNDER_WAY: Final = text("""
    SELECT p.user_id FROM drills d JOIN drill_people p ON p.drill_id = d.id
    WHERE d.ended_at IS NULL AND d.ends_at > :now AND p.acknowledged_at IS NULL AND p.page_id IS NOT NULL
        AND p.user_id = ANY(:users)
""")
_WHOSE: Final = text("""
    SELECT p.drill_id, p.user_id, p.acknowledged_at, d.begins_at, d.ends_at
    FROM notifications n JOIN drill_people p ON p.page_id = n.page_id JOIN drills d ON d.id = p.drill_id
    WHERE n.id = :id AND p.user_id = :user_id FOR NO KEY UPDATE OF p
""")
_OWN: Final = text("""
    SELECT p.drill_id, p.user_id, p.acknowledged_at, d.begins_at, d.ends_at
    FROM drill_people p JOIN drills d ON d.id = p.drill_id
    WHERE p.drill_id = :id AND p.user_id = :user_id FOR NO KEY UPDATE OF p
""")
_ACKNOWLEDGE: Final = text("""
    UPDATE drill_people SET acknowledged_at = :now, notification_id = :id, via = :via
    WHERE drill_id = :drill_id AND user_id = :user_id
""")
_END: Final = text("""
    UPDATE drills d SET ended_at = :now
    WHERE d.ended_at IS NULL AND (d.ends_at <= :now OR NOT EXISTS (
        SELECT FROM drill_people p WHERE p.drill_id = d.id AND p.acknowledged_at IS NULL AND p.page_id IS NOT NULL))
    RETURNING d.id, d.about, ARRAY(
        SELECT u.name FROM drill_people p JOIN users u ON u.id = p.user_id
        WHERE p.drill_id = d.id AND p.acknowledged_at IS NULL ORDER BY lower(u.name), u.id) AS silent
""")


@dataclass(frozen=True, slots=True)
class Whom:
    """Who is drilled: a person, who is on call on a schedule now, or, with neither, everyone on call tonight.

    Whom the policy of a service asks by name is on call at any time.
    """

    user_id: int | None = None
    schedule_id: int | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """The drill that began, and the sentence that says how."""

    id: UUID
    sentence: str


async def begin(uow: UnitOfWork, whom: Whom, *, weekly_at: datetime | None = None) -> Begun:
    """Page everybody of `whom` by their own rules, as if something were broken, and ask them to acknowledge.

    Oneself may be drilled by anybody who responds, others by who configures.

    Raises:
        SignInRequired, Forbidden: the actor may not.
        Invalid: there is no such person or schedule, or nobody is on call.
        Conflict: all of them are within another drill, or this is a restored copy that pages nobody yet.
    """
    await require(uow, Need.RESPOND if whom.user_id is not None and whom.user_id == uow.user_id else Need.CONFIGURE)
    if not await is_armed(uow.session):
        raise Conflict(
            "This is a restored copy that pages nobody until it is armed, so no drill would reach anybody. Arm it on"
            " the page Readiness or with “opsknight arm”, then begin the drill."
        )
    await uow.session.execute(_HOLD, {"key": _ONE_AT_A_TIME})
    about, users = await _chosen(uow, whom)
    busy = set((await uow.session.execute(_UNDER_WAY, {"now": uow.now, "users": list(users)})).scalars())
    if busy >= users.keys():
        raise Conflict("A drill of the same people is under way; wait until they have answered, or 15 min.")
    drill = DrillRow(
        id=new_id(),
        about=about,
        asked_by=uow.user_id,
        begins_at=uow.now,
        ends_at=uow.now + LASTS,
        weekly_at=weekly_at,
    )
    uow.session.add(drill)
    await uow.session.flush()
    told = await _page(uow, drill, {user_id: why for user_id, why in users.items() if user_id not in busy})
    asked = [name for name, is_paged in told if is_paged]
    uow.record(Fact.DRILL_BEGAN, subject=f"drill:{drill.id}", about=about, people=asked)
    return Begun(drill.id, _begun(about, asked=len(asked), others=len(told) - len(asked)))


async def acknowledge(uow: UnitOfWork, notification_id: UUID, user_id: int, *, via: str) -> Answer | None:
    """Let a message of a drill count as acknowledged by its person; return what came of it.

    None where the message belongs to no drill, or to one of somebody else.
    """
    row = (await uow.session.execute(_WHOSE, {"id": notification_id, "user_id": user_id})).one_or_none()
    return None if row is None else await _answer(uow, row, notification_id, via=via)


async def acknowledge_own(uow: UnitOfWork, drill_id: UUID) -> Answer:
    """Let a drill count as acknowledged by the actor, who saw it on screen rather than in a message.

    Raises:
        SignInRequired, Forbidden: the actor is nobody who may.
        NotFound: they have no part in such a drill.
    """
    await require(uow, Need.SIGNED_IN)
    row = (await uow.session.execute(_OWN, {"id": drill_id, "user_id": uow.user_id})).one_or_none()
    if row is None:
        raise NotFound("You are not asked in this drill.")
    return await _answer(uow, row, None, via=ON_SCREEN)


async def _answer(uow: UnitOfWork, row: Row[Any], notification_id: UUID | None, *, via: str) -> Answer:
    if row.acknowledged_at is not None:
        return Answer.ALREADY
    if row.ends_at <= uow.now:
        return Answer.TOO_LATE
    key = {"drill_id": row.drill_id, "user_id": row.user_id, "id": notification_id, "via": via, "now": uow.now}
    await uow.session.execute(_ACKNOWLEDGE, key)
    uow.record(
        Fact.DRILL_ACKNOWLEDGED,
        subject=f"drill:{row.drill_id}",
        user=await name_of(uow.session, row.user_id),
        user_id=row.user_id,
        for_s=(uow.now - row.begins_at).total_seconds(),
        via=via,
    )
    return Answer.COUNTED


async def end(uow: UnitOfWork) -> int:
    """End the drills whose time is over or in which all have answered, and tell who has not; return how many."""
    rows = (await uow.session.execute(_END, {"now": uow.now})).all()
    for row in rows:
        uow.record(Fact.DRILL_ENDED, subject=f"drill:{row.id}", about=row.about, people=list(row.silent))
    return len(rows)


async def _chosen(uow: UnitOfWork, whom: Whom) -> tuple[str, Mapping[int, Because]]:
    """Return who is meant in words, and of each person why they are among them."""
    if whom.user_id is not None:
        name = await active_name(uow.session, whom.user_id)
        return name, {whom.user_id: Because()}
    named = select(ScheduleRow.id, ScheduleRow.name).where(ScheduleRow.deleted_at.is_(None)).order_by(ScheduleRow.id)
    if whom.schedule_id is not None:
        named = named.where(ScheduleRow.id == whom.schedule_id)
    names = {row.id: row.name for row in await uow.session.execute(named)}
    if whom.schedule_id is not None and not names:
        raise Invalid("There is no such schedule; choose one from the list.")
    users: dict[int, Because] = {}
    for number, schedule in (await reading.schedules(uow.session, [*names], since=uow.now - _RECENT)).items():
        its = on_call(schedule, uow.now) if whom.schedule_id else shifts(schedule, uow.now, uow.now + TONIGHT)
        for one in its:
            users.setdefault(one.user_id, Because(schedule=names[number]))
    if whom.schedule_id is None:
        for user_id, policies in (await asked_directly(uow.session)).items():
            users.setdefault(user_id, Because(policy=policies[0].policy))
    about = about_of(None if whom.schedule_id is None else names[whom.schedule_id])
    if not users:
        when = "tonight" if whom.schedule_id is None else f"on {names[whom.schedule_id]} now"
        raise Invalid(f"Nobody is on call {when}, so there is nobody to drill.")
    return about, users


async def _page(uow: UnitOfWork, drill: DrillRow, users: Mapping[int, Because]) -> Sequence[tuple[str, bool]]:
    """Put a page of each person into the outbox, as the engine does; return their names, and who has a page.

    Whose real pages somebody else would get is left out, and so is that one: they are no part of the drill.
    """
    outbox = Outbox(uow.now, await reading.people(uow.session, users.keys()))
    by = "" if uow.user_id is None else await name_of(uow.session, uow.user_id)
    rows: list[DrillPersonRow] = []
    for user_id in sorted(users.keys() & outbox.people.keys()):  # among those that are read are their substitutes
        if user_id != uow.user_id and outbox.goes_to(PageKind.PAGE, user_id) != user_id:
            rows.append(DrillPersonRow(drill_id=drill.id, user_id=user_id, page_id=None, unreachable=UNDISTURBED))
            continue
        with speaking(outbox.people[user_id].language):
            why = why_drilled(by, weekly=drill.weekly_at is not None, because=users[user_id])
        page = Page(
            incident_id=None,
            generation=0,
            kind=PageKind.DRILL,
            user_id=user_id,
            reason=Written(why),
            urgency=Urgency.HIGH,
            due_at=uow.now,
        )
        refused = outbox.add(page)
        page_id = None if refused is not None else outbox.pages[-1]["id"]
        rows.append(DrillPersonRow(drill_id=drill.id, user_id=user_id, page_id=page_id, unreachable=refused or ""))
    await outbox.write(uow)
    uow.session.add_all(rows)
    await uow.session.flush()
    return [(outbox.people[row.user_id].name, row.page_id is not None) for row in rows]


def _begun(about: str, *, asked: int, others: int) -> str:
    """Return the sentence that a drill has begun: how many are `asked`, and how many `others` no page goes to."""
    many = "nobody is" if not asked else "1 person is" if asked == 1 else f"{asked} people are"
    more = f" No page goes to {others} more." if asked else f" No page goes to any of {others}." if others else ""
    return f"The drill of {about} has begun: {many} asked to acknowledge within 15 min.{more if others else ''}"
